# SPDX-License-Identifier: Apache-2.0
"""A store with one clinic and its keys."""

from tests.serving.conftest import practice

__all__ = ["practice"]
