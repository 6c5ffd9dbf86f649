# SPDX-License-Identifier: Apache-2.0
"""`/console/clinic`: what is said of the clinic, and the code by which others connect to it; `/console/clinics`: all
clinics of the server, for who looks after it."""

from __future__ import annotations

from msgspec.structs import asdict
from starlette.responses import Response

from polyvet.console.listing import page_of
from polyvet.console.rows import ADMINISTRATION, PAGE, Row
from polyvet.console.visit import Visit
from polyvet.core import clinics, new_clinics
from polyvet.core.clinics import Change
from polyvet.core.new_clinics import NewClinic
from polyvet.core.offers import code_of
from polyvet.identity import password_links
from polyvet.model import values
from polyvet.model.errors import Invalid
from polyvet.storage.writing import Touching
from polyvet.web.people import before_of


async def shown(visit: Visit) -> Response:
    """What is said of the clinic."""
    clinic = visit.clinic
    return _page(visit, Change(name=clinic.name, timezone=clinic.timezone, email=clinic.email or ""))


async def changing(visit: Visit) -> Response:
    """Another name, time zone or address."""
    fields = visit.fields
    given = Change(name=fields.text("name"), timezone=fields.text("timezone"), email=fields.text("email"))
    try:
        await visit.write(lambda w: clinics.save(w, given))
    except Invalid as error:
        return _page(visit, given, 400, {name: values.sentence(problem) for name, problem in error.problems.items()})
    return visit.moved("/console/clinic", "changed")


async def listed(visit: Visit) -> Response:
    """All clinics, the latest first."""
    found = await clinics.page(visit.ctx, before_of(visit.request), PAGE + 1)
    found, next_ = page_of(found, lambda one: one.id)
    return visit.page("clinics.html", clinics=found, next=next_)


async def asked(visit: Visit) -> Response:
    """The page to add a clinic on."""
    return _new(visit)


async def adding(visit: Visit) -> Response:
    """Add it, and show the link for its owner this once."""
    new = NewClinic(**{name: visit.fields.text(name) for name in NewClinic.__struct_fields__})
    linking = password_links.linking(visit.origin)
    try:
        added = await visit.write(lambda w: new_clinics.add(w, new, linking), Touching())
    except Invalid as error:
        return _new(visit, 400, new, error.problems)
    return visit.page("clinic_made.html", added=added)


def _page(visit: Visit, given: Change, status: int = 200, problems: dict[str, str] | None = None) -> Response:
    code = code_of(visit.clinic.uid)
    return visit.page("clinic.html", status, given=given, problems=problems or {}, code=code)


def _new(
    visit: Visit, status: int = 200, given: NewClinic | None = None, problems: dict[str, str] | None = None
) -> Response:
    return visit.page("clinic_new.html", status, given=asdict(given or NewClinic()), problems=problems or {})


ROWS = (
    Row("GET", "clinic", "clinic:write", shown, "Clinic", ADMINISTRATION),
    Row("POST", "clinic", "clinic:write", changing),
    Row("GET", "clinics", "server:read", listed, "Clinics of this server", ADMINISTRATION),
    Row("GET", "clinics/new", "server:write", asked),
    Row("POST", "clinics/new", "server:write", adding),
)
