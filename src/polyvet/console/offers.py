# SPDX-License-Identifier: Apache-2.0
"""`/console/connections`: clients that clinics offer each other to see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from polyvet.console.listing import id_before, looked_for, page_of
from polyvet.console.rows import ADMINISTRATION, PAGE, Row
from polyvet.console.visit import Visit
from polyvet.core import clients, offers
from polyvet.core.context import Writing
from polyvet.core.offer_letters import MOST_A_DAY
from polyvet.core.offers import LONGEST_NOTE, PERMISSION, Linking, Over, Wanted
from polyvet.model import values
from polyvet.model.errors import Invalid
from polyvet.model.offers import Offer, OfferState
from polyvet.web.people import before_of, number_in

PATH = "/console/connections"
SHOWN_PATIENTS = 100
Work = Callable[[Writing, bytes, str], Awaitable[Offer]]
Answer = Callable[[Writing, bytes, str, Linking], Awaitable[Offer]]


async def received(visit: Visit) -> Response:
    """What other clinics have offered, the newest first."""
    return await _offers(visit, "connections.html", received=True)


async def sent(visit: Visit) -> Response:
    """What the clinic has offered, the newest first."""
    return await _offers(visit, "connections_sent.html", received=False)


async def _offers(visit: Visit, template: str, *, received: bool) -> Response:
    found = await offers.listed(visit.ctx, id_before(visit), PAGE + 1, received=received)
    found, next_ = page_of(found, lambda one: values.to_crockford(one.offer.id))
    return visit.page(template, found=found, next=next_, spelled=values.to_crockford)


def _linking(visit: Visit) -> Linking:
    """How mails name an offer's page."""
    origin = visit.origin
    return lambda offer_id: f"{origin}{PATH}/offers/{values.to_crockford(offer_id)}"


async def asked(visit: Visit) -> Response:
    """The page to offer a client on; `q` finds them."""
    return await _form(visit, Wanted(client=visit.query().text("client")), looked_for=looked_for(visit))


async def offering(visit: Visit) -> Response:
    """Offer a client."""
    wanted = Wanted(**{name: visit.fields.text(name) for name in Wanted.__struct_fields__})
    linking = _linking(visit)
    try:
        await visit.write(lambda w: offers.offer(w, wanted, linking))
    except Invalid as error:
        return await _form(visit, wanted, 400, error.problems)
    return visit.moved(f"{PATH}/sent", "offered")


async def _form(
    visit: Visit, given: Wanted, status: int = 200, problems: dict[str, str] | None = None, looked_for: str = ""
) -> Response:
    """With the client who was chosen, or with those whom the search has found."""
    chosen = await offers.chosen(visit.ctx, given.client) if given.client else None
    found = await offers.find(visit.ctx, looked_for) if looked_for and chosen is None else []
    return visit.page(
        "connection_offer.html", status, given=given, problems=problems or {}, chosen=chosen, found=found,
        looked_for=looked_for, longest=LONGEST_NOTE, most=offers.MOST_FOUND, mails=MOST_A_DAY,
    )  # fmt: skip


async def shown(visit: Visit) -> Response:
    """One offer: what it opens, and what can be done with it."""
    return await _one(visit)


async def _one(visit: Visit, status: int = 200, problem: str | None = None) -> Response:
    told, patients = await offers.told(visit.ctx, *_named(visit), SHOWN_PATIENTS + 1)
    return visit.page(
        "connection_one.html", status, told=told, offer=told.offer, spelled=visit.parameter("offer"), problem=problem,
        patients=patients[:SHOWN_PATIENTS], more=len(patients) > SHOWN_PATIENTS,
    )  # fmt: skip


async def accepting(visit: Visit) -> Response:
    """See the client from now on."""
    return await _answered(visit, _mailing(visit, offers.accept), OfferState.ACCEPTED)


async def declining(visit: Visit) -> Response:
    """Do not see the client."""
    return await _answered(visit, _mailing(visit, offers.decline), OfferState.DECLINED)


def _mailing(visit: Visit, answer: Answer) -> Work:
    linking = _linking(visit)
    return lambda w, ident, shown: answer(w, ident, shown, linking)


async def withdrawing(visit: Visit) -> Response:
    """Take an offer back."""
    return await _answered(visit, offers.withdraw, OfferState.WITHDRAWN)


async def ending(visit: Visit) -> Response:
    """End what was accepted."""
    return await _answered(visit, offers.end, OfferState.ENDED)


async def _answered(visit: Visit, work: Work, state: OfferState) -> Response:
    """Bring an offer into a state. Where it is in it already, the form was sent twice, and there is nothing to mend."""
    ident, text = _named(visit)
    touching = await offers.saving(visit.ctx, ident, text)
    try:
        await visit.write(lambda w: work(w, ident, text), touching)
    except Invalid as error:
        if not isinstance(error, Over) or error.state != state:
            return await _one(visit, 400, error.problems["offer"])
    return visit.moved(f"{PATH}/offers/{text}", state)


def _named(visit: Visit) -> tuple[bytes, str]:
    """The offer that the path names, and how it is spelled there. Missing."""
    return visit.ident(offers.KIND), visit.parameter(offers.KIND)


async def common(visit: Visit) -> Response:
    """Clients whom other clinics see, too."""
    found = await offers.common(visit.ctx, before_of(visit.request), PAGE + 1)
    found, next_ = page_of(found, lambda one: one.number)
    return visit.page("connection_clients.html", found=found, next=next_)


async def common_one(visit: Visit) -> Response:
    """One of them, and ending this clinic's connection."""
    number = number_in(visit.parameter("client"), clients.KIND)
    return visit.page("connection_client.html", client=await offers.common_one(visit.ctx, number, str(number)))


async def leaving(visit: Visit) -> Response:
    """End this clinic's connection."""
    number = number_in(visit.parameter("client"), clients.KIND)
    touching = await offers.touching(visit.ctx, number, str(number))
    await visit.write(lambda w: offers.leave(w, number, str(number)), touching)
    return visit.moved(f"{PATH}/clients", "left")


ROWS = (
    Row("GET", "connections", PERMISSION, received, "Connections", ADMINISTRATION),
    Row("GET", "connections/sent", PERMISSION, sent),
    Row("GET", "connections/offer", PERMISSION, asked),
    Row("POST", "connections/offer", PERMISSION, offering),
    Row("GET", "connections/offers/{offer}", PERMISSION, shown),
    Row("POST", "connections/offers/{offer}/accept", PERMISSION, accepting),
    Row("POST", "connections/offers/{offer}/decline", PERMISSION, declining),
    Row("POST", "connections/offers/{offer}/withdraw", PERMISSION, withdrawing),
    Row("POST", "connections/offers/{offer}/end", PERMISSION, ending),
    Row("GET", "connections/clients", PERMISSION, common),
    Row("GET", "connections/clients/{client}", PERMISSION, common_one),
    Row("POST", "connections/clients/{client}/leave", PERMISSION, leaving),
)
