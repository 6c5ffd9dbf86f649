# SPDX-License-Identifier: Apache-2.0
"""`/console/lists`: the code lists with the clinic's own entries."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from polyvet.console.rows import ADMINISTRATION, PAGE, Row
from polyvet.console.visit import Visit
from polyvet.core import code_entries
from polyvet.core.code_entries import BREEDS, KIND, LOOKED_AT, PERMISSION
from polyvet.model.entities import CodeList
from polyvet.model.errors import Invalid
from polyvet.web.people import before_of, number_in

PATH = "/console/lists"
TITLES = {
    code_entries.SPECIES: "Species",
    BREEDS: "Breeds",
    CodeList.DIAGNOSES: "Diagnoses",
    CodeList.INSURERS: "Insurers",
}
_LONGEST = 200


async def shown(visit: Visit) -> Response:
    """Which lists there are."""
    return visit.page("lists.html", titles=TITLES, path=PATH)


async def listed(visit: Visit) -> Response:
    """The entries of one, or those that were looked for."""
    return await _page(visit)


async def adding(visit: Visit) -> Response:
    """Add an entry of the clinic's own."""
    name, given = visit.parameter("list"), {one: visit.fields.text(one) for one in ("name", "species")}
    try:
        await visit.write(lambda w: code_entries.create(w, name, given["name"], given["species"]))
    except Invalid as error:
        return await _page(visit, 400, given, error.problems)
    return visit.moved(f"{PATH}/{name}", "added")


async def switching(visit: Visit) -> Response:
    """Switch an entry of the clinic's own on or off."""
    name, active = visit.parameter("list"), visit.fields.get("active") == "yes"
    code = number_in(visit.parameter("code"), KIND)
    await visit.write(lambda w: code_entries.switch(w, name, code, active=active))
    place = _place(visit)
    return visit.moved(f"{PATH}/{name}?{place}" if place else f"{PATH}/{name}", "on" if active else "off")


def _place(visit: Visit) -> str:
    """Where in a list the reader is, as a query: what they looked for, and their page of it."""
    given = {name: visit.query().text(name)[:_LONGEST] for name in ("q", "before")}
    return urlencode({name: text for name, text in given.items() if text})


async def _page(
    visit: Visit, status: int = 200, given: dict[str, str] | None = None, problems: dict[str, str] | None = None
) -> Response:
    name, wanted = visit.parameter("list"), visit.query().text("q")[:_LONGEST]
    found, next_ = await code_entries.page(visit.ctx, name, wanted, before_of(visit.request), PAGE)
    return visit.page(
        "list.html",
        status,
        title=TITLES[name],
        path=f"{PATH}/{name}",
        wanted=wanted,
        query=urlencode({"q": wanted}) if wanted else "",
        place=_place(visit),
        entries=found,
        next=next_,
        looked_at=LOOKED_AT if next_ is not None and len(found) < PAGE else None,
        breeds=name == BREEDS,
        given=given or {},
        problems=problems or {},
    )


ROWS = (
    Row("GET", "lists", PERMISSION, shown, "Code lists", ADMINISTRATION),
    Row("GET", "lists/{list}", PERMISSION, listed),
    Row("POST", "lists/{list}", PERMISSION, adding),
    Row("POST", "lists/{list}/{code}", PERMISSION, switching),
)
