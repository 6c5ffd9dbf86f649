# SPDX-License-Identifier: Apache-2.0
"""What a start does not load: libraries that only some requests need cost every server time and memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

LATE = (
    "aiosmtplib", "argon2", "authlib", "bs4", "cryptography", "httpx", "inscriptis", "jinja2", "joserfc", "lark",
    "lxml", "markdown_it", "markdownify", "nh3", "pyotp", "segno",
)  # fmt: skip


@pytest.mark.parametrize("module", ["polyvet.app", "polyvet.serving", "polyvet.cli"])
def test_a_start_loads_no_library_that_only_some_requests_need(module: str) -> None:
    program = f"import sys, {module}; print(*sorted(set({LATE!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_keys_and_applications_are_made_without_them() -> None:
    program = (
        "import sys, polyvet.identity.keys, polyvet.identity.applications, polyvet.identity.passwords\n"
        f"import polyvet.identity.signing; print(*sorted(set({LATE!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
