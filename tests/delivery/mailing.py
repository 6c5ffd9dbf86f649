# SPDX-License-Identifier: Apache-2.0
"""A mail server on a real port, and a store whose clinic sends mails to it."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import msgspec
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from sqlalchemy import select

from polyvet.delivery.mail import MailWorker, Sender
from polyvet.delivery.smtp import SmtpSender
from polyvet.model.library import Mail, MailState, NewMail
from polyvet.storage import mails
from polyvet.storage import tables as t
from polyvet.storage.statement import Statement
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx
from tests.core.stores import World, opened
from tests.delivery.receiving import PATIENCE_S

FROM = "clinic@vet.example"
USER, PASSWORD = "polyvet", "s3cret-Wörd"
QUICK = (0.02,) * 3  # pauses between four attempts
TAKEN, DROP, HANG = "250 OK", "drop", "hang"
_ALL = Statement(select(*(t.mails.c[name] for name in Mail.__struct_fields__)).order_by(t.mails.c.created_at))


class Arrived(msgspec.Struct):
    """A mail as the server has it."""

    sender: str
    recipients: list[str]
    content: bytes
    options: list[str]
    encrypted: bool
    user: bytes | None

    @property
    def message(self) -> EmailMessage:
        """As a mail program reads it."""
        found = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        assert not found.defects
        return found

    def text(self, kind: str = "plain") -> str:
        """The body, as text or as html."""
        body = self.message.get_body((kind,))
        assert body is not None
        text = body.get_content()
        assert isinstance(text, str)
        return text.replace("\r\n", "\n")


Answer = Callable[[str, int], str]  # to the n-th MAIL, RCPT or DATA: TAKEN, DROP, HANG or a refusal


class MailServer:
    """Takes mails, or answers what it is told."""

    def __init__(self, answer: Answer = lambda stage, nth: TAKEN, **more: Any) -> None:
        """`more` are options of aiosmtpd."""
        self.arrived: list[Arrived] = []
        self.asked: Counter[str] = Counter()  # by stage
        self.connections = 0
        self.port = 0
        self._answer = answer
        self._more = {"hostname": "mail.test", **more}
        self._open: list[SMTP] = []
        self._released = asyncio.Event()

    async def _said(self, stage: str, server: SMTP) -> str:
        self.asked[stage] += 1
        answer = self._answer(stage, self.asked[stage])
        if answer == DROP:
            transport: Any = server.transport
            transport.abort()
        elif answer == HANG:
            await self._released.wait()
        return answer

    async def handle_MAIL(  # noqa: N802, aiosmtpd's names
        self, server: SMTP, _: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The sender."""
        answer = await self._said("MAIL", server)
        if answer == TAKEN:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The recipient."""
        answer = await self._said("RCPT", server)
        if answer == TAKEN:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """The mail."""
        answer = await self._said("DATA", server)
        if answer == TAKEN:
            assert isinstance(envelope.content, bytes)
            assert envelope.mail_from is not None
            user = session.auth_data.login if isinstance(session.auth_data, LoginPassword) else None
            self.arrived.append(
                Arrived(
                    envelope.mail_from, list(envelope.rcpt_tos), envelope.content, envelope.mail_options,
                    session.ssl is not None, user,
                )
            )  # fmt: skip
        return answer

    async def __aenter__(self) -> MailServer:
        loop = asyncio.get_running_loop()

        def protocol() -> SMTP:
            self.connections += 1
            made = SMTP(self, loop=loop, **self._more)
            self._open.append(made)
            return made

        self._server = await loop.create_server(protocol, "127.0.0.1", self.port, ssl=self._tls_from_the_start())
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def _tls_from_the_start(self) -> ssl.SSLContext | None:
        context: ssl.SSLContext | None = self._more.pop("from_the_start", None)
        return context

    async def __aexit__(self, *_: object) -> None:
        self._released.set()
        self._server.close()
        for one in self._open:
            transport: Any = one.transport
            if transport is not None:
                transport.abort()
        tasks = [one._handler_coroutine for one in self._open if one._handler_coroutine is not None]
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        await asyncio.sleep(0)


def signs_in(_: SMTP, __: Session, ___: Envelope, mechanism: str, given: LoginPassword) -> AuthResult:
    """Only the right user with the right password."""
    right = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=right, auth_data=given)


class Mailing(World):
    """A world whose clinic writes to people."""

    @property
    def clinic(self) -> int:
        """The first clinic."""
        return self.clinics[0]

    async def mail(self, recipient: str = "ada@owner.example", **more: Any) -> None:
        """Queue a mail."""
        said = {"subject": "Hello", "plain": "Text", "html": "<p>Html</p>"}
        new = NewMail(clinic_id=self.clinic, recipient=recipient, **{**said, **more})

        async def work(tx: Tx) -> None:
            mails.add(tx, new)

        await self.store.write(Touching(), work)

    async def queue(self) -> list[Mail]:
        """All mails, the oldest first."""
        return await queued(self.store)

    async def settled(self, count: int = 1) -> list[Mail]:
        """All mails, once there are so many and none is queued."""
        return await settled(self.store, count)


async def queued(store: Store) -> list[Mail]:
    """All mails of a store, the oldest first."""
    return [Mail(*row) for row in await store.reader.fetch(_ALL)]


async def settled(store: Store, count: int = 1) -> list[Mail]:
    """All mails of a store, once there are so many and none is queued."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = await queued(store)
        if len(found) >= count and all(one.state != MailState.QUEUED for one in found):
            return found
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.01)


@asynccontextmanager
async def mailing(url: str, clinic_count: int = 1) -> AsyncIterator[Mailing]:
    """A store whose schema is there."""
    async with opened(url, clinic_count) as world:
        yield Mailing(world.store, world.clinics)


def sender_to(server: MailServer, **more: Any) -> SmtpSender:
    """A sender to the server."""
    host, security = more.pop("host", "127.0.0.1"), more.pop("security", "none")
    return SmtpSender(host, server.port, security, **{"mail_from": FROM, **more})


@asynccontextmanager
async def sending(world: World, sender: Sender | MailServer | None, **more: Any) -> AsyncIterator[MailWorker]:
    """A worker that runs until the block ends."""
    if isinstance(sender, MailServer):
        sender = sender_to(sender)
    worker = MailWorker(world.store, sender, **{"pauses": QUICK, **more})
    running = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        await worker.stop()
        await running
