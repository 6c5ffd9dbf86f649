# SPDX-License-Identifier: Apache-2.0
"""The demo practice: repeatable, true in its proportions, whole in its references, and sane in its dates."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from polyvet.model.batch import Batch
from polyvet.model.entities import EventStatus, State
from polyvet.model.species import SPECIES, breed_rows, species_rows
from polyvet.model.values import DAY, fold, instant, to_base36, to_crockford
from polyvet.sandbox.animals import PROFILES
from polyvet.sandbox.clock import EPOCH
from polyvet.sandbox.demo import BATCH_CLIENTS, generate, patient_count, practice
from polyvet.sandbox.practice import CLINIC_IDS, MAIN_CLINIC, SECOND_CLINIC
from polyvet.sandbox.stock import BY_SKU
from polyvet.sandbox.visits import CALENDAR_DAYS

TODAY = date(2026, 11, 21)
TODAY_DAY = (TODAY - EPOCH).days
MIDNIGHT = TODAY_DAY * DAY


@pytest.fixture(scope="module")
def batch() -> Batch:
    (only,) = generate(1, 400, TODAY)
    return only


@pytest.fixture(scope="module")
def large() -> Batch:
    """5,000 clients as one batch: the histories and two batches of people only."""
    return joined(generate(3, 5000, TODAY))


def joined(batches: Iterable[Batch]) -> Batch:
    whole = Batch()
    for one in batches:
        for name in Batch.__struct_fields__:
            setattr(whole, name, getattr(whole, name) + getattr(one, name))
    return whole


def day_number(text: str) -> int:
    return (date.fromisoformat(text) - EPOCH).days


def stamps(batch: Batch, clinic_id: int) -> list[int]:
    """Every `updated_at` that the clinic's clock has given out."""
    rows: list[Any] = [
        *batch.connections,
        *batch.enrolments,
        *batch.records,
        *batch.events,
        *batch.invoices,
        *practice(1, TODAY).stock,
    ]
    return [row.updated_at for row in rows if row.clinic_id == clinic_id]


class TestRepeatability:
    def test_the_same_seed_gives_the_same_rows(self, batch: Batch) -> None:
        assert list(generate(1, 400, TODAY)) == [batch]
        assert practice(1, TODAY) == practice(1, TODAY)

    def test_another_seed_gives_other_rows(self, batch: Batch) -> None:
        (other,) = generate(2, 400, TODAY)
        assert other.patients[5] != batch.patients[5]

    def test_clinics_and_staff_stay_for_every_seed(self) -> None:
        assert practice(1, TODAY).clinics == practice(2, TODAY).clinics
        assert practice(1, TODAY).users == practice(2, TODAY).users


class TestSize:
    def test_the_default_practice(self, batch: Batch) -> None:
        assert len(batch.clients) == 400
        assert len(batch.patients) == 700

    @pytest.mark.parametrize("clients", [4, 10, 57, 2000, 2001, 4500])
    def test_counts_are_exact_and_batches_small(self, clients: int) -> None:
        batches = list(generate(9, clients, TODAY))
        assert sum(len(one.clients) for one in batches) == clients
        assert sum(len(one.patients) for one in batches) == patient_count(clients)
        assert all(len(one.clients) <= BATCH_CLIENTS for one in batches)

    def test_the_smallest_practice_holds_the_samples(self) -> None:
        (only,) = generate(1, 0, TODAY)
        assert [len(only.clients), len(only.patients)] == [3, 3]

    def test_only_the_first_batch_has_histories(self) -> None:
        first, second = generate(9, 4000, TODAY)
        assert first.records
        assert not second.records
        assert len(second.weights) == len(second.patients)


class TestProportions:
    def test_species(self, large: Batch) -> None:
        slugs = {entry.code: entry.slug for entry in SPECIES}
        counts = Counter(slugs[patient.species_id] for patient in large.patients)
        total, everything = len(large.patients), sum(entry.share for entry in SPECIES)
        for slug in {entry.slug for entry in SPECIES}:
            share = sum(entry.share for entry in SPECIES if entry.slug == slug)
            assert counts[slug] / total == pytest.approx(share / everything, abs=0.02), slug

    def test_memberships(self, large: Batch) -> None:
        clinics = defaultdict(set)
        for one in large.connections:
            clinics[one.client_id].add(one.clinic_id)
        counts = Counter(frozenset(ids) for ids in clinics.values())
        assert counts[frozenset(CLINIC_IDS)] / len(clinics) == pytest.approx(0.25, abs=0.02)
        assert counts[frozenset({SECOND_CLINIC})] / len(clinics) == pytest.approx(0.15, abs=0.02)

    def test_some_are_archived_deceased_or_no_longer_connected(self, batch: Batch) -> None:
        states = Counter(one.state for one in batch.enrolments)
        assert set(states) >= {State.ACTIVE, State.ARCHIVED, State.HIDDEN}
        assert states[State.ACTIVE] / len(batch.enrolments) > 0.8
        assert 0.03 < sum(one.deceased_on is not None for one in batch.patients) / 700 < 0.25

    def test_names_beyond_ascii(self, batch: Batch) -> None:
        foreign = [client for client in batch.clients if not client.last_name.isascii()]
        assert len(foreign) > 60
        assert all(client.email is None or client.email.isascii() for client in batch.clients)

    def test_twenty_reasons_and_more(self, large: Batch) -> None:
        assert len({record.title for record in large.records}) > 30
        assert not any("{" in (record.objective or "") + (record.subjective or "") for record in large.records)


class TestReferences:
    def test_people_and_animals(self, large: Batch) -> None:
        clients = {client.id for client in large.clients}
        patients = {patient.id: patient for patient in large.patients}
        assert len(clients) == len(large.clients)
        assert len(patients) == len(large.patients)
        assert {one.client_id for one in large.connections} == clients
        assert {one.patient_id for one in large.enrolments} == set(patients)
        assert {patient.client_id for patient in large.patients} <= clients
        connected = {(one.clinic_id, one.client_id): one.state for one in large.connections}
        enrolled = {(one.clinic_id, patients[one.patient_id].client_id) for one in large.enrolments}
        assert enrolled <= set(connected)
        for one in large.enrolments:
            state = connected[one.clinic_id, patients[one.patient_id].client_id]
            assert (one.state == State.HIDDEN) == (state == State.HIDDEN)
        assert all(one.patient_id in patients for one in large.weights)

    def test_every_animal_of_a_client_is_enrolled_where_the_client_is(self, large: Batch) -> None:
        clinics = defaultdict(set)
        for one in large.connections:
            clinics[one.client_id].add(one.clinic_id)
        enrolled = defaultdict(set)
        for place in large.enrolments:
            enrolled[place.patient_id].add(place.clinic_id)
        assert all(enrolled[patient.id] == clinics[patient.client_id] for patient in large.patients)

    def test_codes(self, large: Batch) -> None:
        species = {row.id for row in species_rows()}
        breeds = {row.id: row.species_id for row in breed_rows()}
        for patient in large.patients:
            assert patient.species_id in species
            assert patient.breed_id is None or breeds[patient.breed_id] == patient.species_id

    def test_what_visits_leave(self, batch: Batch) -> None:
        open_to = {(one.clinic_id, one.patient_id) for one in batch.enrolments if one.state != State.HIDDEN}
        users = {(user.clinic_id, user.id) for user in practice(1, TODAY).users}
        records = {record.id for record in batch.records}
        owners = {patient.id: patient.client_id for patient in batch.patients}
        for record in batch.records:
            assert (record.clinic_id, record.patient_id) in open_to
            assert (record.clinic_id, record.author_id) in users
            assert record.amends_id is None or record.amends_id in records
        for event in batch.events:
            assert event.patient_id is None or (event.clinic_id, event.patient_id) in open_to
            assert event.user_id is None or (event.clinic_id, event.user_id) in users
        for invoice in batch.invoices:
            assert invoice.patient_id is not None
            assert (invoice.clinic_id, invoice.patient_id) in open_to
            assert owners[invoice.patient_id] == invoice.client_id

    def test_invoice_lines(self, batch: Batch) -> None:
        prices = {article.name: article.price_cents for article in BY_SKU.values()}
        assert {line.invoice_id for line in batch.invoice_lines} == {invoice.id for invoice in batch.invoices}
        places = [(line.invoice_id, line.position) for line in batch.invoice_lines]
        assert len(set(places)) == len(places)
        assert all(prices[line.name] == line.unit_price_cents for line in batch.invoice_lines)


class TestUniqueness:
    @pytest.mark.parametrize("clinic_id", CLINIC_IDS)
    def test_stamps_of_a_clinic(self, large: Batch, clinic_id: int) -> None:
        given = stamps(large, clinic_id)
        assert len(set(given)) == len(given)
        assert max(given) < MIDNIGHT

    @pytest.mark.parametrize("rows", ["connections", "enrolments", "invoices"])
    def test_numbers_of_a_clinic(self, large: Batch, rows: str) -> None:
        numbers = [(row.clinic_id, row.number) for row in getattr(large, rows)]
        assert len(set(numbers)) == len(numbers)

    @pytest.mark.parametrize("rows", ["clients", "patients", "weights", "records", "events", "invoices"])
    def test_ids(self, large: Batch, rows: str) -> None:
        ids = [row.id for row in getattr(large, rows)]
        assert len(set(ids)) == len(ids)
        assert all(len(ident) == 16 for ident in ids)
        assert to_base36(max(ids))

    def test_no_vet_is_in_two_places(self, batch: Batch) -> None:
        events = sorted(
            (one for one in batch.events if one.user_id and one.status != EventStatus.CANCELLED),
            key=lambda one: (one.user_id or b"", one.start_at),
        )
        overlaps = sum(a.user_id == b.user_id and b.start_at < a.end_at for a, b in pairwise(events))
        assert overlaps < len(events) / 100


class TestDates:
    def test_of_animals(self, large: Batch) -> None:
        owners = {client.id: client.created_at for client in large.clients}
        for patient in large.patients:
            registered = patient.created_at // DAY
            assert owners[patient.client_id] <= patient.created_at <= patient.updated_at < MIDNIGHT
            if patient.birth_date:
                assert day_number(patient.birth_date) < registered
            if patient.deceased_on:
                assert registered < day_number(patient.deceased_on) < TODAY_DAY

    def test_nothing_happens_before_registration_or_after_death(self, batch: Batch) -> None:
        patients = {patient.id: patient for patient in batch.patients}
        for record in batch.records:
            patient = patients[record.patient_id]
            assert patient.created_at <= record.created_at <= record.occurred_at < MIDNIGHT
            assert record.created_at <= record.updated_at
            assert not patient.deceased_on or record.occurred_at // DAY <= day_number(patient.deceased_on) + 1
        for weight in batch.weights:
            assert patients[weight.patient_id].created_at <= weight.measured_at < MIDNIGHT

    def test_the_current_weight_is_the_newest(self, large: Batch) -> None:
        newest: dict[bytes, tuple[int, int]] = {}
        for one in large.weights:
            newest[one.patient_id] = max(newest.get(one.patient_id, (0, 0)), (one.measured_at, one.weight_mg))
        for patient in large.patients:
            assert patient.weight_mg == newest.get(patient.id, (0, None))[1], patient

    def test_young_animals_gain_weight(self, batch: Batch) -> None:
        growing = {(one.species_id, one.breed_id): one.growth_days for one in PROFILES}
        weights = defaultdict(list)
        for one in sorted(batch.weights, key=lambda one: one.measured_at):
            weights[one.patient_id].append(one)
        seen = 0
        for patient in batch.patients:
            if patient.birth_date is None:
                continue
            adult = day_number(patient.birth_date) + growing[patient.species_id, patient.breed_id]
            young = [one.weight_mg for one in weights[patient.id] if one.measured_at // DAY < adult]
            assert young == sorted(young)
            seen += len(young) > 2
        assert seen > 50

    def test_last_visit_is_the_newest_record(self, batch: Batch) -> None:
        owners = {patient.id: patient.client_id for patient in batch.patients}
        newest: dict[tuple[int, bytes], int] = {}
        for record in batch.records:
            if record.amends_id is None:
                key = (record.clinic_id, owners[record.patient_id])
                newest[key] = max(newest.get(key, 0), record.occurred_at)
        for one in batch.connections:
            assert one.last_visit == newest.get((one.clinic_id, one.client_id))


class TestCalendar:
    def test_window(self, batch: Batch) -> None:
        days = [event.start_at // DAY - TODAY_DAY for event in batch.events]
        assert min(days) >= -CALENDAR_DAYS - 1
        assert max(days) <= CALENDAR_DAYS + 1
        assert len({event.start_at // DAY for event in batch.events if event.start_at > MIDNIGHT + DAY}) > 30

    def test_statuses_fit_the_time(self, batch: Batch) -> None:
        for event in batch.events:
            if event.start_at < MIDNIGHT:
                assert event.status in (EventStatus.CLOSED, EventStatus.CANCELLED)
            elif event.start_at >= MIDNIGHT + DAY:
                assert event.status == EventStatus.SCHEDULED
            assert event.created_at <= event.updated_at < MIDNIGHT
            assert event.created_at <= event.start_at < event.end_at

    @pytest.mark.parametrize("days", range(7))
    def test_today_shows_every_status_at_both_clinics_on_every_weekday(self, days: int) -> None:
        today = TODAY + timedelta(days=days)
        start = (today - EPOCH).days * DAY
        (batch,) = generate(1, 400, today)
        shown = {(event.clinic_id, event.status) for event in batch.events if start <= event.start_at < start + DAY}
        assert shown == {(clinic_id, status) for clinic_id in CLINIC_IDS for status in EventStatus}


class TestSamples:
    def test_boncuk(self, batch: Batch) -> None:
        boncuk = next(one for one in batch.patients if one.name == "Boncuk")
        # The documented id holds an L, which Crockford's alphabet reads as 1.
        assert to_crockford(boncuk.id) == "01JABC9XYZKL4N7P3Q8TRM2ZDE".replace("L", "1")
        assert to_crockford(boncuk.client_id).startswith("01JABC")
        assert (boncuk.sex, boncuk.birth_date, boncuk.weight_mg) == ("male", "2019-06-15", 28_400_000)
        assert boncuk.created_at == instant("2024-11-03T09:24:17.000Z")
        place = next(one for one in batch.enrolments if one.patient_id == boncuk.id)
        assert (place.clinic_id, place.updated_at) == (MAIN_CLINIC, instant("2026-03-18T14:02:41.000Z"))
        breeds = {row.id: row.name for row in breed_rows()}
        assert breeds[boncuk.breed_id or 0] == "Golden Retriever"

    def test_john_smith(self, batch: Batch) -> None:
        john = next(one for one in batch.clients if to_base36(one.id) == "ku9g6x2p0000ab0f0s1z2z3z")
        connection = next(one for one in batch.connections if one.client_id == john.id)
        assert (john.first_name, john.middle_name, john.last_name) == ("John", None, "Smith")
        assert (john.email, john.phone) == ("john.smith@example.com", "+1-555-123-4567")
        assert john.address == "123 Main St, New York, NY 10001"
        assert john.created_at == instant("2024-03-01T10:00:00.000Z")
        assert connection.number == 456
        assert connection.updated_at == connection.last_visit == instant("2026-01-15T14:30:00.000Z")

    def test_max_with_his_record_and_invoice(self, batch: Batch) -> None:
        pet = next(one for one in batch.patients if to_base36(one.id) == "ku9g7y3q0001ab0f0t2a3b4c")
        assert (pet.name, pet.birth_date, pet.weight_mg, pet.neutered) == ("Max", "2020-05-15", 32_500_000, True)
        assert pet.created_at == instant("2024-03-01T10:15:00.000Z")
        (record,) = [one for one in batch.records if one.patient_id == pet.id]
        assert to_base36(record.id) == "ku9i9a5s0003ab0f0v4c5d6e"
        assert (record.title, record.assessment) == ("Annual Checkup", "Healthy, no concerns")
        author = next(user for user in practice(1, TODAY).users if user.id == record.author_id)
        assert author.subject == "auth0|123456"
        (invoice,) = [one for one in batch.invoices if one.patient_id == pet.id]
        (line,) = [one for one in batch.invoice_lines if one.invoice_id == invoice.id]
        assert to_base36(invoice.id) == "ku9j0b6t0004ab0f0w5d6e7f"
        assert (invoice.number, invoice.status) == ("INV-2026-001523", "PAID")
        assert invoice.created_at == instant("2026-01-15T15:00:00.000Z")
        assert (line.name, line.unit_price_cents, line.quantity_milli) == ("Rabies Vaccine", 4500, 1000)
        assert invoice.carried_over_cents + line.unit_price_cents == 24550

    def test_fenton(self, batch: Batch) -> None:
        fenton = next(one for one in batch.patients if one.name == "Fenton")
        place = next(one for one in batch.enrolments if one.patient_id == fenton.id)
        owner = next(one for one in batch.connections if one.client_id == fenton.client_id)
        assert (place.clinic_id, place.number, owner.number) == (4, 2130, 218)
        assert (fenton.sex, fenton.species_id, fenton.breed_id, fenton.weight_mg) == ("female", 15461002, None, None)
        assert fenton.created_at == instant("2021-11-10T15:45:50.179386+02:00")
        assert place.updated_at == instant("2021-11-10T15:45:50.179414+02:00")

    def test_the_installation_is_number_four(self) -> None:
        assert [clinic.id for clinic in practice(1, TODAY).clinics] == [4, 5]


class TestCodelist:
    def test_codes_belong_to_the_shared_list_and_are_unique(self) -> None:
        codes = [row.id for row in species_rows()] + [row.id for row in breed_rows()]
        assert len(set(codes)) == len(codes)
        assert all(code % 1000 == 2 for code in codes)

    def test_every_name_leads_to_one_species(self) -> None:
        names = [name for row in SPECIES for name in {fold(row.name), fold(row.common), *row.synonyms}]
        assert len(set(names)) == len(names)
        assert all(name == fold(name) for row in SPECIES for name in row.synonyms)

    def test_documented_codes(self) -> None:
        dog = next(row for row in SPECIES if row.code == 15461002)
        assert (dog.name, dog.slug, dog.common) == ("Dog (Canine - Domestic)", "dog", "Dog")
        assert 13689002 in {breed.code for breed in dog.breeds}

    def test_the_vendors_six_slugs_exist(self) -> None:
        assert {"dog", "cat", "rabbit", "bird", "reptile", "exotic"} <= {row.slug for row in SPECIES}


def test_stock_holds_something_low_and_something_virtual() -> None:
    items = practice(1, TODAY).stock
    low = [one for one in items if not one.is_virtual and one.quantity_milli < one.low_stock_milli]
    assert 3 < len(low) < len(items) / 3
    assert any(one.is_virtual for one in items)
    assert len({one.id for one in items}) == len(items)
