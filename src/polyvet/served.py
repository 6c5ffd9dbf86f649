# SPDX-License-Identifier: Apache-2.0
"""What is served: the dialects' names, how callers of each come in, and what a server's worker processes share."""

from __future__ import annotations

from polyvet.dialects.clinovavet import router as clinovavet
from polyvet.dialects.provet import router as provet
from polyvet.dialects.provet.wire import SCOPES as PROVET_SCOPES
from polyvet.dialects.vetcheck import router as vetcheck
from polyvet.dialects.vetcheck.scopes import SCOPES as VETCHECK_SCOPES
from polyvet.dialects.vetigen import router as vetigen
from polyvet.model import values
from polyvet.settings import Settings, SettingsError
from polyvet.web.limits import Limits
from polyvet.web.marks import Marks
from polyvet.web.rolling import Rolling

DIALECTS = (vetigen.NAME, clinovavet.NAME, provet.NAME, vetcheck.NAME)
# The dialects whose callers have keys; VetCheck's users sign in.
KEYED = (vetigen.NAME, clinovavet.NAME, provet.NAME)
# Of the dialects whose applications sign in by OAuth 2.0.
SCOPES = {provet.NAME: PROVET_SCOPES, vetcheck.NAME: VETCHECK_SCOPES}
ONLY_USERS = (vetcheck.NAME,)  # of these, the ones where an application gets no token without a user


class Shared:
    """What the worker processes of one server have in common; made before they are forked."""

    def __init__(self, settings: Settings, set_up: str | None = None) -> None:
        """`set_up` is the secret of the link by which a server without a clinic is set up. SettingsError when a setting
        names what does not exist."""
        unknown = sorted(set(settings.hosts.values()) - set(DIALECTS))
        if unknown:
            raise SettingsError(f"hosts: {', '.join(unknown)} is no dialect; there are {', '.join(DIALECTS)}")
        several = settings.workers > 1
        self.limits = Limits(shared=several) if settings.limits == "vendor" else None
        self.rolling = Rolling(shared=several) if settings.limits == "vendor" else None
        self.attempts = Rolling(shared=several)  # to sign in; not a vendor's limit, so always counted
        self.marks = Marks(shared=several)
        self.set_up = set_up
        self.since = values.now()
