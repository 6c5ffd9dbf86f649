# SPDX-License-Identifier: Apache-2.0
"""An integrator's side of VetCheck's sign-in, and the browser of the user who sits before it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec
from sqlalchemy import text

from polyvet.dialects.vetcheck.scopes import SCOPES
from polyvet.dialects.vetcheck.wire import AUDIENCE, NAME
from polyvet.identity import applications, grants, sessions
from polyvet.model.entities import User
from polyvet.sandbox.practice import MAIN_CLINIC
from polyvet.storage import staff
from polyvet.storage.statement import Statement
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx
from tests.dialects.harness import PASSWORD, Practice
from tests.dialects.page import VERIFIER, Page, challenge
from tests.identity.people import a_code, a_session

REDIRECT = "https://app.example/callback?from=vet"
EMAIL, COLLEAGUE, OTHER_EMAIL = (
    "aino.laakso@harbour-street.example", "selin.karahan@harbour-street.example", "henrike.voss@northgate.example"
)  # fmt: skip
NONCE, STATE = "n-0S6_WzA2Mj", "a state & more"
FORM = "application/x-www-form-urlencoded"
SCOPE = "openid profile email offline_access read:handouts"


class Integrator:
    """Whoever wrote an application, and a browser without a session."""

    def __init__(self, practice: Practice, clinic: int = MAIN_CLINIC, **new: Any) -> None:
        """Make an application; `new` is what NewApplication has more."""
        self.practice = practice
        self.http = practice.client()
        made = applications.NewApplication(
            clinic_id=clinic,
            dialect=NAME,
            name=new.pop("name", "Waiting <room>"),
            scopes=SCOPES,
            redirect_uris=new.pop("redirect_uris", (REDIRECT,)),
            for_itself=False,
            **new,
        )
        self.application, secret = practice.run(lambda store: applications.create(store, made))
        self.client_id, self.secret = self.application.client_id, secret

    def asking(self, **changed: str | None) -> dict[str, str]:
        """What a request to sign in holds; None leaves a parameter out."""
        asked: dict[str, str | None] = {
            "audience": AUDIENCE,
            "scope": SCOPE,
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT,
            "state": STATE,
            "nonce": NONCE,
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
            **changed,
        }
        return {name: value for name, value in asked.items() if value is not None}

    def ask(self, browser: httpx.Client | None = None, **changed: str | None) -> httpx.Response:
        """GET of the page of consent."""
        return (browser or self.http).get("/code", params=self.asking(**changed))

    def answer(self, browser: httpx.Client, decision: str = "allow", **changed: str | None) -> httpx.Response:
        """The page of consent, and its form."""
        page = self.ask(browser, **changed)
        assert page.status_code == 200, page.text
        return sent(browser, page, decision=decision)

    def code(self, email: str = EMAIL, clinic: int = MAIN_CLINIC, scope: str = SCOPE, **changed: Any) -> str:
        """A code that a user allowed; made beside the pages."""
        user = user_of(self.practice, email, clinic)
        bound = {"redirect_uri": REDIRECT, "challenge": challenge(), "nonce": NONCE, **changed}
        consent = grants.Consent(user_id=user.id, scope=scope, **bound)
        return self.practice.run(lambda store: a_code(store, self.application, consent))

    def token(self, grant_type: str, **body: str | None) -> httpx.Response:
        """A request for tokens as the vendor's page has it: JSON, which curl calls a form [seed]."""
        sent = {"grant_type": grant_type, "client_id": self.client_id, "client_secret": self.secret, **body}
        given = {name: value for name, value in sent.items() if value is not None}
        return self.http.post("/oauth/token", content=msgspec.json.encode(given), headers={"content-type": FORM})

    def exchange(self, code: str, **changed: Any) -> httpx.Response:
        """A code for tokens."""
        body = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER, **changed}
        return self.token("authorization_code", **body)

    def refresh(self, token: str, **changed: Any) -> httpx.Response:
        """New tokens."""
        return self.token("refresh_token", refresh_token=token, **changed)

    def tokens(self, **changed: Any) -> dict[str, Any]:
        """Tokens for a user."""
        return made(self.exchange(self.code(**changed)))

    def status(self, token: str) -> int:
        """What the API says to a bearer: no bearer gets past 401, whatever there is behind."""
        return self.http.get("/handouts", headers={"Authorization": f"Bearer {token}"}).status_code


def user_of(practice: Practice, email: str, clinic: int = MAIN_CLINIC) -> User:
    """Who has an e-mail at a clinic."""

    async def finding(store: Store) -> User:
        found = await staff.by_email(store.reader, clinic, email)
        assert found is not None
        return found.user

    return practice.run(finding)


def signed_in(practice: Practice, email: str = EMAIL, clinic: int = MAIN_CLINIC) -> httpx.Client:
    """A browser with a session, which began beside the pages: nobody may sign in as often as tests do."""
    browser = practice.client()
    user = user_of(practice, email, clinic)
    secret = practice.run(lambda store: a_session(store, user))
    browser.cookies.set(sessions.COOKIE, secret, domain="127.0.0.1")
    return browser


def sent(browser: httpx.Client, page: httpx.Response, **fields: str) -> httpx.Response:
    """The page's form, filled in and sent to where it stands."""
    return browser.post(page.url, data={**Page(page).hidden, **fields})


def sign_in(
    browser: httpx.Client, email: str = EMAIL, password: str = PASSWORD, path: str = "/login"
) -> httpx.Response:
    """The page to sign in on, filled in and sent."""
    return sent(browser, browser.get(path), email=email, password=password)


def beside(practice: Practice, statement: str) -> None:
    """A statement that the program does not make."""

    async def job(tx: Tx) -> None:
        tx.write(Statement(text(statement)))

    practice.run(lambda store: store.write(Touching(), job))


def made(answer: httpx.Response) -> dict[str, Any]:
    """The tokens that an answer holds."""
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def told(answer: httpx.Response, redirect: str = REDIRECT) -> dict[str, str]:
    """What a redirect tells the application, and nobody else."""
    assert answer.status_code == 303, answer.text
    location = answer.headers["location"]
    assert location.startswith(redirect + ("&" if "?" in redirect else "?")), location
    return dict(parse_qsl(urlsplit(location).query, keep_blank_values=True))


def error(answer: httpx.Response) -> tuple[int, str]:
    """A refusal's status and name."""
    assert answer.headers["content-type"] == "application/json", answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"error", "error_description"}
    return answer.status_code, answer.json()["error"]
