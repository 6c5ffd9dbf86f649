# SPDX-License-Identifier: Apache-2.0
"""What each role may do at a clinic. Core functions ask for permissions, never for roles.

Keys and applications may be given what `PERMISSIONS` names; the rest is for people in the console only.
"""

from __future__ import annotations

from polyvet.core.context import PERMISSIONS
from polyvet.model.access import Role
from polyvet.model.entities import User

# Of a clinic's owner: credentials, what was asked for with them, the clinic, its staff and lists, who did what, and
# taking people out of the record.
OFFICE = (
    "access:read",
    "access:write",
    "audit:read",
    "clinic:write",
    "lists:write",
    "people:erase",
    "requests:read",
    "staff:write",
)
SERVER = ("server:read", "server:write")  # of nobody but who looks after the server
OPERATOR = (*SERVER, "requests:read")  # which they need for it, whatever their role
_DESK = (
    "calendar:read", "calendar:write", "clients:read", "clients:write", "library:read", "patients:read",
    "patients:write", "reminders:read", "reminders:write", "shares:write", "stock:read", "users:read",
)  # fmt: skip
OF_ROLE: dict[Role, frozenset[str]] = {
    Role.OWNER: frozenset((*PERMISSIONS, *OFFICE)),
    Role.VET: frozenset((*_DESK, "invoices:read", "library:write", "records:read")),
    Role.NURSE: frozenset((*_DESK, "records:read")),
    Role.RECEPTION: frozenset((*_DESK, "invoices:read")),
    Role.READ_ONLY: frozenset(one for one in PERMISSIONS if one.endswith(":read") and not one.startswith("webhooks")),
}


def permissions(user: User) -> frozenset[str]:
    """What a user may do in the console; nothing for who is not let in."""
    if not user.console_role:
        return frozenset()
    found = OF_ROLE[Role(user.console_role)]
    return found | frozenset(OPERATOR) if user.operator else found


def through_api(console_role: str | None) -> frozenset[str]:
    """What may be done in the name of a user of this role through an API: what the role allows; everything for a user
    of whom nobody has said, nothing for one from whom the role was taken."""
    if console_role is None:
        return frozenset(PERMISSIONS)
    return OF_ROLE[Role(console_role)] if console_role else frozenset()
