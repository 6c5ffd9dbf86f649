# SPDX-License-Identifier: Apache-2.0
"""Workers that look more often than a practice needs."""

from __future__ import annotations

import pytest

from polyvet.delivery import mail, worker


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test would only wait for: the pauses between two looks, and a stop's patience with who hangs."""
    monkeypatch.setattr(worker, "POLL_S", 0.05)
    monkeypatch.setattr(worker, "IDLE_S", 0.05)
    monkeypatch.setattr(worker, "STOP_S", 2.0)
    monkeypatch.setattr(mail, "POLL_S", 0.01)
    monkeypatch.setattr(mail, "IDLE_S", 0.02)
    monkeypatch.setattr(mail, "FIRST_REST_S", 0.02)
