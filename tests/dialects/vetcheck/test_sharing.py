# SPDX-License-Identifier: Apache-2.0
"""Sharing: what may be said, what comes back, what is kept and mailed, and who may share what."""

from __future__ import annotations

import re

import httpx
import pytest
from sqlalchemy import null, select, update

from polyvet.core.context import PERMISSIONS
from polyvet.core.letters import written_out
from polyvet.core.prefill import NAMES
from polyvet.model import values
from polyvet.model.library import ContentKind
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.storage import library, shares
from polyvet.storage.statement import Statement
from polyvet.storage.tables import clinics, metadata
from polyvet.storage.writing import Touching
from tests.dialects.library import item
from tests.dialects.vetcheck.shared import (
    BLUEY,
    FORM,
    HANDOUT,
    OWNER,
    PROGRAM,
    latest,
    opened,
    queued,
    share_of,
    shared,
    sound,
    submit,
    token_of,
)

DESK = "desk@harbour-street.example"
_LINK = re.compile(rb"http://127\.0\.0\.1:\d+/s/[\w-]{43}")


def masked(answer: httpx.Response) -> httpx.Response:
    """The answer with a link that is the same each time."""
    content, found = _LINK.subn(b"https://vet.example/s/TOKEN", answer.content)
    assert found == (answer.status_code == 200)
    return httpx.Response(
        answer.status_code, headers=[("content-type", answer.headers["content-type"])], content=content
    )


# --- the documented requests ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "path", "comments"),
    [
        ("share_handout", HANDOUT, "See you at your next appointment Bluey!"),
        ("share_form", FORM, "See you at your next appointment Bluey!"),
        ("share_program", PROGRAM, "Here is the program for Bluey!"),
    ],
)
def test_the_documented_requests(unlimited, golden, name, path, comments):
    answer = unlimited.vetcheck.post(path, json={**BLUEY, "comments": comments})
    golden(name, masked(answer))
    share = share_of(unlimited, token_of(answer))
    assert (share.clinic_id, share.name, share.email, share.comments) == (MAIN_CLINIC, "Bluey", OWNER, comments)
    assert (share.special_instructions, share.next_appointment, share.patient_id, share.record_id) == (None,) * 4
    assert share.expires_at == share.created_at + 90 * values.DAY


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "application/json", None])
def test_a_body_is_json_whatever_it_is_called(unlimited, kind):
    headers = {} if kind is None else {"content-type": kind}
    answer = unlimited.vetcheck.post(HANDOUT, content=b'{"name": "Bluey"}', headers=headers)
    assert share_of(unlimited, token_of(answer)).name == "Bluey"


@pytest.mark.parametrize("body", [b"", b"  ", b"{}", b'{"name": null, "email": "  ", "unknown": [1]}'])
def test_who_says_nothing_gets_an_open_link_and_no_mail(unlimited, body):
    before = len(queued(unlimited))
    share = share_of(unlimited, token_of(unlimited.vetcheck.post(FORM, content=body)))
    assert (share.open, share.name, share.email, share.prefill) == (True, "", None, {})
    assert len(queued(unlimited)) == before


def test_all_that_can_be_said_is_kept(unlimited):
    said = {**BLUEY, "comments": " a\nb ", "special_instructions": "c", "next_appointment": "2026-06-01T10:00:00Z",
            "firstName": "Anna", "form_pet_microchip": " 900 "}  # fmt: skip
    share = share_of(unlimited, shared(unlimited.vetcheck, FORM, said))
    assert (share.comments, share.special_instructions) == ("a\nb", "c")
    assert share.next_appointment == values.instant("2026-06-01T10:00:00+00:00")
    assert share.prefill == {
        "petName": "Bluey", "ownerEmail": OWNER, "firstName": "Anna", "form_pet_microchip": "900",
    }  # fmt: skip
    assert share_of(unlimited, shared(unlimited.vetcheck, HANDOUT, said)).prefill == {}


def test_every_variable_of_the_page_can_be_filled_in_before(unlimited):
    assert len(NAMES) == 15
    said = {name: f"{name} ü" for name in NAMES}
    assert share_of(unlimited, shared(unlimited.vetcheck, FORM, {**BLUEY, **said})).prefill == said


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-06-01T10:00:00Z", "2026-06-01T10:00:00+00:00"),
        ("2026-06-01T12:00:00+02:00", "2026-06-01T10:00:00+00:00"),
        ("2026-06-01T10:00", "2026-06-01T10:00:00+00:00"),
        ("2026-06-01 10:00:00", "2026-06-01T10:00:00+00:00"),
        ("2026-06-01", "2026-06-01T00:00:00+00:00"),
        (1_780_308_000, "2026-06-01T10:00:00+00:00"),
        ("", None),
        (None, None),
    ],
)
def test_the_next_appointment_is_utc_where_nothing_else_is_said(unlimited, text, instant):
    share = share_of(unlimited, shared(unlimited.vetcheck, HANDOUT, {"next_appointment": text}))
    assert share.next_appointment == (None if instant is None else values.instant(instant))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"[]", "body must be a JSON object"),
        (b"{", "body is not JSON at character 1"),
        (b"name=Bluey", "body is not JSON at character 0"),
        (b'{"name": 5}', "name must be string or null, not integer"),
        (b'{"name": "%s"}' % (b"x" * 201), "name must not be longer than 200 characters"),
        (b'{"email": "nobody"}', "email must be one e-mail address"),
        (b'{"email": "a@b.example, c@d.example"}', "email must be one e-mail address"),
        (b'{"email": "a b@c.example"}', "email must be one e-mail address"),
        (b'{"email": "a@b.example\\nBcc: c@d.example"}', "email must be one e-mail address"),
        (b'{"email": "%s@b.example"}' % (b"x" * 300), "email must be one e-mail address"),
        (b'{"comments": ["x"]}', "comments must be string or null, not array"),
        (b'{"comments": "%s"}' % (b"x" * 5001), "comments must not be longer than 5000 characters"),
        (b'{"special_instructions": true}', "special_instructions must be string or null, not boolean"),
        (
            b'{"next_appointment": "soon"}',
            "next_appointment must be an ISO 8601 date-time such as 2026-01-31T09:30:00Z",
        ),
        (b'{"next_appointment": "2026-02-30"}', "next_appointment is not a date that exists"),
        (
            b'{"next_appointment": 1780308000000}',
            "next_appointment must be in seconds since 1970, before the year 2200",
        ),
        (b'{"next_appointment": -1}', "next_appointment must be in seconds since 1970, before the year 2200"),
        (b'{"petName": "%s"}' % (b"x" * 501), "petName must not be longer than 500 characters"),
        (b'{"petSex": 1}', "petSex must be string or null, not integer"),
        (b'{"name": "a\\u0000"}', "name must not hold a null character"),
        (b'{"name": 1, "email": "x"}', "name must be string or null, not integer; email must be one e-mail address"),
        (b'{"patient": {}}', "patient must be integer or string or null, not object"),
    ],
)
def test_what_does_not_hold_is_named(practice, body, told):
    answer = practice.vetcheck.post(FORM, content=body)
    assert answer.json() == {"error": "Bad Request", "message": told, "statusCode": 400}


# --- who may share what ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/handouts/99/share", 404, "The handout 99 could not be found."),
        ("/handouts/x/share", 404, "The handout x could not be found."),
        ("/programs/0/share", 404, "The program 0 could not be found."),
        ("/forms/100001/share", 404, "The form 100001 could not be found."),
        ("/vetforms/2/share", 404, "There is no such path here."),
        ("/species/2/share", 404, "There is no such path here."),
    ],
)
def test_what_is_not_there_is_not_shared(practice, path, status, told):
    answer = practice.vetcheck.post(path, json=BLUEY)
    assert (answer.status_code, answer.json()["message"]) == (status, told)


def test_a_free_user_shares_what_is_free_alone(unlimited):
    assert unlimited.free_vetcheck.post("/handouts/3/share", json=BLUEY).json() == {
        "error": "Forbidden", "message": "You are not authorised to access the content.", "statusCode": 403,
    }  # fmt: skip
    assert unlimited.free_vetcheck.post("/forms/3/share", json=BLUEY).status_code == 403
    assert share_of(unlimited, shared(unlimited.free_vetcheck, HANDOUT, BLUEY)).name == "Bluey"
    assert shared(unlimited.vetcheck, "/handouts/3/share", BLUEY)


def test_the_path_takes_posts_alone_of_who_has_a_token(practice):
    answer = practice.vetcheck.get(FORM)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert practice.client().post(FORM, json=BLUEY).json() == {
        "error": "Unauthorized", "message": "Your id_token is not valid.", "statusCode": 401,
    }  # fmt: skip


def test_a_clinics_own_content_is_its_own_to_share(fresh_practice):
    async def work(tx):
        row = {"kind": ContentKind.HANDOUT, "title": "Ours"}
        return await library.add(tx, item(0, row, MAIN_CLINIC))

    path = f"/handouts/{fresh_practice.run(lambda s: s.write(Touching(clinics=(MAIN_CLINIC,)), work)).number}/share"
    assert path == "/handouts/100001/share"
    share = share_of(fresh_practice, shared(fresh_practice.vetcheck, path, BLUEY))
    assert (share.clinic_id, share.number) == (MAIN_CLINIC, 1)
    assert fresh_practice.other_vetcheck.post(path, json=BLUEY).status_code == 404
    theirs = share_of(fresh_practice, shared(fresh_practice.other_vetcheck, HANDOUT, BLUEY))
    assert (theirs.clinic_id, theirs.number) == (SECOND_CLINIC, 1)
    assert [len(latest(fresh_practice, clinic_id)) for clinic_id in (MAIN_CLINIC, SECOND_CLINIC)] == [1, 1]
    assert sound(fresh_practice)


@pytest.mark.parametrize("lacking", ["shares:write", "patients:read"])
def test_a_key_needs_the_permission(practice, lacking):
    key = practice.new_key("vetcheck", permissions=tuple(one for one in PERMISSIONS if one != lacking))
    said = {} if lacking == "shares:write" else {"patient": 1756}
    assert practice.client(key).post(HANDOUT, json=said).status_code == 403


# --- the link -------------------------------------------------------------------------------------------------


def test_links_differ_and_are_not_kept_in_clear(unlimited):
    first, second = (shared(unlimited.vetcheck, HANDOUT, {"name": "Bluey"}) for _ in range(2))
    assert first != second
    assert share_of(unlimited, first).id != share_of(unlimited, second).id
    assert opened(unlimited, first[:-1] + ("A" if first[-1] != "A" else "B")) is None
    assert opened(unlimited, "") is None


def test_a_link_stands_below_the_prefix_or_the_public_url(fresh_practice):
    client = fresh_practice.vetcheck
    assert (
        client.post("/vetcheck" + HANDOUT, json={})
        .json()["sharelink"]
        .startswith(f"{fresh_practice.server.url}/vetcheck/s/")
    )
    other = fresh_practice.served_otherwise(public_url="https://vet.example/", share_days=2)
    answer = other.vetcheck.post(HANDOUT, json=BLUEY).json()["sharelink"]
    assert answer.startswith("https://vet.example/s/")
    assert answer in queued(fresh_practice)[-1].plain
    share = share_of(fresh_practice, answer.rpartition("/")[2])
    assert share.expires_at == share.created_at + 2 * values.DAY


# --- the mail -------------------------------------------------------------------------------------------------


def test_the_link_is_mailed_in_plain_text_and_html(fresh_practice):
    said = {
        "name": "Bluey & <Bingo>", "email": OWNER, "comments": "Good\nluck", "special_instructions": "<b>Rest</b>",
        "next_appointment": "2026-06-01T10:00:00Z",
    }  # fmt: skip
    token = shared(fresh_practice.vetcheck, FORM, said)
    [mail] = queued(fresh_practice)
    link = f"{fresh_practice.server.url}/s/{token}"
    assert (mail.clinic_id, mail.recipient, mail.reply_to, mail.state) == (MAIN_CLINIC, OWNER, DESK, "queued")
    assert mail.subject == "New client for Bluey & <Bingo> – Harbour Street Veterinary Practice"
    for part in ("Good\nluck", "Special instructions:\n<b>Rest</b>", "Monday, 1 June 2026, 13:00 (Europe/Helsinki)",
                 "asks you to fill in “New client” for Bluey & <Bingo>.", link):  # fmt: skip
        assert part in mail.plain
    for part in (
        "Good<br>luck",
        "&lt;b&gt;Rest&lt;/b&gt;",
        f'<a href="{link}">{link}</a>',
        "Bluey &amp; &lt;Bingo&gt;",
    ):
        assert part in mail.html
    assert "<b>" not in mail.html


def test_a_mail_is_answered_to_who_shared_where_the_clinic_has_no_address(fresh_practice):
    no_address = Statement(update(clinics).values(email=null()), rank=70)

    async def work(tx):
        tx.write(no_address)

    fresh_practice.run(lambda store: store.write(Touching(), work))
    token = shared(fresh_practice.other_vetcheck, FORM, {"email": OWNER, "name": "A\r\nBcc: x@y.example"})
    [mail] = queued(fresh_practice)
    assert mail.reply_to == "henrike.voss@northgate.example"
    assert mail.subject == "New client for A Bcc: x@y.example – Northgate Animal Hospital"
    submit(fresh_practice, token, {})
    assert [(one.recipient, one.reply_to) for one in queued(fresh_practice)[1:]] == [
        (OWNER, "henrike.voss@northgate.example"), ("henrike.voss@northgate.example", OWNER),
    ]  # fmt: skip
    key = fresh_practice.client(fresh_practice.new_key("vetcheck"))  # nobody's, so there is nobody to tell
    submit(fresh_practice, shared(key, FORM), {})
    assert len(queued(fresh_practice)) == 3


def test_times_are_written_out_by_the_clinics_clock():
    assert written_out(values.instant("2026-10-25T00:30:00+00:00"), "Europe/Berlin") == (
        "Sunday, 25 October 2026, 02:30 (Europe/Berlin)"
    )


# --- idempotency ----------------------------------------------------------------------------------------------


def test_a_retry_gets_a_further_link_to_the_same_share(fresh_practice):
    key = {"Idempotency-Key": "once"}
    first = fresh_practice.vetcheck.post(FORM, json=BLUEY, headers=key)
    again = fresh_practice.vetcheck.post(FORM, json=BLUEY, headers=key)
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert token_of(first) != token_of(again)
    share = share_of(fresh_practice, token_of(first))
    assert share_of(fresh_practice, token_of(again)) == share
    assert len(latest(fresh_practice)) == len(queued(fresh_practice)) == 1
    refused = fresh_practice.vetcheck.post(FORM, json={**BLUEY, "name": "Bingo"}, headers=key)
    assert refused.status_code == 422
    assert fresh_practice.vetcheck.post(HANDOUT, json=BLUEY, headers=key).status_code == 422
    # Another user's key of the same name is another key.
    assert token_of(fresh_practice.free_vetcheck.post(FORM, json=BLUEY, headers=key))
    assert len(latest(fresh_practice)) == 2


def test_no_token_stands_in_the_store(fresh_practice):
    tokens = [
        token_of(fresh_practice.vetcheck.post(HANDOUT, json={"name": "Bluey"}, headers={"Idempotency-Key": "k"}))
        for _ in range(2)
    ]
    kept = fresh_practice.run(_everything)
    assert values.hashed(tokens[0]).hex() in kept
    for token in tokens:
        assert token not in kept
        assert token.encode().hex() not in kept


async def _everything(store) -> str:
    found = []
    for table in metadata.sorted_tables:
        for row in await store.reader.fetch(Statement(select(*table.columns))):
            found += [bytes(one).hex() if isinstance(one, bytes | memoryview) else str(one) for one in row]
    return "\n".join(found)


def test_what_fails_leaves_neither_share_nor_mail(fresh_practice, monkeypatch):
    def fail(*_):
        raise RuntimeError("on purpose")

    before = fresh_practice.run(_everything)
    monkeypatch.setattr(shares, "add_link", fail)
    assert fresh_practice.vetcheck.post(HANDOUT, json={**BLUEY, "patient": 1756}).status_code == 500
    assert fresh_practice.run(_everything) == before
