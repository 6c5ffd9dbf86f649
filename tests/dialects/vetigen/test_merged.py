# SPDX-License-Identifier: Apache-2.0
"""Patients that turned out to be another: the old id answers with the one that stays."""

from __future__ import annotations

from polyvet.model.values import to_crockford
from polyvet.sandbox.samples import FENTON_ID, MAX_ID
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import FENTON, MAX, ROOT
from tests.dialects.vetigen.asking import PATIENTS, SOAP, data, rows

OLD, NEW = (f"patient_{to_crockford(ident)}" for ident in (MAX_ID, FENTON_ID))


def merge(practice: Practice) -> None:
    body = {"merge_patient": f"https://provetcloud.com{ROOT}patient/{FENTON}/"}
    assert practice.provet.post(f"{ROOT}patient/{MAX}/merge/", json=body).status_code == 200


def test_the_old_id_answers_with_the_patient_that_stays(fresh_practice: Practice) -> None:
    vetigen = fresh_practice.vetigen
    for _ in range(3):  # so that its JSON is kept for the next time
        rows(vetigen, PATIENTS)
        assert data(vetigen.get(f"{PATIENTS}/{OLD}"))["fp"] == OLD
    merge(fresh_practice)
    assert OLD not in [row["fp"] for row in rows(vetigen, PATIENTS)]
    kept = data(vetigen.get(f"{PATIENTS}/{NEW}"))
    for spelling in (OLD, OLD.lower(), "patient_" + OLD.partition("_")[2].replace("1", "l")):
        assert data(vetigen.get(f"{PATIENTS}/{spelling}")) == kept
    assert (kept["fp"], kept["weight_kg"]) == (NEW, 32.5)
    assert fresh_practice.small_vetigen.get(f"{PATIENTS}/{OLD}").status_code == 404


def test_its_records_are_those_of_the_patient_that_stays(fresh_practice: Practice) -> None:
    vetigen = fresh_practice.vetigen
    [record] = rows(vetigen, f"{SOAP}/patient/{OLD}")
    merge(fresh_practice)
    moved = rows(vetigen, f"{SOAP}/patient/{OLD}")
    assert moved == rows(vetigen, f"{SOAP}/patient/{NEW}")
    assert record["fp"] in [row["fp"] for row in moved]
    after = data(vetigen.get(f"{SOAP}/{record['fp']}"))
    assert after["patient_fp"] == NEW
    assert after["updated_at"] > record["updated_at"]
