# SPDX-License-Identifier: Apache-2.0
"""`user/` and `userdetails/`: who works at the clinic [client, oas]. Nobody is deleted: `is_active` ends it [client].

Details come with the user, under the same number, and cannot be made or deleted by themselves.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec

from polyvet.core import staff
from polyvet.core.context import Context, Writing
from polyvet.dialects.provet import bodies, times
from polyvet.dialects.provet.bodies import Fields, applied, changes, read_document, read_object, renamed
from polyvet.dialects.provet.filters import Declared
from polyvet.dialects.provet.requests import Asking, named
from polyvet.dialects.provet.wire import Listed, Urls, encode
from polyvet.model.files import StaffFile
from polyvet.web.idempotency import write
from polyvet.web.message import Reply, Request

USER, DETAILS = "user", "userdetails"
FILTERS = Declared(
    paths={"id": "number", "email": "email", "is_active": "active", "created": "created_at"}, kinds=staff.KINDS
)
DETAILS_FILTERS = Declared(paths={"id": "number", "user": "number", "user.id": "number"}, kinds=staff.KINDS)
REQUIRED = ("email",)  # and a name [inferred]
# What an integration may do at all by the names that are known of the vendor's permissions [docs].
PERMISSIONS = {
    "patients-clients": "clients:read",
    "delete-clients": "clients:write",
    "consultations": "records:read",
    "reminder": "reminders:read",
}


class UserOut(msgspec.Struct):
    """Somebody who works at the clinic [client]."""

    id: int
    url: str
    email: str
    first_name: str
    last_name: str
    is_active: bool
    created: str
    last_login: str | None
    user_details: str
    is_staff: bool
    groups: list[str]


class DetailsOut(msgspec.Struct):
    """What else is known of a user [client]."""

    id: int
    url: str
    user: str
    title: str
    phone: str
    veterinarian_id: str
    active_department: str | None
    initials: str
    language: str
    user_type: int | None
    areas_of_expertise: str
    qualifications: str
    picture: str | None
    prescriber_id: str
    employee_number: str
    vds_number: str
    all_departments_active: bool
    active_departments: list[str]
    home_department: str | None


Shown = Callable[[Request, StaffFile, int], Awaitable[Reply]]
_text, _code = bodies.text(), bodies.text(100)
_department = bodies.relation("department")
FIELDS: Fields = {
    "email": ("user.email", bodies.email),
    "first_name": ("details.first_name", bodies.text(100)),
    "last_name": ("details.last_name", bodies.text(100)),
    "is_active": ("user.active", bodies.truth),
    "is_staff": ("details.is_staff", bodies.truth),
}
DETAILS_FIELDS: Fields = {
    "title": ("details.title", _text),
    "phone": ("details.phone", bodies.text(40)),
    "veterinarian_id": ("details.veterinarian_id", _code),
    "active_department": ("details.active_department", _department),
    "initials": ("details.initials", bodies.text(20)),
    "language": ("details.language", bodies.text(20)),
    "user_type": ("details.user_type", bodies.integer(0, 1_000, null=True)),
    "areas_of_expertise": ("details.areas_of_expertise", bodies.text(bodies.NOTES)),
    "qualifications": ("details.qualifications", bodies.text(bodies.NOTES)),
    "prescriber_id": ("details.prescriber_id", _code),
    "employee_number": ("details.employee_number", _code),
    "vds_number": ("details.vds_number", _code),
    "all_departments_active": ("details.all_departments_active", bodies.truth),
    "active_departments": ("details.active_departments", bodies.relations("department")),
    "home_department": ("details.home_department", _department),
}


class Users:
    """The operations of both."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def list_users(self, request: Request) -> Reply:
        """All who work or worked here, by id."""
        zone = await self._asking.zone(request)
        return await self._listed(request, FILTERS, lambda file, urls: user_out(file, urls, zone))

    async def list_details(self, request: Request) -> Reply:
        """Their details, by id."""
        return await self._listed(request, DETAILS_FILTERS, details_out)

    async def get_user(self, request: Request) -> Reply:
        """One user."""
        return await self._user(request, await _found(request), 200)

    async def get_details(self, request: Request) -> Reply:
        """One user's details."""
        return Reply(200, encode(details_out(await _found(request), self._asking.urls(request))))

    async def create_user(self, request: Request) -> Reply:
        """201 with the user."""
        body, document = await read_document(request)
        changed = changes(read_object(document), FIELDS, await self._asking.reading(request), REQUIRED)

        async def work(w: Writing) -> Reply:
            return await self._user(request, await staff.create(w, lambda nobody: applied(nobody, changed)), 201)

        with renamed(FIELDS):
            return await write(request, body, staff.touching(request.context.clinic_id), work)

    async def change_user(self, request: Request) -> Reply:
        """PUT and PATCH: what the body does not name stays."""
        return await self._change(request, FIELDS, self._user)

    async def change_details(self, request: Request) -> Reply:
        """PUT and PATCH of details."""

        async def shown(request: Request, file: StaffFile, status: int) -> Reply:
            return Reply(status, encode(details_out(file, self._asking.urls(request))))

        return await self._change(request, DETAILS_FIELDS, shown)

    async def active_permissions(self, request: Request) -> Reply:
        """The vendor's names of what the caller may do; of its many names few are published [docs], the answer's form
        is [inferred]."""
        held = request.context.caller.permissions
        return Reply(200, encode([name for name, ours in PERMISSIONS.items() if ours in held]))

    async def _listed(self, request: Request, declared: Declared, out: Callable[[StaffFile, Urls], Any]) -> Reply:
        asked = await self._asking.listed(request, declared)
        page = await asked.page(staff.list_staff)
        return asked.reply(page, [out(file, asked.urls) for file in page.items])

    async def _change(self, request: Request, fields: Fields, shown: Shown) -> Reply:
        number, text = named(request, USER)
        body, document = await read_document(request)
        changed = changes(read_object(document), fields, await self._asking.reading(request))

        async def work(w: Writing) -> Reply:
            file = await staff.save(w, number, text, lambda old: applied(old, changed))
            return await shown(request, file, 200)

        with renamed(fields):
            return await write(request, body, staff.touching(request.context.clinic_id), work)

    async def _user(self, request: Request, file: StaffFile, status: int) -> Reply:
        return Reply(status, encode(user_out(file, self._asking.urls(request), await self._asking.zone(request))))


async def _found(request: Request) -> StaffFile:
    return await staff.get(request.context, *named(request, USER))


def user_out(file: StaffFile, urls: Urls, zone: str) -> UserOut:
    """A user on the wire."""
    user, (first, last) = file.user, staff.names(file)
    return UserOut(
        id=user.number, url=urls.of(USER, user.number), email=user.email or "", first_name=first, last_name=last,
        is_active=user.active, created=times.to_text(user.created_at, zone), last_login=None,
        user_details=urls.of(DETAILS, user.number), is_staff=file.details.is_staff, groups=[],
    )  # fmt: skip


def details_out(file: StaffFile, urls: Urls) -> DetailsOut:
    """A user's details on the wire."""
    number, d = file.user.number, file.details
    return DetailsOut(
        id=number, url=urls.of(DETAILS, number), user=urls.of(USER, number), title=d.title, phone=d.phone,
        veterinarian_id=d.veterinarian_id, active_department=urls.maybe("department", d.active_department),
        initials=d.initials, language=d.language, user_type=d.user_type, areas_of_expertise=d.areas_of_expertise,
        qualifications=d.qualifications, picture=None, prescriber_id=d.prescriber_id,
        employee_number=d.employee_number, vds_number=d.vds_number, all_departments_active=d.all_departments_active,
        active_departments=[urls.of("department", one) for one in d.active_departments],
        home_department=urls.maybe("department", d.home_department),
    )  # fmt: skip


async def exposed(ctx: Context, numbers: Iterable[int], urls: Urls, zone: str) -> dict[int, UserOut]:
    """Users that stand in other things in the place of their URLs [docs: expose]."""
    return {file.user.number: user_out(file, urls, zone) for file in await staff.get_many(ctx, set(numbers))}


UsersAnswer = Listed[UserOut]
DetailsAnswer = Listed[DetailsOut]
