# SPDX-License-Identifier: Apache-2.0
"""What the console is told of the server that it is a part of, by what put that server together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec


class Setting(msgspec.Struct, frozen=True):
    """A setting in force; a value that is a secret is not in it."""

    name: str
    value: str  # empty: none
    help: str
    usual: bool  # it is as it comes


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A server, which may be several processes."""

    version: str
    revision: str  # of the schema that the program knows
    since: int  # when it was started
    workers: int
    dialects: Mapping[str, str]  # what people call each, by its name
    settings: tuple[Setting, ...]
    request_log_days: int
    delivers: bool  # webhooks and mails, itself
    delivery_attempts: int  # before a delivery is given up
    sends_mail: bool
    folder: Path | None = None  # where the embedded store is
