# SPDX-License-Identifier: Apache-2.0
"""An integrator's side of OAuth 2.0, by hand: applications, the page, codes and tokens."""

from __future__ import annotations

import itertools
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from sqlalchemy import text

from polyvet.dialects.provet.wire import SCOPES
from polyvet.identity import applications, grants
from polyvet.model import values
from polyvet.sandbox.practice import MAIN_CLINIC
from polyvet.storage import staff
from polyvet.storage.statement import Statement
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx
from tests.dialects.harness import PASSWORD, PLENTY, Practice
from tests.dialects.page import VERIFIER, challenge
from tests.dialects.provet.asking import JOHN
from tests.identity.people import a_code

REDIRECT = "https://app.example/callback?from=vet"
EMAIL, OTHER_EMAIL = "aino.laakso@harbour-street.example", "henrike.voss@northgate.example"
COLLEAGUES = [f"{name}@harbour-street.example" for name in ("tobias.reuter", "selin.karahan", "maija.sundqvist")]
_somebody = itertools.cycle(COLLEAGUES)  # each may try to sign in a few times a minute
NONCE, STATE = "n-0S6_WzA2Mj", "a state & more"


class Integrator:
    """Whoever wrote an application, and the user who sits before it."""

    def __init__(self, practice: Practice, clinic: int = MAIN_CLINIC, **new: Any) -> None:
        """Make an application; `new` is what NewApplication has more."""
        self.practice = practice
        self.clinic = clinic
        self.root = f"/{clinic}/oauth2/"
        self.http = practice.client()
        made = applications.NewApplication(
            clinic_id=clinic,
            dialect="provet",
            name=new.pop("name", "Waiting <room>"),
            scopes=SCOPES,
            redirect_uris=new.pop("redirect_uris", (REDIRECT,)),
            per_minute=PLENTY,
            **new,
        )
        self.application, secret = practice.run(lambda store: applications.create(store, made))
        self.client_id, self.secret = self.application.client_id, secret or ""
        self.auth = (self.client_id, self.secret)

    # --- the page ---------------------------------------------------------------------------------------------

    def asking(self, **changed: str | None) -> dict[str, str]:
        """What a request for a code holds; None leaves a parameter out."""
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT,
            "scope": "restapi openid",
            "state": STATE,
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
            "nonce": NONCE,
            **changed,
        }
        return {name: value for name, value in asked.items() if value is not None}

    def ask(self, **changed: str | None) -> httpx.Response:
        """GET of the page."""
        return self.http.get(self.root + "authorize/", params=self.asking(**changed))

    def allow(
        self, *, email: str | None = None, password: str = PASSWORD, decision: str = "allow", **changed: str | None
    ) -> httpx.Response:
        """The page's form, filled and sent."""
        who = next(_somebody) if email is None else email
        form = {**self.asking(**changed), "email": who, "password": password, "decision": decision}
        return self.http.post(self.root + "authorize/", data=form)

    def code(self, scope: str = "restapi openid", **changed: Any) -> str:
        """A code that the vet allowed; made beside the page, on which nobody may sign in that often."""

        async def adding(store: Store) -> str:
            found = await staff.signing_in(store.reader, self.clinic, EMAIL)
            assert found is not None
            bound = {"redirect_uri": REDIRECT, "challenge": challenge(), "nonce": NONCE, **changed}
            consent = grants.Consent(user_id=found[0].id, scope=scope, **bound)
            return await a_code(store, self.application, consent)

        return self.practice.run(adding)

    # --- tokens -----------------------------------------------------------------------------------------------

    def token(self, grant_type: str, *, auth: tuple[str, str] | None = None, **form: str | None) -> httpx.Response:
        """A request for tokens, by HTTP Basic."""
        sent = {"grant_type": grant_type, **{name: value for name, value in form.items() if value is not None}}
        return self.http.post(self.root + "token/", data=sent, auth=auth or self.auth)

    def exchange(self, code: str, **changed: Any) -> httpx.Response:
        """A code for tokens."""
        form = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER, **changed}
        return self.token("authorization_code", **form)

    def signed_in(self, **changed: Any) -> dict[str, Any]:
        """Tokens for a user."""
        return made(self.exchange(self.code(**changed)))

    def own(self) -> str:
        """An access token of the application's own."""
        return str(made(self.token("client_credentials"))["access_token"])

    def refresh(self, token: str, **changed: Any) -> httpx.Response:
        """New tokens."""
        return self.token("refresh_token", refresh_token=token, **changed)

    def revoke(self, token: str, **form: Any) -> httpx.Response:
        """End a token."""
        return self.http.post(self.root + "revoke_token/", data={"token": token, **form}, auth=self.auth)

    def status(self, token: str, clinic: int | None = None) -> int:
        """What the API says to a token."""
        return self.get(f"/{clinic or self.clinic}/api/0.1/client/{JOHN}/", token).status_code

    def userinfo(self, token: str) -> httpx.Response:
        """Who the token is for."""
        return self.get(self.root + "userinfo/", token)

    def get(self, path: str, token: str) -> httpx.Response:
        """GET with a token."""
        return self.http.get(path, headers={"Authorization": f"Bearer {token}"})


def beside(practice: Practice, statement: str) -> None:
    """A statement that the program does not make."""

    async def job(tx: Tx) -> None:
        tx.write(Statement(text(statement)))

    practice.run(lambda store: store.write(Touching(), job))


def later(practice: Practice, table: str, days: float) -> None:
    """Let that many days pass for the rows of a table that end some day."""
    beside(practice, f"UPDATE {table} SET expires_at = expires_at - {int(days * values.DAY)}")  # noqa: S608


def set_beside(practice: Practice, what: str, column: str, value: str) -> None:
    """Change the rows of a table in which a column has a value."""
    beside(practice, f"UPDATE {what} WHERE {column} = '{value}'")


def made(answer: httpx.Response) -> dict[str, Any]:
    """The tokens that an answer holds."""
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def told(answer: httpx.Response) -> dict[str, str]:
    """What a redirect tells the application, and nobody else."""
    assert answer.status_code == 303, answer.text
    location = answer.headers["location"]
    assert location.startswith(REDIRECT + "&"), location
    return dict(parse_qsl(urlsplit(location).query, keep_blank_values=True))


def error(answer: httpx.Response) -> tuple[int, str]:
    """A refusal's status and name."""
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"error", "error_description"}
    return answer.status_code, answer.json()["error"]
