-- SPDX-License-Identifier: Apache-2.0
-- The load, the same for every candidate. Environment: WORKLOAD; KEY, or for the workloads of many clinics KEYS, a
-- line "clinic key" each; IDS (a file of lines "ULID clinic"); FRAGMENTS (percent-encoded, separated by blanks);
-- OWNER (a ClinovaVet owner id for the create workload); PAGES, how many pages the lists of many clinics go through;
-- LATE_PAGE; HANDOUTS, lines of filtered lists; FIRST_HANDOUT; LAST_HANDOUT; ACCEPT; TOKEN, the body of a token's exchange.
local workload, wide = os.getenv("WORKLOAD"):gsub("_cold$", "")
local headers = {["Authorization"] = "Bearer " .. os.getenv("KEY"), ["Content-Type"] = "application/json"}
headers["Accept"] = os.getenv("ACCEPT")
local pages, species, calls = tonumber(os.getenv("PAGES")), {"dog", "cat"}, 0
local ids, fragments, clinics, headers_of = {}, {}, {}, {}
math.randomseed(12345)

for clinic, key in (os.getenv("KEYS") or ""):gmatch("(%d+) (%S+)") do
  clinics[#clinics + 1] = clinic
  headers_of[clinic] = {["Authorization"] = "Bearer " .. key}
end
if workload == "get" then
  for line in io.lines(os.getenv("IDS")) do
    local id, clinic = line:match("(%S+) (%d+)")
    if (clinic ~= "1") == (wide == 1) then ids[#ids + 1] = {id, clinic} end
  end
end
for word in (os.getenv("FRAGMENTS") or ""):gmatch("%S+") do fragments[#fragments + 1] = word end

local pet = '{"name":"Bella","species":"Dog","breed":"Beagle","birthdate":"2020-05-04","weight":12.5,'
  .. '"neutered":true,"ownerId":"' .. (os.getenv("OWNER") or "") .. '"}'

-- One clinic: pages 1 to 5, dogs and cats in turns.
local function list_by_species(size)
  return "/api/v1/patients?page_size=" .. size .. "&species=" .. species[calls % 2 + 1] .. "&page=" .. math.random(1, 5)
end

-- Provet Cloud's clients by a part of the last name.
local function clients(size)
  return "/1/api/0.1/client/?lastname__icontains=" .. fragments[calls % #fragments + 1]
    .. "&archived__is=false&page_size=" .. size
end

-- All other clinics in turns, and only after a whole turn the other species, and then the next page.
local function wide_list(size, filters)
  local turn = math.floor(calls / #clinics)
  local filter, page = filters[turn % #filters + 1], math.floor(turn / #filters) % pages + 1
  return "/api/v1/patients?page_size=" .. size .. "&" .. filter .. "&page=" .. page, headers_of[clinics[calls % #clinics + 1]]
end

local function since()
  return string.format("2025-12-%02dT%02d:00:00Z", math.random(1, 28), math.random(0, 23))
end

local function search()
  return "/api/v1/owners?limit=20&offset=0&search=" .. fragments[calls % #fragments + 1]
end

local function get()
  local one = ids[math.random(#ids)]
  return "/api/v1/patients/patient_" .. one[1], headers_of[one[2]]
end

local lists = {}
for line in (os.getenv("HANDOUTS") or ""):gmatch("[^\n]+") do lists[#lists + 1] = line end

local function handout()
  return "/handouts/" .. math.random(tonumber(os.getenv("FIRST_HANDOUT")), tonumber(os.getenv("LAST_HANDOUT")))
end

local by_species = {"species=dog", "species=cat"}
local one_clinic = {
  get = get,
  list20 = function() return list_by_species(20) end,
  list100 = function() return list_by_species(100) end,
  since100 = function() return "/api/v1/patients?page_size=100&updated_since=" .. since() end,
  page1 = function() return "/api/v1/patients?page_size=20&page=1" end,
  page500 = function() return "/api/v1/patients?page_size=20&page=" .. os.getenv("LATE_PAGE") end,
  clients50 = function() return clients(50) end,
  clients1000 = function() return clients(1000) end,
  patients_since = function() return "/1/api/0.1/patient/?modified__gte=" .. since() .. "&page_size=50" end,
  handouts_filter = function() return lists[calls % #lists + 1] end,
  handout_json = handout, handout_html = handout, handout_markdown = handout, handout_text = handout,
  search_rare = search, search_two = search, search_nonascii = search, search_common = search,
}
local many_clinics = {
  get = get,
  list20 = function() return wide_list(20, by_species) end,
  list100 = function() return wide_list(100, by_species) end,
  since100 = function() return wide_list(100, {"updated_since=2025-01-01T00:00:00Z"}) end,
}
local path = (wide == 1 and many_clinics or one_clinic)[workload]

function request()
  calls = calls + 1
  if workload == "create" then return wrk.format("POST", "/api/v1/pets", headers, pet) end
  if workload == "token" then return wrk.format("POST", "/oauth/token", headers, os.getenv("TOKEN")) end
  local url, own_headers = path()
  return wrk.format("GET", url, own_headers or headers)
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %.2f %.3f %.3f %d\n", summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, e.status + e.connect + e.timeout + e.read + e.write))
end
