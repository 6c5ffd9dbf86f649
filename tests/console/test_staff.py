# SPDX-License-Identifier: Apache-2.0
"""Staff in the console: inviting, roles, leaving, getting back in; and what nobody may do to others."""

from __future__ import annotations

import re
import time

import httpx
import pytest
from sqlalchemy import select

from polyvet.model.access import Role
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Store
from polyvet.storage.tables import events, mails, users
from tests.console.people import EMAILS, OTHER_OWNER, Colleague, Visitor, deeds, told
from tests.dialects.harness import PASSWORD, Practice
from tests.dialects.provet.signing_in import Integrator, beside, made

ADA, NEW = "ada@harbour-street.example", "another long password"
_LINK = re.compile(r"http://127\.0\.0\.1:\d+(/console/join/[\w-]{43})")
_NUMBER = Statement(select(users.c.number).where(users.c.clinic_id == p("clinic"), users.c.email == p("email")),
                    "clinic email")  # fmt: skip
_MAILS = Statement(select(mails.c.recipient, mails.c.subject, mails.c.plain).order_by(mails.c.created_at))
_EVENTS = Statement(
    select(events.c.kind, users.c.email)
    .select_from(events.join(users, users.c.id == events.c.entity_id))
    .where(events.c.clinic_id == MAIN_CLINIC, events.c.entity == "user")
    .order_by(events.c.seq)
)


def _rows(practice: Practice, statement: Statement, *args: object) -> list[tuple[object, ...]]:
    async def reading(store: Store) -> list[tuple[object, ...]]:
        return [tuple(row) for row in await store.reader.fetch(statement, *args)]

    return practice.run(reading)


def _page(practice: Practice, email: str, clinic_id: int = MAIN_CLINIC) -> str:
    [(number,)] = _rows(practice, _NUMBER, clinic_id, email)
    return f"staff/{number}"


def _invited(owner: Colleague, email: str = ADA, role: str = "vet") -> str:
    """The path of the link that somebody new gets."""
    answer = owner.post("staff/invite", {"name": "Ada Lovelace", "email": email, "role": role})
    assert answer.status_code == 200, told(answer)
    assert answer.headers["cache-control"] == "no-store"
    found = _LINK.search(answer.text)
    assert found is not None
    return found[1]


def test_somebody_is_invited_and_joins_once(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    link = _invited(owner, "Ada@harbour-street.example")
    assert "no password yet" in owner.text(_page(fresh_practice, ADA))
    [(recipient, subject, plain)] = _rows(fresh_practice, _MAILS)
    assert (recipient, subject) == (ADA, "Your account at Harbour Street Veterinary Practice")
    assert link in str(plain)
    visitor = Visitor(fresh_practice)
    assert "Ada Lovelace, ada@harbour-street.example, at Harbour Street" in told(visitor.client.get(link))
    short = visitor.send(link, password="short")
    assert (short.status_code, "A password has 10 to 1,000 characters." in told(short)) == (400, True)
    joined = visitor.send(link, password=NEW)
    assert (joined.status_code, joined.headers["location"]) == (303, "/console")
    assert "Ada Lovelace" in told(visitor.client.get("/console/account"))
    assert [visitor.client.get(link).status_code, visitor.send("/console", link, password=NEW).status_code] == [
        404,
        404,
    ]
    assert Visitor(fresh_practice).sign_in(ADA, NEW).status_code == 303
    assert _rows(fresh_practice, _EVENTS)[-1:] == [("created", ADA)]
    assert ("Dr. Aino Laakso", "made", "Ada Lovelace: vet") in deeds(fresh_practice)
    assert "last signed in" in told(owner.get(_page(fresh_practice, ADA))).lower()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "A name has 1 to 200 characters."),
        ({"name": "Ada", "email": "ada", "role": "vet"}, "This is no e-mail address."),
        ({"name": "Ada", "email": ADA, "role": "boss"}, "Choose a role."),
        ({"name": "Ada", "email": EMAILS[Role.VET], "role": "vet"}, "Dr. Tobias Reuter has this address."),
    ],
)
def test_an_invitation_that_does_not_hold_says_why(owner: Colleague, fields: dict[str, str], problem: str) -> None:
    answer = owner.post("staff/invite", fields)
    assert answer.status_code == 400
    assert problem in told(answer)
    assert fields.get("email", "") in answer.text


def test_somebody_who_works_here_without_a_role_is_invited_as_who_they_are(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    _set(fresh_practice, EMAILS[Role.RECEPTION], "console_role = NULL")
    link = _invited(owner, EMAILS[Role.RECEPTION], "nurse")
    visitor = Visitor(fresh_practice)
    assert "Peter Hollis" in told(visitor.client.get(link))
    assert visitor.send(link, password=NEW).status_code == 303
    assert "nurse" in told(visitor.client.get("/console/account"))


def test_a_link_is_handed_over_where_no_mail_is_sent(fresh_practice: Practice) -> None:
    given = {"name": "Ada Lovelace", "email": ADA, "role": "vet"}
    assert "This server sends no mails" in told(Colleague(fresh_practice).post("staff/invite", given))
    mailing = fresh_practice.served_otherwise(smtp_host="127.0.0.1", mail_from="clinic@sued.example")
    again = told(Colleague(mailing).post("staff/invite", {**given, "email": "grace@harbour-street.example"}))
    assert "The link is on its way to grace@harbour-street.example." in again
    assert "sends no mails" not in again


def test_who_has_no_role_chooses_a_password_and_is_told_what_for(fresh_practice: Practice) -> None:
    owner, page = Colleague(fresh_practice), _page(fresh_practice, EMAILS[Role.RECEPTION])
    assert owner.post(f"{page}/role", {"role": "none"}, page).status_code == 303
    link = _LINK.search(owner.post(f"{page}/link", {}, page).text)
    assert link is not None
    done = Visitor(fresh_practice).send(link[1], password=NEW)
    assert done.status_code == 200
    assert '<p class="said" role="status">You sign in with it' in done.text
    assert 'class="wrong"' not in done.text


def test_a_new_link_ends_the_one_before_and_time_ends_both(fresh_practice: Practice) -> None:
    owner, visitor = Colleague(fresh_practice), Visitor(fresh_practice)
    first = _invited(owner)
    again = owner.post(f"{_page(fresh_practice, ADA)}/link", {}, _page(fresh_practice, ADA))
    second = _LINK.search(again.text)
    assert second is not None
    assert [visitor.client.get(link).status_code for link in (first, second[1])] == [404, 200]
    beside(fresh_practice, "UPDATE password_links SET expires_at = created_at")
    assert visitor.client.get(second[1]).status_code == 404
    assert visitor.send("/console/sign-in", second[1], password=NEW).status_code == 404


def test_a_link_chooses_a_new_password_and_asks_for_the_code_all_the_same(fresh_practice: Practice) -> None:
    owner, nurse = Colleague(fresh_practice), Colleague(fresh_practice, Role.NURSE)
    page = _page(fresh_practice, EMAILS[Role.NURSE])
    found = _LINK.search(owner.post(f"{page}/link", {}, page).text)
    assert found is not None
    assert nurse.get("account").status_code == 200  # nothing ends before the link is used
    _set(fresh_practice, EMAILS[Role.NURSE], "totp_since = 1, totp_secret = 'JBSWY3DPEHPK3PXP'")
    visitor = Visitor(fresh_practice)
    assert visitor.send(found[1], password=NEW).headers["location"] == "/console/code"
    assert visitor.client.get("/console").status_code == 303
    assert nurse.get("account").status_code == 303
    assert Visitor(fresh_practice).sign_in(EMAILS[Role.NURSE], PASSWORD).status_code == 401
    off = owner.post(f"{page}/second-factor", {}, page)
    assert off.headers["location"] == f"/console/{page}?done=no-code"
    assert Visitor(fresh_practice).sign_in(EMAILS[Role.NURSE], NEW).headers["location"] == "/console"
    assert ("Dr. Aino Laakso", "ended", "the second factor of Maija Sundqvist") in deeds(fresh_practice)


def test_an_address_that_signs_in_at_many_clinics_cannot_join_one_more(fresh_practice: Practice) -> None:
    for n in range(4):
        new = {"clinic": f"Clinic {n}", "name": "Ada", "email": ADA, "password": NEW}
        assert _registered(fresh_practice, **new).status_code == 303
    visitor = Visitor(fresh_practice)
    answer = visitor.send(_invited(Colleague(fresh_practice)), password=NEW)
    assert answer.status_code == 400
    assert "as many clinics as one can choose from" in told(answer)


def _registered(practice: Practice, *, clinic: str, name: str, email: str, password: str) -> httpx.Response:
    visitor = Visitor(practice.served_otherwise(registration=True))
    return visitor.send("/register", practice=clinic, name=name, email=email, password=password)


def _set(practice: Practice, email: str, what: str) -> None:
    beside(practice, f"UPDATE users SET {what} WHERE email = '{email}'")  # noqa: S608


def test_a_role_is_changed_at_once(fresh_practice: Practice) -> None:
    owner, nurse = Colleague(fresh_practice), Colleague(fresh_practice, Role.NURSE)
    page = _page(fresh_practice, EMAILS[Role.NURSE])
    offered = re.findall(r'name="role" id="role-[a-z-]+" value="([a-z-]+)" required( checked)?', owner.get(page).text)
    assert offered == [(one, " checked" if one == "nurse" else "") for one in (*Role, "none")]
    done = owner.post(f"{page}/role", {"role": "owner"}, page)
    assert done.headers["location"] == f"/console/{page}?done=role"
    assert "The role is changed." in owner.text(f"{page}?done=role")
    assert nurse.get("account").status_code == 303
    visitor = Visitor(fresh_practice)
    visitor.sign_in(EMAILS[Role.NURSE], PASSWORD)
    assert visitor.client.get("/console/staff").status_code == 200
    owner.post(f"{page}/role", {"role": "none"}, page)
    assert visitor.client.get("/console/staff").status_code == 303
    refused = Visitor(fresh_practice).sign_in(EMAILS[Role.NURSE], PASSWORD)
    assert (refused.status_code, "You are not let into the console." in told(refused)) == (401, True)
    assert owner.post(f"{page}/role", {"role": "boss"}, page).status_code == 400
    noted = [one[1:] for one in deeds(fresh_practice) if one[0] == "Dr. Aino Laakso"]
    assert noted == [("changed", "Maija Sundqvist: owner"), ("changed", "Maija Sundqvist: not let in")]


def test_a_role_limits_what_applications_do_in_somebodys_name(fresh_practice: Practice) -> None:
    owner, it = Colleague(fresh_practice), Integrator(fresh_practice)
    token = made(it.exchange(it.code()))["access_token"]  # in the owner's name
    shown = f"/{MAIN_CLINIC}/api/0.1/user/"
    assert it.get(shown, token).status_code == 200
    invoices = f"/{MAIN_CLINIC}/api/0.1/invoice/"
    assert it.get(invoices, token).status_code == 200
    _set(fresh_practice, EMAILS[Role.OWNER], "console_role = 'nurse'")
    deadline = time.monotonic() + 3
    while it.get(invoices, token).status_code == 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [it.get(path, token).status_code for path in (invoices, shown)] == [403, 200]
    _set(fresh_practice, EMAILS[Role.OWNER], "console_role = NULL")
    while it.get(invoices, token).status_code == 403 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert it.get(invoices, token).status_code == 200  # nobody has said anything
    assert owner.get("account").status_code == 303


def test_from_whom_the_role_is_taken_applications_do_nothing_in_their_name(fresh_practice: Practice) -> None:
    other, it = Colleague(fresh_practice, Role.NURSE), Integrator(fresh_practice)
    _set(fresh_practice, EMAILS[Role.NURSE], "console_role = 'owner', operator = true")
    token = made(it.exchange(it.code()))["access_token"]  # in the owner's name
    shown, page = f"/{MAIN_CLINIC}/api/0.1/client/", _page(fresh_practice, EMAILS[Role.OWNER])
    assert it.get(shown, token).status_code == 200
    assert other.post(f"{page}/role", {}, page).status_code == 400
    assert other.post(f"{page}/role", {"role": "none"}, page).status_code == 303
    deadline = time.monotonic() + 3
    while it.get(shown, token).status_code == 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    again = made(it.exchange(it.code()))["access_token"]
    assert [it.get(shown, one).status_code for one in (token, again)] == [403, 403]
    assert Visitor(fresh_practice).sign_in(EMAILS[Role.OWNER], PASSWORD).status_code == 401
    link = _invited(other, EMAILS[Role.OWNER], "owner")  # as who they are
    assert Visitor(fresh_practice).client.get(link).status_code == 200


def test_who_leaves_is_out_at_once_and_can_come_back(fresh_practice: Practice) -> None:
    owner, vet = Colleague(fresh_practice), Colleague(fresh_practice, Role.VET)
    page = _page(fresh_practice, EMAILS[Role.VET])
    link = _LINK.search(owner.post(f"{page}/link", {}, page).text)
    assert link is not None
    assert owner.post(f"{page}/end", {}, page).headers["location"] == f"/console/{page}?done=left"
    assert vet.get("account").status_code == 303
    assert Visitor(fresh_practice).sign_in(EMAILS[Role.VET], PASSWORD).status_code == 401
    assert Visitor(fresh_practice).client.get(link[1]).status_code == 404
    refused = owner.post(f"{page}/link", {}, "staff/invite")
    assert (refused.status_code, "has left" in told(refused)) == (400, True)
    again = owner.post("staff/invite", {"name": "T", "email": EMAILS[Role.VET], "role": "vet"})
    assert (again.status_code, "has left" in told(again)) == (400, True)
    assert owner.post(f"{page}/take-back", {}, page).headers["location"] == f"/console/{page}?done=back"
    assert Visitor(fresh_practice).sign_in(EMAILS[Role.VET], PASSWORD).status_code == 303
    assert Visitor(fresh_practice).client.get(link[1]).status_code == 404


def test_a_clinic_keeps_an_owner_who_can_sign_in(fresh_practice: Practice) -> None:
    other = Colleague(fresh_practice, who=OTHER_OWNER)
    page = _page(fresh_practice, OTHER_OWNER[1], SECOND_CLINIC)
    for path, fields in ((f"{page}/role", {"role": "vet"}), (f"{page}/role", {"role": "none"}), (f"{page}/end", {})):
        answer = other.post(path, fields, page)
        assert answer.status_code == 400
        assert "The clinic needs an owner who can sign in." in told(answer)
    link = _invited(other, "ada@northgate.example", "owner")
    assert other.post(f"{page}/end", {}, page).status_code == 400  # an owner who has not come yet is none
    Visitor(fresh_practice).send(link, password=NEW)
    assert other.post(f"{page}/role", {"role": "vet"}, page).status_code == 303
    assert other.get("staff").status_code == 303


def test_who_looks_after_the_server_is_changed_by_such_a_one_only(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    link = _invited(owner, role="owner")
    visitor = Visitor(fresh_practice)
    visitor.send(link, password=NEW)
    page = f"/console/{_page(fresh_practice, EMAILS[Role.OWNER])}"
    assert "looks after this server, so" in told(visitor.client.get(page))
    for what in ("role", "end", "link", "second-factor", "take-back"):
        assert visitor.send("/console/staff/invite", f"{page}/{what}", role="vet").status_code == 403
    assert owner.get("account").status_code == 200
    _set(fresh_practice, EMAILS[Role.OWNER], "console_role = NULL")
    fields = {"name": "Aino", "email": EMAILS[Role.OWNER], "role": "vet"}
    assert visitor.send("/console/staff/invite", **fields).status_code == 403


def test_nobody_sees_the_staff_of_another_clinic(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    beside(fresh_practice, f"UPDATE users SET number = number + 100 WHERE clinic_id = {SECOND_CLINIC}")  # noqa: S608
    page = _page(fresh_practice, OTHER_OWNER[1], SECOND_CLINIC)
    assert owner.get(page).status_code == 404
    for what in ("role", "end", "link", "second-factor", "take-back"):
        assert owner.post(f"{page}/{what}", {"role": "vet"}, "staff").status_code == 404
    assert "Henrike" not in owner.text("staff")
    for nonsense in ("x", "-1", "9" * 30, "٣", "1.5"):
        assert owner.get(f"staff/{nonsense}").status_code == 404


def test_the_list_goes_by_pages(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    for n in range(60):
        _add(fresh_practice, n)
    first = owner.get("staff")
    older = re.search(r'href="(/console/staff\?before=\d+)"', first.text)
    assert older is not None
    second = owner.client.get(older[1])
    numbers = [re.findall(r'href="/console/staff/(\d+)"', answer.text) for answer in (first, second)]
    assert [len(one) for one in numbers] == [50, 15]
    assert [int(n) for one in numbers for n in one] == list(range(65, 0, -1))
    assert "Older" not in told(second)
    assert owner.get("staff?before=x").status_code == 400


def _add(practice: Practice, n: int) -> None:
    from polyvet.core import staff

    practice.run(lambda store: staff.add(store, MAIN_CLINIC, f"Colleague {n}", f"c{n}@harbour-street.example"))


def test_what_people_are_called_is_shown_as_text(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    hostile = "<script>alert(1)</script>"
    answer = owner.post("staff/invite", {"name": hostile, "email": ADA, "role": "vet"})
    page = _page(fresh_practice, ADA)
    for shown in (answer, owner.get("staff"), owner.get(page)):
        assert hostile not in shown.text
        assert hostile in told(shown) or "&lt;script&gt;" in shown.text
    [(_, _, plain)] = _rows(fresh_practice, _MAILS)
    assert hostile in str(plain)
