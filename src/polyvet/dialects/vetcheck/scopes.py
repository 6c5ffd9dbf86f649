# SPDX-License-Identifier: Apache-2.0
"""What a start knows of VetCheck's sign-in: the scopes that an application may ask for, and which paths are pages."""

from __future__ import annotations

# `read:handouts` and `offline_access` are [seed], the others follow them and OpenID Connect [inferred].
SCOPES = (
    "openid", "profile", "email", "offline_access",
    "read:handouts", "read:forms", "read:vetforms", "read:programs", "read:species",
    "write:handouts", "write:forms", "write:programs", "share:handouts", "share:forms", "share:programs",
)  # fmt: skip
_PAGES = frozenset(("account", "code", "login", "logout", "oauth", "register", "s", ".well-known"))


def is_page(first: str) -> bool:
    """Whether paths that start with this segment are OAuth's, or people open them in a browser."""
    return first in _PAGES
