# SPDX-License-Identifier: Apache-2.0
"""What a visit leaves behind: the SOAP note, a weighing, laboratory values, and the invoice."""

from __future__ import annotations

import msgspec

from polyvet.model.entities import (
    EventKind,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    MedicalRecord,
    RecordStatus,
    Weight,
)
from polyvet.model.values import DAY, to_datetime, to_kilograms
from polyvet.sandbox.agenda import Appointment
from polyvet.sandbox.animals import FARM_VITALS, VITALS, scale_step, weight_at
from polyvet.sandbox.clock import MINUTE, new_id
from polyvet.sandbox.practice import MAIN_CLINIC
from polyvet.sandbox.samples import INVOICE_NUMBER
from polyvet.sandbox.stock import BY_SKU
from polyvet.sandbox.stories import FIRST_VISIT
from polyvet.sandbox.world import World

# Analyte, unit, from, to.
_BLOOD = (
    ("ALT", "U/L", 12, 110),
    ("ALP", "U/L", 20, 180),
    ("Urea", "mmol/l", 3.1, 9.8),
    ("Creatinine", "µmol/l", 45, 140),
    ("Glucose", "mmol/l", 3.6, 6.9),
    ("Total protein", "g/l", 55, 76),
    ("Haematocrit", "l/l", 0.33, 0.52),
    ("Leukocytes", "10^9/l", 5.2, 15.8),
    ("Platelets", "10^9/l", 160, 480),
)
_URINE = (("Specific gravity", "", 1.016, 1.048), ("pH", "", 5.5, 7.4), ("Protein/creatinine ratio", "", 0.05, 0.4))
_OUT_OF_RANGE = 0.07
_ADULT_RANGE = (0.94, 1.07)  # how far an adult's weight strays from what it was


class Journal:
    """Writes down one visit after the other, in the order of time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._strays: dict[bytes, float] = {}
        self._invoice_counts: dict[tuple[int, int], int] = {}
        self.records: list[MedicalRecord] = []
        self.weights: list[Weight] = []
        self.invoices: list[Invoice] = []
        self.lines: list[InvoiceLine] = []
        self.current_mg: dict[bytes, int] = {}
        self.last_change: dict[bytes, int] = {}  # by patient
        self.last_visit: dict[tuple[int, bytes], int] = {}  # by clinic and client

    def write(self, visit: Appointment) -> None:
        """Everything that one visit leaves behind."""
        occurred = visit.start + 5 * MINUTE
        mg = self._weigh(visit, occurred)
        self._note(visit, occurred, mg)
        if self._world.rng.random() < 0.95:
            self._bill(visit)
        self.last_change[visit.patient.id] = visit.end
        self.last_visit[visit.clinic_id, visit.patient.client_id] = occurred

    def _weigh(self, visit: Appointment, at: int) -> int:
        """Growing animals follow their curve; adults stray a little, and remember by how much."""
        rng, animal, patient = self._world.rng, visit.animal, visit.patient
        age = visit.day - animal.birth_day
        mg = weight_at(animal.profile, animal.adult_mg, age)
        if age > animal.profile.growth_days:
            stray = self._strays.get(patient.id, 1.0) + rng.gauss(0.004, 0.015)
            stray = self._strays[patient.id] = min(max(stray, _ADULT_RANGE[0]), _ADULT_RANGE[1])
            step = scale_step(animal.profile.low_mg)
            mg = max(step, round(mg * stray / step) * step)
        if visit.reason is FIRST_VISIT:
            return patient.weight_mg or mg  # weighed at the desk when it was registered
        self.weights.append(Weight(new_id(at, rng), patient.id, visit.clinic_id, mg, at))
        self.current_mg[patient.id] = mg
        return mg

    def _note(self, visit: Appointment, at: int, mg: int) -> None:
        rng, reason = self._world.rng, visit.reason
        facts = self._facts(visit, mg)
        signed = self._world.today - visit.day > 3 or rng.random() < 0.6
        record = MedicalRecord(
            id=new_id(visit.start, rng),
            clinic_id=visit.clinic_id,
            patient_id=visit.patient.id,
            kind=reason.kind,
            status=RecordStatus.SIGNED if signed else RecordStatus.DRAFT,
            title=reason.title,
            subjective=self._world.pick(reason.subjective).format_map(facts),
            objective=reason.objective.format_map(facts),
            assessment=reason.assessment,
            differential=reason.differential,
            plan=reason.plan,
            blood_test=self._laboratory(_BLOOD) if "blood" in reason.tests else None,
            urine_test=self._laboratory(_URINE) if "urine" in reason.tests else None,
            occurred_at=at,
            author_id=visit.vet,
            signed_at=visit.end if signed else None,
            amends_id=None,
            created_at=visit.start,
            updated_at=self._world.stamp(visit.clinic_id, visit.end),
        )
        self.records.append(record)
        if signed and reason.tests and visit.day < self._world.today - 3 and rng.random() < 0.15:
            self._amend(record, visit.end + DAY)

    def _amend(self, record: MedicalRecord, at: int) -> None:
        """The laboratory calls the next day: a signed note stays as it is, another one names it."""
        amendment = msgspec.structs.replace(
            record,
            id=new_id(at, self._world.rng),
            title=f"Addendum: {record.title}",
            subjective=None,
            objective="The reference laboratory confirmed the values measured in the practice.",
            differential=None,
            plan="Owner informed by phone; the plan stays as it was.",
            blood_test=None,
            urine_test=None,
            occurred_at=at,
            signed_at=at,
            amends_id=record.id,
            created_at=at,
            updated_at=self._world.stamp(record.clinic_id, at),
        )
        self.records.append(amendment)

    def _facts(self, visit: Appointment, mg: int) -> dict[str, str]:
        rng = self._world.rng
        vitals = VITALS.get(visit.animal.profile.slug, FARM_VITALS)
        return {
            "name": visit.patient.name,
            "kg": f"{to_kilograms(mg):g}",
            "temp": f"{rng.uniform(*vitals.temperature):.1f}",
            "pulse": str(rng.randint(*vitals.pulse)),
            "breaths": str(rng.randint(*vitals.breaths)),
            "days": str(rng.randint(2, 9)),
        }

    def _laboratory(self, analytes: tuple[tuple[str, str, float, float], ...]) -> str:
        """Values by analyte, each with its unit and range; a few lie outside."""
        rng = self._world.rng
        values = {}
        for name, unit, low, high in analytes:
            value = rng.uniform(low, high)
            if rng.random() < _OUT_OF_RANGE:
                value = high * rng.uniform(1.02, 1.3)
            digits = 3 if high < 2 else 1
            values[name] = {"value": round(value, digits), "unit": unit, "low": low, "high": high}
        return msgspec.json.encode(values).decode()

    def _bill(self, visit: Appointment) -> None:
        at = visit.end + 5 * MINUTE
        number = self._invoice_number(visit.clinic_id, to_datetime(at).year)
        status = self._payment(self._world.today - visit.day, visit.reason.event is EventKind.EMERGENCY)
        invoice = Invoice(
            id=new_id(at, self._world.rng),
            clinic_id=visit.clinic_id,
            client_id=visit.patient.client_id,
            patient_id=visit.patient.id,
            number=number,
            status=status,
            currency="EUR",
            carried_over_cents=0,
            created_at=at,
            updated_at=self._world.stamp(visit.clinic_id, at),
            paid_at=at if status is InvoiceStatus.PAID else None,
        )
        self.invoices.append(invoice)
        for position, (sku, quantity) in enumerate(visit.reason.lines):
            article = BY_SKU[sku]
            self.lines.append(InvoiceLine(invoice.id, position, article.name, article.price_cents, quantity * 1000))

    def _payment(self, days_ago: int, emergency: bool) -> InvoiceStatus:
        """Most pay at the desk; emergencies more often later, and nearly nobody is in debt for long."""
        draw = self._world.rng.random()
        if draw < 0.02:
            return InvoiceStatus.CANCELLED
        unpaid = 0.5 if emergency and days_ago < 30 else 0.25 if days_ago < 30 else 0.02
        return InvoiceStatus.UNPAID if draw < 0.02 + unpaid else InvoiceStatus.PAID

    def _invoice_number(self, clinic_id: int, year: int) -> str:
        nth = self._invoice_counts.get((clinic_id, year), 0) + 1
        number = f"INV-{year}-{nth:06d}"
        if clinic_id == MAIN_CLINIC and number == INVOICE_NUMBER:
            nth += 1
            number = f"INV-{year}-{nth:06d}"
        self._invoice_counts[clinic_id, year] = nth
        return number
