# SPDX-License-Identifier: Apache-2.0
"""What of the library is open to a user, and the codes that raise it."""

from __future__ import annotations

import secrets
from enum import Enum

import msgspec

from polyvet.core.staff import changed
from polyvet.model import values
from polyvet.model.access import PromoCode
from polyvet.model.entities import User
from polyvet.model.library import LibraryRole
from polyvet.storage import promo_codes, staff
from polyvet.storage.store import Reader, Store
from polyvet.storage.writing import Touching, Tx

_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # without what is mistaken for something else
_GROUPS, _GROUP = 3, 5  # 73 bits: nobody guesses one


class Redeemed(Enum):
    """What became of a promo code that a user brought."""

    RAISED = "raised"
    NOT_NEEDED = "not needed"  # the user has the role already; nothing was counted
    UNKNOWN = "unknown"  # or used up, expired or revoked


class NewPromoCode(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to make a promo code; None: as often or as long as one likes."""

    name: str = ""
    role: LibraryRole = LibraryRole.PREMIUM
    most_uses: int | None = None
    days: int | None = None


async def create(store: Store, new: NewPromoCode) -> str:
    """Make a promo code; gives it, for it cannot be had again."""
    code = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    now = values.now()
    expires_at = None if new.days is None else now + new.days * values.DAY
    row = PromoCode(_hashed(code), new.name, new.role, 0, new.most_uses, now, expires_at)

    async def job(tx: Tx) -> None:
        promo_codes.add(tx, row)

    await store.write(Touching(), job)
    return code


async def revoke(store: Store, code: str) -> bool:
    """End a promo code; False if there is none that is alive. Roles that it raised stay."""
    found = await promo_codes.get(store.reader, _hashed(code))
    if found is None or found.revoked_at is not None:
        return False

    async def job(tx: Tx) -> None:
        promo_codes.revoke(tx, found.code_hash, values.now())

    await store.write(Touching(), job)
    return True


async def outlook(reader: Reader, user: User, code: str) -> Redeemed:
    """What would become of a promo code if the user brought it now."""
    found = await promo_codes.get(reader, _hashed(code))
    if found is None or not found.stands(values.now()):
        return Redeemed.UNKNOWN
    return Redeemed.RAISED if _raises(user, found.role) else Redeemed.NOT_NEEDED


async def redeem(store: Store, user: User, code: str) -> Redeemed:
    """Raise the user's role by a promo code, which counts once for a user: who has the role needs it no more."""

    async def job(tx: Tx) -> Redeemed:
        [file] = await staff.by_numbers(tx, user.clinic_id, [user.number])
        planned = await outlook(tx, file.user, code)
        if planned is not Redeemed.RAISED:
            return planned
        role = await promo_codes.use(tx, _hashed(code), values.now())
        if role is None:
            return Redeemed.UNKNOWN
        changed(tx, file, library_role=role)
        return Redeemed.RAISED

    return await store.write(Touching(clinics=(user.clinic_id,)), job)


async def set_role(store: Store, clinic_id: int, email: str, role: LibraryRole) -> User | None:
    """Give a clinic's user another role; None if nobody there has this e-mail."""

    async def job(tx: Tx) -> User | None:
        file = await staff.by_email(tx, clinic_id, email.strip())
        if file is None:
            return None
        return file.user if file.user.library_role == role else changed(tx, file, library_role=role).user

    return await store.write(Touching(clinics=(clinic_id,)), job)


def _raises(user: User, role: str) -> bool:
    return user.library_role == LibraryRole.FREE and role == LibraryRole.PREMIUM


def _hashed(code: str) -> bytes:
    """Codes are read aloud and typed: in any case, with or without blanks around them."""
    return values.hashed(code.strip().upper())
