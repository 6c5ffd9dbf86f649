# SPDX-License-Identifier: Apache-2.0
"""Who did what in the console, in the store."""

from __future__ import annotations

from msgspec.structs import astuple

from polyvet.model.audit import Deed
from polyvet.storage.statement import inserting
from polyvet.storage.tables import audit
from polyvet.storage.writing import Tx

_ADD = inserting(audit, " ".join(Deed.__struct_fields__), rank=95)


def add(tx: Tx, deed: Deed) -> None:
    """Note something."""
    tx.write(_ADD, *astuple(deed))
