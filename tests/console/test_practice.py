# SPDX-License-Identifier: Apache-2.0
"""The clinic's own page, and clinics that who looks after the server adds."""

from __future__ import annotations

import re

import httpx
import pytest

from polyvet.core import clinics
from polyvet.core.offers import read_code
from polyvet.model.access import Role
from polyvet.model.entities import Clinic
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.sandbox.practice import clinics as demo_clinics
from polyvet.storage import access
from polyvet.storage.statement import Statement
from polyvet.storage.store import Store
from polyvet.storage.tables import audit, mails
from polyvet.storage.writing import Touching, Tx
from tests.console.people import OTHER_OWNER, Colleague, told
from tests.dialects.harness import Practice

NEW = {
    "clinic": "Südpfote & Co",
    "timezone": "Europe/Vienna",
    "currency": "EUR",
    "name": "Ada Lovelace",
    "email": "ada@suedpfote.example",
}
_LINK = re.compile(r"http://127\.0\.0\.1:\d+(/console/join/[\w-]{43})")
_CODE = re.compile(r'<pre class="copy"><code>([0-9A-Z ]+)</code></pre>')
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')
_CHANGED = {"name": "Harbour & Sons", "timezone": "Europe/Berlin", "email": "new@harbour.example"}


def _clinic(practice: Practice, number: int = MAIN_CLINIC) -> Clinic:
    return practice.run(lambda store: clinics.get(store.reader, number))


def _noted(practice: Practice, entity: str) -> list[tuple[str, str]]:
    """What the audit says of a kind of thing: what was done, and the words for it."""

    async def look(store: Store) -> list[tuple[str, str]]:
        statement = Statement(audit.select().order_by(audit.c.at))
        rows = [dict(zip(audit.c.keys(), row, strict=True)) for row in await store.reader.fetch(statement)]
        return [(row["action"], row["shown"]) for row in rows if row["entity"] == entity]

    return practice.run(look)


def test_an_owner_changes_what_is_said_of_the_clinic(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    before = _clinic(fresh_practice)
    done = owner.post("clinic", {**_CHANGED, "currency": "USD"})
    assert (done.status_code, done.headers["location"]) == (303, "/console/clinic?done=changed")
    after = _clinic(fresh_practice)
    assert (after.name, after.timezone, after.email) == tuple(_CHANGED.values())
    assert (after.id, after.uid, after.currency) == (before.id, before.uid, before.currency)
    page = owner.get("clinic?done=changed")
    assert "Harbour &amp; Sons" in page.text
    assert "go by it within a second" in told(page)
    assert _noted(fresh_practice, "clinic") == [("changed", "Harbour & Sons, Europe/Berlin, new@harbour.example")]
    owner.post("clinic", {**_CHANGED, "email": ""})
    assert _clinic(fresh_practice).email is None


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("name", "", "A clinic's name has 1 to 200 characters."),
        ("timezone", "Berlin", "There is no time zone Berlin; write it as Europe/Berlin."),
        ("email", "no address", "This is no e-mail address: no address."),
    ],
)
def test_what_does_not_hold_is_said_beside_its_field(owner: Colleague, field: str, value: str, problem: str) -> None:
    answer = owner.post("clinic", {**_CHANGED, field: value})
    assert answer.status_code == 400
    assert problem in told(answer)
    assert f'id="{field}-problem"' in answer.text
    assert _CHANGED["timezone" if field != "timezone" else "name"].replace("&", "&amp;") in answer.text  # kept


def test_the_page_tells_number_and_code(owner: Colleague) -> None:
    answer = owner.get("clinic")
    assert f"Installation number {MAIN_CLINIC}" in told(answer)
    found = _CODE.search(answer.text)
    assert found is not None
    assert len(found[1].replace(" ", "")) == 26
    for spelled in (found[1], found[1].replace(" ", ""), found[1].replace(" ", "-").lower(), f" {found[1]} "):
        assert read_code(spelled) == _clinic_uid(owner), spelled
    assert read_code("not a code") is None


def _clinic_uid(colleague: Colleague) -> bytes:
    return next(one.uid for one in demo_clinics() if one.id == colleague.user.clinic_id)


def _joined(practice: Practice, link: str, password: str) -> httpx.Client:
    browser = practice.client()
    csrf = _CSRF.search(browser.get(link).text)
    assert csrf is not None
    done = browser.post(link, data={"csrf": csrf[1], "password": password})
    assert (done.status_code, done.headers["location"]) == (303, "/console")
    return browser


def test_a_clinic_is_added_with_an_owner_who_chooses_a_password(fresh_practice: Practice) -> None:
    operator = Colleague(fresh_practice)
    made = operator.post("clinics/new", NEW)
    assert made.status_code == 200
    assert made.headers["cache-control"] == "no-store"
    link = _LINK.search(made.text)
    assert link is not None
    number = max(clinic.id for clinic in fresh_practice.run(clinics.list_clinics))
    clinic = _clinic(fresh_practice, number)
    assert (clinic.name, clinic.timezone, clinic.email) == (NEW["clinic"], NEW["timezone"], NEW["email"])
    assert f"Its installation number is {number}" in told(made)
    listed = operator.get("clinics")
    assert "Südpfote &amp; Co" in listed.text
    assert link[1] not in listed.text
    assert _noted(fresh_practice, "clinic") == [("made", f"clinic {number}: {NEW['clinic']}")]
    owner = _joined(fresh_practice, link[1], "a long enough password")
    home = owner.get("/console").text
    assert "Südpfote &amp; Co" in home
    assert 'href="/console/clinics"' not in home  # who owns a clinic does not look after the server
    assert owner.get("/console/clinics").status_code == 403
    assert owner.get("/console/clinic").status_code == 200
    [mail] = fresh_practice.run(lambda store: store.reader.fetch(_MAILS))
    assert mail == (number, NEW["email"])


_MAILS = Statement(mails.select().with_only_columns(mails.c.clinic_id, mails.c.recipient))


def test_a_clinic_is_added_once_however_often_its_form_is_sent(fresh_practice: Practice) -> None:
    operator, new = Colleague(fresh_practice), {**NEW, "currency": "chf"}
    before = len(fresh_practice.run(clinics.list_clinics))
    answers = [operator.post("clinics/new", new) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "was added before" in told(answers[1])
    [first, second] = [_LINK.findall(answer.text)[0] for answer in answers]
    assert fresh_practice.client().get(first).status_code == 404  # the second one took its place
    *_, made = found = fresh_practice.run(clinics.list_clinics)
    assert (len(found), made.currency) == (before + 1, "CHF")
    _joined(fresh_practice, second, "a long enough password")
    late = operator.post("clinics/new", new)
    assert late.status_code == 400
    assert f"A clinic of this name and e-mail is there already: number {made.id}." in told(late)
    assert 'id="clinic-problem"' in late.text
    assert _noted(fresh_practice, "user")[0] == ("sent", "a link to choose a password, to Ada Lovelace")


@pytest.mark.parametrize("role", [Role.VET, Role.OWNER])
def test_the_form_lets_nobody_into_a_clinic_whose_owner_has_come_in(fresh_practice: Practice, role: Role) -> None:
    """The clinic's address may be that of anybody who was invited there."""
    operator = Colleague(fresh_practice)
    owner = Colleague(fresh_practice, who=OTHER_OWNER)
    office = "office@northgate.example"
    invited = owner.post("staff/invite", {"name": "Office", "email": office, "role": role})
    link = _LINK.search(invited.text)
    assert link is not None
    clinic = _clinic(fresh_practice, SECOND_CLINIC)
    owner.post("clinic", {"name": clinic.name, "timezone": clinic.timezone, "email": office})
    answer = operator.post("clinics/new", {**NEW, "clinic": clinic.name, "email": office})
    assert answer.status_code == 400
    assert f"is there already: number {SECOND_CLINIC}." in told(answer)
    assert "/console/join/" not in answer.text
    _joined(fresh_practice, link[1], "a long enough password")  # the link of the one who invited goes on working


def test_a_clinic_that_does_not_hold_is_not_added(owner: Colleague, module_practice: Practice) -> None:
    before = module_practice.run(clinics.list_clinics)
    answer = owner.post("clinics/new", {**NEW, "currency": "euros", "email": "nobody", "timezone": "Mars"})
    assert answer.status_code == 400
    for field in ("currency", "email", "timezone"):
        assert f'id="{field}-problem"' in answer.text
    assert 'value="Südpfote &amp; Co"' in answer.text
    assert module_practice.run(clinics.list_clinics) == before


def test_another_clinics_owner_does_not_see_the_servers_clinics(module_practice: Practice) -> None:
    other = Colleague(module_practice, Role.OWNER, OTHER_OWNER)
    assert other.get("clinics").status_code == 403
    assert "Clinics of this server" not in other.text("")
    assert "Harbour Street" not in other.text("clinic")


def test_clinics_are_listed_page_by_page(fresh_practice: Practice) -> None:
    async def many(tx: Tx) -> None:
        for n in range(60):
            some = demo_clinics()[0]
            uid = bytes([n]) * 16
            access.add_clinic(tx, Clinic(100 + n, uid, f"Branch {n:02}", some.timezone, some.currency, some.created_at))

    fresh_practice.run(lambda store: store.write(Touching(), many))
    operator = Colleague(fresh_practice)
    first = operator.get("clinics")
    assert first.text.count("Branch ") == 50
    older = re.search(r'rel="next" href="/console/([^"]+)"', first.text)
    assert older is not None
    second = operator.get(older[1])
    assert second.text.count("Branch ") == 10
    assert "Harbour Street" in told(second)
    assert 'rel="next"' not in second.text
