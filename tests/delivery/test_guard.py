# SPDX-License-Identifier: Apache-2.0
"""Where a delivery really connects to."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from polyvet.core.addresses import Addresses
from polyvet.delivery import webhooks as sending
from polyvet.delivery.guard import system_resolve
from polyvet.delivery.webhooks import READ_S, Outcome, Sender
from polyvet.model import values
from polyvet.model.hooks import ContentType, Delivery, Webhook
from tests.core.stores import run
from tests.delivery.receiving import LOOPBACK, Receiver

SECRET = "whsec_c2VjcmV0LW9mLWEtdGVzdC1vZi10d2VudHktZm91cg=="


def hook(target: str) -> Webhook:
    return Webhook(values.new_id(), 1, 1, "", target, 2, ContentType.JSON, None, True, SECRET, None, None, 0, 0, 0)


def delivery() -> Delivery:
    now = values.now()
    return Delivery(values.new_id(), 1, 1, b"h" * 16, 1, "patient_id", "7", "queued", 0, now, now, None, None, now, now)


class Resolver:
    """Names with addresses that change from one question to the next."""

    def __init__(self, *answers: list[str]) -> None:
        self.asked: list[tuple[str, int]] = []
        self._answers = list(answers)

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append((host, port))
        return self._answers[min(len(self.asked), len(self._answers)) - 1]


async def send(target: str, networks: tuple[str, ...] = (), resolve: Resolver | None = None) -> Outcome:
    sender = Sender(Addresses(networks), resolve)
    try:
        return await sender.send(hook(target), delivery(), values.now())
    finally:
        await sender.close()


def test_why_there_is_no_connection_is_told_in_the_systems_words() -> None:
    with Receiver() as receiver:
        port = receiver.port
    for host in ("127.0.0.1", "receiver.example"):
        outcome = run(send(f"http://{host}:{port}/", LOOPBACK, Resolver(["127.0.0.1"])))
        assert (outcome.status, outcome.error) == (None, "ConnectError: Connection refused")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"],  # noqa: S104
)
def test_this_machine_is_not_called_in_any_notation(host: str) -> None:
    with Receiver() as receiver:
        outcome = run(send(f"http://{host}:{receiver.port}/"))
        assert outcome.status is None
        assert outcome.error is not None
        assert "may not be connected to" in outcome.error or "cannot be resolved" in outcome.error
        assert receiver.got == []


def test_a_name_that_resolves_to_this_machine_is_refused() -> None:
    with Receiver() as receiver:
        resolver = Resolver(["127.0.0.1"])
        outcome = run(send(f"http://receiver.example:{receiver.port}/", resolve=resolver))
        assert outcome == Outcome(None, "Refused: the address 127.0.0.1 may not be connected to", outcome.took_ms)
        assert receiver.got == []


def test_one_closed_address_among_open_ones_closes_the_name() -> None:
    resolver = Resolver(["1.1.1.1", "10.0.0.8", "2606:4700::1111"])
    outcome = run(send("http://receiver.example/", resolve=resolver))
    assert outcome.error == "Refused: the address 10.0.0.8 may not be connected to"


def test_a_name_is_resolved_once_and_the_address_that_was_looked_at_is_connected_to() -> None:
    with Receiver() as receiver:
        # A second question would be answered with what the guard forbids.
        resolver = Resolver(["127.0.0.1"], ["169.254.169.254"])
        outcome = run(send(f"http://receiver.example:{receiver.port}/in?a=1#part", LOOPBACK, resolver))
        assert (outcome.status, outcome.error) == (200, None)
        assert resolver.asked == [("receiver.example", receiver.port)]
        [got] = receiver.got
        assert got.path == "/in?a=1"
        assert got.headers["host"] == f"receiver.example:{receiver.port}"


def test_a_name_that_changes_its_address_is_refused_the_next_time() -> None:
    resolver = Resolver(["127.0.0.1"], ["10.0.0.1"])

    async def test() -> list[Outcome]:
        sender = Sender(Addresses(("127.0.0.0/8",)), resolver)
        with Receiver(connection="close") as receiver:
            target = hook(f"http://receiver.example:{receiver.port}/")
            outcomes = [await sender.send(target, delivery(), values.now()) for _ in range(2)]
            assert len(receiver.got) == 1
        await sender.close()
        return outcomes

    first, second = run(test())
    assert first.status == 200
    assert second.error == "Refused: the address 10.0.0.1 may not be connected to"


def test_an_address_that_does_not_answer_gives_way_to_the_next() -> None:
    with Receiver() as receiver:
        resolver = Resolver(["127.0.0.2", "::1", "127.0.0.1"])
        # The receiver listens at 127.0.0.1 only.
        outcome = run(send(f"http://receiver.example:{receiver.port}/", LOOPBACK, resolver))
        assert outcome.status == 200


def test_an_address_of_version_six_stands_in_brackets_in_the_header() -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        writer.close()

    async def test() -> tuple[int, Outcome]:
        try:
            server = await asyncio.start_server(serve, "::1", 0)
        except OSError:
            pytest.skip("this machine has no IPv6")
        port = server.sockets[0].getsockname()[1]
        outcome = await send(f"http://[::1]:{port}/", LOOPBACK)
        server.close()
        await asyncio.sleep(0.05)
        return port, outcome

    port, outcome = run(test())
    assert outcome.status == 200
    assert f"\r\nHost: [::1]:{port}\r\n".encode() in heads[0].replace(b"POST / HTTP/1.1", b"")


@pytest.mark.parametrize("location", ["http://169.254.169.254/latest/meta-data/", "/elsewhere"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int, location: str) -> None:
    with Receiver(lambda got, nth: status, location=location) as receiver:
        outcome = run(send(receiver.url, LOOPBACK))
        assert (outcome.status, outcome.error) == (status, f"answered {status}; redirects are not followed")
        assert len(receiver.got) == 1


def test_the_environments_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as proxy, Receiver() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert run(send(receiver.url, LOOPBACK)).status == 200
        assert proxy.got == []


def test_the_systems_resolver_gives_addresses_or_an_error() -> None:
    async def test() -> list[str]:
        with pytest.raises(OSError, match=r".+"):
            await system_resolve("no-such-name.invalid", 80)
        with pytest.raises(OSError, match=r".+"):
            await system_resolve("a" * 64 + ".example", 80)
        return await system_resolve("127.0.0.1", 80)

    assert run(test()) == ["127.0.0.1"]


def test_a_resolver_that_never_answers_costs_its_own_delivery_only() -> None:
    class Never(Resolver):
        async def __call__(self, host: str, port: int) -> list[str]:
            if host == "slow.example":
                await asyncio.sleep(60)
            return ["127.0.0.1"]

    async def test() -> Outcome:
        sender = Sender(Addresses(LOOPBACK), Never())
        with Receiver() as receiver:
            slow = asyncio.create_task(sender.send(hook("http://slow.example/"), delivery(), values.now()))
            quick = await sender.send(hook(receiver.url), delivery(), values.now())
            slow.cancel()
            await asyncio.gather(slow, return_exceptions=True)
        await sender.close()
        return quick

    assert run(test()).status == 200


def _certificate(folder: Path, name: str) -> ssl.SSLContext:
    """A server's context whose certificate, for `name`, is its own authority: `ca.pem` in the folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context


@asynccontextmanager
async def answering(answer: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that answers each request with the same bytes and leaves the connection open; gives its port."""

    over: list[asyncio.Future[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        over.append(ended := asyncio.get_running_loop().create_future())
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b'"}')
                writer.write(answer)
                await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        ended.set_result(None)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*over)


def test_tls_is_spoken_with_the_name_although_the_address_is_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = _certificate(tmp_path, "receiver.example")
    names: list[str | None] = []
    context.sni_callback = lambda _, name, __: names.append(name)
    resolver = Resolver(["127.0.0.1"])

    async def test() -> list[Outcome]:
        async with answering(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", context) as port:
            unknown = await send(f"https://receiver.example:{port}/", LOOPBACK, resolver)
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
            good = await send(f"https://receiver.example:{port}/", LOOPBACK, resolver)
            wrong = await send(f"https://other.example:{port}/", LOOPBACK, resolver)
        return [unknown, good, wrong]

    unknown, good, wrong = run(test())
    assert (good.status, good.error) == (200, None)
    assert unknown.status is wrong.status is None
    assert "certificate verify failed" in str(unknown.error)
    assert "certificate" in str(wrong.error)
    assert names == ["receiver.example", "receiver.example", "other.example"]


@pytest.mark.parametrize(
    "rest",
    [
        b"content-length: 99999999\r\n\r\n" + b"x" * 100_000,
        b"content-length: 10\r\n\r\n",
        b"transfer-encoding: chunked\r\n\r\nnonsense\r\n",
    ],
    ids=["too much", "never all of it", "broken"],
)
def test_what_comes_after_the_status_changes_nothing(rest: bytes) -> None:
    async def test() -> Outcome:
        async with answering(b"HTTP/1.1 200 OK\r\n" + rest) as port:
            return await send(f"http://127.0.0.1:{port}/", LOOPBACK)

    started = time.monotonic()
    outcome = run(test())
    assert (outcome.status, outcome.error) == (200, None)
    assert time.monotonic() - started < READ_S + 3


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200", b"HTTP/1.1 2000 OK\r\n\r\n"])
def test_what_is_no_answer_is_a_failure_that_says_why(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "WHOLE_S", 0.5)

    async def test() -> Outcome:
        async with answering(answer) as port:
            return await send(f"http://127.0.0.1:{port}/", LOOPBACK)

    outcome = run(test())
    assert outcome.status is None
    assert outcome.error
