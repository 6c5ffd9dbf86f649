# SPDX-License-Identifier: Apache-2.0
"""The page on which requests are tried, in a real browser: by keyboard, for every operation, and without a script."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from playwright.sync_api import BrowserContext, Page, expect

from polyvet.sandbox.practice import MAIN_CLINIC
from polyvet.served import DIALECTS
from tests.browser.chromium import LOOKS, fits_everybody
from tests.browser.people import page_of
from tests.dialects.harness import SECRETS, Practice

BASH = shutil.which("bash") or "/bin/bash"
KEYS = {name: SECRETS[name, MAIN_CLINIC] for name in ("vetigen", "clinovavet", "provet")} | {
    "vetcheck": "vetcheck_main"
}


class Trying:
    """Somebody on the page of a dialect. What the browser complains of fails the test when it ends."""

    def __init__(self, practice: Practice, context: BrowserContext) -> None:
        self.practice = practice
        self.page: Page = page_of(practice, context)
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, dialect: str, operation: str = "", key: str | None = None) -> None:
        """The page, with an operation chosen and a key filled in."""
        self.page.goto("about:blank")  # else a page whose address differs after # alone would not be loaded anew
        self.page.goto(f"{self.practice.server.url}/console/apis/{dialect}/try{'#' if operation else ''}{operation}")
        expect(self.page.get_by_role("button", name="Send")).to_be_visible()
        self.page.get_by_label("key" if dialect != "vetcheck" else "id_token").first.fill(
            KEYS[dialect] if key is None else key
        )

    def send(self, status: int) -> str:
        """Sends what is filled in; gives the answer's body once it came with the status."""
        self.page.get_by_role("button", name="Send").click()
        expect(self.page.get_by_role("status")).to_contain_text(f"{status} ")
        return self.text("text")

    def text(self, ident: str) -> str:
        """What stands in a part of the page."""
        return self.page.locator(f"#{ident}").text_content() or ""


@pytest.fixture
def trying(module_practice: Practice, desktop: BrowserContext) -> Iterator[Trying]:
    it = Trying(module_practice, desktop)
    yield it
    assert [one for one in it.complaints if "Failed to load resource" not in one] == []  # an error's status is no fault


def test_a_request_is_made_by_keyboard_alone(trying: Trying) -> None:
    trying.open("vetigen", key="")
    page = trying.page
    page.get_by_label("An API key for Vetigen").focus()
    page.keyboard.type(KEYS["vetigen"])
    page.keyboard.press("Tab")
    page.keyboard.type("get patients")
    page.keyboard.press("Enter")  # sends nothing: what is typed here finds operations
    expect(page.locator("#summary")).to_have_text("List patients")
    expect(page.get_by_role("status")).to_have_text("Nothing was sent yet.")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#summary")).to_have_text("Get patient")
    assert page.url.endswith("#getPatient")
    page.keyboard.press("Tab")
    expect(page.get_by_label("fp")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("200 OK in ")
    answered = json.loads(trying.text("text"))
    assert answered["data"]["fp"] == page.get_by_label("fp").input_value()
    assert "x-ratelimit-remaining: " in trying.text("headers")
    assert "x-request-id: " in trying.text("headers")


def test_the_curl_line_asks_for_the_same(trying: Trying) -> None:
    trying.open("clinovavet", "listOwners")
    page = trying.page
    page.get_by_label("limit").fill("3")
    page.get_by_label("search").fill("a")
    answered = trying.send(200)
    line = trying.text("curl")
    assert KEYS["clinovavet"] not in line
    assert "limit=3&search=a" in line
    assert json.loads(_run(line, "clinovavet")) == json.loads(answered)


@LOOKS
def test_what_is_copied_is_what_is_shown(trying: Trying) -> None:
    trying.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    trying.open("vetigen", "listPatients")
    trying.page.get_by_label("page_size").fill("7")
    trying.page.get_by_role("button", name="Copy").first.click()
    expect(trying.page.get_by_role("button", name="Copied")).to_be_visible()
    copied = trying.page.evaluate("navigator.clipboard.readText()")
    assert copied == trying.text("curl")
    assert "page_size=7" in copied


def test_what_is_required_is_filled_in_and_taken(trying: Trying) -> None:
    trying.open("clinovavet", "createOwner")
    page = trying.page
    body = page.get_by_label("Body", exact=True)
    assert set(json.loads(body.input_value())) == {"firstName", "lastName"}
    page.get_by_role("button", name="All fields").click()
    assert set(json.loads(body.input_value())) > {"firstName", "lastName", "email", "phone"}
    page.get_by_role("button", name="What is required").click()
    body.fill('{"firstName": "O\'Neil $HOME", "lastName": "\\u0041da"}')
    made = json.loads(trying.send(201))
    assert (made["firstName"], made["lastName"]) == ("O'Neil $HOME", "Ada")
    again = json.loads(_run(trying.text("curl"), "clinovavet"))
    assert (again["firstName"], again["lastName"]) == ("O'Neil $HOME", "Ada")


@LOOKS
@pytest.mark.parametrize(
    ("dialect", "operation"), [("clinovavet", "createPet"), ("provet", "createPatient"), ("vetcheck", "shareHandout")]
)
def test_an_example_names_what_the_clinic_has(trying: Trying, dialect: str, operation: str) -> None:
    trying.open(dialect, operation)
    assert trying.page.get_by_label("Body", exact=True).input_value() != "null"
    if dialect == "vetcheck":
        body = trying.page.get_by_label("Body", exact=True)
        trying.page.get_by_role("button", name="All fields").click()
        patient = json.loads(body.input_value())["patient"]
        body.fill(json.dumps({"patient": patient}))
    trying.send(200 if dialect == "vetcheck" else 201)


@LOOKS
def test_an_answer_is_shown_to_the_letter(trying: Trying) -> None:
    trying.open("provet", "getClient")
    shown = trying.send(200)
    number = trying.page.get_by_label("id").input_value()
    raw = trying.practice.provet.get(f"/{MAIN_CLINIC}/api/0.1/client/{number}/").text
    assert json.loads(shown) == json.loads(raw)
    assert "".join(shown.split()) == "".join(raw.split())
    assert '\n  "id": ' in shown
    assert "[]" in shown
    trying.open("vetcheck", "getHandout")
    assert json.loads(trying.send(200))["title"]


@LOOKS
@pytest.mark.parametrize(("key", "status"), [("", 401), ("nonsense", 401)])
def test_why_a_request_is_refused_is_shown(trying: Trying, key: str, status: int) -> None:
    trying.open("provet", "listClients", key=key)
    assert "credentials" in trying.send(status)
    assert "www-authenticate: Bearer" in trying.text("headers")


@LOOKS
def test_the_key_stays_nowhere(trying: Trying) -> None:
    trying.open("vetigen", "listPatients")
    trying.send(200)
    page = trying.page
    kept = page.evaluate("[document.cookie, location.href, ...Object.values({...localStorage, ...sessionStorage})]")
    assert not [one for one in kept if KEYS["vetigen"] in one]
    page.reload()
    expect(page.get_by_label("An API key for Vetigen")).to_have_value("")
    assert page.get_by_label("An API key for Vetigen").get_attribute("name") is None


@LOOKS
def test_it_is_said_when_the_description_does_not_come(trying: Trying) -> None:
    trying.page.route("**/openapi/*", lambda route: route.fulfill(status=503))
    trying.page.goto(f"{trying.practice.server.url}/console/apis/vetigen/try")
    expect(trying.page.get_by_role("alert")).to_contain_text("it answers 503")
    assert trying.page.get_by_role("button", name="Send").is_hidden()


@LOOKS
def test_it_is_said_when_no_answer_comes(trying: Trying) -> None:
    trying.open("vetigen", "listPatients")
    trying.page.route("**/api/v1/**", lambda route: route.abort())
    trying.page.get_by_role("button", name="Send").click()
    expect(trying.page.get_by_role("status")).to_contain_text("No answer came")


@LOOKS
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_operation_has_its_fields_and_an_example_that_holds(trying: Trying, dialect: str) -> None:
    trying.open(dialect)
    document = trying.practice.client().get(f"/openapi/{dialect}.json").json()
    found = trying.page.evaluate(_ALL)
    operations = {one["operationId"]: one for methods in document["paths"].values() for one in methods.values()}
    assert {one["id"] for one in found} == set(operations)
    for one in found:
        operation = operations[one["id"]]
        assert one["inputs"] == [parameter["name"] for parameter in operation["parameters"]]
        body = operation.get("requestBody")
        assert one["sending"] == (body is not None)
        if body is not None:
            schema = {**body["content"]["application/json"]["schema"], "components": document["components"]}
            for example in one["bodies"]:
                OAS31Validator(schema).validate(json.loads(example))


# Each operation in turn: its parameters, and its body's two examples.
_ALL = """
() => [...document.querySelectorAll('#operation option')].map(option => option.value).map(id => {
    const at = id => document.getElementById(id)
    at('operation').value = id
    at('operation').dispatchEvent(new Event('change', {bubbles: true}))
    const bodies = ['needed', 'all'].map(button => {
        if (at('sending').hidden) return 'null'
        at(button).click()
        return at('body').value
    })
    const inputs = [...at('parameters').querySelectorAll('[data-name]')].map(one => one.dataset.name)
    return {id, inputs, bodies, sending: !at('sending').hidden}
})
"""


@LOOKS
@pytest.mark.parametrize(("width", "scheme", "other"), [(320, "light", "provet"), (800, "dark", "vetcheck")])
def test_the_pages_are_open_to_everybody(trying: Trying, width: int, scheme: Any, other: str) -> None:
    page = trying.page
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    trying.open("clinovavet", "createOwner")
    trying.send(201)
    page.get_by_text("Headers").click()
    fits_everybody(page)
    page.goto(f"{trying.practice.server.url}/console/apis/{other}")
    fits_everybody(page)


@LOOKS
def test_without_a_script_it_is_said_what_to_do(module_practice: Practice, without_javascript: BrowserContext) -> None:
    page = page_of(module_practice, without_javascript)
    page.goto(f"{module_practice.server.url}/console/apis/vetigen/try")
    expect(page.get_by_text("it does not run")).to_be_visible()
    assert page.locator("#try").is_hidden()
    page.get_by_role("link", name="the page of Vetigen").click()
    expect(page.locator("pre.copy")).to_have_count(7)


def _run(line: str, dialect: str) -> str:
    """What a command answers in a shell that has the key."""
    done = subprocess.run(
        [BASH, "-euc", line.replace("curl ", "curl -sS --noproxy '*' ", 1)], env={"KEY": KEYS[dialect]},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout
