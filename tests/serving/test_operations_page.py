# SPDX-License-Identifier: Apache-2.0
"""docs/operations.md names numbers, commands and paths as the program has them."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from polyvet import access_commands, clinic_commands, library_commands, protocol
from polyvet.cli import UNFINISHED_DEMO, app
from polyvet.delivery import loop, mail, worker
from polyvet.identity import keys
from polyvet.model import values
from polyvet.sandbox import install
from polyvet.served import DIALECTS
from polyvet.serving import GRACE_S
from polyvet.settings import Settings
from polyvet.storage import idempotency, postgres
from polyvet.web import limits, log, message, outbox, received, requests
from polyvet.web.site import SITE_PATHS

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text",
    [
        f"for {GRACE_S} seconds at the most",
        f"first {keys._SHOWN_CHARACTERS} characters",
        f"room\n  for {limits._KEYS:,}",
        f"a query {message.QUERY_BYTES:,}",
        f"head may have {protocol.HEAD_BYTES:,} bytes; head and body must each arrive within {protocol.HEAD_S} seconds",
        f"within {idempotency.LIFETIME // (3_600 * values.MICROSECONDS)} hours",
        f"up to {postgres.READERS} connections to read and {postgres.LANES} to write",
        f"leased for {worker.LEASE_S} seconds",
        f"at most {worker.MOST_OF_HOOK} attempts of one webhook under way, {worker.MOST_OF_FAILING} of one whose last"
        f" attempt failed, and {worker.MOST_AT_ONCE} in all",
        f"next attempt, {worker.LONGEST_REST_S:g} seconds at the most",
        f"goes after {loop.KEPT // values.DAY} days",
        f"leased for {mail.LEASE_S} seconds",
        f"at least every {mail.LONGEST_REST_S:g} seconds",
        f"the last {outbox.KEPT} mails",
        f"`{outbox.PATH}`",
        f"those under way have {worker.STOP_S:g} seconds",
        f"the last {received.KEPT} messages",
        f"`{install.CREDENTIALS}` (mode {install._PRIVATE:04o})",
        f"`{install.UNFINISHED}`",
        f"(`request_log_days`, {Settings().request_log_days} unless set)",
        f"keeps {requests.MOST} requests a second at the most; of unknown callers {requests.MOST_OF_NOBODY}, and "
        f"{requests.OF_NOBODY_A_SECOND} a second in the long run",
    ],
)
def test_what_the_page_says_is_so(text: str) -> None:
    assert text in PAGE


def test_words_and_numbers_that_the_page_writes_out() -> None:
    assert requests.FLUSH_S == 1.0  # `once a second`
    assert (log.FLUSH_S, keys._REMEMBERED_S, message.BODY_S) == (
        0.1,
        1.0,
        protocol.HEAD_S,
    )  # "ten times a second", "within a second"
    assert UNFINISHED_DEMO == install.UNFINISHED


def test_the_pauses_between_attempts_at_a_mail() -> None:
    minutes = [pause // 60 for pause in mail.PAUSES_S]
    assert "1, 5, 15 and 30 minutes, 1, 2, 4, 8, 12, 24 and 24 hours" in PAGE
    assert minutes == [1, 5, 15, 30, *(hours * 60 for hours in (1, 2, 4, 8, 12, 24, 24))]


def test_paths_and_commands_are_named() -> None:
    for path in (*SITE_PATHS[1:], *(f"/openapi/{name}.json" for name in DIALECTS)):
        assert f"`{path}`" in PAGE
    groups = (access_commands.app, clinic_commands.app, library_commands.app)
    more = [command for group in groups for command in group.registered_commands]
    commands = [*app.registered_commands, *more]
    shown = {command.name or command.callback.__name__ for command in commands if command.callback}
    named = set(re.findall(r"polyvet ([a-z][a-z-]+)", PAGE)) - {"is"}
    assert {"serve", "backup", "restore", "check", "create-clinic", "create-key", "revoke-key"} <= named <= shown
    assert {command.name for command in more} <= named


def test_settings_are_named_as_they_are() -> None:
    fields = {field.name for field in msgspec.structs.fields(Settings)}
    named = set(re.findall(r"`([a-z_]+) = ", PAGE)) | {"body_limit"}
    assert named == {"limits", "log_level", "metrics_port", "body_limit"}
    assert named <= fields
