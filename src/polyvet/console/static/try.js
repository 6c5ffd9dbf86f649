// SPDX-License-Identifier: Apache-2.0
// The page on which requests are tried: it reads a dialect's OpenAPI document, makes fields of an operation's
// parameters, sends what is filled in, and shows the answer. The key is nowhere but in its field.
"use strict"
{
  const METHODS = ["get", "post", "put", "patch", "delete"]
  const DEEPEST = 6 // of examples: some schemas hold themselves
  const LONGEST = 200_000 // characters of an answer that are shown
  const place = document.getElementById("try")
  const at = id => document.getElementById(id)
  const { document: source, base, path: root, scheme } = place.dataset
  const known = JSON.parse(place.dataset.known) // ids, by the path up to and with their parameter
  const held = JSON.parse(place.dataset.held) // what fields of a body may hold, by their names
  let description
  let operations = []
  let chosen

  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name)
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
    made.append(...children)
    return made
  }

  // --- schemas ------------------------------------------------------------------------------------------------

  const resolved = schema =>
    schema.$ref ? resolved(schema.$ref.slice(2).split("/").reduce((part, key) => part[key], description)) : schema

  /** The schema that an example is made of: of several, the first that is not null. */
  const plain = schema => {
    const found = resolved(schema)
    const choices = found.anyOf || found.oneOf
    if (!choices) return found
    return plain(choices.find(one => resolved(one).type !== "null") || choices[0])
  }

  const typeOf = schema => (Array.isArray(schema.type) ? schema.type.find(one => one !== "null") : schema.type)

  const words = schema => {
    const found = plain(schema)
    const choices = found.enum ? `one of ${found.enum.map(one => JSON.stringify(one)).join(", ")}` : typeOf(found)
    return [choices, found.format].filter(Boolean).join(", ")
  }

  const text = (schema, name) => {
    const day = new Date().toISOString()
    const made = { date: day.slice(0, 10), "date-time": `${day.slice(0, 19)}Z`, uri: "https://example.com/", email: "name@mail.example" }
    return (made[schema.format] || name || "text").slice(0, schema.maxLength || undefined)
  }

  /** A value that a schema lets in, as far as one can be told by its form; `whole`: with all that may be left out. */
  const example = (given, whole, name = "", depth = 0) => {
    const schema = plain(given)
    if (schema.default !== undefined && schema.default !== null) return schema.default
    if (schema.const !== undefined) return schema.const
    if (schema.enum) return schema.enum[0]
    const type = typeOf(schema)
    if (type === "object" || schema.properties) return depth > DEEPEST ? {} : fields(schema, whole, depth)
    if (type === "array") return depth > DEEPEST ? [] : [example(schema.items || {}, whole, name, depth + 1)]
    if (type === "integer" || type === "number") return schema.minimum ?? 1
    if (type === "boolean") return true
    return type === "string" ? text(schema, name) : null
  }

  const fields = (schema, whole, depth) => {
    const required = schema.required || []
    const found = Object.entries(schema.properties || {}).filter(([name]) => whole || required.includes(name))
    return Object.fromEntries(found.map(([name, one]) => [name, held[name] ?? example(one, whole, name, depth + 1)]))
  }

  // --- operations ---------------------------------------------------------------------------------------------

  const listed = () =>
    Object.entries(description.paths).flatMap(([path, methods]) =>
      METHODS.filter(method => methods[method]).map(method => ({ ...methods[method], method: method.toUpperCase(), path }))
    )

  const matching = () => {
    const asked = at("filter").value.toLowerCase().split(/\s+/)
    const says = one => `${one.method} ${one.path} ${one.summary}`.toLowerCase()
    return operations.filter(one => asked.every(word => says(one).includes(word)))
  }

  const fill = () => {
    const groups = new Map()
    for (const one of matching()) {
      const tag = one.tags[0]
      if (!groups.has(tag)) groups.set(tag, element("optgroup", { label: tag }))
      const option = element("option", { value: one.operationId }, `${one.method} ${one.path} – ${one.summary}`)
      option.selected = one === chosen
      groups.get(tag).append(option)
    }
    at("operation").replaceChildren(...groups.values())
  }

  const choose = operation => {
    if (!operation) return
    chosen = operation
    at("summary").textContent = operation.summary
    at("line").textContent = `${operation.method} ${root}${operation.path}`
    const shown = operation.parameters.map(input)
    at("parameters").replaceChildren(element("legend", {}, "Parameters"), ...shown.flat())
    at("parameters").hidden = shown.length === 0
    const body = bodyOf(operation)
    at("sending").hidden = !body
    at("body").value = ""
    if (body) {
      at("body-hint").textContent = `JSON of ${Object.keys(plain(body).properties || {}).join(", ") || "what the description says"}.`
      write(false)
    }
    show()
  }

  const bodyOf = operation => operation.requestBody?.content["application/json"].schema
  const write = whole => {
    at("body").value = JSON.stringify(example(bodyOf(chosen), whole), null, 2)
    show()
  }

  /** The id of the clinic's own that goes into a path, if the page knows one. */
  const own = parameter => known[chosen.path.slice(1).split(`{${parameter.name}}`)[0] + `{${parameter.name}}`] || ""

  const input = parameter => {
    const id = `parameter-${parameter.in}-${parameter.name}`
    const schema = plain(parameter.schema)
    const hint = `${parameter.description || ""} (${words(parameter.schema)})`.trim()
    const label = element("label", { for: id }, parameter.name, parameter.required ? " (required)" : "")
    const attributes = { id, "data-in": parameter.in, "data-name": parameter.name, "aria-describedby": `${id}-hint` }
    let made
    if (schema.enum) {
      made = element("select", attributes, element("option", { value: "" }, ""))
      made.append(...schema.enum.map(one => element("option", { value: one }, String(one))))
    } else {
      made = element("input", { ...attributes, type: "text", spellcheck: "false" })
      if (parameter.in === "path") made.value = own(parameter)
    }
    if (parameter.required) made.required = true
    return [label, element("p", { class: "hint", id: `${id}-hint` }, hint), made]
  }

  // --- the request --------------------------------------------------------------------------------------------

  const filled = where =>
    [...at("parameters").querySelectorAll(`[data-in="${where}"]`)]
      .map(one => [one.dataset.name, one.value])
      .filter(([, value]) => value !== "")

  /** What would be sent now: the path below the API's base, the headers without the credential, the body. */
  const request = () => {
    let path = chosen.path
    for (const [name, value] of filled("path")) path = path.replace(`{${name}}`, encodeURIComponent(value))
    const query = new URLSearchParams(filled("query")).toString().replaceAll("+", "%20")
    const headers = Object.fromEntries(filled("header"))
    const body = bodyOf(chosen) ? at("body").value : undefined
    if (body !== undefined) headers["Content-Type"] = "application/json"
    return { method: chosen.method, target: path + (query && `?${query}`), headers, body }
  }

  /** A text as a shell takes it to the letter. */
  const quoted = value => `'${value.replaceAll("'", `'\\''`)}'`

  const show = () => {
    const { method, target, headers, body } = request()
    const parts = [`curl${method === "GET" ? "" : ` -X ${method}`} -H "Authorization: ${scheme} $KEY"`]
    for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quoted(`${name}: ${value}`)}`)
    if (body !== undefined) parts.push(`--data-raw ${quoted(body)}`)
    at("curl").textContent = [...parts, quoted(base + target)].join(" \\\n  ")
  }

  const send = async () => {
    const { method, target, headers, body } = request()
    const key = at("key").value.trim()
    if (key) headers.Authorization = `${scheme} ${key}`
    at("status").textContent = "Waiting for the answer …"
    at("answer").hidden = true
    const began = performance.now()
    try {
      const answer = await fetch(root + target, { method, headers, body, credentials: "omit", cache: "no-store" })
      const came = await answer.text()
      tell(answer, came, performance.now() - began)
    } catch (error) {
      at("status").textContent = `No answer came: ${error.message}`
    }
  }

  const tell = (answer, came, took) => {
    at("status").textContent = `${answer.status} ${answer.statusText}`.trim() + ` in ${Math.round(took)} ms`
    at("headers").textContent = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n")
    const isJson = (answer.headers.get("content-type") || "").includes("json")
    const shown = isJson ? pretty(came) : came
    at("text").textContent = shown.length > LONGEST ? `${shown.slice(0, LONGEST)}\n… and more` : shown || "(empty)"
    at("answer").hidden = false
  }

  /** JSON with a line each, to the letter: read as numbers, 1.0 and large ids would come out as others. */
  const pretty = json => {
    let depth = 0
    const line = () => `\n${"  ".repeat(depth)}`
    const tokens = json.match(/"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g) || []
    return tokens.reduce((made, token, place) => {
      if (token === ",") return made + token + line()
      if (token === ":") return `${made}: `
      if (token === "{" || token === "[") {
        depth += 1
        return made + token + ("}]".includes(tokens[place + 1]) ? "" : line())
      }
      if (token === "}" || token === "]") {
        depth -= 1
        return made + ("{[".includes(tokens[place - 1]) ? "" : line()) + token
      }
      return made + token
    }, "")
  }

  // --- the page -----------------------------------------------------------------------------------------------

  const listen = () => {
    at("filter").addEventListener("input", () => {
      const left = matching()
      if (!left.includes(chosen)) choose(left[0])
      fill()
    })
    at("operation").addEventListener("change", event => {
      choose(operations.find(one => one.operationId === event.target.value))
      history.replaceState(null, "", `#${chosen.operationId}`)
    })
    at("needed").addEventListener("click", () => write(false))
    at("all").addEventListener("click", () => write(true))
    at("request").addEventListener("input", show)
    at("request").addEventListener("submit", event => {
      event.preventDefault()
      send()
    })
  }

  const begin = async () => {
    place.hidden = false
    at("without").remove()
    try {
      const answer = await fetch(source, { credentials: "omit" })
      if (!answer.ok) throw new Error(`it answers ${answer.status}`)
      description = await answer.json()
    } catch (error) {
      at("problem").textContent = `The API's description could not be read: ${error.message}. Load this page again.`
      at("problem").hidden = false
      return
    }
    at("ready").hidden = false
    operations = listed()
    choose(operations.find(one => one.operationId === location.hash.slice(1)) || operations[0])
    fill()
    listen()
  }

  begin()
}
