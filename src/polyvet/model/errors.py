# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, as facts. Each dialect has one table that turns these into its own answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polyvet.model.requests import Known


class PolyvetError(Exception):
    """A fact that a caller is told; anything else that is raised is a defect of ours."""

    known: Known | None = None  # whose credential it was that was refused, where that is known


class Missing(PolyvetError):
    """There is no such row, or it is another clinic's: both are the same fact."""

    def __init__(self, kind: str, shown: str) -> None:
        super().__init__(f"{kind} {shown} is missing")
        self.kind = kind
        self.shown = shown


class NotConnected(PolyvetError):
    """The row exists, but no active connection opens it to this clinic. Told from Missing only if a setting says so."""

    def __init__(self, kind: str, shown: str) -> None:
        super().__init__(f"{kind} {shown} is not connected")
        self.kind = kind
        self.shown = shown


class Merged(PolyvetError):
    """The row turned out to be another one, which is to be changed in its place."""

    def __init__(self, kind: str, shown: str) -> None:
        super().__init__(f"{kind} {shown} is merged into another")
        self.kind = kind
        self.shown = shown


class Forbidden(PolyvetError):
    """The key lacks a permission."""

    def __init__(self, permission: str) -> None:
        super().__init__(f"the permission {permission} is missing")
        self.permission = permission


class RoleNeeded(PolyvetError):
    """The user's role in the library does not open this content."""


class AlreadySubmitted(PolyvetError):
    """A form was submitted before, and is filled in once."""


class Unauthenticated(PolyvetError):
    """No key, or none that is known and alive; `why` is for whom the key belongs to, not for the caller."""

    def __init__(self, why: str = "no such key or token", known: Known | None = None) -> None:
        super().__init__(why)
        self.known = known


class Invalid(PolyvetError):
    """Input that does not hold; `problems` maps a field's wire name to what is wrong with it."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in problems.items()))
        self.problems = problems


class SlotTaken(PolyvetError):
    """Somebody who is to take part in an appointment has another one then."""


class RangeTooLong(PolyvetError):
    """A window of time that is longer than the vendor allows, or reversed."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class LimitReached(PolyvetError):
    """A key's budget is used up; `retry_after` is in whole seconds, 1 or more. `limit` is the full window's."""

    def __init__(self, retry_after: int, limit: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after
        self.limit = limit


class KeyReused(PolyvetError):
    """An idempotency key came again with another body."""


class TooLarge(PolyvetError):
    """A body beyond the limit, which is in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than {limit} bytes")
        self.limit = limit


class WrongMediaType(PolyvetError):
    """A body of a content type that is not read here."""


class NotAcceptable(PolyvetError):
    """The caller asks for a media type that the resource is not served as."""

    def __init__(self, served: tuple[str, ...]) -> None:
        super().__init__(f"served as {', '.join(served)}")
        self.served = served


class NoSuchRoute(PolyvetError):
    """The path is not served."""


class WrongMethod(PolyvetError):
    """The path is served, but not by this method."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(f"allowed: {', '.join(allowed)}")
        self.allowed = allowed


class NotServed(PolyvetError):
    """The vendor documents this operation; it is not served here, and `why` says what to do."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Busy(PolyvetError):
    """The store cannot take the request now (locked for too long, full, out of reach); trying again may help."""
