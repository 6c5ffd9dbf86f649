# SPDX-License-Identifier: Apache-2.0
"""The queue of mails."""

from __future__ import annotations

from polyvet.model import values
from polyvet.model.library import Mail, MailState, NewMail
from polyvet.storage.statement import inserting
from polyvet.storage.tables import mails
from polyvet.storage.writing import Tx

m = mails.c
_ADD = inserting(mails, " ".join(Mail.__struct_fields__), rank=60)


def add(tx: Tx, new: NewMail) -> None:
    """Queue a mail: it is sent once the transaction is durable."""
    now = values.now()
    tx.write(
        _ADD, values.new_id(now), new.clinic_id, new.recipient, new.reply_to, new.subject, new.plain, new.html,
        str(MailState.QUEUED), 0, now, None, None, now, None,
    )  # fmt: skip
