# SPDX-License-Identifier: Apache-2.0
"""Django's settings for the peer: the recommended WAL set-up on SQLite, a kept connection on PostgreSQL."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from bench.apps.shared import FULLY_DURABLE, STORE


def _database() -> dict[str, Any]:
    if STORE.startswith("postgresql"):
        url = urlsplit(STORE)
        server = {"USER": url.username, "HOST": url.hostname, "PORT": url.port, "CONN_MAX_AGE": None}
        return {"ENGINE": "django.db.backends.postgresql", "NAME": url.path[1:], **server}
    options = {
        "transaction_mode": "IMMEDIATE",
        "init_command": ";".join("PRAGMA " + pragma for pragma in FULLY_DURABLE),
    }
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": STORE, "CONN_MAX_AGE": None, "OPTIONS": options}


SETTINGS: dict[str, Any] = {
    "DEBUG": False,
    "SECRET_KEY": "benchmark only",
    "ALLOWED_HOSTS": ["*"],
    "USE_TZ": True,
    "TIME_ZONE": "UTC",
    "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
    "INSTALLED_APPS": ["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "django_filters"],
    "MIDDLEWARE": ["django.middleware.common.CommonMiddleware"],
    "DATABASES": {"default": _database()},
    "REST_FRAMEWORK": {
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
        "UNAUTHENTICATED_USER": None,
    },
}
