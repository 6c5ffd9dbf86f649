# SPDX-License-Identifier: Apache-2.0
"""What people change of themselves: the password, and the second factor that is asked for beside it, at every door."""

from __future__ import annotations

import re

import httpx
import pytest

from polyvet.model.access import Role
from polyvet.sandbox.practice import MAIN_CLINIC
from tests.console.people import EMAILS, Colleague, Visitor, code_of, deeds, told
from tests.dialects.harness import PASSWORD, Practice
from tests.dialects.provet.signing_in import Integrator, beside
from tests.dialects.vetcheck.signing_in import sign_in

TOBIAS, MAIJA, SELIN = (EMAILS[role] for role in (Role.VET, Role.NURSE, Role.READ_ONLY))
NEW = "another long password"
_SECRET = re.compile(r'<code class="secret">([A-Z2-7]{32})</code>')


def _set_up(who: Colleague) -> str:
    """Switch a second factor on; gives its secret. Codes that were taken are forgotten: time does not pass in tests."""
    assert who.post("account/second-factor", {"do": "prepare"}).status_code == 303
    found = _SECRET.search(who.get("account/second-factor").text)
    assert found is not None
    done = who.post("account/second-factor", {"do": "confirm", "code": code_of(found[1]), "password": PASSWORD})
    assert (done.status_code, done.headers["location"]) == (303, "/console/account/second-factor?done=on")
    return found[1]


def _time_passes(practice: Practice) -> None:
    beside(practice, "UPDATE users SET totp_step = 0 WHERE totp_since IS NOT NULL")


def test_a_password_is_changed_by_who_knows_the_old_one(fresh_practice: Practice) -> None:
    vet, elsewhere = Colleague(fresh_practice, Role.VET), Colleague(fresh_practice, Role.VET)
    integrator = Integrator(fresh_practice)
    allowed = integrator.allow(email=TOBIAS)
    assert "code=" in allowed.headers["location"]
    before = vet.client.cookies["polyvet_session"]
    changed = vet.post("account/password", {"password": PASSWORD, "new_password": NEW}, "account")
    assert (changed.status_code, changed.headers["location"]) == (303, "/console/account?done=password")
    assert vet.client.cookies["polyvet_session"] != before
    assert "Your password is changed" in vet.text("account?done=password")
    assert elsewhere.get("account").status_code == 303
    stale = fresh_practice.client()
    stale.cookies.set("polyvet_session", before)
    assert stale.get("/console/account").status_code == 303
    assert Visitor(fresh_practice).sign_in(TOBIAS, PASSWORD).status_code == 401
    assert Visitor(fresh_practice).sign_in(TOBIAS, NEW).status_code == 303
    assert ("Dr. Tobias Reuter", "changed", "password") in deeds(fresh_practice)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"password": "wrong", "new_password": NEW}, "This is not your password."),
        ({"new_password": NEW}, "This is not your password."),
        ({"password": PASSWORD, "new_password": "short"}, "A password has 10 to 1,000 characters."),
        ({"password": PASSWORD}, "A password has 10 to 1,000 characters."),
    ],
)
def test_a_password_stays_where_something_is_wrong(
    module_practice: Practice, fields: dict[str, str], problem: str
) -> None:
    nurse = Colleague(module_practice, Role.NURSE)
    answer = nurse.post("account/password", fields, "account")
    assert answer.status_code == 400
    assert problem in told(answer)
    assert NEW not in answer.text
    assert nurse.get("account").status_code == 200


def test_the_old_password_is_not_guessed(module_practice: Practice) -> None:
    vet = Colleague(module_practice, Role.VET)
    guesses = [
        vet.post("account/password", {"password": f"guess {n}", "new_password": NEW}, "account") for n in range(6)
    ]
    assert [answer.status_code for answer in guesses] == [400] * 5 + [429]


def test_a_second_factor_is_asked_for_and_a_code_is_taken_once(fresh_practice: Practice) -> None:
    vet, elsewhere = Colleague(fresh_practice, Role.VET), Colleague(fresh_practice, Role.VET)
    secret = _set_up(vet)
    page = vet.get("account/second-factor")
    assert "It is on." not in told(page)
    assert secret not in page.text
    assert elsewhere.get("account").status_code == 303  # a session that knows of no code

    visitor = Visitor(fresh_practice)
    half = visitor.sign_in(TOBIAS, PASSWORD, "/console/sign-in?next=/console/account")
    assert (half.status_code, half.headers["location"]) == (303, "/console/code?next=/console/account")
    assert "Max-Age=300" in half.headers["set-cookie"]
    assert visitor.client.get("/console/account").status_code == 303  # half a session opens nothing
    assert visitor.client.get("/account").status_code == 303
    code_page = half.headers["location"]
    used = visitor.send(code_page, code=code_of(secret))
    assert used.status_code == 401
    assert "was used before" in told(used)
    _time_passes(fresh_practice)
    assert [visitor.send(code_page, code=wrong).status_code for wrong in ("000000", "", "x")] == [401] * 3
    shown = code_of(secret)
    entered = visitor.send(code_page, code=f"{shown[:3]} {shown[3:]}")
    assert (entered.status_code, entered.headers["location"]) == (303, "/console/account")
    assert "Dr. Tobias Reuter" in told(visitor.client.get("/console/account"))
    assert visitor.send("/console/account", code_page, code=shown).status_code == 401  # nothing is half any more
    noted = [(action, shown) for _, action, shown in deeds(fresh_practice)]
    assert noted.count(("failed to sign in", "wrong code")) == 4
    assert noted[-1] == ("signed in", "with a code")
    assert vet.get("account").status_code == 200


def test_codes_are_not_guessed(fresh_practice: Practice) -> None:
    _set_up(Colleague(fresh_practice, Role.VET))
    visitor = Visitor(fresh_practice)
    page = visitor.sign_in(TOBIAS, PASSWORD).headers["location"]
    guesses = [visitor.send(page, code=f"{n:06}") for n in range(6)]
    assert [answer.status_code for answer in guesses] == [401] * 5 + [429]
    assert int(guesses[-1].headers["retry-after"]) > 0


def test_half_a_session_is_over_after_some_minutes(fresh_practice: Practice) -> None:
    secret = _set_up(Colleague(fresh_practice, Role.VET))
    visitor = Visitor(fresh_practice)
    page = visitor.sign_in(TOBIAS, PASSWORD).headers["location"]
    beside(fresh_practice, "UPDATE sessions SET expires_at = created_at WHERE factors = 1")
    _time_passes(fresh_practice)
    late = visitor.send("/console/sign-in", page, code=code_of(secret))
    assert late.status_code == 401
    assert "That took too long" in told(late)
    assert Visitor(fresh_practice).client.get("/console/code").status_code == 400


def test_a_second_factor_is_asked_for_where_vetchecks_users_sign_in(fresh_practice: Practice) -> None:
    secret = _set_up(Colleague(fresh_practice, Role.VET))
    _time_passes(fresh_practice)
    browser = fresh_practice.client()
    assert browser.get("/login/code").headers["location"] == "/login"
    half = sign_in(browser, TOBIAS, PASSWORD, "/login?next=/account/shares")
    assert (half.status_code, half.headers["location"]) == (303, "/login/code?next=/account/shares")
    assert [browser.get(path).status_code for path in ("/account", "/console")] == [303, 303]
    page = Visitor(fresh_practice)
    page.client = browser
    assert page.send(half.headers["location"], code="123456").status_code == 401
    done = page.send(half.headers["location"], code=code_of(secret))
    assert (done.status_code, done.headers["location"]) == (303, "/account/shares")
    assert [browser.get(path).status_code for path in ("/account", "/console")] == [200, 200]
    assert browser.post("/login/code", data={"csrf": "0" * 64, "code": "1"}).status_code == 400


def test_a_second_factor_is_asked_for_where_provets_applications_send_users(fresh_practice: Practice) -> None:
    secret = _set_up(Colleague(fresh_practice, Role.VET))
    _time_passes(fresh_practice)
    it = Integrator(fresh_practice)

    def allow(**more: str) -> httpx.Response:
        form = {**it.asking(), "email": TOBIAS, "password": PASSWORD, "decision": "allow", **more}
        return it.http.post(it.root + "authorize/", data=form)

    refused = [allow(), allow(code="000000")]
    assert [answer.status_code for answer in refused] == [401, 401]
    assert "Your account asks for a code, too." in told(refused[0])
    shown = code_of(secret)
    assert "code=" in allow(code=shown).headers["location"]
    assert allow(code=shown).status_code == 401
    assert ("Dr. Tobias Reuter", "signed in", "to allow Waiting <room>") in deeds(fresh_practice)


def test_a_second_factor_is_set_up_with_the_password_and_a_code_that_fits(fresh_practice: Practice) -> None:
    nurse = Colleague(fresh_practice, Role.NURSE)
    page = "account/second-factor"
    assert nurse.post(page, {}).status_code == 400
    assert nurse.post(page, {"do": "confirm", "code": "123456", "password": PASSWORD}).status_code == 400
    nurse.post(page, {"do": "prepare"})
    found = _SECRET.search(nurse.get(page).text)
    assert found is not None
    assert 'src="data:image/svg+xml' in nurse.get(page).text
    nurse.post(page, {"do": "prepare"})
    assert found[1] not in nurse.get(page).text  # another secret
    for fields in ({"code": code_of(found[1]), "password": PASSWORD}, {"code": "123456", "password": "wrong"}):
        assert nurse.post(page, {"do": "confirm", **fields}).status_code == 400
    assert Visitor(fresh_practice).sign_in(MAIJA, PASSWORD).headers["location"] == "/console"


def test_a_second_factor_is_switched_off_with_the_password(fresh_practice: Practice) -> None:
    vet = Colleague(fresh_practice, Role.VET)
    secret = _set_up(vet)
    page = "account/second-factor"
    vet.post(page, {"do": "prepare"})  # who has one keeps it
    assert _SECRET.search(vet.get(page).text) is None
    assert vet.post(page, {"do": "end", "password": "wrong"}).status_code == 400
    assert vet.post(page, {"do": "end", "password": PASSWORD}).headers["location"].endswith("?done=off")
    assert Visitor(fresh_practice).sign_in(TOBIAS, PASSWORD).headers["location"] == "/console"
    noted = [(action, shown) for _, action, shown in deeds(fresh_practice)]
    assert {("made", "second factor"), ("ended", "second factor")} <= set(noted)
    assert not any(secret in shown for _, shown in noted)


def test_coming_and_going_is_noted(fresh_practice: Practice) -> None:
    visitor = Visitor(fresh_practice)
    visitor.sign_in(SELIN, "wrong password")
    visitor.sign_in("my password, by mistake", "x")
    visitor.sign_in(TOBIAS, PASSWORD)
    visitor.send("/console/account", "/console/sign-out")
    assert deeds(fresh_practice, MAIN_CLINIC) == [
        ("somebody as Dr. Selin Karahan", "failed to sign in", "wrong password"),
        ("Dr. Tobias Reuter", "signed in", ""),
        ("Dr. Tobias Reuter", "signed out", ""),
    ]
    assert deeds(fresh_practice, 0) == [("somebody", "failed to sign in", "unknown e-mail")]
