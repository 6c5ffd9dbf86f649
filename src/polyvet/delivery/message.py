# SPDX-License-Identifier: Apache-2.0
"""A mail as it is written on the wire: text and html side by side, from the clinic and never from somebody else."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from polyvet.model import values
from polyvet.model.mails import Outgoing

_ROOM = 64  # characters that fit into a line of a header, whatever else stands there
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def domain(address: str) -> str:
    """What a log may say of an address."""
    return address.rpartition("@")[2]


def compose(letter: Outgoing, mail_from: str) -> EmailMessage:
    """The message to a recipient whose address is one. It is the same for each attempt, so that receivers can tell
    repeats by the Message-ID."""
    mail = letter.mail
    message = EmailMessage(policy=SMTP)
    message.set_raw("From", _sender(_one_line(letter.clinic), mail_from))
    message["To"] = _address(mail.recipient)
    reply_to = letter.reply_to
    # An address in another alphabet needs a server that takes such, as the recipient's may.
    if reply_to is not None and values.is_email(reply_to) and (reply_to.isascii() or not mail.recipient.isascii()):
        message["Reply-To"] = _address(reply_to)
    message["Subject"] = _one_line(mail.subject)
    message["Date"] = format_datetime(datetime.fromtimestamp(mail.created_at // values.MICROSECONDS, UTC))
    message["Message-ID"] = f"<{values.to_crockford(mail.id)}@{domain(mail_from)}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answer of a machine is wanted
    message.set_content(mail.plain, cte="quoted-printable")
    if mail.html:
        message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    return message


def _address(address: str) -> Address:
    local, _, host = address.rpartition("@")
    return Address("", local, host)


def _sender(name: str, address: str) -> str:
    """The header's text, in lines that nobody folds again: the library that would loses the quotes of a long name, so
    that a clinic whose name holds a comma would write from addresses of others."""
    if not name or len(address) > _ROOM:
        return address
    shown = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if not name.isascii() or len(shown) > _ROOM:
        shown = Header(name, "utf-8", header_name="From").encode(linesep="\r\n")
    return f"{shown}\r\n <{address}>"


def _one_line(text: str) -> str:
    """Text that ends no header and poses as no encoded word."""
    return " ".join(_CONTROLS.sub(" ", text).split()).replace("=?", "= ?")
