# SPDX-License-Identifier: Apache-2.0
"""`/console/privacy`: giving people what is known of them, and taking them out of the record."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from polyvet.console.listing import looked_for, page_of
from polyvet.console.rows import ADMINISTRATION, PAGE, ROOT, Row
from polyvet.console.visit import Visit, safe
from polyvet.core import audit, erasing, privacy
from polyvet.core.erasing import PERMISSION
from polyvet.model import values
from polyvet.web.people import before_of, number_in

PATH = f"/{ROOT}/privacy"


async def shown(visit: Visit) -> Response:
    """A search for clients, and what it found."""
    wanted = looked_for(visit)
    found = await privacy.search(visit.ctx, wanted, before_of(visit.request), PAGE + 1) if wanted else []
    people, next_ = page_of(found, lambda one: one.number)
    return visit.page(
        "privacy.html", wanted=wanted, people=people, next=next_, query=urlencode({"q": wanted}), path=PATH
    )


async def opening(visit: Visit) -> Response:
    """A client: who they are, how much is held of them, and what can be done. It is noted who looked."""
    found = await privacy.opened(visit.ctx, *_number(visit))
    await audit.saw(visit.ctx, privacy.KIND, found.file.client.id, f"number {found.file.client.number}")
    ident = values.to_crockford(found.file.client.id)
    return visit.page("privacy_client.html", person=found, path=PATH, log=urlencode({"thing": ident}))


async def exporting(visit: Visit) -> Response:
    """All that is held of a client, as a zip file."""
    number, text = _number(visit)
    packed = await privacy.export(visit.ctx, visit.clinic, number, text)
    headers = {**safe(), "content-disposition": f'attachment; filename="client-{number}.zip"'}
    return Response(packed, 200, headers, "application/zip")


async def asking(visit: Visit) -> Response:
    """What goes and what stays if the person is taken out."""
    return _asked(visit, await privacy.opened(visit.ctx, *_number(visit)))


async def erasing_them(visit: Visit) -> Response:
    """Take the person out, if that was typed."""
    number, text = _number(visit)
    found = await privacy.opened(visit.ctx, number, text)
    typed = visit.fields.text("confirmation")
    if " ".join(typed.split()).casefold() != _phrase(number).casefold():
        return _asked(visit, found, 400, typed, {"confirmation": f"Type {_phrase(number)} to do it."})
    touching = await erasing.touching(visit.ctx, number, text)
    done = await visit.write(lambda w: erasing.erase(w, number, text), touching)
    if not done.everywhere:
        return visit.moved(PATH, "ended")
    return visit.moved(f"{PATH}/{number}", "erased" if done.changed else "nothing")


def _asked(
    visit: Visit, found: privacy.Opened, status: int = 200, typed: str = "", problems: dict[str, str] | None = None
) -> Response:
    phrase = _phrase(found.file.client.number)
    return visit.page(
        "privacy_erase.html", status, person=found, phrase=phrase, typed=typed, problems=problems or {}, path=PATH
    )


def _phrase(number: int) -> str:
    return f"erase {number}"


def _number(visit: Visit) -> tuple[int, str]:
    """The client that the path names, as a number and as it was written. Missing for what is no number."""
    text = visit.parameter("client")
    return number_in(text, privacy.KIND), text


ROWS = (
    Row("GET", "privacy", PERMISSION, shown, "Privacy", ADMINISTRATION),
    Row("GET", "privacy/{client}", PERMISSION, opening),
    Row("POST", "privacy/{client}/export", PERMISSION, exporting),
    Row("GET", "privacy/{client}/erase", PERMISSION, asking),
    Row("POST", "privacy/{client}/erase", PERMISSION, erasing_them),
)
