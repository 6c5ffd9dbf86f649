# SPDX-License-Identifier: Apache-2.0
"""Mail servers as they are: encrypted, with a sign-in, of other alphabets, out of reach; and what the log says."""

from __future__ import annotations

import asyncio
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from polyvet.delivery import smtp
from polyvet.model.library import MailState
from tests.core.stores import run
from tests.delivery.certificates import AUTHORITY, certificate
from tests.delivery.mailing import (
    HANG,
    PASSWORD,
    TAKEN,
    USER,
    Mailing,
    MailServer,
    mailing,
    sender_to,
    sending,
    signs_in,
)
from tests.delivery.receiving import PATIENCE_S, eventually


@pytest.fixture
def url(sqlite_template: Path, tmp_path: Path) -> str:
    """A store; what servers do is the same on both engines."""
    (tmp_path / "polyvet.db").write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{tmp_path}/polyvet.db"


@pytest.fixture
def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's certificate of an authority that the machine trusts, as an administrator can make it."""
    context = certificate(tmp_path, for_host="127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / AUTHORITY))
    return context


async def _one(url: str, server: MailServer, **more: object) -> tuple[str, str | None]:
    """What becomes of one mail."""
    async with mailing(url) as world, sending(world, sender_to(server, **more)):
        await world.mail()
        [mail] = await world.settled()
        return mail.state, mail.last_error


async def _waiting(world: Mailing, reason: str) -> None:
    """Until the mail is known to wait for the reason; it costs no attempt."""
    deadline = time.monotonic() + PATIENCE_S
    [mail] = await world.queue()
    while reason not in (mail.last_error or "") or mail.leased_until is not None:
        assert time.monotonic() < deadline, mail
        await asyncio.sleep(0.01)
        [mail] = await world.queue()
    assert (mail.state, mail.attempts) == (MailState.QUEUED, 0)


def test_it_signs_in_over_starttls(url: str, certified: ssl.SSLContext) -> None:
    async def test() -> None:
        signing_in: dict[str, Any] = {"auth_required": True, "authenticator": signs_in}
        async with MailServer(tls_context=certified, require_starttls=True, **signing_in) as server:
            done = await _one(url, server, security="starttls", user=USER, password=PASSWORD)
        assert done == (MailState.SENT, None)
        [got] = server.arrived
        assert (got.encrypted, got.user) == (True, USER.encode())

    run(test())


def test_it_speaks_tls_from_the_start(url: str, certified: ssl.SSLContext) -> None:
    async def test() -> None:
        async with MailServer(from_the_start=certified) as server:
            assert await _one(url, server, security="tls") == (MailState.SENT, None)
        assert len(server.arrived) == 1

    run(test())


def test_a_certificate_that_nobody_vouches_for_gets_no_mail(url: str, tmp_path: Path) -> None:
    async def test() -> None:
        for security, option in (("starttls", "tls_context"), ("tls", "from_the_start")):
            context = certificate(tmp_path, for_host="127.0.0.1")
            taking: dict[str, Any] = {option: context}
            async with MailServer(**taking) as server, mailing(url) as world:
                if not await world.queue():
                    await world.mail()
                async with sending(world, sender_to(server, security=security)):
                    await _waiting(world, "the mail server cannot be reached: ")
                    [mail] = await world.queue()
                    assert "certificate verify failed" in (mail.last_error or "")
            assert server.asked.total() == 0

    run(test())


def test_a_certificate_of_another_host_gets_no_mail(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = certificate(tmp_path, for_host="127.0.0.2")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / AUTHORITY))

    async def test() -> None:
        async with MailServer(tls_context=context) as server, mailing(url) as world:
            await world.mail()
            async with sending(world, sender_to(server, security="starttls")):
                await _waiting(world, "certificate verify failed")
        assert server.asked.total() == 0

    run(test())


def test_a_server_without_starttls_gets_no_mail_where_it_is_asked_for(url: str) -> None:
    async def test() -> None:
        async with MailServer() as server, mailing(url) as world:
            await world.mail()
            async with sending(world, sender_to(server, security="starttls")):
                await _waiting(world, "STARTTLS")
        assert server.asked.total() == 0

    run(test())


def test_a_wrong_password_costs_no_attempt_and_is_not_told(url: str, certified: ssl.SSLContext) -> None:
    options: dict[str, Any] = {"tls_context": certified, "auth_required": True, "authenticator": signs_in}

    async def test() -> None:
        async with MailServer(**options) as server, mailing(url) as world:
            await world.mail()
            async with sending(world, sender_to(server, security="starttls", user=USER, password="wrong-Wörd")):
                await _waiting(world, "the mail server refuses the sign-in: 535")
            # Once it is mended, the mail goes.
            async with sending(world, sender_to(server, security="starttls", user=USER, password=PASSWORD)):
                [mail] = await world.settled()
            assert (mail.state, mail.attempts) == (MailState.SENT, 1)

    with capture_logs() as lines:
        run(test())
    assert [line["outcome"] for line in lines][-2:] == ["unreached", "sent"]
    assert "wrong" not in repr(lines)
    assert PASSWORD not in repr(lines)


def test_a_server_that_is_gone_is_found_when_it_is_back(url: str) -> None:
    async def test() -> None:
        async with MailServer() as server:
            pass
        async with mailing(url) as world:
            for n in range(3):
                await world.mail(subject=str(n))
            async with sending(world, sender_to(server)):
                await asyncio.sleep(0.1)
                assert {(one.state, one.attempts) for one in await world.queue()} == {("queued", 0)}
                async with server:
                    await world.settled(3)
            assert [got.message["Subject"] for got in server.arrived] == ["0", "1", "2"]

    run(test())


def test_a_server_that_says_nothing_or_is_no_host_is_out_of_reach(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "CONNECT_S", 0.2)

    async def test() -> None:
        accepted = []
        silent = await asyncio.start_server(lambda _, writer: accepted.append(writer), "127.0.0.1", 0)
        server = MailServer()
        server.port = silent.sockets[0].getsockname()[1]
        async with mailing(url) as world:
            await world.mail()
            async with sending(world, sender_to(server)):
                await _waiting(world, "no connection within 0.2 seconds")
        for writer in accepted:
            writer.close()
            await writer.wait_closed()
        silent.close()
        await silent.wait_closed()

    run(test())

    async def unknown() -> None:
        async with mailing(url) as world, sending(world, sender_to(MailServer(), host=f"{'a' * 64}.test")):
            await _waiting(world, "the mail server cannot be reached")

    monkeypatch.setattr(smtp, "CONNECT_S", 5.0)
    run(unknown())


def test_addresses_of_other_alphabets_go_where_the_server_takes_them(url: str) -> None:
    async def test() -> None:
        for knows in (True, False):
            async with MailServer(enable_SMTPUTF8=knows) as server, mailing(url) as world, sending(world, server):
                count = len(await world.queue())
                await world.mail(
                    "jürgen@bücher.example", subject="Für Jürgen", plain="Grüße 🐶", reply_to="ü@x.example"
                )
                await world.mail("ada@owner.example", reply_to="ü@x.example")
                first, second = (await world.settled(count + 2))[-2:]
            assert second.state == MailState.SENT
            assert server.arrived[-1].message["Reply-To"] is None
            if knows:
                assert first.state == MailState.SENT
                got = server.arrived[0]
                assert got.recipients == ["jürgen@bücher.example"]
                assert {"SMTPUTF8", "BODY=8BITMIME"} <= set(got.options)
                assert "To: jürgen@bücher.example".encode() in got.content
                assert got.message["Reply-To"] == "ü@x.example"
                assert got.message["Subject"] == "Für Jürgen"
                assert got.text() == "Grüße 🐶\n"
            else:
                assert (first.state, first.attempts) == (MailState.FAILED, 1)
                assert "SMTPUTF8" in (first.last_error or "")
                assert len(server.arrived) == 1

    run(test())


def test_the_log_names_the_domain_and_nothing_that_a_mail_says(url: str) -> None:
    secrets = ("ada", "tiny.example/s/token", "Boncuk", "Çiğdem")

    def answer(stage: str, nth: int) -> str:
        if stage == "RCPT" and nth == 2:
            return "451 4.7.1 <ada@owner.example>: ada is greylisted"
        return "554 5.7.1 no tiny.example/s/token, Boncuk" if stage == "DATA" and nth == 2 else TAKEN

    async def test() -> None:
        async with MailServer(answer) as server, mailing(url) as world, sending(world, server):
            for _ in range(2):
                await world.mail(subject="Boncuk", plain="https://tiny.example/s/token", html="Çiğdem")
                await world.settled()

    with capture_logs() as lines:
        run(test())
    assert [(line["event"], line["outcome"], line["status"], line["domain"]) for line in lines] == [
        ("mail", "sent", None, "owner.example"),
        ("mail", "retried", 451, "owner.example"),
        ("mail", "failed", 554, "owner.example"),
    ]
    for secret in secrets:
        assert secret not in repr(lines)


def test_a_hanging_server_holds_up_no_chore(url: str) -> None:
    done: list[float] = []

    async def chore() -> None:
        done.append(time.monotonic())

    async def test() -> None:
        hanging = lambda stage, nth: HANG if stage == "DATA" and nth == 1 else TAKEN  # noqa: E731
        async with MailServer(hanging) as server, mailing(url) as world:
            await world.mail()
            async with sending(world, server, chores=(chore,)) as worker:
                await eventually(lambda: server.asked["DATA"] == 1 and len(done) == 1)
                worker._chores_at = 0.0
                await eventually(lambda: len(done) == 2)
                server._released.set()

    run(test())
