# SPDX-License-Identifier: Apache-2.0
"""Who may come in: keys, applications, and what those were granted."""

from __future__ import annotations

from enum import StrEnum

from polyvet.model.entities import Entity, User


class Role(StrEnum):
    """What somebody who works at a clinic may do (see core/roles.py)."""

    OWNER = "owner"
    VET = "vet"
    NURSE = "nurse"
    RECEPTION = "reception"
    READ_ONLY = "read-only"


NO_ROLE = ""  # of whom an owner has said that they are let in nowhere; of who has None nobody has said anything

KINDS = ("integration", "device", "partner")  # of keys


class ApiKey(Entity, frozen=True):
    """A credential of one clinic for one dialect. The secret is stored as its SHA-256 only."""

    id: bytes
    clinic_id: int
    dialect: str
    name: str
    kind: str  # integration, device or partner: they differ in their rate limits
    permissions: str  # separated by blanks
    key_hash: bytes
    shown: str  # the first characters, to recognise it by
    per_minute: int | None  # None: the dialect's number for this kind
    per_hour: int | None
    created_at: int
    revoked_at: int | None
    last_used_at: int | None = None  # to the minute


class Application(Entity, frozen=True):
    """An integration that asks for tokens at one clinic in one dialect; a public one has no secret. Texts of several
    words are separated by blanks."""

    id: bytes
    clinic_id: int
    dialect: str
    name: str
    client_id: str
    secret_hash: bytes | None
    grant_types: str
    redirect_uris: str
    scopes: str
    permissions: str
    per_minute: int | None
    per_hour: int | None
    created_at: int
    revoked_at: int | None
    last_used_at: int | None = None

    @property
    def public(self) -> bool:
        """Whether it cannot keep a secret."""
        return self.secret_hash is None


class Grant(Entity, frozen=True):
    """What an application was granted once, by itself or by a user; its tokens end with it."""

    id: bytes
    application_id: bytes
    user_id: bytes | None
    scope: str
    created_at: int
    revoked_at: int | None = None


class Token(Entity, frozen=True):
    """An access or a refresh token of a grant; the token itself is stored as its SHA-256 only."""

    token_hash: bytes
    grant_id: bytes
    kind: str
    created_at: int
    expires_at: int
    ended_at: int | None = None


class Code(Entity, frozen=True):
    """What an application gets for a user's consent, and exchanges once for tokens."""

    code_hash: bytes
    application_id: bytes
    user_id: bytes
    redirect_uri: str
    scope: str
    challenge: str | None
    challenge_method: str | None
    nonce: str | None
    created_at: int
    expires_at: int
    grant_id: bytes | None = None  # what it was exchanged for


class SigningKey(Entity, frozen=True):
    """What tokens are signed with; a retired key signs nothing more."""

    kid: str
    algorithm: str
    private_jwk: str
    created_at: int
    retired_at: int | None = None


class BrowserSession(Entity, frozen=True):
    """A user who has signed in with a browser; what the browser sends is stored as its SHA-256 only."""

    token_hash: bytes
    user_id: bytes
    created_at: int
    expires_at: int
    factors: int = 1  # 2: with a password and a code


class Member(Entity, frozen=True):
    """Somebody of a clinic's staff, and whether they can sign in: who has no password was never here, or not yet."""

    user: User
    joined: bool


class SecondFactor(Entity, frozen=True):
    """What somebody's codes are made of. `since` is None as long as it was not confirmed; `step` is that of the newest
    code that was taken."""

    secret: str  # in base 32
    since: int | None
    step: int | None


class PasswordLink(Entity, frozen=True):
    """What lets a user choose a password, once; the token in the link is stored as its SHA-256 only."""

    token_hash: bytes
    user_id: bytes
    created_at: int
    expires_at: int


class PromoCode(Entity, frozen=True):
    """What raises a user's role in the library; the code itself is stored as its SHA-256 only."""

    code_hash: bytes
    name: str
    role: str
    uses: int
    most_uses: int | None
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None

    def stands(self, now: int) -> bool:
        """Whether it can be used once more."""
        return (
            self.revoked_at is None
            and (self.expires_at is None or self.expires_at > now)
            and (self.most_uses is None or self.uses < self.most_uses)
        )
