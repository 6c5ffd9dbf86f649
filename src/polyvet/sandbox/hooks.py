# SPDX-License-Identifier: Apache-2.0
"""The demo's webhooks: each clinic tells the demo's own receiver of its patients."""

from __future__ import annotations

import msgspec

from polyvet.core.webhooks import WEBHOOK, new_secret
from polyvet.model import values
from polyvet.model.hooks import ContentType, Webhook
from polyvet.sandbox.practice import CLINIC_IDS
from polyvet.storage import numbers, webhooks
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx

NAME = "Demo receiver"
NETWORKS = ("127.0.0.0/8", "::1/128")  # where it is
_PATH = "/demo/webhooks"
_BEFORE = "http://127.0.0.1:8000"  # until the server says where it listens
_PATIENT = 2  # the trigger


async def add(store: Store) -> None:
    """Make them."""

    async def work(tx: Tx) -> None:
        for clinic_id in CLINIC_IDS:
            at = tx.stamp(clinic_id)
            number = await numbers.take(tx, clinic_id, WEBHOOK)
            since = tx.clinic(clinic_id).event_seq
            webhooks.insert(
                tx,
                Webhook(
                    values.new_id(at), clinic_id, number, NAME, f"{_BEFORE}{_PATH}/{clinic_id}", _PATIENT,
                    ContentType.JSON, None, True, new_secret(), None, None, since, at, at,
                ),
            )  # fmt: skip

    await store.write(Touching(clinics=CLINIC_IDS), work)


async def point_to(store: Store, url: str) -> None:
    """Let them point to the server that listens at `url`."""
    for clinic_id in CLINIC_IDS:
        target = f"{url}{_PATH}/{clinic_id}"
        for hook in await webhooks.of_clinic(store.reader, clinic_id):
            ours = hook.name == NAME and hook.target_url.endswith(f"{_PATH}/{clinic_id}")
            if ours and hook.target_url != target:
                moved = msgspec.structs.replace(hook, target_url=target)
                await store.write(Touching(clinics=(clinic_id,)), lambda tx, moved=moved: _change(tx, moved))  # type: ignore[misc]


async def _change(tx: Tx, hook: Webhook) -> None:
    webhooks.change(tx, hook)
