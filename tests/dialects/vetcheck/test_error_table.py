# SPDX-License-Identifier: Apache-2.0
"""What VetCheck's error table makes of the facts that no request brings about at will, and of paths and methods."""

from __future__ import annotations

import httpx
import pytest

from polyvet.dialects.vetcheck.wire import VetCheckWire
from polyvet.model import errors
from polyvet.web.message import Reply

TABLE: dict[str, Reply] = {
    "error_forbidden": VetCheckWire().error(errors.Forbidden("library:write")),
    "error_limit_reached": VetCheckWire().error(errors.LimitReached(7, 5)),
    "error_busy": VetCheckWire().error(errors.Busy()),
    "error_defect": VetCheckWire().defect(),
    "error_key_reused": VetCheckWire().error(errors.KeyReused()),
    "error_too_large": VetCheckWire().error(errors.TooLarge(1 << 20)),
}


@pytest.mark.parametrize("name", TABLE)
def test_the_error_table(golden, name):
    reply = TABLE[name]
    headers = [*reply.headers, (b"content-type", reply.media_type)]
    golden(name, httpx.Response(reply.status, headers=headers, content=reply.body))


def test_paths_and_methods_that_are_not_served(practice, golden):
    golden("error_route", practice.vetcheck.get("/handouts/2/pages"))
    golden("error_method", practice.vetcheck.delete("/handouts/2"))


def test_what_is_not_connected_is_told_like_what_is_missing():
    wire = VetCheckWire()
    assert wire.error(errors.NotConnected("patient", "c1")).body == wire.error(errors.Missing("patient", "c1")).body


def test_a_fact_that_the_dialect_cannot_meet_is_a_defect():
    with pytest.raises(errors.Merged):
        VetCheckWire().error(errors.Merged("patient", "1204"))
