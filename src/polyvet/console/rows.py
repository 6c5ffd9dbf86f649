# SPDX-License-Identifier: Apache-2.0
"""What a page of the console is: a row that says where it stands, who may open it, and under what name the menu
has it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from polyvet.console.visit import Visit

ROOT = "console"
PAGE = 50  # rows of a list
ANYBODY = "anybody"  # in place of a permission: also who is not signed in
SIGNED_IN = "signed in"  # in place of a permission: whatever the role
Answering = Callable[["Visit"], Awaitable[Response]]


class Row(msgspec.Struct, frozen=True):
    """One method of one page. `path` stands below /console; `{name}` is one segment. A page with `menu` stands in the
    menu of all who may open it, under its section. Each POST is a form that our own page has made."""

    method: str
    path: str
    permission: str  # of core/roles.py, or ANYBODY or SIGNED_IN
    answering: Answering
    menu: str = ""
    section: str = ""

    @property
    def href(self) -> str:
        """Where it stands."""
        return f"/{ROOT}/{self.path}" if self.path else f"/{ROOT}"


PRACTICE, DEVELOPERS, ADMINISTRATION = "Practice", "Developers", "Administration"
SECTIONS = (PRACTICE, DEVELOPERS, ADMINISTRATION)
