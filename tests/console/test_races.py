# SPDX-License-Identifier: Apache-2.0
"""Somebody else changes a password while the old one is being verified: that one opens nothing more, at any door."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from polyvet.identity import grants, passwords
from polyvet.model.access import Role
from polyvet.sandbox.practice import MAIN_CLINIC
from polyvet.storage.store import open_store
from tests.console.people import EMAILS, Colleague, Visitor, code_of, told
from tests.dialects.harness import PASSWORD, Practice
from tests.dialects.provet.signing_in import Integrator
from tests.dialects.vetcheck import signing_in as vetcheck
from tests.dialects.vetcheck.signing_in import sign_in, signed_in

TOBIAS, MAIJA, SELIN = (EMAILS[role] for role in (Role.VET, Role.NURSE, Role.READ_ONLY))
NEW, GIVEN = "another long password", "a password from the command line"
_CHANGED = "Your account was changed just now"
_PAGE = "account/second-factor"


def _reset(practice: Practice, email: str) -> None:
    """Another password for somebody, from a thread without an event loop."""

    async def resetting() -> None:
        store = await open_store(practice.url)
        try:
            await passwords.set_password(store, MAIN_CLINIC, email, GIVEN)
        finally:
            await store.close()

    asyncio.run(resetting())


def _once_verified(monkeypatch: pytest.MonkeyPatch, practice: Practice, email: str) -> None:
    """Reset a password as soon as it has been found right."""
    verifying, resets = passwords._verified, [email]

    def verified(stored: str | None, password: str) -> bool:
        right = verifying(stored, password)
        if right and resets:
            _reset(practice, resets.pop())
        return right

    monkeypatch.setattr(passwords, "_verified", verified)


def test_nobody_signs_in_with_a_password_that_was_reset_meanwhile(
    fresh_practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    _once_verified(monkeypatch, fresh_practice, TOBIAS)
    visitor = Visitor(fresh_practice)
    at_console = visitor.sign_in(TOBIAS, PASSWORD)
    _once_verified(monkeypatch, fresh_practice, SELIN)
    at_vetcheck = sign_in(fresh_practice.client(), SELIN)
    _once_verified(monkeypatch, fresh_practice, MAIJA)
    at_provet = Integrator(fresh_practice).allow(email=MAIJA)
    for answer in (at_console, at_vetcheck, at_provet):
        assert answer.status_code == 401
        assert _CHANGED in told(answer)
        assert "polyvet_session" not in answer.headers.get("set-cookie", "")
    assert visitor.sign_in(TOBIAS, GIVEN).status_code == 303


def test_a_password_that_was_reset_meanwhile_changes_nothing(
    fresh_practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    vet = Colleague(fresh_practice, Role.VET)
    _once_verified(monkeypatch, fresh_practice, TOBIAS)
    refused = vet.post("account/password", {"password": PASSWORD, "new_password": NEW}, "account")
    assert refused.status_code == 400
    assert _CHANGED in told(refused)
    assert vet.get("account").status_code == 303  # the session ended with the password
    assert Visitor(fresh_practice).sign_in(TOBIAS, NEW).status_code == 401
    assert Visitor(fresh_practice).sign_in(TOBIAS, GIVEN).status_code == 303


def test_a_second_factor_stays_as_it_is_where_the_password_was_reset_meanwhile(
    fresh_practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    nurse, vet = Colleague(fresh_practice, Role.NURSE), Colleague(fresh_practice, Role.VET)
    secrets = []
    for who in (nurse, vet):
        who.post(_PAGE, {"do": "prepare"})
        secrets.append(who.get(_PAGE).text.partition('<code class="secret">')[2][:32])
    form = {"do": "confirm", "code": code_of(secrets[0]), "password": PASSWORD}
    _once_verified(monkeypatch, fresh_practice, MAIJA)
    assert nurse.post(_PAGE, form).status_code == 400
    assert Visitor(fresh_practice).sign_in(MAIJA, GIVEN).headers["location"] == "/console"
    assert vet.post(_PAGE, {**form, "code": code_of(secrets[1])}).headers["location"].endswith("?done=on")
    _once_verified(monkeypatch, fresh_practice, TOBIAS)
    assert vet.post(_PAGE, {"do": "end", "password": PASSWORD}).status_code == 400
    assert Visitor(fresh_practice).sign_in(TOBIAS, GIVEN).headers["location"] == "/console/code"


def test_nothing_is_allowed_by_a_session_that_has_just_ended(
    fresh_practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VetCheck's page of consent goes by the session."""
    making = grants.new_code

    def made(*args: Any) -> Any:
        resetting = threading.Thread(target=_reset, args=(fresh_practice, TOBIAS))
        resetting.start()
        resetting.join()
        return making(*args)

    it, browser = vetcheck.Integrator(fresh_practice), signed_in(fresh_practice, TOBIAS)
    page = it.ask(browser)
    monkeypatch.setattr(grants, "new_code", made)
    answer = vetcheck.sent(browser, page, decision="allow")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=/code")
