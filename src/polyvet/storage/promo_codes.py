# SPDX-License-Identifier: Apache-2.0
"""Codes that raise a user's role in the library."""

from __future__ import annotations

from msgspec.structs import astuple
from sqlalchemy import or_, select, update

from polyvet.model.access import PromoCode
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import promo_codes
from polyvet.storage.writing import Tx

c = promo_codes.c
_COLUMNS = tuple(c[name] for name in PromoCode.__struct_fields__)
_ADD = inserting(promo_codes, " ".join(PromoCode.__struct_fields__), rank=10)
_GET = Statement(select(*_COLUMNS).where(c.code_hash == p("code_hash")), "code_hash")
# Counted and decided by one statement: users of two clinics may bring a code at the same time.
_USE = Statement(
    update(promo_codes)
    .where(
        c.code_hash == p("code"),
        c.revoked_at.is_(None),
        or_(c.expires_at.is_(None), c.expires_at > p("now")),
        or_(c.most_uses.is_(None), c.uses < c.most_uses),
    )
    .values(uses=c.uses + 1)
    .returning(c.role),
    "code now",
)
_REVOKE = Statement(
    update(promo_codes).where(c.code_hash == p("code")).values(revoked_at=p("new_revoked_at")),
    "new_revoked_at code",
    rank=70,
)


def add(tx: Tx, code: PromoCode) -> None:
    """Add a code."""
    tx.write(_ADD, *astuple(code))


async def get(reader: Reader, code_hash: bytes) -> PromoCode | None:
    """The code with this SHA-256, used up or not."""
    row = await reader.fetch_one(_GET, code_hash)
    return None if row is None else PromoCode(*row)


async def use(tx: Tx, code_hash: bytes, now: int) -> str | None:
    """Use a code once more; gives the role that it brings, or None if it cannot be used."""
    row = await tx.fetch_one(_USE, code_hash, now)
    return None if row is None else str(row[0])


def revoke(tx: Tx, code_hash: bytes, at: int) -> None:
    """End a code; what it raised stays."""
    tx.write(_REVOKE, at, code_hash)
