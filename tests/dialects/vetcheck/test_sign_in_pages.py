# SPDX-License-Identifier: Apache-2.0
"""The pages on which people sign in, register, consent and sign out, as a browser without JavaScript uses them."""

from __future__ import annotations

import time
from functools import partial

import httpx
import pytest

from polyvet.dialects.vetcheck.login import VISIT
from polyvet.identity import passwords, registration, sessions
from polyvet.identity.attempts import AS_ONE, FROM_ONE_ADDRESS
from polyvet.identity.entering import HALF_S
from polyvet.identity.registration import NewAccount
from polyvet.model import values
from polyvet.sandbox.practice import SECOND_CLINIC
from tests.dialects.harness import PASSWORD, Practice
from tests.dialects.page import Page
from tests.dialects.vetcheck.signing_in import (
    COLLEAGUE,
    EMAIL,
    OTHER_EMAIL,
    Integrator,
    beside,
    made,
    sent,
    sign_in,
    signed_in,
    told,
    user_of,
)
from tests.identity.people import a_session

NEW = {
    "email": "robin@new.example",
    "name": "Robin Hale",
    "practice": "Hale & Cat",
    "password": "four plain words here",
}


@pytest.fixture(scope="module")
def opened(module_practice: Practice) -> Practice:
    """The same record where strangers may register."""
    return module_practice.served_otherwise(registration=True)


# --- signing in -------------------------------------------------------------------------------------------------


def test_who_is_not_signed_in_signs_in_first_and_comes_back(it: Integrator) -> None:
    browser = it.practice.client()
    away = it.ask(browser)
    assert away.status_code == 303
    assert away.headers["location"].startswith("/login?next=/code%3F")
    page = browser.get(away.headers["location"])
    assert "Ask whoever runs this server" in Page(page).text
    back = sent(browser, page, email=EMAIL, password=PASSWORD)
    assert (back.status_code, back.headers["location"]) == (303, str(it.ask(browser).url.raw_path, "ascii"))
    consent = browser.get(back.headers["location"])
    for words in ("Waiting <room>", EMAIL, "Harbour Street Veterinary Practice", "https://app.example", "not there"):
        assert words in Page(consent).text
    answer = sent(browser, consent, decision="allow")
    assert made(it.exchange(told(answer)["code"]))["token_type"] == "Bearer"


def test_the_pages_are_for_everybody(it: Integrator, opened: Practice) -> None:
    browser = signed_in(it.practice)
    stranger = opened.client()
    pages = [it.ask(browser), browser.get("/account"), browser.get("/account/applications"), browser.get("/logout"),
             stranger.get("/login"), stranger.get("/register")]  # fmt: skip
    for answer in pages:
        page = Page(answer)
        assert answer.status_code == 200
        assert page.all("html") == [{"lang": "en"}]
        assert page.all("meta")[1]["content"] == "width=device-width, initial-scale=1"
        fields = [one for one in (*page.all("input"), *page.all("textarea")) if one.get("type") != "hidden"]
        assert {one["for"] for one in page.all("label")} == {one["id"] for one in fields}
        for tag in ("script", "img", "iframe", "link"):
            assert not page.all(tag)


@pytest.mark.parametrize(
    ("email", "password"),
    [("nobody@x.example", PASSWORD), ("", ""), ("lena.moreau@x.example", "x"), ("\u0131@\ufffd", PASSWORD)],
)
def test_who_does_not_sign_in_reads_the_same_page_whatever_was_wrong(it: Integrator, email: str, password: str) -> None:
    browser = it.practice.client()
    answer = sign_in(browser, email, password)
    assert answer.status_code == 401
    assert "This e-mail and password are not right." in Page(answer).text
    assert sessions.COOKIE not in browser.cookies


def test_a_wrong_password_is_no_session(it: Integrator) -> None:
    browser = it.practice.client()
    assert sign_in(browser, COLLEAGUE, PASSWORD + "x").status_code == 401
    assert browser.get("/account").status_code == 303


def test_guesses_take_about_as_long_whether_there_is_such_a_user_or_not(it: Integrator) -> None:
    """Four passwords are verified in each case."""

    def took(email: str) -> float:
        started = time.process_time()  # which does not count what others do on the machine
        it.practice.run(lambda store: passwords.SignIn().users(store.reader, email, "nonsense"))
        return time.process_time() - started

    took(EMAIL)
    nobody, somebody = (min(took(email) for _ in range(3)) for email in ("nobody@x.example", EMAIL))
    assert 0.5 < nobody / somebody < 2


def test_guessing_is_slowed_for_one_user_and_for_one_address(fresh_practice: Practice) -> None:
    browser = fresh_practice.client()
    page = browser.get("/login")
    for _ in range(AS_ONE):
        assert sent(browser, page, email=EMAIL, password="x").status_code == 401
    for email in (EMAIL, f" {EMAIL.upper()}"):
        slowed = sent(browser, page, email=email, password="x")
        assert slowed.status_code == 429
        assert 0 < int(slowed.headers["retry-after"]) <= 61
        assert "Too many attempts" in Page(slowed).text
    fast = httpx.Client(base_url=browser.base_url, cookies=browser.cookies, trust_env=False)
    with fast:
        for number in range(FROM_ONE_ADDRESS):
            answer = fast.post("/login", data={**Page(page).hidden, "email": f"{number}@x.example"})
            if answer.status_code == 429:
                break
    assert number < FROM_ONE_ADDRESS - AS_ONE + 1
    assert fresh_practice.client().get("/login").status_code == 200


def test_one_of_several_clinics_is_chosen(fresh_practice: Practice) -> None:
    """The same e-mail and password at two clinics: the browser is asked for which, and types nothing twice."""
    new = NewAccount(OTHER_EMAIL, "Henrike Voss", "Voss alone", PASSWORD)
    second = fresh_practice.run(lambda store: registration.register(store, new))
    browser = fresh_practice.client()
    page = sign_in(browser, OTHER_EMAIL, path="/login?next=/account/applications")
    assert page.status_code == 200
    assert sessions.COOKIE not in browser.cookies
    buttons = Page(page).all("button")
    assert len(buttons) == 2
    assert "Voss alone" in Page(page).text
    chosen = sent(browser, page, chosen=buttons[1]["value"] or "")
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/account/applications")
    assert "Applications of Voss alone" in Page(browser.get("/account/applications")).text
    assert second.user.clinic_id != SECOND_CLINIC
    assert sent(browser, page, chosen=buttons[1]["value"] or "").status_code == 401, "it serves once"
    assert sent(browser, page, chosen="nonsense").status_code == 401


def test_a_session_is_not_made_longer_by_choosing_it(fresh_practice: Practice) -> None:
    browser, other = fresh_practice.client(), fresh_practice.client()
    sign_in(browser)
    secret = browser.cookies[sessions.COOKIE]
    assert sent(other, other.get("/login"), chosen=secret).status_code == 401
    assert sessions.COOKIE not in other.cookies
    assert browser.get("/account").status_code == 200


# --- sessions ---------------------------------------------------------------------------------------------------


def test_a_session_begins_anew_at_each_sign_in(fresh_practice: Practice) -> None:
    """Session fixation: a cookie that was planted before stands for nobody after it."""
    browser = fresh_practice.client()
    browser.cookies.set(sessions.COOKIE, "planted", domain="127.0.0.1")
    assert sign_in(browser).status_code == 303
    first = browser.cookies[sessions.COOKIE]
    assert first != "planted"
    assert sign_in(browser, COLLEAGUE).status_code == 303
    second = browser.cookies[sessions.COOKIE]
    assert second != first
    for cookie, name in ((second, "Selin"), ("planted", None), (first, None)):
        other = fresh_practice.client()
        other.cookies.set(sessions.COOKIE, cookie, domain="127.0.0.1")
        answer = other.get("/account")
        assert (answer.status_code, name is None or name in answer.text) == (303 if name is None else 200, True)


def test_the_cookie_is_for_the_server_alone(it: Integrator) -> None:
    browser = it.practice.client()
    answer = sign_in(browser, COLLEAGUE)
    [cookie] = [one for one in answer.headers.get_list("set-cookie") if one.startswith(sessions.COOKIE)]
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert attributes == {"httponly", "path=/", "samesite=lax", "max-age=43200"}
    secure = it.practice.served_otherwise(public_url="https://vet.example").client().get("/login")
    assert all("; Secure" in one for one in secure.headers.get_list("set-cookie"))


@pytest.mark.parametrize("how", ["logout", "password", "left", "hours"])
def test_a_session_ends(fresh_practice: Practice, how: str) -> None:
    user = user_of(fresh_practice, EMAIL)
    browser, other = signed_in(fresh_practice), signed_in(fresh_practice)
    assert browser.get("/account").status_code == 200
    if how == "logout":
        assert sent(browser, browser.get("/logout")).headers["location"] == "/login"
        assert sessions.COOKIE not in browser.cookies
        assert other.get("/account").status_code == 200
        return
    if how == "password":
        fresh_practice.run(partial(passwords.set_password, clinic_id=4, email=EMAIL, password=PASSWORD))
    elif how == "left":
        # Of who looks after the server, and is the last owner, no key takes what they sign in with.
        beside(fresh_practice, "UPDATE users SET console_role = 'vet', operator = false WHERE number = 1")
        path = f"/4/api/0.1/user/{user.number}/"
        assert fresh_practice.provet.patch(path, json={"is_active": False}).status_code == 200
        assert fresh_practice.provet.patch(path, json={"is_active": True}).status_code == 200  # and does not come back
    else:
        beside(fresh_practice, f"UPDATE sessions SET expires_at = expires_at - {values.DAY // 2}")  # noqa: S608
    for one in (browser, other):
        assert one.get("/account").headers["location"] == "/login?next=/account"


@pytest.mark.parametrize("other", ['odd={"a": 1}', "a b=c", "=", "x=\xe9", 'q="unended'])
def test_cookies_of_others_on_this_host_are_in_nobodys_way(it: Integrator, other: str) -> None:
    cookie = signed_in(it.practice).cookies[sessions.COOKIE]
    header = f"{other}; {sessions.COOKIE}={cookie}".encode("latin-1")
    assert it.practice.client().get("/account", headers=[(b"cookie", header)]).status_code == 200


def test_signing_out_by_a_link_asks_first(it: Integrator) -> None:
    browser = signed_in(it.practice)
    browser.get("/logout")
    assert browser.post("/logout").status_code == 400
    assert browser.post("/logout", data={"csrf": "x"}).status_code == 400
    assert browser.get("/account").status_code == 200
    assert it.practice.client().get("/logout").headers["location"] == "/login"
    assert it.practice.client().post("/logout").headers["location"] == "/login"


# --- forms of other sites -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/login", "/register"])
def test_a_form_of_another_site_signs_nobody_in(opened: Practice, path: str) -> None:
    """Else somebody would work, unknowingly, in the account of who made the form."""
    form = {**NEW, "email": EMAIL, "password": PASSWORD}
    stranger, visitor = opened.client(), opened.client()
    visitor.get(path)
    token = Page(stranger.get(path)).hidden["csrf"]
    for browser, csrf in ((opened.client(), {}), (opened.client(), {"csrf": token}), (visitor, {}),
                          (visitor, {"csrf": token}), (visitor, {"csrf": ""})):  # fmt: skip
        assert browser.post(path, data={**form, **csrf}).status_code == 400
        assert sessions.COOKIE not in browser.cookies


@pytest.mark.parametrize("path", ["/account", "/account/applications"])
def test_forms_carry_their_sessions_token(it: Integrator, path: str) -> None:
    browser, other = signed_in(it.practice), signed_in(it.practice, COLLEAGUE)
    theirs = Page(other.get("/account/vetforms")).hidden["csrf"]
    form = {"name": "x", "redirect_uris": "https://x.example/", "promo_code": "x"}
    for csrf in ({}, {"csrf": theirs}, {"csrf": "\udcff".encode("utf-8", "surrogatepass").decode("latin-1")}):
        assert browser.post(path, data={**form, **csrf}).status_code == 400


@pytest.mark.parametrize(
    "next_",
    ["https://evil.example/", "//evil.example/", "/\\evil.example/", "\\\\evil.example", "javascript:alert(1)",
     "account", "/\t/evil.example", "/ /evil.example", "http:/evil.example", "/%0d%0aSet-Cookie:x=y\r\nx", "", "/é"],
)  # fmt: skip
def test_nobody_is_sent_elsewhere_after_signing_in(module_practice: Practice, next_: str) -> None:
    """Open redirect (RFC 9700, 4.11)."""
    user = user_of(module_practice, EMAIL)
    browser = module_practice.client()
    page = browser.get("/login", params={"next": next_})
    secret = module_practice.run(lambda store: a_session(store, user, lifetime_s=HALF_S))
    answer = sent(browser, page, chosen=secret)  # as after the password, without its time
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert VISIT in browser.cookies


# --- registering ------------------------------------------------------------------------------------------------


def test_a_stranger_registers_and_has_a_clinic_of_their_own(opened: Practice, it: Integrator) -> None:
    browser = opened.client()
    away = it.ask(browser)
    login = browser.get(away.headers["location"])
    [link] = [one["href"] for one in Page(login).all("a")]
    page = browser.get(str(login.url.join(link or "")))
    answer = sent(browser, page, **NEW)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/code?")
    consent = browser.get(answer.headers["location"])
    assert "Hale & Cat" in Page(consent).text
    assert sent(browser, consent, decision="allow").status_code == 303
    account = Page(browser.get("/account")).text
    assert "Your role is free" in account
    again = opened.client()
    assert sent(again, again.get("/register"), **NEW).status_code == 303, "which does not tell that there is one"


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "robin"), ("email", ""), ("name", " "), ("practice", "x" * 201), ("password", "short")],
)
def test_what_is_wrong_stands_beside_its_field(opened: Practice, field: str, value: str) -> None:
    browser = opened.client()
    given = {**NEW, "email": f"{field}-{len(value)}@new.example", field: value}
    answer = sent(browser, browser.get("/register"), **given)
    assert answer.status_code == 400
    page = Page(answer)
    wrong = [one for one in page.all("input") if one.get("aria-invalid")]
    assert [one["name"] for one in wrong] == [field]
    described = (wrong[0]["aria-describedby"] or "").split()
    assert f"{field}-problem" in described
    assert set(described) <= {one["id"] for one in page.all("p") if "id" in one}
    assert given["password"] not in answer.text or field == "password"


def test_nobody_registers_where_that_is_off(practice: Practice) -> None:
    browser = practice.client()
    for answer in (browser.get("/register"), browser.post("/register", data=NEW)):
        assert answer.status_code == 403
        assert "Ask whoever runs this server" in answer.text


def test_an_address_has_as_many_accounts_as_may_sign_in(fresh_practice: Practice) -> None:
    """More would crowd out each other: who signs in chooses from a few."""
    opened = fresh_practice.served_otherwise(registration=True)
    browser = opened.client()
    for _ in range(passwords.CANDIDATES):
        assert sent(browser, browser.get("/register"), **NEW).status_code == 303
    answer = sent(browser, browser.get("/register"), **NEW)
    assert answer.status_code == 400
    assert "No account can be made" in Page(answer).text
    slowed = sent(browser, browser.get("/register"), **NEW)
    assert slowed.status_code == 429
    assert "retry-after" in slowed.headers
