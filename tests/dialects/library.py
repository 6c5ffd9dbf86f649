# SPDX-License-Identifier: Apache-2.0
"""A small library for the tests of all dialects, and users who may read it. What comes with the program changes with
each version; these texts do not."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from polyvet.core.context import PERMISSIONS
from polyvet.identity import applications
from polyvet.identity.keys import ACCESS
from polyvet.model import values
from polyvet.model.access import Grant, Token
from polyvet.model.library import EVERYBODY, Content, ContentDetails, ContentKind, LibraryRole
from polyvet.model.values import hashed
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.storage import grants, library, staff
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx

CAT, DOG, HORSE = 15462002, 15461002, 15490002  # the codes of species
MADE = values.instant("2026-02-03T04:05:06.789Z")
# Bearer tokens by what they stand for: whose, and with which role.
TOKENS = {
    "vetcheck_main": (MAIN_CLINIC, "aino.laakso@harbour-street.example", LibraryRole.PREMIUM),
    "vetcheck_free": (MAIN_CLINIC, "peter.hollis@harbour-street.example", LibraryRole.FREE),
    "vetcheck_other": (SECOND_CLINIC, "henrike.voss@northgate.example", LibraryRole.PREMIUM),
}
FLEAS_HTML = (
    "<h1>Fleas</h1>\n<p>Comb your cat <strong>daily</strong>.</p>\n<ul>\n<li>Treat every pet</li>\n"
    "<li>Wash the bedding</li>\n</ul>"
)
FLEAS_MARKDOWN = "# Fleas\n\nComb your cat **daily**.\n\n* Treat every pet\n* Wash the bedding"
FLEAS_PLAIN = "Fleas\n\nComb your cat daily.\n\n  * Treat every pet\n  * Wash the bedding"
FORM_HTML = (
    '<h1>New client</h1>\n<p><label for="firstName">First name</label> '
    '<input type="text" id="firstName" name="firstName" required maxlength="60"></p>\n'
    '<p><label for="ownerEmail">E-mail</label> <input type="email" id="ownerEmail" name="ownerEmail" required></p>\n'
    '<p><label for="petName">Pet</label> <input type="text" id="petName" name="petName"></p>\n'
    '<p><label for="petSex">Sex</label> <select id="petSex" name="petSex"><option value=""></option>'
    '<option value="male">Male</option><option value="female">Female</option></select></p>\n'
    '<p><label for="notes">Notes</label> <textarea id="notes" name="notes"></textarea></p>\n'
    '<p><input type="checkbox" id="agree" name="agree" value="yes" required> <label for="agree">I agree</label></p>'
)
_ROWS: tuple[dict[str, Any], ...] = (
    {"kind": ContentKind.HANDOUT, "number": 1, "title": "Ear care", "keywords": "ears, cleaning", "species_id": DOG},
    {
        "kind": ContentKind.HANDOUT, "number": 2, "title": "Fleas", "keywords": "fleas, scratching", "species_id": CAT,
        "html": FLEAS_HTML, "markdown": FLEAS_MARKDOWN, "plain": FLEAS_PLAIN,
    },
    {
        "kind": ContentKind.HANDOUT, "number": 3, "title": "Laminitis", "keywords": "hooves, lameness",
        "species_id": HORSE, "role": "premium",
    },
    {
        "kind": ContentKind.HANDOUT, "number": 4, "title": "Ticks in Australia", "keywords": "ticks, scratching",
        "species_id": CAT, "country_code": "AU", "role": "premium",
    },
    {"kind": ContentKind.HANDOUT, "number": 5, "title": "Owner's guide: travel 100%", "keywords": "travel"},
    {
        "kind": ContentKind.FORM, "number": 2, "title": "New client", "keywords": "registration", "country_code": "AU",
        "html": FORM_HTML,
    },
    {"kind": ContentKind.FORM, "number": 3, "title": "Surgery consent", "keywords": "consent", "role": "premium"},
    {
        "kind": ContentKind.VET_FORM, "number": 2, "title": "Ultrasound report", "keywords": "ultrasound",
        "html": FORM_HTML, "details": ContentDetails(owner_copy=True, record="EXAMINATION"),
    },
    {"kind": ContentKind.PROGRAM, "number": 2, "title": "Puppy months", "keywords": "puppy", "species_id": DOG},
)  # fmt: skip


def item(number: int, row: dict[str, Any], clinic_id: int = EVERYBODY) -> Content:
    """Content of what is said of it."""
    kind, title = row["kind"], row["title"]
    given: dict[str, Any] = {
        "id": bytes([kind + 1, number % 256]).rjust(16, b"\x01"), "clinic_id": clinic_id, "kind": int(kind),
        "number": number, "slug": "", "title": title, "keywords": "", "role": "free", "country_code": None,
        "species_id": None, "breed_id": None, "location_id": None, "status": None, "patient_id": None,
        "created_at": MADE, "updated_at": MADE + number * values.MICROSECONDS, "updated_by": None,
        "html": f"<h1>{title}</h1>", "markdown": f"# {title}", "plain": title,
    }  # fmt: skip
    return Content(**{**given, **row, "kind": int(kind)})


async def fill_library(store: Store) -> None:
    """Add the content, an application of the first clinic, and users' tokens for it."""
    new = applications.NewApplication(
        clinic_id=MAIN_CLINIC, dialect="vetcheck", name="tests", scopes=("read:handouts",), permissions=PERMISSIONS
    )
    application, _ = await applications.create(store, new)

    async def work(tx: Tx) -> None:
        for row in _ROWS:
            await library.add(tx, item(row["number"], row))
        for secret, (clinic_id, email, role) in TOKENS.items():
            file = await staff.by_email(tx, clinic_id, email)
            assert file is not None
            # What they may do is said by the library alone, not by what they are at the clinic.
            at_clinic = file.user.console_role if role == LibraryRole.PREMIUM else None
            user = replace(file.user, library_role=role, console_role=at_clinic)
            staff.change_user(tx, replace(file, user=user))
            now = values.now()
            grant = Grant(values.new_id(now), application.id, file.user.id, "read:handouts", now)
            grants.add_grant(tx, grant)
            grants.add_token(tx, Token(hashed(secret), grant.id, ACCESS, now, now + 365 * values.DAY))

    await store.write(Touching(clinics=(MAIN_CLINIC, SECOND_CLINIC)), work)
