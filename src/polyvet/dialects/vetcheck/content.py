# SPDX-License-Identifier: Apache-2.0
"""`GET` and `PUT` of one handout, form, vet form or program."""

from __future__ import annotations

import msgspec

from polyvet.model.library import ContentKind
from polyvet.web.message import Reply, Request
from polyvet.web.routes import Handler


class ContentOut(msgspec.Struct):
    """One piece of content, in all its forms."""


class ContentIn(msgspec.Struct):
    """What may be changed of it."""


def getting(kind: ContentKind) -> Handler:
    """The handler that shows one."""

    async def get_content(request: Request) -> Reply:
        raise NotImplementedError

    return get_content


def putting(kind: ContentKind) -> Handler:
    """The handler that changes one, or makes a copy that is changed."""

    async def put_content(request: Request) -> Reply:
        raise NotImplementedError

    return put_content
