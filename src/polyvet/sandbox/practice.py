# SPDX-License-Identifier: Apache-2.0
"""The demo practice itself: its two clinics, who works there, and what stands on their shelves."""

from __future__ import annotations

from random import Random

from polyvet.model.access import Role
from polyvet.model.entities import Clinic, Entity, StockItem, User
from polyvet.model.values import DAY, instant
from polyvet.sandbox.clock import Stamps, new_id
from polyvet.sandbox.stock import ARTICLES, Article

# 4 is the installation number in the documented sample of a patient; the samples live there.
MAIN_CLINIC = 4
SECOND_CLINIC = 5
CLINIC_IDS = (MAIN_CLINIC, SECOND_CLINIC)
SAMPLE_AUTHOR = "auth0|123456"
OPENED = instant("2016-03-01T07:00:00Z")

_CLINICS = (
    (MAIN_CLINIC, "Harbour Street Veterinary Practice", "Europe/Helsinki", "EUR"),
    (SECOND_CLINIC, "Northgate Animal Hospital", "Europe/Berlin", "EUR"),
)
VET = "veterinarian"
NURSE = "nurse"
DESK = "reception"
_ROLES = {VET: Role.VET, NURSE: Role.NURSE, DESK: Role.RECEPTION}
_STAFF = (
    (MAIN_CLINIC, "Dr. Aino Laakso", SAMPLE_AUTHOR, VET, "aino.laakso"),
    (MAIN_CLINIC, "Dr. Tobias Reuter", "demo|tobias.reuter", VET, "tobias.reuter"),
    (MAIN_CLINIC, "Dr. Selin Karahan", "demo|selin.karahan", VET, "selin.karahan"),
    (MAIN_CLINIC, "Maija Sundqvist", "demo|maija.sundqvist", NURSE, "maija.sundqvist"),
    (MAIN_CLINIC, "Peter Hollis", "demo|peter.hollis", DESK, "peter.hollis"),
    (SECOND_CLINIC, "Dr. Henrike Voß", "demo|henrike.voss", VET, "henrike.voss"),
    (SECOND_CLINIC, "Dr. Étienne Marchand", "demo|etienne.marchand", VET, "etienne.marchand"),
    (SECOND_CLINIC, "Jana Dvořáková", "demo|jana.dvorakova", NURSE, "jana.dvorakova"),
    (SECOND_CLINIC, "Ove Lindgren", "demo|ove.lindgren", DESK, "ove.lindgren"),
)
_OWNERS = ("aino.laakso", "henrike.voss")  # the first looks after the server, too
_MAIL = {MAIN_CLINIC: "harbour-street.example", SECOND_CLINIC: "northgate.example"}


class Practice(Entity, frozen=True):
    """What stands before the first client: load it first, everything else refers to it."""

    clinics: tuple[Clinic, ...]
    users: tuple[User, ...]
    stock: tuple[StockItem, ...]


def clinics() -> tuple[Clinic, ...]:
    """The two clinics; they are the same for every seed."""
    rng = Random("clinics")
    return tuple(
        Clinic(number, new_id(OPENED, rng), name, timezone, currency, OPENED, email=f"desk@{_MAIL[number]}")
        for number, name, timezone, currency in _CLINICS
    )


def users() -> tuple[User, ...]:
    """Everybody who works there; they are the same for every seed."""
    rng = Random("staff")
    return tuple(
        User(
            new_id(OPENED, rng), clinic, name, subject, role, OPENED, email=f"{mailbox}@{_MAIL[clinic]}",
            updated_at=OPENED, console_role=Role.OWNER if mailbox in _OWNERS else _ROLES[role],
            operator=mailbox == _OWNERS[0],
        )
        for clinic, name, subject, role, mailbox in _STAFF
    )  # fmt: skip


def vets(clinic_id: int) -> tuple[bytes, ...]:
    """The ids of a clinic's veterinarians."""
    return tuple(user.id for user in users() if user.clinic_id == clinic_id and user.role == VET)


def stock(seed: int, end: int) -> tuple[StockItem, ...]:
    """Each clinic's inventory as counted in the weeks before `end`; about one article in six is running low."""
    rng = Random(seed)
    items: list[StockItem] = []
    for clinic_id in CLINIC_IDS:
        stamps = Stamps(len(ARTICLES), lane=3)
        items += [_item(clinic_id, article, stamps, end, rng) for article in ARTICLES]
    return tuple(items)


def _item(clinic_id: int, article: Article, stamps: Stamps, end: int, rng: Random) -> StockItem:
    low = article.low_stock
    share = rng.uniform(0.1, 0.9) if rng.random() < 1 / 6 else rng.uniform(1.2, 4)
    created = OPENED + rng.randrange(200 * DAY)
    return StockItem(
        id=new_id(created, rng),
        clinic_id=clinic_id,
        name=article.name,
        category=article.category,
        sku=article.sku,
        unit=article.unit,
        quantity_milli=int(low * share) * 1000,
        low_stock_milli=low * 1000,
        unit_price_cents=article.price_cents,
        currency="EUR",
        is_virtual=low == 0,
        created_at=created,
        updated_at=stamps.after(end - rng.randrange(DAY, 40 * DAY)),
    )
