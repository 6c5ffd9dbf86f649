# SPDX-License-Identifier: Apache-2.0
"""`POST /{handouts|forms|programs}/{id}/share`."""

from __future__ import annotations

import msgspec

from polyvet.dialects.vetcheck.wire import Options
from polyvet.model.library import ContentKind
from polyvet.web.message import Reply, Request
from polyvet.web.rolling import Rolling
from polyvet.web.routes import Handler


class ShareOut(msgspec.Struct):
    """What a share gives back."""

    sharelink: str


class ShareIn(msgspec.Struct):
    """What is said of a share."""


def sharing(kind: ContentKind, options: Options, rolling: Rolling | None) -> Handler:
    """The handler that shares one; `rolling` counts shares, None for not at all."""

    async def share_content(request: Request) -> Reply:
        raise NotImplementedError

    return share_content
