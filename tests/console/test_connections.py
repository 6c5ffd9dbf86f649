# SPDX-License-Identifier: Apache-2.0
"""Clinics connect in the console: two owners, their pages, and what programs of either see."""

from __future__ import annotations

import re

import httpx
import pytest

from polyvet.core.offers import code_of
from polyvet.model import values
from polyvet.model.access import Role
from polyvet.model.offers import Offer, OfferState
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.sandbox.practice import clinics as demo_clinics
from polyvet.storage import client_files, offers
from polyvet.storage.statement import Statement
from polyvet.storage.store import Store
from polyvet.storage.tables import audit
from polyvet.storage.writing import Touching, Tx
from tests.console.people import OTHER_OWNER, Colleague, told
from tests.core.stores import World
from tests.delivery.mailing import FROM, Arrived, MailServer, sending, settled
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import DOG, ROOT, url

NOTE = "She moves to your town <script>alert(1)</script>"
_OFFER = re.compile(r'href="/console/connections/offers/([0-9A-Z]{26})"')
_LINK = re.compile(r"http://127\.0\.0\.1:\d+(/console/connections/offers/[0-9A-Z]{26})")
CODES = {clinic.id: code_of(clinic.uid) for clinic in demo_clinics()}


def _other(practice: Practice) -> Colleague:
    return Colleague(practice, Role.OWNER, OTHER_OWNER)


def family(practice: Practice, last: str = "Ó Súilleabháin") -> tuple[int, int]:
    """A new client of the main clinic with a patient; their numbers there."""
    provet = practice.provet
    client = provet.post(f"{ROOT}client/", json={"firstname": "Niamh", "lastname": last}).json()["id"]
    pet = {"client": url("client", client), "name": "Fionn <i>", "species": DOG, "gender": "Male"}
    return client, provet.post(f"{ROOT}patient/", json=pet).json()["id"]


def _offer(owner: Colleague, client: int, note: str = NOTE) -> str:
    """Offer a client to the second clinic; gives the offer's id."""
    fields = {"client": str(client), "code": CODES[SECOND_CLINIC].lower(), "note": note}
    done = owner.post("connections/offer", fields, f"connections/offer?client={client}")
    assert (done.status_code, done.headers["location"]) == (303, "/console/connections/sent?done=offered")
    found = _OFFER.search(owner.get("connections/sent").text)
    assert found is not None
    return found[1]


def _press(who: Colleague, offer: str, action: str) -> httpx.Response:
    return who.post(f"connections/offers/{offer}/{action}", {}, f"connections/offers/{offer}")


def _seen(practice: Practice, fragment: str = "Niamh") -> int:
    """How many clients of the second clinic programs find under a name."""
    answer = practice.other_provet.get("/5/api/0.1/client/", params={"firstname__icontains": fragment})
    count: int = answer.json()["count"]
    return count


def test_a_client_is_offered_accepted_and_taken_back(fresh_practice: Practice) -> None:
    owner, other = Colleague(fresh_practice), _other(fresh_practice)
    client, _ = family(fresh_practice)
    found = owner.get("connections/offer?q=suilleab")  # no accent is typed
    assert found.status_code == 200
    assert f'href="/console/connections/offer?client={client}"' in owner.get("connections/offer?q=niamh").text
    form = owner.text(f"connections/offer?client={client}")
    assert "Medical records, invoices, appointments, reminders" in form
    assert "Niamh Ó Súilleabháin" in form
    offer = _offer(owner, client)
    assert _seen(fresh_practice) == 0

    assert "Niamh Ó Súilleabháin" in other.text("connections")
    page = other.get(f"connections/offers/{offer}")
    assert "Patients 1: Fionn <i>" in told(page)
    assert "What becomes visible if you accept" in told(page)
    assert "Harbour Street" in told(page)
    assert "<script>alert" not in page.text
    for _ in range(2):  # by a double click
        done = _press(other, offer, "accept")
        assert done.headers["location"] == f"/console/connections/offers/{offer}?done=accepted"
    assert _seen(fresh_practice) == 1
    assert "accepted" in owner.text(f"connections/offers/{offer}")
    assert "Northgate Animal Hospital" in owner.text(f"connections/clients/{client}")
    assert "Niamh Ó Súilleabháin" in other.text("connections/clients")

    done = _press(owner, offer, "end")
    assert done.headers["location"] == f"/console/connections/offers/{offer}?done=ended"
    assert _seen(fresh_practice) == 0
    assert "Niamh" not in other.text("connections")  # who it was is not told any more
    assert "Niamh" not in other.text(f"connections/offers/{offer}")
    assert owner.get(f"connections/clients/{client}").status_code == 404
    assert _noted(fresh_practice, MAIN_CLINIC) == [
        ("made", f"client {client} to clinic {SECOND_CLINIC}"),
        ("ended", f"a client to clinic {SECOND_CLINIC}: ended"),
    ]
    assert _noted(fresh_practice, SECOND_CLINIC) == [("changed", f"a client from clinic {MAIN_CLINIC}: accepted")]


def _noted(practice: Practice, clinic_id: int) -> list[tuple[str, str]]:
    async def look(store: Store) -> list[tuple[str, str]]:
        columns = (audit.c.clinic_id, audit.c.action, audit.c.shown)
        statement = Statement(audit.select().with_only_columns(*columns).order_by(audit.c.at))
        return [(row[1], row[2]) for row in await store.reader.fetch(statement) if row[0] == clinic_id]

    return practice.run(look)


def test_an_offer_is_declined_or_withdrawn(fresh_practice: Practice) -> None:
    owner, other = Colleague(fresh_practice), _other(fresh_practice)
    client, _ = family(fresh_practice)
    first = _offer(owner, client)
    assert _press(other, first, "withdraw").status_code == 404
    assert _press(owner, first, "accept").status_code == 404
    assert _press(other, first, "decline").status_code == 303
    late = _press(other, first, "accept")
    assert late.status_code == 400
    assert "This offer is declined" in told(late)
    second = _offer(owner, client, "")
    assert _press(owner, second, "withdraw").status_code == 303
    assert "withdrawn" in other.text("connections")
    assert _press(other, second, "accept").status_code == 400
    assert _seen(fresh_practice) == 0


def test_the_clinic_that_accepted_leaves(fresh_practice: Practice) -> None:
    owner, other = Colleague(fresh_practice), _other(fresh_practice)
    client, _ = family(fresh_practice)
    _press(other, _offer(owner, client), "accept")
    number = fresh_practice.other_provet.get("/5/api/0.1/client/?firstname__is=Niamh").json()["results"][0]["id"]
    left = other.post(f"connections/clients/{number}/leave", {}, f"connections/clients/{number}")
    assert left.headers["location"] == "/console/connections/clients?done=left"
    assert _seen(fresh_practice) == 0
    assert "ended" in owner.text("connections/sent")
    assert fresh_practice.provet.get(f"{ROOT}client/{client}/").status_code == 200


def test_clients_of_both_clinics_are_listed_page_by_page(owner: Colleague) -> None:
    numbers: list[int] = []
    address: str | None = "connections/clients"
    while address is not None:
        page = owner.get(address).text
        here = [int(one) for one in re.findall(r'<td class="number">(\d+)</td>', page)]
        assert len(here) <= 50
        numbers += here
        older = re.search(r'rel="next" href="/console/([^"]+)"', page)
        address = None if older is None else older[1]
    assert numbers == sorted(set(numbers), reverse=True)
    assert numbers


def test_offers_are_listed_page_by_page(fresh_practice: Practice) -> None:
    client, _ = family(fresh_practice)

    async def many(store: Store) -> None:
        file = await client_files.by_number(store.reader, MAIN_CLINIC, client)
        assert file is not None
        now = values.now()

        async def job(tx: Tx) -> None:
            for n in range(60):
                at = now + n * 1_000
                offers.add(
                    tx,
                    Offer(
                        values.new_id(at), MAIN_CLINIC, SECOND_CLINIC, file.client.id, "", OfferState.DECLINED, at, at
                    ),
                )

        await store.write(Touching(), job)

    fresh_practice.run(many)
    for who, address in ((Colleague(fresh_practice), "connections/sent"), (_other(fresh_practice), "connections")):
        first = _OFFER.findall(who.get(address).text)
        older = re.search(r'rel="next" href="/console/([^"]+)"', who.get(address).text)
        assert older is not None
        second = _OFFER.findall(who.get(older[1]).text)
        assert (len(first), len(second)) == (50, 10)
        assert [*first, *second] == sorted({*first, *second}, reverse=True)
        assert who.get(f"{address}?before=nothing").status_code == 400


@pytest.mark.parametrize(
    ("fields", "field", "problem"),
    [
        ({"client": ""}, None, "Choose one of your active clients."),
        ({"client": "999999"}, None, "Choose one of your active clients."),
        ({"code": "nonsense"}, "code", "No clinic has this code."),
        ({"code": CODES[MAIN_CLINIC]}, "code", "your own clinic"),
        ({"note": "x" * 1_001}, "note", "A note has at most 1000 characters."),
    ],
)
def test_what_does_not_hold_is_said(
    owner: Colleague, module_practice: Practice, fields: dict[str, str], field: str | None, problem: str
) -> None:
    client, _ = family(module_practice)
    given = {"client": str(client), "code": CODES[SECOND_CLINIC], "note": "kept", **fields}
    answer = owner.post("connections/offer", given)
    assert answer.status_code == 400
    assert problem in told(answer)
    if field is not None:
        assert f'id="{field}-problem"' in answer.text


def test_a_client_is_found_by_the_ids_of_each_api(owner: Colleague, module_practice: Practice) -> None:
    client, _ = family(module_practice, "Findable")
    ident = module_practice.run(lambda store: client_files.id_of(store.reader, MAIN_CLINIC, client))
    assert ident is not None
    spellings = (str(client), f"client_{values.to_crockford(ident)}", f"c{values.to_base36(ident)}", "findable")
    for text in spellings:
        assert f"offer?client={client}" in owner.get(f"connections/offer?q={text}").text, text
    assert "<b>" not in owner.get("connections/offer?q=<b>none</b>").text


def test_a_clinic_without_offers_is_told_how_to_get_some(module_practice: Practice) -> None:
    other = _other(module_practice)
    assert "needs your connection code" in other.text("connections")
    assert "You have offered no client yet" in other.text("connections/sent")


def _arrived(practice: Practice, about: str) -> list[Arrived]:
    """What comes in once all mails are sent whose subject says something."""

    async def work(store: Store) -> list[Arrived]:
        async with MailServer() as server, sending(World(store, []), server):
            await settled(store)
            return [one for one in server.arrived if about in one.message["Subject"]]

    return practice.run(work)


def test_the_owners_of_both_clinics_are_told(fresh_practice: Practice) -> None:
    owner, other = Colleague(fresh_practice), Colleague(fresh_practice, who=OTHER_OWNER)
    client, _ = family(fresh_practice)
    offer = _offer(owner, client)
    [came] = _arrived(fresh_practice, "offers you a client")
    assert came.recipients == [OTHER_OWNER[1]]
    assert came.message["Subject"] == "Harbour Street Veterinary Practice offers you a client"
    assert came.message["From"] == f"Harbour Street Veterinary Practice <{FROM}>"
    whole = str(came.message) + came.text() + came.text("html")
    assert not any(told in whole for told in ("Niamh", "Súilleabháin", "Fionn", NOTE[:10]))
    link = _LINK.search(came.text())
    assert link is not None
    assert link[1].endswith(offer)
    assert other.client.get(link[1]).status_code == 200
    _press(other, offer, "accept")
    [came] = _arrived(fresh_practice, "has accepted")
    assert came.recipients == [owner.user.email]
    link = _LINK.search(came.text())
    assert link is not None
    assert "End the connection" in owner.client.get(link[1]).text


def test_the_page_says_how_often_that_is(owner: Colleague, module_practice: Practice) -> None:
    client, _ = family(module_practice)
    text = owner.text(f"connections/offer?client={client}")
    assert "told of the offer by mail, which names your clinic and not the client: 3 times a day at the most" in text
