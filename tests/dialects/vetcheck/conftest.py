# SPDX-License-Identifier: Apache-2.0
"""Who signs in and what for, for the tests of OAuth; shared, since making passwords takes its time."""

from __future__ import annotations

import pytest

from tests.dialects.harness import Practice
from tests.dialects.vetcheck.signing_in import Integrator, with_passwords


@pytest.fixture(scope="module")
def it(module_practice: Practice) -> Integrator:
    """A confidential application of the first clinic, and users who can sign in."""
    with_passwords(module_practice)
    return Integrator(module_practice)


@pytest.fixture(scope="module")
def public(module_practice: Practice) -> Integrator:
    """One without a secret."""
    return Integrator(module_practice, public=True)
