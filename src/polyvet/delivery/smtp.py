# SPDX-License-Identifier: Apache-2.0
"""Sending by SMTP: one connection for all mails that are due together, encrypted and with the server's certificate
verified, unless the settings say that it is a server of one's own network.

What goes wrong before a mail is named is nobody's mail's fault and counts against none: the server is out of reach, its
certificate does not hold, or it refuses the sign-in.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from email import policy
from typing import TYPE_CHECKING

from polyvet.delivery.message import compose, domain
from polyvet.delivery.said import discreet
from polyvet.model import values
from polyvet.model.mails import Ending, Outcome, Outgoing

if TYPE_CHECKING:
    from aiosmtplib import SMTP, SMTPResponseException

CONNECT_S = 20.0  # for all until a mail can be sent: the name, TLS, the sign-in
WHOLE_S = 60.0  # for a mail; servers look for spam before they answer
ALIVE_S = 5.0  # for a connection to show that it still holds
LEAVE_S = 2.0  # to say good-bye, which is a courtesy
STARTTLS, TLS = "starttls", "tls"
_TOO_LARGE = 552
_FAILURES = range(500, 600)


class SmtpSender:
    """The mail client of one process; at most one mail at a time."""

    def __init__(
        self, host: str, port: int, security: str, *, mail_from: str, user: str | None = None,
        password: str | None = None,
    ) -> None:  # fmt: skip
        """Makes no connection yet. `security` is `starttls`, `tls` from the first byte on, or `none`."""
        self._host = host
        self._port = port
        self._security = security
        self._mail_from = mail_from
        self._user = user
        self._password = password
        self._tls: ssl.SSLContext | None = None
        self._smtp: SMTP | None = None

    async def send(self, letter: Outgoing) -> Outcome:
        """Send it once."""
        from aiosmtplib import SMTPException

        recipient = letter.mail.recipient
        if not values.is_email(recipient):
            return Outcome(Ending.REFUSED, reason="the recipient's address is none")
        message = compose(letter, self._mail_from)
        try:
            async with asyncio.timeout(CONNECT_S):
                smtp = await self._connected()
        except TimeoutError:
            return Outcome(Ending.UNREACHED, reason=f"no connection within {CONNECT_S:g} seconds")
        except (SMTPException, OSError, ValueError) as error:  # the last is a host's name that is none
            return _unreached(error)
        if recipient.isascii():
            return await self._transfer(smtp, recipient, message.as_bytes(policy=policy.SMTP), ())
        if not smtp.supports_extension("smtputf8"):
            reason = "the recipient's address is not in ASCII, and the mail server does not offer SMTPUTF8"
            return Outcome(Ending.REFUSED, reason=reason)
        options = ("SMTPUTF8", "BODY=8BITMIME")
        return await self._transfer(smtp, recipient, message.as_bytes(policy=policy.SMTPUTF8), options)

    async def pause(self) -> None:
        """Nothing more is due: let go of the connection."""
        from aiosmtplib import SMTPException

        if self._smtp is None:
            return
        with contextlib.suppress(SMTPException, OSError, TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                await self._smtp.quit()
        self._close()

    async def _connected(self) -> SMTP:
        """The connection, if the server still answers on it, else a new one."""
        from aiosmtplib import SMTP, SMTPException

        if self._smtp is not None:
            try:
                await self._smtp.rset(timeout=ALIVE_S)
            except (SMTPException, OSError):
                self._close()
            else:
                return self._smtp
        smtp = SMTP(
            hostname=self._host, port=self._port, use_tls=self._security == TLS, start_tls=self._security == STARTTLS,
            tls_context=self._verifying(), username=self._user, password=self._password,
            local_hostname=domain(self._mail_from), timeout=WHOLE_S,
        )  # fmt: skip
        try:
            await smtp.connect()
            if smtp.is_ehlo_or_helo_needed:
                await smtp.ehlo()
        except BaseException:
            smtp.close()
            raise
        self._smtp = smtp
        return smtp

    def _verifying(self) -> ssl.SSLContext | None:
        """What verifies the server's certificate by the system's authorities."""
        if self._tls is None and self._security in (STARTTLS, TLS):
            self._tls = ssl.create_default_context()
        return self._tls

    async def _transfer(self, smtp: SMTP, recipient: str, message: bytes, options: tuple[str, ...]) -> Outcome:
        from aiosmtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException

        try:
            async with asyncio.timeout(WHOLE_S):
                await smtp.sendmail(self._mail_from, [recipient], message, mail_options=options)
        except SMTPRecipientsRefused as refused:
            return _answered(refused.recipients[0], "the mail server refuses the recipient")
        except SMTPResponseException as refused:
            return _of_mail(refused)
        except TimeoutError:
            self._close()
            return Outcome(Ending.LATER, reason=f"the mail server did not take the mail within {WHOLE_S:g} seconds")
        except (SMTPException, OSError):
            self._close()
            return Outcome(Ending.LATER, reason="the connection was lost")
        except BaseException:
            self._close()
            raise
        return Outcome(Ending.SENT)

    def _close(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()


def _of_mail(refused: SMTPResponseException) -> Outcome:
    """A refusal of the sender or of what the mail says."""
    from aiosmtplib import SMTPSenderRefused

    if isinstance(refused, SMTPSenderRefused) and refused.code in _FAILURES and refused.code != _TOO_LARGE:
        # Not the mail's fault but a setting's, so that it may yet be mended.
        return Outcome(
            Ending.LATER, refused.code, "the mail server refuses to send from mail_from", discreet(refused.message)
        )
    return _answered(refused, "the mail server refuses the mail")


def _answered(refused: SMTPResponseException, reason: str) -> Outcome:
    ending = Ending.REFUSED if refused.code in _FAILURES else Ending.LATER
    return Outcome(ending, refused.code, reason, discreet(refused.message))


def _unreached(error: Exception) -> Outcome:
    from aiosmtplib import SMTPAuthenticationError, SMTPResponseException

    if isinstance(error, SMTPResponseException):
        refused = isinstance(error, SMTPAuthenticationError)
        reason = "the mail server refuses the sign-in" if refused else "the mail server refuses the connection"
        return Outcome(Ending.UNREACHED, error.code, reason, discreet(error.message))
    return Outcome(Ending.UNREACHED, reason="the mail server cannot be reached", said=discreet(str(error)))
