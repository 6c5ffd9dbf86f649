# SPDX-License-Identifier: Apache-2.0
"""Who may read what: keys, permissions, connections, other clinics' rows."""

from __future__ import annotations

from functools import partial

import httpx
import pytest

from polyvet.core import clients, patients
from polyvet.core.context import PERMISSIONS
from polyvet.identity import keys
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.sandbox.samples import BONCUK_ID, BONCUKS_OWNER_ID
from polyvet.storage.writing import Touching
from tests.dialects.extras import SMALL_CLINIC
from tests.dialects.harness import SECRETS, Golden, Practice
from tests.dialects.vetigen.asking import (
    CANONICAL_SAMPLE,
    EVENTS,
    INVENTORY,
    PATIENTS,
    SAMPLE,
    SOAP,
    data,
    error,
    rows,
)

KEY = SECRETS["vetigen", MAIN_CLINIC]
NEEDS = {
    PATIENTS: "patients:read",
    f"{PATIENTS}/{SAMPLE}": "patients:read",
    EVENTS: "calendar:read",
    INVENTORY: "stock:read",
    f"{INVENTORY}/invitem_01KM00000000000000000STK01": "stock:read",
    f"{SOAP}/patient/{SAMPLE}": "records:read",
    f"{SOAP}/soap_01KM00000000000000000S0AP1": "records:read",
}


@pytest.mark.parametrize("headers", [{"Authorization": f"Bearer {KEY}"}, {"X-API-Key": KEY}])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_key_comes_in_either_header(practice: Practice, headers: dict[str, str], scheme: str) -> None:
    headers = {name: value.replace("Bearer", scheme) for name, value in headers.items()}
    assert data(practice.client().get(PATIENTS, headers=headers))["total"] > 0


def test_the_bearer_wins_over_the_other_header(practice: Practice) -> None:
    bearer = {"Authorization": "Bearer sk_live_nobody", "X-API-Key": KEY}
    error(practice.client().get(PATIENTS, headers=bearer), 401, "AUTH.UNAUTHORIZED")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer  x"},
        {"Authorization": "Bearer sk_live_nobody"},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": KEY},
        {"X-API-Key": ""},
        {"X-API-Key": KEY.upper()},
        {"X-API-Key": SECRETS["clinovavet", MAIN_CLINIC]},
        {"Authorization": "Bearer " + "x" * 20_000},
        {"Authorization": b"Bearer \xff\xfe\xf0"},
    ],
)
def test_every_bad_key_gets_the_documented_401(practice: Practice, golden: Golden, headers: dict) -> None:
    golden("unauthorized", practice.client().get(PATIENTS, headers=headers))


def test_a_key_in_the_query_is_no_key(practice: Practice) -> None:
    error(practice.client().get(f"{PATIENTS}?api_key={KEY}&clinic_fp=clinic_x"), 401, "AUTH.UNAUTHORIZED")


def test_a_revoked_key_is_dead(fresh_practice: Practice) -> None:
    secret = fresh_practice.new_key("vetigen")
    fresh_practice.run(lambda store: keys.revoke_named(store, secret))
    error(fresh_practice.client(secret).get(PATIENTS), 401, "AUTH.UNAUTHORIZED")


@pytest.mark.parametrize("path", NEEDS)
def test_each_route_asks_for_its_permission(practice: Practice, golden: Golden, path: str) -> None:
    rest = tuple(permission for permission in PERMISSIONS if permission != NEEDS[path])
    golden("forbidden", practice.client(practice.new_key("vetigen", permissions=rest)).get(path))
    just = practice.new_key("vetigen", permissions=(NEEDS[path],))
    assert practice.client(just).get(path).status_code == 200


def test_permission_is_asked_before_anything_is_looked_up(practice: Practice) -> None:
    none = practice.client(practice.new_key("vetigen", permissions=()))
    for path in (f"{PATIENTS}?page=0", f"{PATIENTS}/patient_nobody", f"{SOAP}/soap_nothing"):
        error(none.get(path), 403, "AUTH.FORBIDDEN")


def _delete(practice: Practice) -> None:
    touching = practice.read(lambda ctx: patients.touching(ctx, BONCUK_ID))
    practice.change(touching, lambda w: patients.delete(w, BONCUK_ID, SAMPLE))


def _disconnect(practice: Practice) -> None:
    touching = Touching(clinics=(MAIN_CLINIC,), clients=(BONCUKS_OWNER_ID,))
    practice.change(touching, lambda w: clients.disconnect(w, BONCUKS_OWNER_ID, "him"))


@pytest.mark.parametrize("take_away", [_delete, _disconnect])
def test_what_was_deleted_or_disconnected_is_gone_from_everywhere(fresh_practice: Practice, take_away) -> None:
    client = fresh_practice.vetigen
    total = data(client.get(PATIENTS))["total"]
    take_away(fresh_practice)
    assert data(client.get(PATIENTS))["total"] == total - 1
    assert CANONICAL_SAMPLE not in [row["fp"] for row in rows(client, PATIENTS, page_size=100)]
    error(client.get(f"{PATIENTS}/{SAMPLE}"), 404, "PATIENT.NOT_FOUND")
    error(client.get(f"{SOAP}/patient/{SAMPLE}"), 404, "PATIENT.NOT_FOUND")


def test_a_deleted_patient_is_gone_at_every_clinic_a_disconnected_one_at_its_own(fresh_practice: Practice) -> None:
    _disconnect(fresh_practice)
    assert data(fresh_practice.small_vetigen.get(f"{PATIENTS}/{SAMPLE}"))["name"] == "Boncuk"
    touching = Touching(clinics=(SMALL_CLINIC,), clients=(BONCUKS_OWNER_ID,))
    delete = partial(patients.delete, patient_id=BONCUK_ID, shown=SAMPLE)
    fresh_practice.change(touching, delete, clinic_id=SMALL_CLINIC)
    error(fresh_practice.small_vetigen.get(f"{PATIENTS}/{SAMPLE}"), 404, "PATIENT.NOT_FOUND")


def test_a_connection_that_opens_brings_its_patients_as_changes(fresh_practice: Practice) -> None:
    cursor = max(row["updated_at"] for row in rows(fresh_practice.other_vetigen, PATIENTS, page_size=100))
    touching = clients.connecting(MAIN_CLINIC, SECOND_CLINIC, BONCUKS_OWNER_ID)
    fresh_practice.change(touching, lambda w: clients.connect(w, BONCUKS_OWNER_ID, "him", SECOND_CLINIC))
    found = data(fresh_practice.other_vetigen.get(PATIENTS, params={"updated_since": cursor}))["items"]
    assert [row["fp"] for row in found] == [CANONICAL_SAMPLE]
    assert data(fresh_practice.other_vetigen.get(f"{PATIENTS}/{SAMPLE}"))["name"] == "Boncuk"


def _without_the_id(response: httpx.Response, fp: str) -> tuple[int, bytes, list[str]]:
    varying = ("x-request-id", "content-length", "date", "x-ratelimit-remaining", "x-ratelimit-reset")
    headers = sorted(f"{name}: {value}" for name, value in response.headers.items() if name not in varying)
    return response.status_code, response.content.replace(fp.encode(), b"FP"), headers


def test_another_clinics_patient_answers_as_a_missing_one(practice: Practice, golden: Golden) -> None:
    nobody = "patient_01JABC9XYZK14N7P3Q8TRM2ZDF"
    for path in (f"{PATIENTS}/", f"{SOAP}/patient/"):
        closed = practice.other_vetigen.get(path + SAMPLE)
        error(closed, 404, "PATIENT.NOT_FOUND")
        missing = practice.other_vetigen.get(path + nobody)
        assert _without_the_id(closed, SAMPLE) == _without_the_id(missing, nobody)
    golden("patient_not_found", practice.other_vetigen.get(f"{PATIENTS}/patient_01JABC"))


def test_a_setting_names_what_is_not_connected(practice: Practice, golden: Golden) -> None:
    telling = practice.served_otherwise(vetigen_name_unconnected=True).other_vetigen
    golden("access_denied", telling.get(f"{PATIENTS}/{SAMPLE}"))
    error(telling.get(f"{SOAP}/patient/{SAMPLE}"), 403, "PATIENT.ACCESS_DENIED")
    error(telling.get(f"{PATIENTS}/patient_01JABC"), 404, "PATIENT.NOT_FOUND")
    error(telling.get(f"{SOAP}/soap_01KM00000000000000000S0AP1"), 404, "SOAP.NOT_FOUND")


def test_a_deleted_patient_is_missing_even_where_the_unconnected_are_named(fresh_practice: Practice) -> None:
    telling = fresh_practice.served_otherwise(vetigen_name_unconnected=True)
    _delete(fresh_practice)
    error(telling.vetigen.get(f"{PATIENTS}/{SAMPLE}"), 404, "PATIENT.NOT_FOUND")


def test_shared_patients_are_seen_by_both_clinics_and_others_by_one(practice: Practice) -> None:
    here = {row["fp"]: row for row in rows(practice.vetigen, PATIENTS, page_size=100)}
    there = {row["fp"]: row for row in rows(practice.other_vetigen, PATIENTS, page_size=100)}
    shared = here.keys() & there.keys()
    assert shared
    assert len(shared) < min(len(here), len(there))
    for fp in sorted(there.keys() - shared):
        error(practice.vetigen.get(f"{PATIENTS}/{fp}"), 404, "PATIENT.NOT_FOUND")
        error(practice.vetigen.get(f"{SOAP}/patient/{fp}"), 404, "PATIENT.NOT_FOUND")


def test_no_list_shows_another_clinics_rows(practice: Practice) -> None:
    window = {"start_date": "2026-04-15", "end_date": "2026-07-10", "page_size": 100}
    for path, query in ((EVENTS, window), (INVENTORY, {"page_size": 100})):
        ours = {row["fp"] for row in rows(practice.vetigen, path, **query)}
        theirs = {row["fp"] for row in rows(practice.other_vetigen, path, **query)}
        assert ours
        assert theirs
        assert not ours & theirs


def test_another_clinics_item_and_record_answer_as_missing_ones(practice: Practice) -> None:
    for path, fp, code in (
        (INVENTORY, "invitem_01KM00000000000000000STK01", "INVENTORY.NOT_FOUND"),
        (SOAP, "soap_01KM00000000000000000S0AP1", "SOAP.NOT_FOUND"),
    ):
        closed = practice.other_vetigen.get(f"{path}/{fp}")
        error(closed, 404, code)
        nothing = fp[:-1] + "9"
        missing = practice.other_vetigen.get(f"{path}/{nothing}")
        assert _without_the_id(closed, fp) == _without_the_id(missing, nothing)
