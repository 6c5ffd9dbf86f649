# SPDX-License-Identifier: Apache-2.0
"""What VetCheck's tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dialects.fixtures import Copying
from tests.dialects.harness import Practice


@pytest.fixture(scope="module")
def unlimited(copying: Copying) -> Iterator[Practice]:
    """A practice of a module's own where nobody counts what is shared."""
    with copying() as copy:
        served = Practice(copy(), limits="off")
        yield served
        served.close()
