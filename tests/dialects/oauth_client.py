# SPDX-License-Identifier: Apache-2.0
"""A standard client library of OAuth 2.0, as an integrator uses it."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():  # it says that the HTTP client which it stands on has a successor
    warnings.simplefilter("ignore")
    from authlib.integrations.httpx_client import OAuth2Client

__all__ = ["OAuth2Client"]
