# SPDX-License-Identifier: Apache-2.0
"""`GET /handouts`, `/forms`, `/vetforms`, `/programs` and `/species`: lists, with their queries."""

from __future__ import annotations

import msgspec

from polyvet.model.library import ContentKind
from polyvet.web.message import Reply, Request
from polyvet.web.routes import Handler


class Listed(msgspec.Struct):
    """A list under its resource's name [seed]."""


async def list_species(request: Request) -> Reply:
    """`GET /species`."""
    raise NotImplementedError


def listing(kind: ContentKind) -> Handler:
    """The handler of a kind's list."""

    async def list_content(request: Request) -> Reply:
        raise NotImplementedError

    return list_content
