# SPDX-License-Identifier: Apache-2.0
"""What owners fill in: drafts, one submission a share, open links that make a share each time, links that end."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from polyvet.core import shares
from polyvet.model import values
from polyvet.model.errors import AlreadySubmitted, Missing
from polyvet.model.library import Submission
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.storage import mails
from polyvet.storage import shares as stored
from polyvet.storage.writing import Touching
from tests.dialects.vetcheck.shared import (
    BLUEY,
    DAYS,
    FORM,
    HANDOUT,
    OWNER,
    SHOWN,
    latest,
    link,
    opened,
    queued,
    save_draft,
    share_of,
    shared,
    sound,
    submission,
    submit,
)

DESK = "desk@harbour-street.example"


@pytest.fixture
def token(unlimited) -> str:
    """Of a form that was shared with one owner."""
    return shared(unlimited.vetcheck, FORM, BLUEY)


def ended(practice, token: str, **changes) -> None:
    """Change a share beside the program."""
    share = share_of(practice, token)

    async def work(tx):
        stored.save(tx, replace(share, **changes))

    practice.run(lambda store: store.write(Touching(clinics=(share.clinic_id,)), work))


def new_mails(practice, before: int) -> list[tuple[str, str | None, str]]:
    return [(one.recipient, one.reply_to, one.subject) for one in queued(practice)[before:]]


# --- of one owner ---------------------------------------------------------------------------------------------


def test_a_draft_is_kept_and_changed_under_the_same_link(unlimited, token):
    share, mailed = share_of(unlimited, token), len(queued(unlimited))
    for answers in ({"firstName": "A"}, {"firstName": "Anna", "notes": "ü"}, {}):
        assert save_draft(unlimited, token, answers) == token
        found = opened(unlimited, token)
        assert found is not None
        assert found.submission is not None
        assert (found.submission.answers, found.submission.shown, found.submitted) == (answers, "", False)
        assert (found.share.id, found.share.expires_at) == (share.id, share.expires_at)
    assert len(queued(unlimited)) == mailed


def test_a_submission_is_for_good_and_told_to_owner_and_clinic(unlimited, token):
    save_draft(unlimited, token, {"firstName": "A"})
    before, at = len(queued(unlimited)), values.now()
    assert submit(unlimited, token, {"firstName": "Anna"}, "First name: Anna") == token
    found = opened(unlimited, token)
    assert found is not None
    assert found.submitted
    assert found.submission is not None
    assert (found.submission.answers, found.submission.shown) == ({"firstName": "Anna"}, SHOWN)
    assert at <= (found.submission.submitted_at or 0) <= values.now()
    assert new_mails(unlimited, before) == [
        (OWNER, DESK, "Received: New client – Harbour Street Veterinary Practice"),
        (DESK, OWNER, "Filled in: New client for Bluey"),
    ]
    thanks, told = queued(unlimited)[before:]
    assert link(token) in thanks.plain
    assert link(token) in told.plain
    assert "First name: Anna" in told.plain
    assert "Anna" not in thanks.plain
    for again in (submit, save_draft):
        with pytest.raises(AlreadySubmitted):
            again(unlimited, token, {"firstName": "Eve"})
    assert submission(unlimited, found.share) == found.submission
    assert len(queued(unlimited)) == before + 2


def test_of_two_who_submit_at_once_one_is_told_so(unlimited, token):
    found = opened(unlimited, token)
    assert found is not None

    async def twice(store):
        return await asyncio.gather(
            *(shares.submit(store, found, {"notes": n}, SHOWN, n, link, DAYS) for n in "ab"), return_exceptions=True
        )

    before = len(queued(unlimited))
    outcomes = unlimited.run(twice)
    assert {type(one) for one in outcomes} == {str, AlreadySubmitted}
    assert len(queued(unlimited)) == before + 2


def test_a_submission_can_be_read_as_long_as_a_share(unlimited, token):
    soon = values.now() + values.DAY
    ended(unlimited, token, expires_at=soon)
    save_draft(unlimited, token, {})
    assert share_of(unlimited, token).expires_at == soon
    submit(unlimited, token, {})
    assert share_of(unlimited, token).expires_at >= soon + (DAYS - 2) * values.DAY


def test_a_handout_takes_no_answers(unlimited):
    token = shared(unlimited.vetcheck, HANDOUT, BLUEY)
    for way in (submit, save_draft):
        with pytest.raises(Missing):
            way(unlimited, token, {})


# --- of everybody ---------------------------------------------------------------------------------------------


def test_each_answer_to_an_open_link_is_a_share_of_its_own(fresh_practice):
    p = fresh_practice
    token = shared(p.vetcheck, FORM, {"comments": "Welcome", "firstName": "Dear"})
    first = save_draft(p, token, {"firstName": "Anna"})
    second = submit(p, token, {"petName": "Rex", "ownerEmail": "rex@mail.example"}, "Pet: Rex")
    assert len({token, first, second}) == 3
    parent, draft, done = (share_of(p, one) for one in (token, first, second))
    assert parent.open
    assert submission(p, parent) is None
    for child in (draft, done):
        assert (child.parent_id, child.open, child.comments) == (parent.id, False, "Welcome")
        assert (child.content_id, child.prefill) == (parent.content_id, {"firstName": "Dear"})
    assert (draft.name, draft.email, done.name, done.email) == ("", None, "Rex", "rex@mail.example")
    assert new_mails(p, 0) == [
        ("rex@mail.example", DESK, "Received: New client – Harbour Street Veterinary Practice"),
        (DESK, "rex@mail.example", "Filled in: New client for Rex"),
    ]
    # What strangers fill in is not mailed to whom they name.
    assert "Rex" not in queued(p)[0].plain + queued(p)[0].subject
    assert submit(p, first, {"firstName": "Anna", "ownerEmail": "not an address"}) == first
    assert new_mails(p, 2) == [(DESK, None, "Filled in: New client")]
    assert [one.parent for one in latest(p)] == [1, 1, None]
    assert sound(p)


def test_a_child_outlives_its_open_link(unlimited):
    token = shared(unlimited.vetcheck, FORM)
    child = save_draft(unlimited, token, {})
    ended(unlimited, token, expires_at=values.now())
    assert opened(unlimited, token) is None
    assert submit(unlimited, child, {}) == child


def test_a_pets_name_of_any_length_fits(unlimited):
    child = save_draft(unlimited, shared(unlimited.vetcheck, FORM), {"petName": " " + "x" * 900})
    assert share_of(unlimited, child).name == "x" * 200


# --- the end of a link ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [{"expires_at": 1}, {"revoked_at": 1}])
@pytest.mark.parametrize("way", [submit, save_draft])
def test_a_link_that_ended_while_a_form_was_filled_in_takes_nothing(unlimited, token, changes, way, monkeypatch):
    found = opened(unlimited, token)
    share = share_of(unlimited, token)
    ended(unlimited, token, **changes)
    assert opened(unlimited, token) is None
    monkeypatch.setattr("tests.dialects.vetcheck.shared.opened", lambda *_: found)
    with pytest.raises(Missing):
        way(unlimited, token, {})
    assert submission(unlimited, share) is None


def test_revoking_is_for_good_and_a_clinics_own_business(fresh_practice):
    p = fresh_practice
    token = shared(p.vetcheck, FORM, BLUEY)
    share = share_of(p, token)
    here, there = (Touching(clinics=(one,)) for one in (MAIN_CLINIC, SECOND_CLINIC))
    with pytest.raises(Missing):
        p.change(there, lambda w: shares.revoke(w, share.number, "1"), clinic_id=SECOND_CLINIC)
    assert opened(p, token) is not None
    gone = p.change(here, lambda w: shares.revoke(w, share.number, "1"))
    assert opened(p, token) is None
    assert (gone.updated_at > share.updated_at, gone.revoked_at is None) == (True, False)
    assert p.change(here, lambda w: shares.revoke(w, share.number, "1")) == gone
    with pytest.raises(Missing):
        p.change(here, lambda w: shares.revoke(w, 77, "77"))
    assert sound(p)


def test_answer_and_mails_are_kept_together_or_not_at_all(fresh_practice, monkeypatch):
    token = shared(fresh_practice.vetcheck, FORM, {"patient": 1756, **BLUEY})
    share, before = share_of(fresh_practice, token), len(queued(fresh_practice))
    records = fresh_practice.vetigen.get("/api/v1/soap/patient/patient_01JABC9XYZK14N7P3Q8TRM2ZDE").json()

    def fail(*_):
        raise RuntimeError("on purpose")

    monkeypatch.setattr(mails, "add", fail)
    with pytest.raises(RuntimeError):
        submit(fresh_practice, token, {"firstName": "A"})
    assert submission(fresh_practice, share) is None
    assert len(queued(fresh_practice)) == before
    assert fresh_practice.vetigen.get("/api/v1/soap/patient/patient_01JABC9XYZK14N7P3Q8TRM2ZDE").json() == records
    monkeypatch.undo()
    submit(fresh_practice, token, {"firstName": "A"})
    kept = submission(fresh_practice, share)
    assert isinstance(kept, Submission)
    assert len(queued(fresh_practice)) == before + 2
