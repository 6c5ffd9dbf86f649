# SPDX-License-Identifier: Apache-2.0
"""What the console's tests share: somebody of each role at the main clinic, signed in with a browser of their own."""

from __future__ import annotations

import pytest

from polyvet.model.access import Role
from tests.console.people import Colleague
from tests.dialects.harness import Practice


@pytest.fixture(scope="module")
def owner(module_practice: Practice) -> Colleague:
    """The owner of the main clinic, who looks after the server, too."""
    return Colleague(module_practice, Role.OWNER)


@pytest.fixture(scope="module")
def colleagues(module_practice: Practice) -> dict[Role, Colleague]:
    """Somebody of each role."""
    return {role: Colleague(module_practice, role) for role in Role}
