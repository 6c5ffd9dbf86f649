# SPDX-License-Identifier: Apache-2.0
"""What VetCheck's tests share: a practice without limits; who signs in and what for, since making passwords takes its
time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dialects.fixtures import Copying
from tests.dialects.harness import Practice
from tests.dialects.vetcheck.signing_in import Integrator


@pytest.fixture(scope="module")
def unlimited(copying: Copying) -> Iterator[Practice]:
    """A practice of a module's own where nobody counts what is shared."""
    with copying() as copy:
        served = Practice(copy(), limits="off")
        yield served
        served.close()


@pytest.fixture(scope="module")
def it(module_practice: Practice) -> Integrator:
    """A confidential application of the first clinic, and users who can sign in."""
    return Integrator(module_practice)


@pytest.fixture(scope="module")
def public(module_practice: Practice) -> Integrator:
    """One without a secret."""
    return Integrator(module_practice, public=True)
