# SPDX-License-Identifier: Apache-2.0
"""What all parts of one run share: the dice, the day, and each clinic's stamps, numbers, days and booked vets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import count
from random import Random
from typing import TypeVar

from polyvet.model.values import DAY
from polyvet.sandbox.clock import EPOCH, Days, Stamps
from polyvet.sandbox.practice import CLINIC_IDS, MAIN_CLINIC, clinics, vets
from polyvet.sandbox.samples import CLIENT_NUMBERS, PATIENT_NUMBERS

T = TypeVar("T")
YEARS = 7
# Per client: a connection, 1.75 patients, either at two clinics at most; and the full histories of the first ones.
_STAMPS_PER_CLIENT = 6
_STAMPS_OF_HISTORIES = 400_000


class World:
    """One run of the generator."""

    def __init__(self, seed: int, clients: int, today: date) -> None:
        self.seed = seed
        self.rng = Random(seed)
        self.clients = clients
        self.today = (today - EPOCH).days
        self.end = self.today * DAY  # nothing is created or changed later: a demo that has just started has no future
        self.start = self.end - int(YEARS * 365.25) * DAY
        stamps = clients * _STAMPS_PER_CLIENT + _STAMPS_OF_HISTORIES
        self.stamps = {clinic_id: Stamps(stamps) for clinic_id in CLINIC_IDS}
        self._latest = self.end - 3 * self.stamps[MAIN_CLINIC].grain
        self.days = {clinic.id: Days(clinic.timezone) for clinic in clinics()}
        self.vets = {clinic_id: vets(clinic_id) for clinic_id in CLINIC_IDS}
        self.client_numbers = {clinic_id: _numbers(clinic_id, CLIENT_NUMBERS) for clinic_id in CLINIC_IDS}
        self.patient_numbers = {clinic_id: _numbers(clinic_id, PATIENT_NUMBERS) for clinic_id in CLINIC_IDS}

    def stamp(self, clinic_id: int, at: int) -> int:
        """A new `updated_at` of the clinic for a change at that instant."""
        return self.stamps[clinic_id].after(min(at, self._latest))

    def pick(self, options: tuple[T, ...]) -> T:
        """One of them; a third of what Random.choice costs."""
        return options[int(self.rng.random() * len(options))]


def _numbers(clinic_id: int, taken: frozenset[int]) -> Iterator[int]:
    """1, 2, 3 ... without the numbers that the samples hold in the main clinic."""
    if clinic_id != MAIN_CLINIC:
        return count(1)
    return (number for number in count(1) if number not in taken)
