# SPDX-License-Identifier: Apache-2.0
"""The mails' worker against a real mail server: what arrives is what was queued, and each mail comes once."""

from __future__ import annotations

import asyncio
import re
from email.header import decode_header, make_header

import pytest
from prometheus_client import CollectorRegistry

from polyvet.delivery import smtp
from polyvet.model import values
from polyvet.model.library import Mail, MailState
from tests.core.stores import run
from tests.delivery.mailing import (
    DROP,
    FROM,
    HANG,
    TAKEN,
    Arrived,
    MailServer,
    mailing,
    sending,
)
from tests.delivery.receiving import eventually, sound
from tests.storage.test_migrate import execute

TEXTS = {
    "umlauts": "Grüße aus Köln – Çiğdem’s Şaşkın\n",
    "emoji": "🐶🐱👩‍⚕️ 🐇\n\n🐎",
    "one long line": "long " * 1_000 + "end",
    "a long word": "https://vet.example/s/" + "x" * 2_000,
    "dots": ".\n..\n.hidden\n...\nend.\n.",
    "from": "From the clinic\n>From\nFrom: nobody@x.example\n\nSubject: none",
    "ends of lines": "one\ntwo\n\n\nthree \nfour\t\n  five = six =20 =\n",
    "nothing": "",
}


def lines(text: str) -> list[str]:
    """A text's lines, without those at its end that say nothing."""
    return text.rstrip("\n").split("\n")


def test_what_arrives_is_what_was_queued(migrated_url: str) -> None:
    subject = "Für Boncuk 🐶: " + "lang und länger " * 12

    async def test() -> None:
        async with mailing(migrated_url) as world, MailServer() as server, sending(world, server):
            for text in TEXTS.values():
                await world.mail(subject=subject, plain=text, html=f"<p>{text}</p>")
            found = await world.settled(len(TEXTS))
        for text, got, mail in zip(TEXTS.values(), server.arrived, found, strict=True):
            as_queued(got, mail, text)
            assert got.message["Subject"] == subject.strip()

    run(test())


def as_queued(got: Arrived, mail: Mail, text: str) -> None:
    """Fails where the mail that came differs from the text that was queued."""
    assert (got.sender, got.recipients) == (FROM, ["ada@owner.example"])
    assert lines(got.text()) == lines(text)
    assert lines(got.text("html")) == lines(f"<p>{text}</p>")
    assert max(map(len, got.content.split(b"\r\n"))) <= 78
    assert got.content.isascii()
    head = got.message
    assert head.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in head.iter_parts()] == ["text/plain", "text/html"]
    assert (head["From"], head["To"]) == (f"Clinic 0 <{FROM}>", "ada@owner.example")
    assert head["Message-ID"] == f"<{values.to_crockford(mail.id)}@vet.example>"
    assert head["Auto-Submitted"] == "auto-generated"
    assert head["Date"].datetime.timestamp() == mail.created_at // values.MICROSECONDS
    assert head["Reply-To"] is None


def test_what_was_sent_keeps_nothing_of_what_it_said(migrated_url: str) -> None:
    async def test() -> None:
        async with mailing(migrated_url) as world, MailServer() as server, sending(world, server) as worker:
            await world.mail(plain="https://vet.example/s/token", html="<a href='https://vet.example/s/token'>x</a>")
            [mail] = await world.settled()
            assert (mail.plain, mail.html, mail.subject, mail.recipient) == ("", "", "Hello", "ada@owner.example")
            assert (mail.state, mail.attempts, mail.next_at, mail.leased_until) == (MailState.SENT, 1, None, None)
            assert mail.sent_at is not None
            assert mail.last_error is None
            registry = CollectorRegistry()
            registry.register(worker.metrics)
            await eventually(lambda: registry.get_sample_value("polyvet_mail_queue_age_seconds") == 0)
            assert registry.get_sample_value("polyvet_mail_attempts_total", {"outcome": "sent"}) == 1
        await sound(migrated_url)

    run(test())


def test_answers_go_to_the_clinic_unless_the_mail_says_where_else(migrated_url: str) -> None:
    async def test() -> None:
        async with mailing(migrated_url) as world:
            await execute(migrated_url, "UPDATE clinics SET email = 'desk@praxis.example', name = 'Praxis Müller, Öhr'")
            async with MailServer() as server, sending(world, server):
                await world.mail()
                await world.mail(reply_to="vet@praxis.example")
                await world.mail(reply_to="no address at all")
                await world.settled(3)
        assert [got.message["Reply-To"] for got in server.arrived] == [
            "desk@praxis.example", "vet@praxis.example", None,
        ]  # fmt: skip
        for got in server.arrived:
            [sender] = got.message["From"].addresses
            assert (sender.display_name, sender.addr_spec) == ("Praxis Müller, Öhr", FROM)

    run(test())


@pytest.mark.parametrize(
    "name",
    [
        "Praxis\r\nBcc: eve@evil.example", "Praxis\nSubject: Hi\n\nbody", 'Dr. "Rex" <eve@evil.example>, Ada',
        "Praxis\u2028Bcc: eve@evil.example", "a\\b\\", "=?utf-8?q?=0ABcc=3A_eve?=", "", "Ü" * 100,
        "Kleintierpraxis mit sehr langem Namen und vielen Ümläuten, Zweigstelle Süd-Ost (Öhringen) 🐶🐱",
        f"eve@evil.example, {'x' * 90}", f"{'Clinic ' * 5}, eve@evil.example, {'Clinic ' * 8}", f":{'x' * 90} é",
        f".{'x' * 90} é", f'"{"x" * 62}', '"' * 100,
    ],
)  # fmt: skip
def test_a_name_adds_no_header_and_changes_no_address(tmp_path, sqlite_template, name: str) -> None:
    async def test() -> None:
        path = tmp_path / "polyvet.db"
        path.write_bytes(sqlite_template.read_bytes())
        url = f"sqlite:///{path}"
        async with mailing(url) as world:
            quoted = name.replace("'", "''")
            await execute(url, f"UPDATE clinics SET name = '{quoted}'")  # noqa: S608, a name of our own
            async with MailServer() as server, sending(world, server):
                await world.mail(subject=name)
                await world.settled()
        [got] = server.arrived
        head = got.message
        names = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
        assert head.keys() == names
        assert [one.addr_spec for one in head["From"].addresses] == [FROM]
        assert got.recipients == ["ada@owner.example"]
        shown = " ".join(name.replace("=?", "= ?").split())
        assert head["Subject"] == shown
        # Not the parsed header: Python's parser puts blanks between a long name's encoded words.
        written = got.content.partition(b"To: ")[0].decode().replace("\r\n", "")
        assert shown in re.sub(r"\\(.)", r"\1", str(make_header(decode_header(written))))

    run(test())


@pytest.mark.parametrize(
    "recipient",
    [
        "ada@owner.example\r\nRCPT TO:<eve@evil.example>", "ada@owner.example, eve@evil.example",
        "Ada <ada@owner.example>", "ada@owner.example> SIZE=1 <x@y", "ada", "", "@", "a b@owner.example",
        "a@b@owner.example", '"a b"@owner.example', "ada@owner.example (Ada)", "ada@owner.example\n",
    ],
)  # fmt: skip
def test_who_is_no_address_is_not_written_to(tmp_path, sqlite_template, recipient: str) -> None:
    async def test() -> None:
        path = tmp_path / "polyvet.db"
        path.write_bytes(sqlite_template.read_bytes())
        async with mailing(f"sqlite:///{path}") as world, MailServer() as server, sending(world, server):
            await world.mail(recipient)
            [mail] = await world.settled()
        assert (mail.state, mail.last_error) == (MailState.FAILED, "the recipient's address is none")
        assert server.connections == 0

    run(test())


def test_a_refusal_for_good_is_tried_once_and_keeps_no_text(migrated_url: str) -> None:
    refusals = {
        "RCPT": ("550 5.1.1 <ada@owner.example>: no such user", "the recipient"),
        "DATA": ("554 5.7.1 no to https://vet.example/s/token here", "the mail"),
    }

    async def test() -> None:
        async with mailing(migrated_url) as world:
            for stage, (refusal, whom) in refusals.items():
                answer = lambda asked, _, stage=stage, refusal=refusal: refusal if asked == stage else TAKEN  # noqa: E731
                async with MailServer(answer) as server, sending(world, server):
                    await world.mail()
                    mail = (await world.settled())[-1]
                assert (mail.state, mail.attempts, mail.next_at) == (MailState.FAILED, 1, None)
                assert (mail.plain, mail.html, mail.subject) == ("", "", "Hello")
                assert mail.last_error is not None
                assert mail.last_error.startswith(f"the mail server refuses {whom}: {refusal[:3]} 5.")
                assert "ada" not in mail.last_error
                assert "token" not in mail.last_error
                assert server.asked[stage] == 1
                assert server.arrived == []
        await sound(migrated_url)

    run(test())


def test_what_fails_for_now_is_tried_again_and_comes_once(migrated_url: str) -> None:
    async def test() -> None:
        async with mailing(migrated_url) as world:
            for stage in ("MAIL", "RCPT", "DATA"):
                for failure in ("451 4.3.0 busy", "421 4.3.2 closing", DROP):
                    fails = lambda asked, nth, s=stage, f=failure: f if asked == s and nth < 3 else TAKEN  # noqa: E731
                    async with MailServer(fails) as server, sending(world, server):
                        await world.mail()
                        mail = (await world.settled())[-1]
                    assert (mail.state, mail.attempts) == (MailState.SENT, 3)
                    assert [got.text() for got in server.arrived] == ["Text\n"]

    run(test())


def test_a_server_that_hangs_is_given_up_and_tried_again(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "WHOLE_S", 0.3)

    async def test() -> None:
        first = lambda stage, nth: HANG if stage == "DATA" and nth == 1 else TAKEN  # noqa: E731
        async with mailing(migrated_url) as world, MailServer(first) as server, sending(world, server):
            await world.mail()
            [mail] = await world.settled()
        assert (mail.state, mail.attempts, len(server.arrived)) == (MailState.SENT, 2, 1)

    run(test())


def test_after_the_last_attempt_a_mail_has_failed(migrated_url: str) -> None:
    async def test() -> None:
        busy = lambda stage, nth: "452 4.2.2 full" if stage == "RCPT" else TAKEN  # noqa: E731
        async with mailing(migrated_url) as world, MailServer(busy) as server, sending(world, server) as worker:
            await world.mail()
            [mail] = await world.settled()
            assert (mail.state, mail.attempts, server.asked["RCPT"]) == (MailState.FAILED, 4, 4)
            assert mail.last_error == "the mail server refuses the recipient: 452 4.2.2 full"
            assert (mail.plain, mail.html) == ("", "")
            registry = CollectorRegistry()
            registry.register(worker.metrics)

            def counted(outcome: str) -> float | None:
                return registry.get_sample_value("polyvet_mail_attempts_total", {"outcome": outcome})

            await eventually(lambda: counted("failed") == 1)
            assert (counted("retried"), counted("sent")) == (3, None)

    run(test())


def test_a_refused_sender_is_a_settings_fault_and_waits_for_its_mending(migrated_url: str) -> None:
    async def test() -> None:
        refusals = ["553 5.7.1 not yours", "530 5.7.0 sign in first"]
        answer = lambda stage, nth: refusals[nth - 1] if stage == "MAIL" and nth < 3 else TAKEN  # noqa: E731
        async with mailing(migrated_url) as world, MailServer(answer) as server, sending(world, server):
            await world.mail()
            [mail] = await world.settled()
        assert (mail.state, mail.attempts) == (MailState.SENT, 3)
        too_large = lambda stage, nth: "552 5.3.4 too large" if stage == "MAIL" else TAKEN  # noqa: E731
        async with mailing(migrated_url) as world, MailServer(too_large) as server, sending(world, server):
            await world.mail()
            mail = (await world.settled(2))[-1]
        assert (mail.state, mail.attempts) == (MailState.FAILED, 1)

    run(test())


def test_mails_go_in_their_order_over_one_connection(migrated_url: str) -> None:
    async def test() -> None:
        async with mailing(migrated_url) as world:
            for n in range(12):
                await world.mail(subject=f"No. {n}")
            async with MailServer() as server, sending(world, server):
                await world.settled(12)
        assert [got.message["Subject"] for got in server.arrived] == [f"No. {n}" for n in range(12)]
        assert server.connections == 1

    run(test())


def test_a_connection_that_a_server_ends_between_two_mails_costs_no_attempt(migrated_url: str) -> None:
    async def test() -> None:
        async with mailing(migrated_url) as world:
            for _ in range(3):
                await world.mail()
            async with MailServer() as server:
                taken = server.handle_DATA

                async def handle_data(smtp, session, envelope):
                    answer = await taken(smtp, session, envelope)
                    asyncio.get_running_loop().call_later(0.001, smtp.transport.close)
                    return answer

                server.handle_DATA = handle_data  # type: ignore[method-assign]
                async with sending(world, server):
                    found = await world.settled(3)
        assert {one.attempts for one in found} <= {1, 2}  # 2: it was closed while the next one was on its way
        assert {one.state for one in found} == {MailState.SENT}
        assert len(server.arrived) == 3

    run(test())


def test_two_workers_send_each_mail_once(migrated_url: str) -> None:
    async def test() -> None:
        async with mailing(migrated_url) as world, mailing(migrated_url, 0) as beside, MailServer() as server:
            async with sending(world, server), sending(beside, server), sending(beside, server):
                for n in range(60):
                    await world.mail(subject=str(n))
                found = await world.settled(60)
            assert {one.attempts for one in found} == {1}
            assert sorted(int(got.message["Subject"]) for got in server.arrived) == list(range(60))
        await sound(migrated_url)

    run(test())
