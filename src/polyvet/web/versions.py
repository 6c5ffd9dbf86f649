# SPDX-License-Identifier: Apache-2.0
"""What was made of a version of a row, kept for the next reader.

A clinic's clock never gives one stamp twice, and every change of what a clinic sees of a row stamps it anew. So the
row's id and stamp name its content, in every process, and nothing here can be stale: an old version is just not asked
for any more.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from polyvet.storage.patients import Stamp

MOST = 20_000  # versions; at some 600 bytes each


class Versions:
    """JSON of rows, by clinic, id and stamp."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept = 0
        self._clinics: dict[int, dict[bytes, tuple[int, msgspec.Raw]]] = {}
        self._likely: dict[int, bool] = {}

    def get(self, clinic_id: int, ident: bytes, stamp: int) -> msgspec.Raw | None:
        """The version's JSON, if it is kept."""
        kept = self._clinics.get(clinic_id, _NONE).get(ident)
        return kept[1] if kept is not None and kept[0] == stamp else None

    def has(self, clinic_id: int, ident: bytes) -> bool:
        """Whether some version of the row is kept, so that it pays to ask for its stamp alone."""
        return ident in self._clinics.get(clinic_id, _NONE)

    def all(self, clinic_id: int, stamps: Iterable[Stamp]) -> list[msgspec.Raw] | None:
        """The JSON of all versions; None if one is not kept."""
        clinic = self._clinics.get(clinic_id, _NONE)
        found = []
        for one in stamps:
            kept = clinic.get(one.id)
            if kept is None or kept[0] != one.updated_at:
                return None
            found.append(kept[1])
        return found

    def likely(self, clinic_id: int) -> bool:
        """Whether it pays to look for versions before rows are read: most of the clinic's last page was kept."""
        return self._likely.get(clinic_id, False)

    def learn(self, clinic_id: int, kept: int, of: int) -> None:
        """Tell how many rows of a page that was read were kept."""
        self._likely[clinic_id] = kept * 2 > of

    def keep(self, clinic_id: int, ident: bytes, stamp: int, json: bytes) -> msgspec.Raw:
        """Keep a version in the place of the row's older one."""
        if self._kept >= self._most:
            self._clinics.clear()
            self._kept = 0
        clinic = self._clinics.setdefault(clinic_id, {})
        self._kept += ident not in clinic
        raw = msgspec.Raw(json)
        clinic[ident] = (stamp, raw)
        return raw


_NONE: dict[bytes, tuple[int, msgspec.Raw]] = {}
