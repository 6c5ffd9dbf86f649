# SPDX-License-Identifier: Apache-2.0
"""Who signs in and what for, for the tests of OAuth; shared, since making passwords takes its time."""

from __future__ import annotations

import pytest

from polyvet.sandbox.practice import SECOND_CLINIC
from tests.dialects.harness import Practice
from tests.dialects.provet.signing_in import Integrator


@pytest.fixture(scope="session")
def it(practice: Practice) -> Integrator:
    """A confidential application of the first clinic."""
    return Integrator(practice)


@pytest.fixture(scope="session")
def public(practice: Practice) -> Integrator:
    """One without a secret."""
    return Integrator(practice, public=True)


@pytest.fixture(scope="session")
def other(practice: Practice) -> Integrator:
    """Another clinic's application."""
    return Integrator(practice, SECOND_CLINIC)
