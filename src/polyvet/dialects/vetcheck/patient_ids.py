# SPDX-License-Identifier: Apache-2.0
"""How people and programs name a patient of the record to this dialect, which has no patients of its own."""

from __future__ import annotations

from polyvet.model import values
from polyvet.model.errors import Missing

_VETIGEN, _CLINOVAVET = "patient_", "c"  # what the dialects' ids start with


def patient_named(value: str | int | None) -> bytes | int | None:
    """A patient's id or its number at the clinic: `patient_…` as Vetigen spells ids, `c…` as ClinovaVet does, or the
    number that Provet shows."""
    if value is None or value == "":
        return None
    text = str(value)
    found: bytes | int | None = None
    if text.startswith(_VETIGEN):
        found = values.from_crockford(text.removeprefix(_VETIGEN))
    elif text.startswith(_CLINOVAVET):
        found = values.from_base36(text.removeprefix(_CLINOVAVET))
    else:
        found = values.whole_number(text)
    if found is None:
        raise Missing("patient", text)
    return found
