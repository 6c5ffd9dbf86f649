# SPDX-License-Identifier: Apache-2.0
"""The calendar: a room for every visit in the vets' working hours, and the events from which the day is read."""

from __future__ import annotations

from typing import NamedTuple

from polyvet.model.entities import Booking, CalendarEvent, EventKind, EventStatus, Patient
from polyvet.model.values import DAY
from polyvet.sandbox.clock import HOUR, MINUTE, new_id, weekday
from polyvet.sandbox.office import department_of
from polyvet.sandbox.people import Animal
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.sandbox.stories import CHECKUP, FIRST_VISIT, PROGRESS_CHECK, Reason
from polyvet.sandbox.visits import CALENDAR_DAYS
from polyvet.sandbox.world import World

SLOT = 30 * MINUTE
_OPENS, _CLOSES = 8 * HOUR, 18 * HOUR
_SATURDAY, _SATURDAY_CLOSES = 5, 13 * HOUR
_EMERGENCY_OPENS, _EMERGENCY_CLOSES = 8 * HOUR, 22 * HOUR
_TRIES = 12
_TODAY_AT_LEAST = 10
_EVERY_STATUS = (
    EventStatus.CLOSED,
    EventStatus.CLOSED,
    EventStatus.CANCELLED,
    EventStatus.CLOSED,
    EventStatus.PENDING_CHECKOUT,
    EventStatus.IN_PROGRESS,
    EventStatus.CHECKED_IN,
)


class Appointment(NamedTuple):
    """A visit that has found its clinic, vet and time."""

    start: int
    end: int
    day: int
    clinic_id: int
    vet: bytes
    patient: Patient
    animal: Animal
    reason: Reason


class Agenda:
    """Books appointments and turns those around today into calendar events."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._busy: set[tuple[bytes, int]] = set()
        self.events: list[CalendarEvent] = []

    def book(self, day: int, clinics: tuple[int, ...], patient: Patient, animal: Animal, reason: Reason) -> Appointment:
        """Find a vet who is free; only when nobody is, two appointments overlap."""
        world = self._world
        emergency = reason.event is EventKind.EMERGENCY
        clinic = self._clinic(clinics, emergency)
        slots = reason.minutes * MINUTE // SLOT
        for _ in range(_TRIES):
            vet = world.pick(world.vets[clinic])
            start = self._start(clinic, day, reason)
            wanted = [(vet, start // SLOT + n) for n in range(slots)]
            if self._busy.isdisjoint(wanted):
                self._busy.update(wanted)
                break
        if reason is FIRST_VISIT:  # it is what the registration led to
            start = max(start, (patient.created_at // MINUTE + 5) * MINUTE)
        return Appointment(start, start + reason.minutes * MINUTE, day, clinic, vet, patient, animal, reason)

    def _clinic(self, clinics: tuple[int, ...], emergency: bool) -> int:
        """Who knows both clinics comes to the main one as a rule, in an emergency more often to the hospital."""
        if len(clinics) == 1:
            return clinics[0]
        return SECOND_CLINIC if self._world.rng.random() < (0.6 if emergency else 0.2) else MAIN_CLINIC

    def _start(self, clinic: int, day: int, reason: Reason) -> int:
        opens, closes = _OPENS, _CLOSES
        if reason.event is EventKind.EMERGENCY:
            opens, closes = _EMERGENCY_OPENS, _EMERGENCY_CLOSES
        elif weekday(day) == _SATURDAY:
            closes = _SATURDAY_CLOSES
        rooms = (closes - opens - reason.minutes * MINUTE) // SLOT + 1
        return self._world.days[clinic].midnight(day) + opens + int(self._world.rng.random() * rooms) * SLOT

    def past(self, visit: Appointment) -> None:
        """A visit that took place; now and then an earlier appointment for it had been called off."""
        self._add(visit, EventStatus.CLOSED, visit.end + 10 * MINUTE)
        if self._world.rng.random() < 0.08 and visit.day - 3 > max(
            self._world.today - CALENDAR_DAYS, visit.patient.created_at // DAY
        ):
            earlier = visit._replace(start=visit.start - 2 * DAY, end=visit.end - 2 * DAY)
            if weekday(visit.day - 2) < _SATURDAY:
                self._add(earlier, EventStatus.CANCELLED, earlier.start - 4 * HOUR)

    def future(self, visit: Appointment) -> None:
        """An appointment that is still to come."""
        self._add(visit, EventStatus.SCHEDULED, self._world.end)

    def day(self, visits: list[Appointment]) -> None:
        """Today's appointments of one clinic: the first are done, the last to come, those between in every state."""
        ordered = sorted(visits, key=lambda visit: visit.start)
        running = len(ordered) * 2 // 3
        for position, visit in enumerate(ordered):
            before = running - position
            status = EventStatus.SCHEDULED
            if 0 < before <= len(_EVERY_STATUS):
                status = _EVERY_STATUS[-before]
            elif before > 0:
                status = EventStatus.CLOSED
            self._add(visit, status, self._world.end)

    def counter_sales(self, clinic: int) -> None:
        """Somebody buys food or tablets without an animal: every few days until today."""
        world = self._world
        day = world.today - CALENDAR_DAYS
        while day <= world.today:
            if weekday(day) <= _SATURDAY:
                start = world.days[clinic].midnight(day) + _OPENS + int(world.rng.random() * 9) * SLOT
                status = EventStatus.CLOSED if day < world.today else EventStatus.PENDING_CHECKOUT
                self.events.append(self._sale(clinic, start, status))
            day += 2 + int(world.rng.random() * 4)

    def _sale(self, clinic: int, start: int, status: EventStatus) -> CalendarEvent:
        created = min(start, self._world.end - HOUR)
        return CalendarEvent(
            id=new_id(created, self._world.rng),
            clinic_id=clinic,
            title="Counter sale",
            kind=EventKind.SALE,
            status=status,
            start_at=start,
            end_at=start + SLOT // 2,
            patient_id=None,
            user_id=None,
            created_at=created,
            updated_at=self._world.stamp(clinic, start + SLOT),
            department=department_of(clinic, EventKind.SALE),
            booking=Booking.OTHER,
        )

    def _add(self, visit: Appointment, status: EventStatus, changed: int) -> None:
        """One event, entered some days before it takes place, but not before the animal was known."""
        world = self._world
        lead = HOUR if visit.reason.event is EventKind.EMERGENCY else int(world.rng.random() * 21 * DAY) + HOUR
        created = max(visit.patient.created_at, min(visit.start, world.end) - lead)
        self.events.append(
            CalendarEvent(
                id=new_id(created, world.rng),
                clinic_id=visit.clinic_id,
                title=f"{visit.reason.title}: {visit.patient.name}",
                kind=visit.reason.event,
                status=status,
                start_at=visit.start,
                end_at=visit.end,
                patient_id=visit.patient.id,
                user_id=visit.vet,
                created_at=created,
                updated_at=world.stamp(visit.clinic_id, max(created, min(changed, world.end - HOUR))),
                client_id=visit.patient.client_id,
                department=department_of(visit.clinic_id, visit.reason.event, visit.animal.profile),
            )
        )


def fill_today(
    agenda: Agenda, world: World, clinic: int, visits: list[Appointment], candidates: list[tuple[Patient, Animal]]
) -> list[Appointment]:
    """Today's appointments of a clinic, with some more if chance left the day thin: a demo should show every state."""
    taken = {visit.patient.id for visit in visits}
    free = [one for one in candidates if one[0].id not in taken]
    world.rng.shuffle(free)
    more = []
    for patient, animal in free[: max(0, _TODAY_AT_LEAST - len(visits))]:
        reason = CHECKUP if world.rng.random() < 0.5 else PROGRESS_CHECK
        more.append(agenda.book(world.today, (clinic,), patient, animal, reason))
    return visits + more
