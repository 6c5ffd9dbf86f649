# SPDX-License-Identifier: Apache-2.0
"""`/s/<token>`: what owners read, fill in, save and send, and what they never see."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest
from lxml import html as lxml_html
from msgspec.structs import replace

from polyvet.core import shares
from polyvet.core.prefill import PET_NAME
from polyvet.model import values
from polyvet.model.errors import Missing
from polyvet.sandbox.practice import MAIN_CLINIC
from polyvet.storage import shares as stored
from polyvet.storage.writing import Touching, Tx
from tests.dialects.harness import Practice
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
    submission,
)

GOOD = {"firstName": "Anna", "ownerEmail": "anna@mail.example", "petName": "Bluey", "agree": "yes"}
NOBODYS = "x" * 43


def get(p: Practice, token: str, rest: str = "") -> httpx.Response:
    """Open a link, as a browser without any history does."""
    return p.client().get(f"/s/{token}{rest}")


def post(p: Practice, token: str, fields: dict[str, str], decision: str | None = "send", **more: Any) -> httpx.Response:
    """Press a button of a link's form."""
    pressed = {} if decision is None else {"decision": decision}
    return p.client().post(f"/s/{token}", data={**fields, **pressed}, **more)


def page(answer: httpx.Response, status: int = 200) -> lxml_html.HtmlElement:
    """The page of an answer."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return lxml_html.document_fromstring(answer.text)


def filled(found: lxml_html.HtmlElement) -> dict[str, str]:
    """What stands in a page's form; what is not ticked is not there."""
    [form] = found.forms
    texts = [one for one in form.inputs if one.get("type") != "checkbox"]
    return {str(one.name): str(one.value or "").removeprefix("\n") for one in texts}


def led(answer: httpx.Response) -> str:
    """The token of the link that a button led to."""
    assert answer.status_code == 303, answer.text
    start, slash, token = answer.headers["location"].rpartition("/")
    assert (start, slash) == ("/s", "/")
    return str(token)


def change(p: Practice, token: str, **changed: Any) -> None:
    """Change a share, as time and people do."""
    share = replace(share_of(p, token), **changed)

    async def work(tx: Tx) -> None:
        stored.save(tx, share)

    p.run(lambda store: store.write(Touching(clinics=(MAIN_CLINIC,)), work))


def at_once(work: list[Any]) -> list[httpx.Response]:
    """Do several things at the same moment."""
    ready, answers = threading.Barrier(len(work)), []

    def doing(one: Any) -> None:
        ready.wait()
        answers.append(one())

    threads = [threading.Thread(target=doing, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_something_to_read(unlimited: Practice) -> None:
    said = {**BLUEY, "comments": "Read <b>this</b>\nplease & soon", "special_instructions": "No baths."}
    answer = get(unlimited, shared(unlimited.vetcheck, HANDOUT, said))
    found = page(answer)
    text = found.text_content()
    for part in ("Harbour Street Veterinary Practice", "For Bluey", "Read <b>this</b>\nplease & soon", "No baths."):
        assert part in text
    assert [one.text for one in found.iter("h1")] == ["Fleas"]
    assert "<li>Wash the bedding</li>" in answer.text
    assert not found.forms
    assert "appointment" not in text
    assert page(get(unlimited, shared(unlimited.vetcheck, PROGRAM, BLUEY))).findtext(".//h1") == "Puppy months"


@pytest.mark.parametrize("path", [HANDOUT, FORM])
def test_a_page_loads_nothing_keeps_nothing_and_tells_nobody(unlimited: Practice, path: str) -> None:
    token = shared(unlimited.vetcheck, path, {**BLUEY, "next_appointment": "2030-01-02T03:04:05Z"})
    for answer in (get(unlimited, token), get(unlimited, token, "/appointment.ics"), get(unlimited, NOBODYS)):
        headers = answer.headers
        policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert policy["style-src"].startswith("'sha256-")
        assert set(policy) == {"default-src", "style-src", "img-src", "form-action", "frame-ancestors", "base-uri"}
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-robots-tag"] == "noindex"
        assert "set-cookie" not in headers
    answer = get(unlimited, token)
    found, policy_text = page(answer), answer.headers["content-security-policy"]
    assert "img-src 'self' data: https:" in policy_text
    assert f"form-action {chr(39)}{'self' if path == FORM else 'none'}{chr(39)};" in policy_text
    assert not found.xpath("//script | //link | //iframe | //@onclick | //@style")
    assert found.xpath("//meta[@name='robots']/@content") == ["noindex"]
    assert unlimited.client().head(f"/s/{token}").status_code == 200


def test_a_form_begins_with_what_is_known(unlimited: Practice) -> None:
    token = shared(unlimited.vetcheck, FORM, {**BLUEY, "firstName": '"Anna" <&>', "petSex": "Female"})
    assert filled(page(get(unlimited, token))) == {
        "firstName": '"Anna" <&>', "ownerEmail": OWNER, "petName": "Bluey", "petSex": "female", "notes": "",
    }  # fmt: skip
    assert submission(unlimited, share_of(unlimited, token)) is None


def test_a_draft_is_kept_as_it_was_typed(unlimited: Practice) -> None:
    token = shared(unlimited.vetcheck, FORM, BLUEY)
    typed = {"firstName": "  An ", "ownerEmail": "not yet", "petName": "", "notes": "one\r\n<two>", "unknown": "x"}
    assert led(post(unlimited, token, typed, "save")) == token
    found = page(get(unlimited, token))
    assert filled(found) == {
        "firstName": "An", "ownerEmail": "not yet", "petName": "", "petSex": "", "notes": "one\n<two>",
    }  # fmt: skip
    assert "Nothing was sent yet." in found.text_content()
    assert led(post(unlimited, token, {**typed, "notes": ""}, "save")) == token
    assert filled(page(get(unlimited, token)))["notes"] == ""
    held = submission(unlimited, share_of(unlimited, token))
    assert held is not None
    assert (held.submitted_at, held.shown) == (None, "")


def test_what_is_wrong_is_told_at_the_top_and_beside_the_fields(unlimited: Practice) -> None:
    token = shared(unlimited.vetcheck, FORM, BLUEY)
    typed = {"firstName": "", "ownerEmail": "anna@", "petName": '"><script>', "petSex": "other", "notes": "kept"}
    found = page(post(unlimited, token, typed), 422)
    [top] = found.xpath("//div[@role='alert']")
    assert top.get("autofocus") is not None
    assert [(one.get("href"), one.text) for one in top.iter("a")] == [
        ("#firstName", "First name"), ("#ownerEmail", "E-mail"), ("#petSex", "Sex"), ("#agree", "I agree"),
    ]  # fmt: skip
    for link in top.iter("a"):
        [field] = found.xpath("//form//*[@id=$id]", id=link.get("href").removeprefix("#"))
        assert field.get("aria-invalid") == "true"
        [told] = found.xpath("//p[@id=$id]", id=field.get("aria-describedby"))
        assert told.text == link.tail.strip()
    assert filled(found)["notes"] == "kept"
    assert filled(found)["petName"] == '"><script>'
    assert str(found.findtext(".//title")).startswith("Please check: ")
    assert submission(unlimited, share_of(unlimited, token)) is None


def test_a_form_is_sent_once(unlimited: Practice) -> None:
    token = shared(unlimited.vetcheck, FORM, BLUEY)
    before = len(queued(unlimited))
    assert led(post(unlimited, token, {**GOOD, "notes": "one\n<two>", "petSex": "female"})) == token
    answer = get(unlimited, token)
    found = page(answer)
    assert not found.xpath("//form | //input | //textarea | //select | //button | //label")
    assert [one.text for one in found.find_class("answer")] == [
        "Anna", "anna@mail.example", "Bluey", "Female", "one\n<two>", "Yes",
    ]  # fmt: skip
    assert "Sent on " in found.text_content()
    mails = queued(unlimited)[before:]
    assert sorted(one.recipient for one in mails) == ["desk@harbour-street.example", OWNER]
    for again in (GOOD, {"firstName": "Other"}):
        for decision in ("send", "save", None):
            assert led(post(unlimited, token, again, decision)) == token
    assert get(unlimited, token).text == answer.text
    assert len(queued(unlimited)) == before + 2


def test_two_who_send_at_once_send_once(unlimited: Practice) -> None:
    token = shared(unlimited.vetcheck, FORM, BLUEY)
    before = len(queued(unlimited))
    names = ("Anna", "Bertil")
    answers = at_once([lambda name=name: post(unlimited, token, {**GOOD, "firstName": name}) for name in names])
    assert [led(answer) for answer in answers] == [token, token]
    held = submission(unlimited, share_of(unlimited, token))
    assert held is not None
    assert held.answers["firstName"] in names
    assert held.answers["firstName"] in held.shown
    assert len(queued(unlimited)) == before + 2


def test_an_open_link_begins_a_form_each_time(unlimited: Practice) -> None:
    token = shared(unlimited.vetcheck, FORM)
    count = len(latest(unlimited))
    first, second = filled(page(get(unlimited, token))), filled(page(get(unlimited, token)))
    assert len(first["own"]) == len(second["own"]) == 43
    assert first["own"] != second["own"]
    assert first["firstName"] == second["firstName"] == ""
    assert len(latest(unlimited)) == count  # nothing is written by looking
    assert led(post(unlimited, token, {"own": first["own"], "firstName": "Anna"}, "save")) == first["own"]
    found = page(get(unlimited, first["own"]))
    assert filled(found)["firstName"] == "Anna"
    assert "own" not in filled(found)
    assert f"{unlimited.server.url}/s/{first['own']}" in found.text_content()
    assert filled(page(get(unlimited, token)))["firstName"] == ""
    assert led(post(unlimited, token, {**GOOD, "own": second["own"]})) == second["own"]
    assert len(latest(unlimited)) == count + 2
    assert {share_of(unlimited, one["own"]).parent_id for one in (first, second)} == {share_of(unlimited, token).id}
    assert "Sent on " in get(unlimited, second["own"]).text
    assert led(post(unlimited, first["own"], GOOD)) == first["own"]


def test_an_answer_to_an_open_link_that_comes_twice_is_one(unlimited: Practice) -> None:
    token = shared(unlimited.vetcheck, FORM)
    count, mails = len(latest(unlimited)), len(queued(unlimited))
    sent = {**GOOD, "own": filled(page(get(unlimited, token)))["own"]}
    answers = at_once([lambda: post(unlimited, token, sent)] * 2)
    assert {led(answer) for answer in (*answers, post(unlimited, token, sent))} == {sent["own"]}
    assert (len(latest(unlimited)), len(queued(unlimited))) == (count + 1, mails + 2)


def test_a_problem_with_an_open_links_form_keeps_what_it_began(unlimited: Practice) -> None:
    token = shared(unlimited.vetcheck, FORM)
    own = filled(page(get(unlimited, token)))["own"]
    assert filled(page(post(unlimited, token, {"own": own, "notes": "x"}), 422))["own"] == own


def test_a_token_that_is_somebody_elses_is_not_taken(unlimited: Practice) -> None:
    token, other = shared(unlimited.vetcheck, FORM), shared(unlimited.vetcheck, FORM, BLUEY)
    for own in (other, token, "short", "ä" * 43):
        led_to = led(post(unlimited, token, {**GOOD, "ownerEmail": "cleo@mail.example", "own": own}))
        assert led_to not in (other, token, own)
        assert share_of(unlimited, led_to).parent_id == share_of(unlimited, token).id
    assert submission(unlimited, share_of(unlimited, other)) is None


def test_links_that_lead_nowhere_are_alike(unlimited: Practice) -> None:
    expired, revoked = (shared(unlimited.vetcheck, FORM, BLUEY) for _ in range(2))
    parent = shared(unlimited.vetcheck, FORM)
    now = values.now()
    change(unlimited, expired, expires_at=now - 1)
    change(unlimited, revoked, revoked_at=now)
    change(unlimited, parent, revoked_at=now)
    answers = [get(unlimited, token) for token in (NOBODYS, expired, revoked, parent, "short", "ä", "%ED%A0%80", "%00")]
    answers += [post(unlimited, token, GOOD) for token in (NOBODYS, expired, revoked, parent)]
    answers += [get(unlimited, token, "/appointment.ics") for token in (NOBODYS, expired)]
    for answer in answers:
        assert answer.status_code == 404
        assert answer.text == answers[0].text
        different = ("x-request-id", "date")
        assert [one for one in answer.headers.items() if one[0] not in different] == [
            one for one in answers[0].headers.items() if one[0] not in different
        ]


def test_a_link_that_is_revoked_while_somebody_writes_takes_nothing(unlimited: Practice) -> None:
    token = shared(unlimited.vetcheck, FORM, BLUEY)
    found = opened(unlimited, token)
    assert found is not None
    change(unlimited, token, revoked_at=values.now())
    with pytest.raises(Missing):
        unlimited.run(lambda store: shares.submit(store, found, GOOD, "x", "x", str, 1))


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2027-03-28T00:59:00Z", "Sunday, 28 March 2027, 02:59 (Europe/Helsinki)"),
        ("2027-03-28T01:00:00Z", "Sunday, 28 March 2027, 04:00 (Europe/Helsinki)"),
        ("2027-10-30T23:30:00Z", "Sunday, 31 October 2027, 02:30 (Europe/Helsinki)"),
        ("2027-10-31T01:30:00Z", "Sunday, 31 October 2027, 03:30 (Europe/Helsinki)"),
    ],
)
def test_an_appointment_is_told_by_the_clinics_clock_and_kept_in_utc(unlimited: Practice, at: str, shown: str) -> None:
    token = shared(unlimited.vetcheck, HANDOUT, {**BLUEY, "name": "Blu, ey", "next_appointment": at})
    found = page(get(unlimited, token))
    [time] = found.iter("time")
    assert (time.text, time.get("datetime")) == (shown, at.replace("Z", ".000Z"))
    [link] = found.xpath("//a[contains(@href, 'appointment')]")
    answer = unlimited.client().get(link.get("href"))
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="appointment.ics"'
    lines = dict(line.split(":", 1) for line in answer.text.replace("\r\n ", "").splitlines() if line[:3] != "END")
    stamp = at.replace("-", "").replace(":", "")
    assert lines["DTSTART"] == stamp
    assert lines["SUMMARY"] == "Blu\\, ey: Harbour Street Veterinary Practice"
    assert token not in answer.text
    assert unlimited.client().get(link.get("href")).content == answer.content


def test_an_appointment_that_is_over_or_was_not_made_is_not_offered(unlimited: Practice) -> None:
    over = shared(unlimited.vetcheck, FORM, {**BLUEY, "next_appointment": "2020-01-02T03:04:05Z"})
    found = page(get(unlimited, over))
    assert "Thursday, 2 January 2020, 05:04" in found.text_content()
    assert "Next appointment" not in found.text_content()
    assert not found.xpath("//a[contains(@href, 'appointment')]")
    assert get(unlimited, shared(unlimited.vetcheck, FORM, BLUEY), "/appointment.ics").status_code == 404


def test_what_is_no_form_is_refused(unlimited: Practice) -> None:
    token = shared(unlimited.vetcheck, FORM, BLUEY)
    client = unlimited.client()
    kind = {"content-type": "application/x-www-form-urlencoded"}
    for body in (b"firstName=%zz", b"firstName=%ff", b"firstName=a%00b", b"&".join([b"a=b"] * 300)):
        page(client.post(f"/s/{token}", content=body, headers=kind), 400)
    page(client.post(f"/s/{token}", json=GOOD), 400)
    page(client.post(f"/s/{token}", content=b""), 400)
    page(client.post(f"/s/{token}", content=b"notes=" + b"x" * (2 << 20), headers=kind), 413)
    answer = client.put(f"/s/{token}", data=GOOD)
    page(answer, 405)
    assert answer.headers["allow"] == "GET, HEAD, POST"
    answer = post(unlimited, shared(unlimited.vetcheck, HANDOUT, BLUEY), GOOD)
    page(answer, 405)
    assert answer.headers["allow"] == "GET, HEAD"
    assert submission(unlimited, share_of(unlimited, token)) is None


@pytest.mark.parametrize("decision", ["send", "save"])
def test_what_is_too_long_is_told_and_stays(unlimited: Practice, decision: str) -> None:
    token = shared(unlimited.vetcheck, FORM, BLUEY)
    found = page(post(unlimited, token, {**GOOD, "notes": "é" * 10_001}, decision), 422)
    assert [one.get("href") for one in found.xpath("//div[@role='alert']//a")] == ["#notes"]
    assert filled(found)["notes"] == "é" * 10_001
    assert led(post(unlimited, token, {**GOOD, "notes": "é" * 10_000}, decision)) == token


def test_a_form_may_come_in_parts_and_without_a_button(unlimited: Practice) -> None:
    token = shared(unlimited.vetcheck, FORM, BLUEY)
    parts = {name: (None, value) for name, value in GOOD.items()}
    answer = unlimited.client().post(f"/s/{token}", files=parts)
    assert led(answer) == token
    assert "Sent on " in get(unlimited, token).text


def test_below_the_dialects_name_links_stay_there(unlimited: Practice) -> None:
    token = shared(unlimited.vetcheck, FORM, {"next_appointment": "2030-01-02T03:04:05Z"})
    found = page(unlimited.client().get(f"/vetcheck/s/{token}"))
    assert found.forms[0].action == f"/vetcheck/s/{token}"
    answer = unlimited.client().post(f"/vetcheck/s/{token}", data={**GOOD, "ownerEmail": "dora@mail.example"})
    assert answer.headers["location"].startswith("/vetcheck/s/")


def test_what_is_sent_is_counted_by_share(unlimited: Practice) -> None:
    token, other = (shared(unlimited.vetcheck, FORM, BLUEY) for _ in range(2))
    it = unlimited.served_otherwise(limits="off", share_days=30)
    answers = [post(it, token, {PET_NAME: "x"}) for _ in range(31)]
    assert {answer.status_code for answer in answers[:30]} == {422}
    page(answers[30], 429)
    assert 0 < int(answers[30].headers["retry-after"]) <= 61
    assert get(it, token).status_code == 200
    assert post(it, other, {}).status_code == 422


def test_nobody_is_mailed_again_and_again_through_open_links(fresh_practice: Practice) -> None:
    links = [shared(fresh_practice.vetcheck, FORM) for _ in range(2)]
    for token in (*links, *links, links[0]):
        led(post(fresh_practice, token, GOOD))
    before = len(queued(fresh_practice))
    for email in (GOOD["ownerEmail"], GOOD["ownerEmail"].upper()):
        page(post(fresh_practice, links[1], {**GOOD, "ownerEmail": email}), 429)
    assert len(queued(fresh_practice)) == before
    led(post(fresh_practice, links[1], GOOD, "save"))
    led(post(fresh_practice, links[1], {**GOOD, "ownerEmail": "bela@mail.example"}))
    assert len(queued(fresh_practice)) == before + 2
