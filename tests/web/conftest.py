# SPDX-License-Identifier: Apache-2.0
"""A migrated store on each engine."""

from tests.core.stores import postgres_store_url, sqlite_store_url, store_url

__all__ = ["postgres_store_url", "sqlite_store_url", "store_url"]
