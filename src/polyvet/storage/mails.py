# SPDX-License-Identifier: Apache-2.0
"""The queue of mails.

Who is about to send one takes a lease: it moves `next_at`, when the mail is due, to the lease's end. So a mail whose
sender died comes again by itself. What was sent or has failed for good keeps its subject and recipient and nothing of
what it said, since that may have held a link that lets its holder in.
"""

from __future__ import annotations

from sqlalchemy import delete, literal_column, null, select, update

from polyvet.model import values
from polyvet.model.library import Mail, MailState, NewMail
from polyvet.model.mails import Outgoing
from polyvet.storage.statement import Statement, inserting, p
from polyvet.storage.store import Reader
from polyvet.storage.tables import ID, INSTANT, clinics, mails
from polyvet.storage.writing import Tx

m = mails.c
_COLUMNS = tuple(m[name] for name in Mail.__struct_fields__)
_ADD = inserting(mails, " ".join(Mail.__struct_fields__), rank=60)
_OLDEST = Statement(select(m.next_at).where(m.next_at.is_not(None)).order_by(m.next_at).limit(literal_column("1")))
_FIRST = Statement(select(m.id).order_by(m.id).limit(literal_column("1")))
_CLINIC = Statement(select(clinics.c.name, clinics.c.email).where(clinics.c.id == p("clinic")), "clinic")
_next_due = select(m.id).where(m.next_at <= p("now", INSTANT)).order_by(m.next_at).limit(literal_column("1"))
_claim = update(mails).values(next_at=p("lease"), leased_until=p("lease")).returning(*_COLUMNS)
_CLAIM = Statement(
    _claim.where(m.id.in_(_next_due)),
    "now lease",
    # Another process that claims at the same moment takes the next one.
    postgresql=_claim.where(m.id.in_(select(_next_due.with_for_update(skip_locked=True).cte("due").c.id))),
)
_SETTLE = Statement(
    update(mails)
    .where(m.id == p("mail"), m.leased_until == p("lease"))
    .values(
        state=p("new_state"), attempts=p("new_attempts"), next_at=p("new_next"), leased_until=null(),
        last_error=p("new_error"), sent_at=p("new_sent"), plain=p("new_plain"), html=p("new_html"),
    )
    .returning(m.id),
    "new_state new_attempts new_next new_error new_sent new_plain new_html mail lease",
)  # fmt: skip
_old = select(m.id).where(m.id < p("before", ID)).order_by(m.id).limit(p("most"))
_remove = delete(mails).returning(m.state)
_REMOVE = Statement(
    _remove.where(m.id.in_(_old)),
    "before most",
    postgresql=_remove.where(m.id.in_(select(_old.with_for_update(skip_locked=True).cte("old").c.id))),
)


def add(tx: Tx, new: NewMail) -> None:
    """Queue a mail: it is sent once the transaction is durable."""
    now = values.now()
    tx.write(
        _ADD, values.new_id(now), new.clinic_id, new.recipient, new.reply_to, new.subject, new.plain, new.html,
        str(MailState.QUEUED), 0, now, None, None, now, None,
    )  # fmt: skip


# --- the worker's ---------------------------------------------------------------------------------------------


async def oldest_due(reader: Reader) -> int | None:
    """When the mail that is due first is or was due."""
    row = await reader.fetch_one(_OLDEST)
    return None if row is None else row[0]


async def first_id(reader: Reader) -> bytes | None:
    """The oldest mail's id."""
    row = await reader.fetch_one(_FIRST)
    return None if row is None else bytes(row[0])


async def claim(tx: Tx, now: int, lease: int) -> Outgoing | None:
    """Lease the mail that has been due for longest until `lease`; no one else is given it before. None if none is
    due."""
    row = await tx.fetch_one(_CLAIM, now, lease)
    if row is None:
        return None
    mail = Mail(*row)
    name, email = await tx.fetch_one(_CLINIC, mail.clinic_id)
    return Outgoing(mail, name, mail.reply_to or email)


async def settle(tx: Tx, leased: Mail, after: Mail) -> bool:
    """Write what came of an attempt and end its lease; only a mail that is still queued keeps its texts. False when
    the lease is somebody else's by now, or the mail is gone: then nothing is written."""
    plain, html = (after.plain, after.html) if after.state == MailState.QUEUED else ("", "")
    row = await tx.fetch_one(
        _SETTLE, after.state, after.attempts, after.next_at, after.last_error, after.sent_at, plain, html, leased.id,
        leased.leased_until,
    )  # fmt: skip
    return row is not None


async def remove_before(tx: Tx, before: bytes, most: int) -> list[str]:
    """Take some of the mails away whose ids, which begin with their time, are less than `before`; gives their
    states."""
    return [row[0] for row in await tx.fetch(_REMOVE, before, most)]
