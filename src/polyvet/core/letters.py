# SPDX-License-Identifier: Apache-2.0
"""The mails that tell of shares: to the owner with the link, and to owner and clinic once a form was submitted."""

from __future__ import annotations

from html import escape

import msgspec

from polyvet.model import values
from polyvet.model.entities import Clinic
from polyvet.model.library import Content, ContentKind, NewMail, Share


class Letter(msgspec.Struct, frozen=True):
    """What a mail says: paragraphs of plain text, and a link, if there is one, that stands between two of them."""

    subject: str
    before: tuple[str, ...]
    link: str | None = None
    after: tuple[str, ...] = ()

    def mail(self, clinic_id: int, recipient: str, reply_to: str | None) -> NewMail:
        """The letter as a mail; its text and its html say the same."""
        links = () if self.link is None else (self.link,)
        plain = "\n\n".join((*self.before, *links, *self.after)) + "\n"
        link = "" if self.link is None else escape(self.link)
        anchors = [f'<p><a href="{link}">{link}</a></p>'] if link else []
        parts = (*map(_paragraph, self.before), *anchors, *map(_paragraph, self.after))
        return NewMail(
            clinic_id=clinic_id,
            recipient=recipient,
            reply_to=reply_to,
            subject=" ".join(self.subject.split()),  # a header is one line
            plain=plain,
            html="\n".join(parts) + "\n",
        )


def _paragraph(text: str) -> str:
    return f"<p>{escape(text).replace(chr(10), '<br>')}</p>"


def written_out(instant: int, timezone: str) -> str:
    """A point in time for a reader at the clinic: `Thursday, 21 May 2026, 14:30 (Europe/Helsinki)`."""
    return f"{day(instant, timezone)}, {values.local(instant, timezone):%H:%M} ({timezone})"


def day(instant: int, timezone: str) -> str:
    """The clinic's day of a point in time: `Thursday, 21 May 2026`."""
    moment = values.local(instant, timezone)
    return f"{moment:%A}, {moment.day} {moment:%B} {moment.year}"


def sharing(clinic: Clinic, share: Share, content: Content, link: str) -> Letter:
    """To the owner, when something is shared."""
    form = content.kind == ContentKind.FORM
    asks = "asks you to fill in" if form else "has something for you to read:"
    before = ["Hello,", f"{clinic.name} {asks} “{content.title}”{_of(share)}."]
    if share.comments:
        before.append(share.comments)
    if share.special_instructions:
        before.append(f"Special instructions:\n{share.special_instructions}")
    if share.next_appointment is not None:
        before.append(f"Next appointment: {written_out(share.next_appointment, clinic.timezone)}")
    before.append("Fill it in here:" if form else "Read it here:")
    until = day(share.expires_at, clinic.timezone)
    after = f"The link works until {until}. Whoever has it sees what it shows, so keep it to yourself."
    return Letter(f"{content.title}{_of(share)} – {clinic.name}", tuple(before), link, (after,))


def received(clinic: Clinic, share: Share, content: Content, link: str) -> Letter:
    """To the owner, once the form was submitted. It says nothing that was filled in: through an open link anybody may
    have named this address."""
    pet = _of(share) if share.parent_id is None else ""
    before = (
        "Thank you,",
        f"{clinic.name} has received “{content.title}”{pet}.",
        "What was filled in can be read here:",
    )
    after = f"The link works until {day(share.expires_at, clinic.timezone)}. If you did not fill in this form, tell us."
    return Letter(f"Received: {content.title} – {clinic.name}", before, link, (after,))


def submitted(share: Share, content: Content, text: str, link: str) -> Letter:
    """To the clinic, once a form was submitted; `text` are the answers."""
    who = f"The link was mailed to {share.email}." if share.email and share.parent_id is None else ""
    before = [f"“{content.title}”{_of(share)} was filled in.", who, text, "It can be read here:"]
    return Letter(f"Filled in: {content.title}{_of(share)}", tuple(part for part in before if part), link)


def _of(share: Share) -> str:
    """For whom, where that is known."""
    return f" for {share.name}" if share.name else ""
