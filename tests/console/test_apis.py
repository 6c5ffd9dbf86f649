# SPDX-License-Identifier: Apache-2.0
"""The pages for developers: each command that they show works as it stands, for whichever clinic they are shown."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from polyvet.core.context import PERMISSIONS
from polyvet.identity import applications, first, grants, sessions
from polyvet.identity.first import NewPractice
from polyvet.model.access import Application, Role
from polyvet.model.entities import User
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.served import DIALECTS, SCOPES
from polyvet.storage.store import Store
from polyvet.web.guide import Example, authorization, curl
from tests.console.people import OTHER_OWNER, Colleague, told
from tests.dialects.harness import SECRETS, Practice
from tests.identity.people import a_code, a_session

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="the commands are curl's")
BASH = shutil.which("bash") or "/bin/bash"
REDIRECT = "https://app.example/back?a=$(exit+9)`exit+9`&b='2'"  # a shell would read most of it in a way of its own
WRITES = {"vetigen": 0, "clinovavet": 1, "provet": 1, "vetcheck": 1}


def commands(page: str) -> list[str]:
    """What a page offers to copy, in its order."""
    return [html.unescape(one) for one in re.findall(r'<pre class="copy"><code>(.*?)</code></pre>', page, re.DOTALL)]


def answers(lines: list[str], *typed: str) -> list[str]:
    """The statuses of curl's answers to lines that are pasted into one shell, in which values are typed."""
    curl = "curl() { command curl -sS --noproxy '*' -w '%{stderr}%{http_code}\\n' \"$@\"; }\n"
    shell = curl + "\n".join(lines)
    done = subprocess.run(
        [BASH, "-euc", shell], input="".join(f"{one}\n" for one in typed), capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stderr.split()


@pytest.fixture(scope="module")
def other_owner(module_practice: Practice) -> Colleague:
    return Colleague(module_practice, who=OTHER_OWNER)


@pytest.fixture
def nobody_yet(migrated_url: str) -> Iterator[Practice]:
    """A server of which all that there is is a clinic and its owner."""
    practice = Practice(migrated_url)
    yield practice
    practice.close()


def _credential(dialect: str, clinic_id: int) -> str:
    if dialect == "vetcheck":
        return "vetcheck_main" if clinic_id == MAIN_CLINIC else "vetcheck_other"
    return SECRETS[dialect, clinic_id]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("clinic_id", [MAIN_CLINIC, SECOND_CLINIC])
def test_every_command_works_as_it_stands(
    owner: Colleague, other_owner: Colleague, dialect: str, clinic_id: int
) -> None:
    page = (owner if clinic_id == MAIN_CLINIC else other_owner).get(f"apis/{dialect}").text
    lines = [one for one in commands(page) if "$KEY" in one or one == "read -rs KEY"]
    assert lines[0] == "read -rs KEY"
    got = answers(lines, _credential(dialect, clinic_id))
    made = ["200" if dialect == "vetcheck" else "201"] * WRITES[dialect]
    assert len(lines) == len(got) + 1
    assert got == ["200"] * (len(got) - len(made)) + made
    assert len(got) >= 6
    assert page.count("changes the record") == len(made)
    assert len(page) < 20_000


@pytest.mark.parametrize("dialect", ["vetigen", "clinovavet", "provet"])
def test_a_clinic_without_clients_has_commands_too(nobody_yet: Practice, dialect: str) -> None:
    async def making(store: Store) -> tuple[User, str]:
        new = NewPractice(clinic="New", name="Ada", email="ada@new.example", password="a long password")
        owner = await first.set_up(store, new)
        assert owner is not None
        return owner.user, await a_session(store, owner.user)

    user, secret = nobody_yet.run(making)
    client = nobody_yet.client()
    client.cookies.set(sessions.COOKIE, secret)
    key = nobody_yet.new_key(dialect, user.clinic_id)
    lines = commands(client.get(f"/console/apis/{dialect}").text)
    got = answers(lines, key)
    assert set(got[: len(got) - WRITES[dialect]]) == {"200"}
    assert client.get(f"/console/apis/{dialect}/try").status_code == 200


@pytest.mark.parametrize("for_itself", [True, False])
def test_an_application_of_provet_gets_its_token(
    module_practice: Practice, other_owner: Colleague, for_itself: bool
) -> None:
    practice = module_practice
    application, secret = _registered(other_owner, practice, "provet", for_itself=for_itself)
    page = other_owner.get("apis/provet").text
    lines, typed = _oauth(page), [secret]
    if not for_itself:
        typed.append(_code(other_owner, practice, application))
        assert _consent(page)["client_id"] == [application.client_id]
        assert _consent(page)["redirect_uri"] == [REDIRECT]
    assert lines[0] == "read -rs CLIENT_SECRET"
    assert answers(lines, *typed) == ["200"]
    practice.run(lambda store: applications.revoke(store, application.client_id))
    assert _oauth(other_owner.get("apis/provet").text) == []


def test_a_user_of_vetcheck_gets_a_token(module_practice: Practice, other_owner: Colleague) -> None:
    practice = module_practice
    assert "No application that keeps a secret" in other_owner.text("apis/vetcheck")
    application, secret = _registered(other_owner, practice, "vetcheck", for_itself=False)
    page = other_owner.get("apis/vetcheck").text
    consent = other_owner.client.get("/code", params={name: one[0] for name, one in _consent(page).items()})
    assert "Waiting" in told(consent)
    assert consent.status_code == 200
    lines = [one for one in commands(page) if one != "read -rs KEY"]
    got = answers(lines, secret, _code(other_owner, practice, application))
    assert got == ["200"] * (len(lines) - 2)  # all but the two that ask for a value


def _registered(colleague: Colleague, practice: Practice, dialect: str, *, for_itself: bool) -> tuple[Application, str]:
    new = applications.NewApplication(
        clinic_id=colleague.user.clinic_id, dialect=dialect, name="Waiting <room>", scopes=SCOPES[dialect],
        redirect_uris=(REDIRECT,), for_itself=for_itself, permissions=PERMISSIONS,
    )  # fmt: skip
    application, secret = practice.run(lambda store: applications.create(store, new))
    assert secret is not None
    return application, secret


def _code(colleague: Colleague, practice: Practice, application: Application) -> str:
    consent = grants.Consent(user_id=colleague.user.id, redirect_uri=REDIRECT, scope=application.scopes)
    return practice.run(lambda store: a_code(store, application, consent))


def _oauth(page: str) -> list[str]:
    """The commands of the page's part on OAuth."""
    return commands(page.partition('id="oauth"')[2].partition("<h2>")[0])


def _consent(page: str) -> dict[str, list[str]]:
    found = re.search(r'href="([^"]+)" rel="noreferrer"', page)
    assert found is not None
    return parse_qs(urlsplit(html.unescape(found[1])).query)


def test_the_endpoints_that_are_named_are_there(owner: Colleague) -> None:
    for dialect in SCOPES:
        named = re.findall(r"<code>(http[^<]+)</code></td>", owner.get(f"apis/{dialect}").text)
        [address] = [url for url in named if url.endswith("/.well-known/openid-configuration")]
        configuration = owner.client.get(address).json()
        endpoints = {value for name, value in configuration.items() if name.endswith(("_endpoint", "_uri"))}
        assert set(named) == {address, *endpoints}


def test_who_may_not_make_keys_is_led_to_none(colleagues: dict[Role, Colleague]) -> None:
    assert colleagues[Role.VET].get("apis").status_code == 403
    assert 'href="/console/keys"' in colleagues[Role.OWNER].get("apis/vetigen").text


def test_an_api_that_is_not_there_is_missing(owner: Colleague) -> None:
    for path in ("apis/vetbook", "apis/vetbook/try", "apis/", "apis/vetigen/other"):
        assert owner.get(path).status_code == 404


def test_all_apis_are_listed_with_their_base_urls(owner: Colleague) -> None:
    said = owner.text("apis")
    here = str(owner.client.base_url).rstrip("/")
    for base in (f"{here}/api/v1", f"{here}/{MAIN_CLINIC}/api/0.1"):
        assert base in said
    for dialect in DIALECTS:
        assert owner.client.get(f"/openapi/{dialect}.json").status_code == 200
        assert f'href="/openapi/{dialect}.json"' in owner.get(f"apis/{dialect}").text
        tried = owner.get(f"apis/{dialect}/try")
        assert f'data-document="/openapi/{dialect}.json"' in tried.text
        assert "'unsafe" not in tried.headers["content-security-policy"]


def test_limits_are_told_as_they_are_counted(module_practice: Practice, owner: Colleague) -> None:
    assert "A key of the kind integration 60 a minute, 1,000 an hour" in owner.text("apis/vetigen")
    assert "GET invoice/ 60 a minute" in owner.text("apis/provet")
    assert "Shares of a user 5 a minute" in owner.text("apis/vetcheck")
    free = Colleague(module_practice.served_otherwise(limits="off"))
    for dialect in DIALECTS:
        assert "This server counts no requests of this API." in free.text(f"apis/{dialect}")


@pytest.fixture
def bound(module_practice: Practice) -> Iterator[Colleague]:
    """The owner, at a server of which one host name is one API's."""
    practice = Practice(module_practice.url, hosts={"vetigen.example": "vetigen"})
    yield Colleague(practice)
    practice.close()


def test_a_host_that_is_bound_to_one_api_has_the_others_below_their_names(bound: Colleague) -> None:
    bound.client.headers["host"] = "vetigen.example"
    bases = re.findall(r"<dt>Base URL</dt><dd><code>(.*?)</code>", bound.get("apis").text)
    at = "http://vetigen.example"
    assert bases == [
        f"{at}/api/v1", f"{at}/clinovavet/api/v1", f"{at}/provet/{MAIN_CLINIC}/api/0.1", f"{at}/vetcheck"
    ]  # fmt: skip
    for name, base in zip(DIALECTS, bases, strict=True):
        path = {"vetigen": "/patients", "clinovavet": "/owners", "provet": "/client/", "vetcheck": "/handouts"}[name]
        sent = {"authorization": f"Bearer {_credential(name, MAIN_CLINIC)}"}
        assert bound.client.get(base.removeprefix(at) + path, headers=sent).status_code == 200
        assert f'data-path="{base.removeprefix(at)}"' in bound.get(f"apis/{name}/try").text


def test_the_public_address_is_the_one_that_is_shown(module_practice: Practice) -> None:
    public = Colleague(module_practice.served_otherwise(public_url="https://vet.example"))
    page = public.get("apis/clinovavet").text
    assert "https://vet.example/api/v1" in page
    assert str(public.client.base_url) not in page


def test_what_no_key_opens_is_not_shown(module_practice: Practice, owner: Colleague) -> None:
    assert "soap/patient/" in owner.get("apis/vetigen").text
    later = Colleague(module_practice.served_otherwise(vetigen_generation="K"))
    page = later.get("apis/vetigen").text
    assert "soap/" not in page
    assert set(answers(commands(page), SECRETS["vetigen", MAIN_CLINIC])) == {"200"}


def test_what_clients_are_called_is_shown_as_text(fresh_practice: Practice) -> None:
    hostile = {"firstName": "x", "lastName": "'; exit 9; $(exit 9) <script>alert(1)</script>"}
    made = fresh_practice.clinovavet.post("/api/v1/owners", json=hostile).json()
    pet = {"ownerId": made["id"], "name": '"><b>Rex</b>', "species": "Dog' \"><b>", "sex": "MALE"}
    assert fresh_practice.clinovavet.post("/api/v1/pets", json=pet).status_code == 201
    colleague = Colleague(fresh_practice)
    for dialect in ("vetigen", "clinovavet", "provet"):
        page = colleague.get(f"apis/{dialect}").text
        assert "<b>" not in page
        assert "alert(1)<" not in page
        assert "500" not in answers(commands(page), _credential(dialect, MAIN_CLINIC))
        assert "<b>" not in colleague.get(f"apis/{dialect}/try").text
    held = re.search(r"data-held='([^']*)'", colleague.get("apis/clinovavet/try").text)
    assert held is not None
    assert json.loads(html.unescape(held[1]))["species"] == pet["species"]


def test_a_client_that_was_archived_is_in_no_command(fresh_practice: Practice) -> None:
    colleague = Colleague(fresh_practice)
    found = re.search(rf"/{MAIN_CLINIC}/api/0.1/client/\d+/", colleague.get("apis/provet").text)
    assert found is not None
    assert fresh_practice.provet.delete(found[0]).status_code == 204
    page = colleague.get("apis/provet").text
    assert found[0] not in page
    assert set(answers(commands(page), SECRETS["provet", MAIN_CLINIC])) == {"200", "201"}
    assert colleague.get("apis/clinovavet").status_code == 200


def test_with_a_key_at_hand_nothing_is_left_to_fill_in(practice: Practice) -> None:
    command = curl(f"{practice.server.url}/api/v1/patients", authorization("Bearer"))
    assert "$KEY" in command
    complete = Example("", command).with_key(practice.new_key("vetigen"))
    assert "$" not in complete
    assert answers([complete]) == ["200"]
