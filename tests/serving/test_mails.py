# SPDX-License-Identifier: Apache-2.0
"""Mails of real processes: sent by the settings, waiting without them, and sent again by who comes after one that was
killed."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from polyvet.model.library import MailState, NewMail
from polyvet.storage import mails
from polyvet.storage.store import Store, open_store
from polyvet.storage.writing import Touching, Tx
from tests.core.stores import run
from tests.delivery.certificates import AUTHORITY, certificate
from tests.delivery.mailing import FROM, HANG, PASSWORD, TAKEN, USER, MailServer, queued, settled, signs_in
from tests.delivery.receiving import eventually
from tests.faults.test_kill_webhooks import Delivering
from tests.serving.conftest import Practice
from tests.serving.running import Running, polyvet
from tests.storage.test_migrate import execute


@asynccontextmanager
async def _store(made: Practice) -> AsyncIterator[Store]:
    store = await open_store(made.url)
    try:
        yield store
    finally:
        await store.close()


async def _queue(made: Practice, subject: str = "Hello") -> None:
    new = NewMail(clinic_id=made.clinic, recipient="ada@owner.example", subject=subject, plain="Text", html="<p>x</p>")

    async def work(tx: Tx) -> None:
        mails.add(tx, new)

    async with _store(made) as store:
        await store.write(Touching(), work)


async def _states(made: Practice) -> list[tuple[str, int]]:
    async with _store(made) as store:
        return [(one.state, one.attempts) for one in await queued(store)]


def _settings(server: MailServer) -> dict[str, str]:
    return {
        "POLYVET_SMTP_HOST": "127.0.0.1", "POLYVET_SMTP_PORT": str(server.port), "POLYVET_SMTP_SECURITY": "none",
        "POLYVET_MAIL_FROM": FROM, "POLYVET_PUBLIC_URL": "https://vet.example",
    }  # fmt: skip


def test_mails_wait_until_a_process_has_a_server_to_send_by(
    migrated_url: str, practice: Callable[..., Practice]
) -> None:
    made = practice(migrated_url)
    with Running(made.folder, *made.arguments, "--workers", "2") as server:
        run(_queue(made))
    assert server.log.read_text().count('"event":"mails wait"') == 1
    told = polyvet("check", *made.arguments, "--data", made.folder)
    assert told.returncode == 0
    assert "info: 1 mail waits to be sent, the oldest since 20" in told.stdout

    async def test() -> None:
        assert await _states(made) == [(MailState.QUEUED, 0)]
        async with MailServer() as mail_server:
            delivering = await asyncio.to_thread(Delivering, made, _settings(mail_server))
            async with _store(made) as store:
                await settled(store)
            await asyncio.to_thread(delivering.__exit__)
        assert await _states(made) == [(MailState.SENT, 1)]
        assert mail_server.arrived[0].message["From"] == f"Clinic 0 <{FROM}>"

    run(test())
    assert "wait" not in polyvet("check", *made.arguments, "--data", made.folder).stdout


def test_a_mail_whose_server_was_killed_while_it_sent_comes_again(
    migrated_url: str, practice: Callable[..., Practice], tmp_path: Path
) -> None:
    made = practice(migrated_url)
    encrypted = certificate(tmp_path, for_host="127.0.0.1")
    signing_in: dict[str, Any] = {"auth_required": True, "authenticator": signs_in}
    signed_in = {
        "POLYVET_SMTP_SECURITY": "starttls", "POLYVET_SMTP_USER": USER, "POLYVET_SMTP_PASSWORD": PASSWORD,
        "SSL_CERT_FILE": str(tmp_path / AUTHORITY),
    }  # fmt: skip

    async def test() -> None:
        hanging = lambda stage, nth: HANG if stage == "DATA" and nth == 1 else TAKEN  # noqa: E731
        async with MailServer(hanging, tls_context=encrypted, **signing_in) as mail_server:
            await _queue(made)

            def serve(workers: int) -> Running:
                return Running(made.folder, *made.arguments, "--workers", workers, **_settings(mail_server) | signed_in)

            server = await asyncio.to_thread(serve, 1)
            await eventually(lambda: mail_server.asked["DATA"] == 1)
            assert await asyncio.to_thread(server.stop, signal.SIGKILL) == -signal.SIGKILL
            assert await _states(made) == [(MailState.QUEUED, 0)]
            # As if the lease had ended, which takes two minutes.
            await execute(made.url, "UPDATE mails SET next_at = 1, leased_until = 1")
            server = await asyncio.to_thread(serve, 2)
            await eventually(lambda: len(mail_server.arrived) == 1)
            for n in range(8):
                await _queue(made, f"No. {n}")
            async with _store(made) as store:
                await settled(store, 9)
            assert await asyncio.to_thread(server.stop) == 0
            assert "mails wait" not in server.log.read_text()
        assert await _states(made) == [(MailState.SENT, 1)] * 9
        assert all(got.encrypted and got.user == USER.encode() for got in mail_server.arrived)
        assert {got.message["Subject"] for got in mail_server.arrived} == {"Hello", *(f"No. {n}" for n in range(8))}

    run(test())
