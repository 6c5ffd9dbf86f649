-- SPDX-License-Identifier: Apache-2.0
-- The load, the same for every candidate. Environment: WORKLOAD, KEY, IDS (a file of patient ULIDs),
-- FRAGMENTS (percent-encoded, separated by blanks), OWNER (a ClinovaVet owner id for the create workload), LATE_PAGE.
local workload = os.getenv("WORKLOAD")
local headers = {["Authorization"] = "Bearer " .. os.getenv("KEY"), ["Content-Type"] = "application/json"}
local species, calls = {"dog", "cat"}, 0
local ids, fragments = {}, {}
math.randomseed(12345)

if workload == "get" then
  for line in io.lines(os.getenv("IDS")) do ids[#ids + 1] = line end
end
for word in (os.getenv("FRAGMENTS") or ""):gmatch("%S+") do fragments[#fragments + 1] = word end

local pet = '{"name":"Bella","species":"Dog","breed":"Beagle","birthdate":"2020-05-04","weight":12.5,'
  .. '"neutered":true,"ownerId":"' .. (os.getenv("OWNER") or "") .. '"}'

local function list_by_species(size)
  return "/api/v1/patients?page_size=" .. size .. "&species=" .. species[calls % 2 + 1] .. "&page=" .. math.random(1, 5)
end

local function since()
  return string.format("2025-12-%02dT%02d:00:00Z", math.random(1, 28), math.random(0, 23))
end

local function search()
  return "/api/v1/owners?limit=20&offset=0&search=" .. fragments[calls % #fragments + 1]
end

local paths = {
  get = function() return "/api/v1/patients/patient_" .. ids[math.random(#ids)] end,
  list20 = function() return list_by_species(20) end,
  list100 = function() return list_by_species(100) end,
  since100 = function() return "/api/v1/patients?page_size=100&updated_since=" .. since() end,
  page1 = function() return "/api/v1/patients?page_size=20&page=1" end,
  page500 = function() return "/api/v1/patients?page_size=20&page=" .. os.getenv("LATE_PAGE") end,
  search_rare = search, search_two = search, search_nonascii = search, search_common = search,
}

function request()
  calls = calls + 1
  if workload == "create" then return wrk.format("POST", "/api/v1/pets", headers, pet) end
  return wrk.format("GET", paths[workload](), headers)
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %.2f %.3f %.3f %d\n", summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, e.status + e.connect + e.timeout + e.read + e.write))
end
