# SPDX-License-Identifier: Apache-2.0
"""Granting tokens by OAuth 2.0: by an application for itself, or by a user's consent through a code; refreshing and
ending them. No vendor's paths or answers.

Each step is decided and written in one transaction that holds the clinic, so a code and a refresh token that rotates
serve once, however many requests bring them at the same time. Whoever brings one again ends the grant with all its
tokens: one of the two that had it has stolen it (RFC 9700).

Where access tokens say something, as signed ones do, their text is made before the transaction, since signing takes its
time, and only for what the transaction is going to grant.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable

import msgspec
from authlib.common.security import generate_token
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, InvalidScopeError, UnauthorizedClientError
from authlib.oauth2.rfc6749.util import list_to_scope, scope_to_list
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from polyvet.identity.keys import ACCESS, REFRESH
from polyvet.model import values
from polyvet.model.access import Application, Code, Grant, Token
from polyvet.model.entities import User
from polyvet.storage import grants, staff
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx

CODE_S = 60
S256 = "S256"
_TOKEN_CHARACTERS = 43
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class Lifetimes(msgspec.Struct, frozen=True):
    """How long a vendor's tokens are good, in seconds; a refresh token's time starts anew with each access token.

    `rotates`: each refresh brings the next refresh token and ends the one before. Without it one serves again and
    again; those of public applications rotate nevertheless (RFC 9700, 2.2.2). `refreshed_with` is the scope without
    which there is no refresh token at all."""

    access: int
    refresh: int
    rotates: bool = True
    refreshed_with: str | None = None


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """What a user granted to an application, and how the code that stands for it is bound."""

    user_id: bytes
    redirect_uri: str
    scope: str
    challenge: str | None = None
    nonce: str | None = None


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens that were granted; `consent` is the code's, if it was one that brought them."""

    access_token: str
    refresh_token: str | None
    scope: str
    code: Code | None = None


class Subject(msgspec.Struct, frozen=True):
    """What an access token's text tells of."""

    user: User
    scope: str
    nonce: str | None = None


Mint = Callable[[Subject], Awaitable[str]]  # makes an access token's text; no two are alike


def check_grant_type(application: Application, grant_type: str) -> None:
    """UnauthorizedClientError unless the application may use it."""
    if grant_type not in application.grant_types.split():
        raise UnauthorizedClientError(description=f"This application may not use {grant_type}.")


def granted_scope(application: Application, asked: str | None, usual: str) -> str:
    """What is granted of what is asked for; InvalidScopeError for what the application may not have."""
    wanted = list(dict.fromkeys(scope_to_list(asked or usual)))
    if not wanted or not set(wanted) <= set(application.scopes.split()):
        raise InvalidScopeError(description="A scope is unknown, or this application may not have it.")
    return str(list_to_scope(wanted))


def known_scope(application: Application, asked: str | None) -> str:
    """What the application may have of what is asked for; InvalidScopeError for nothing."""
    allowed = application.scopes.split()
    wanted = [one for one in dict.fromkeys(scope_to_list(asked or "")) if one in allowed]
    if not wanted:
        raise InvalidScopeError(description=f"Ask for scopes of these: {' '.join(allowed)}.")
    return str(list_to_scope(wanted))


def check_challenge(application: Application, challenge: str | None, method: str | None) -> None:
    """InvalidRequestError unless the code will be bound as PKCE has it: by S256, and without fail for who has no
    secret. No method means `plain`, which a reader of the request could answer."""
    if challenge is None and method is None:
        if application.public:
            raise InvalidRequestError(description="This application must send a code_challenge.")
    elif method != S256:
        raise InvalidRequestError(description="The code_challenge_method must be S256.")
    elif challenge is None or not _CHALLENGE.fullmatch(challenge):
        raise InvalidRequestError(description="The code_challenge is no S256 challenge.")


async def for_itself(store: Store, application: Application, scope: str, lifetimes: Lifetimes) -> Issued:
    """Grant an application an access token of its own; there is none to refresh it."""

    async def job(tx: Tx) -> Issued:
        now = values.now()
        grant = Grant(values.new_id(now), application.id, None, scope, now)
        grants.add_grant(tx, grant)
        return Issued(
            access_token=_new_token(tx, grant, ACCESS, now, lifetimes.access), refresh_token=None, scope=scope
        )

    return await store.write(_touching(application), job)


def new_code(application: Application, consent: Consent) -> tuple[str, Callable[[Tx], None]]:
    """A code for what a user granted, and what adds it in a transaction: one that holds the user's clinic and knows
    that the user is still let in, since what ends all that a user granted ends the codes that it finds."""
    secret, now = generate_token(_TOKEN_CHARACTERS), values.now()
    code = Code(
        code_hash=values.hashed(secret),
        application_id=application.id,
        user_id=consent.user_id,
        redirect_uri=consent.redirect_uri,
        scope=consent.scope,
        challenge=consent.challenge,
        challenge_method=None if consent.challenge is None else S256,
        nonce=consent.nonce,
        created_at=now,
        expires_at=now + CODE_S * values.MICROSECONDS,
    )

    return str(secret), lambda tx: grants.add_code(tx, code)


async def exchange(
    store: Store,
    application: Application,
    secret: str,
    redirect_uri: str,
    verifier: str | None,
    lifetimes: Lifetimes,
    mint: Mint | None = None,
) -> Issued:
    """Exchange a code for tokens. Who brings a code that was used before ends what it gave; every other attempt that
    fails changes nothing. Access tokens are what `mint` makes, else they tell nothing."""
    minted, touching = None, _touching(application)
    known = await grants.get_code(store.reader, values.hashed(secret))
    if known is not None and _code_problem(known, application, redirect_uri, verifier, values.now()) is None:
        granting = await user(store, known.user_id)
        # Another clinic's user may be: what ends all that they granted must find the grant, or end the code before.
        touching = Touching(clinics=(application.clinic_id, granting.clinic_id))
        minted = None if mint is None else await mint(Subject(granting, known.scope, known.nonce))

    async def job(tx: Tx) -> Issued | OAuth2Error:
        code = await grants.get_code(tx, values.hashed(secret))
        now = values.now()
        problem = _code_problem(code, application, redirect_uri, verifier, now)
        if code is None or problem is not None:
            if code is not None and code.application_id == application.id and code.grant_id is not None:
                grants.revoke(tx, code.grant_id, now)
            return problem or InvalidGrantError()
        grant = Grant(values.new_id(now), application.id, code.user_id, code.scope, now)
        grants.add_grant(tx, grant)
        grants.use_code(tx, code.code_hash, grant.id)
        return _both(tx, grant, now, lifetimes, code=code, minted=minted)

    return await _decided(store, touching, job)


def _code_problem(
    code: Code | None, application: Application, redirect_uri: str, verifier: str | None, now: int
) -> OAuth2Error | None:
    if code is None or code.application_id != application.id:
        return InvalidGrantError(description="The code is unknown, or another application's.")
    if code.grant_id is not None:
        return InvalidGrantError(description="The code was used before; what it gave has ended.")
    if code.expires_at <= now:
        return InvalidGrantError(description="The code has expired.")
    if code.redirect_uri != redirect_uri:
        return InvalidGrantError(description="The redirect_uri is not the one that the code was sent to.")
    if (code.challenge is None) != (verifier is None):  # else PKCE could be left out of one of the two requests
        return InvalidGrantError(description="A code_verifier goes with a code_challenge, and only with one.")
    if code.challenge is not None and verifier is not None and not _answers(verifier, code.challenge):
        return InvalidGrantError(description="The code_verifier does not answer the code_challenge.")
    return None


def _answers(verifier: str, challenge: str) -> bool:
    if not _VERIFIER.fullmatch(verifier):
        return False
    return hmac.compare_digest(create_s256_code_challenge(verifier), challenge)


async def refresh(
    store: Store, application: Application, secret: str, lifetimes: Lifetimes, mint: Mint | None = None
) -> Issued:
    """Exchange a refresh token for new tokens of the same scope, the next refresh token among them if they rotate."""
    minted = None
    if mint is not None:
        held = await grants.held(store.reader, values.hashed(secret))
        if held is not None and held.grant.user_id is not None and _held_problem(held, application) is None:
            minted = await mint(Subject(await user(store, held.grant.user_id), held.grant.scope))

    async def job(tx: Tx) -> Issued | OAuth2Error:
        held = await grants.held(tx, values.hashed(secret))
        now = values.now()
        problem = _held_problem(held, application)
        if held is None or problem is not None:
            return problem or InvalidGrantError()
        if held.token.ended_at is not None:
            grants.revoke(tx, held.grant.id, now)
            return InvalidGrantError(description="The refresh token was used before; its grant has ended.")
        if lifetimes.rotates or application.public:
            grants.end_token(tx, held.token.token_hash, now)
            return _both(tx, held.grant, now, lifetimes, minted=minted)
        grants.extend_token(tx, held.token.token_hash, now + lifetimes.refresh * values.MICROSECONDS)
        access = _new_token(tx, held.grant, ACCESS, now, lifetimes.access, minted)
        return Issued(access_token=access, refresh_token=None, scope=held.grant.scope)

    return await _decided(store, _touching(application), job)


def _held_problem(held: grants.Held | None, application: Application) -> OAuth2Error | None:
    if held is None or held.token.kind != REFRESH or held.application.id != application.id:
        return InvalidGrantError(description="The refresh token is unknown, or another application's.")
    if not held.stands(values.now()):
        return InvalidGrantError(description="The refresh token has expired, or its grant has ended.")
    return None


async def end(store: Store, application: Application, secret: str) -> None:
    """End a token of the application; a refresh token ends with its grant. Any other token is left alone."""

    async def job(tx: Tx) -> None:
        held = await grants.held(tx, values.hashed(secret))
        if held is None or held.application.id != application.id:
            return
        if held.token.kind == REFRESH:
            grants.revoke(tx, held.grant.id, values.now())
        elif held.token.ended_at is None:
            grants.end_token(tx, held.token.token_hash, values.now())

    await store.write(_touching(application), job)


async def user(store: Store, user_id: bytes) -> User:
    """Who granted something; nobody is ever deleted."""
    found = await staff.get_user(store.reader, user_id)
    if found is None:
        raise LookupError("a grant's user is missing")
    return found


async def _decided(store: Store, touching: Touching, job: Callable[[Tx], Awaitable[Issued | OAuth2Error]]) -> Issued:
    """A refusal is returned and not raised inside the transaction, so that what goes with it is committed."""
    outcome = await store.write(touching, job)
    if isinstance(outcome, OAuth2Error):
        raise outcome
    return outcome


def _touching(application: Application) -> Touching:
    return Touching(clinics=(application.clinic_id,))


def _both(
    tx: Tx, grant: Grant, now: int, lifetimes: Lifetimes, *, code: Code | None = None, minted: str | None = None
) -> Issued:
    refreshed = lifetimes.refreshed_with is None or lifetimes.refreshed_with in grant.scope.split()
    return Issued(
        access_token=_new_token(tx, grant, ACCESS, now, lifetimes.access, minted),
        refresh_token=_new_token(tx, grant, REFRESH, now, lifetimes.refresh) if refreshed else None,
        scope=grant.scope,
        code=code,
    )


def _new_token(tx: Tx, grant: Grant, kind: str, now: int, lifetime_s: int, minted: str | None = None) -> str:
    secret = minted or str(generate_token(_TOKEN_CHARACTERS))
    grants.add_token(tx, Token(values.hashed(secret), grant.id, kind, now, now + lifetime_s * values.MICROSECONDS))
    return secret
