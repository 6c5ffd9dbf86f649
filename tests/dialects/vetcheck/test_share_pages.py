# SPDX-License-Identifier: Apache-2.0
"""`/account/shares`: what the clinic has shared, page by page, and the button that ends a link."""

from __future__ import annotations

import re
from html import unescape

import pytest
from msgspec.structs import replace

from polyvet.model import values
from polyvet.storage import shares as stored
from polyvet.storage.writing import Touching
from tests.dialects.vetcheck.people import FREE, OTHER, Person
from tests.dialects.vetcheck.shared import (
    BLUEY,
    FORM,
    HANDOUT,
    OWNER,
    latest,
    opened,
    save_draft,
    share_of,
    shared,
    submit,
)

PATH = "/account/shares"
_SECTION = re.compile(r"<h2[^>]*>(\d+)\. (.*?)</h2>(.*?)</section>", re.DOTALL)
_FACT = re.compile(r"<dt>(.*?)</dt><dd>(.*?)</dd>")


def listed(page: str) -> dict[int, dict[str, str]]:
    """What the page says of each share, by number, in its order."""
    found: dict[int, dict[str, str]] = {}
    for number, title, rest in _SECTION.findall(page):
        facts = {name: unescape(value) for name, value in _FACT.findall(rest)}
        found[int(number)] = {"Title": unescape(title), **facts, "Button": str("Revoke the link" in rest)}
    return found


@pytest.fixture
def practice(fresh_practice):
    """Nobody counts here: pages are tested, not limits."""
    return fresh_practice.served_otherwise(limits="off")


def test_who_is_not_signed_in_goes_to_sign_in(practice):
    answer = practice.client().get(f"{PATH}?before=5")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/account/shares%3Fbefore%3D5")
    assert practice.client().post(f"{PATH}/1/revoke").status_code == 303


def test_a_clinic_without_shares_is_told_so(practice):
    answer = Person(practice).get(PATH)
    assert answer.status_code == 200
    assert "Nothing was shared yet." in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_each_share_is_told_with_its_state(practice):
    client = practice.vetcheck
    shared(client, HANDOUT, {"patient": 1756})
    opened_ = shared(client, FORM)
    save_draft(practice, opened_, {"petName": "Rex"})
    done = shared(client, FORM, {**BLUEY, "patient": 1204})
    submit(practice, done, {})
    shared(client, FORM, BLUEY)
    expired = shared(client, HANDOUT, {"name": "<Old>"})

    async def expire(tx):
        stored.save(tx, replace(share, expires_at=values.now()))

    share = share_of(practice, expired)
    practice.run(lambda store: store.write(Touching(clinics=(share.clinic_id,)), expire))
    found = listed(Person(practice).get(PATH).text)
    assert list(found) == [6, 5, 4, 3, 2, 1]
    assert {number: (one["Title"], one["For"], one["State"], one["Button"]) for number, one in found.items()} == {
        1: ("Fleas", f"Boncuk, {latest(practice)[-1].share.email}", "Shared", "True"),
        2: ("New client", "whoever has the link", "Open for everybody", "True"),
        3: ("New client", "Rex, through link 2", "Begun", "True"),
        4: ("New client", f"Bluey (Max), {OWNER}", "Submitted", "True"),
        5: ("New client", f"Bluey, {OWNER}", "Not filled in yet", "True"),
        6: ("Fleas", "<Old>", "Expired", "False"),
    }
    assert all("(Europe/Helsinki)" in one["Shared"] for one in found.values())
    assert found[1]["Until"].endswith(str(values.to_datetime(share_of(practice, done).expires_at).year))


def test_a_press_of_the_button_ends_the_link(practice):
    token, other = (shared(practice.vetcheck, FORM, BLUEY) for _ in range(2))
    person = Person(practice)
    answer = person.post(f"{PATH}/1/revoke", {}, PATH)
    assert (answer.status_code, answer.headers["location"]) == (303, PATH)
    assert opened(practice, token) is None
    assert opened(practice, other) is not None
    found = listed(person.get(PATH).text)
    assert (found[1]["State"], found[1]["Button"], found[2]["Button"]) == ("Revoked", "False", "True")
    assert person.post(f"{PATH}/1/revoke", {}, PATH).status_code == 303


def test_a_form_of_another_site_or_session_ends_nothing(practice):
    token = shared(practice.vetcheck, FORM, BLUEY)
    person, other = Person(practice), Person(practice, FREE)
    for fields in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": other.csrf(PATH)}):
        assert person.client.post(f"{PATH}/1/revoke", data=fields or {"x": "y"}).status_code == 400
    assert opened(practice, token) is not None
    assert other.post(f"{PATH}/1/revoke", {}, PATH).status_code == 303  # all who work there may
    assert opened(practice, token) is None


def test_another_clinics_shares_are_not_seen_nor_ended(practice):
    token = shared(practice.vetcheck, FORM, BLUEY)
    shared(practice.other_vetcheck, HANDOUT, {"name": "Bingo"})
    shared(practice.vetcheck, FORM, {"name": "Second"})
    other = Person(practice, OTHER)
    assert {one["For"] for one in listed(other.get(PATH).text).values()} == {"Bingo"}
    for number in ("2", "0", "x", "9" * 30):
        assert other.post(f"{PATH}/{number}/revoke", {}, PATH).status_code == 404
    other.post(f"{PATH}/1/revoke", {}, PATH)
    assert opened(practice, token) is not None


def test_pages_are_walked_without_a_gap(practice):
    for n in range(120):
        shared(practice.vetcheck, HANDOUT, {"name": f"Pet {n + 1}"})
    person, path, seen = Person(practice), PATH, []
    for _ in range(3):
        page = person.get(path).text
        seen.append(list(listed(page)))
        older = re.search(r'href="shares(\?before=\d+)"', page)
        path = "" if older is None else PATH + older[1]
    assert path == ""
    assert [len(one) for one in seen] == [50, 50, 20]
    assert [number for page in seen for number in page] == list(range(120, 0, -1))
    assert "There are no older shares." in person.get(f"{PATH}?before=1").text
    assert person.get(f"{PATH}?before=x").status_code == 400
