# SPDX-License-Identifier: Apache-2.0
"""A migrated store on each engine; drawn examples take the time they take."""

from hypothesis import HealthCheck, settings

from tests.core.stores import postgres_store_url, sqlite_store_url, store_url

__all__ = ["postgres_store_url", "sqlite_store_url", "store_url"]

# A machine that does other work beside the tests must not fail them.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
