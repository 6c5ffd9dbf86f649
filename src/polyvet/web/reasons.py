# SPDX-License-Identifier: Apache-2.0
"""Why a request was refused, for the people whose key it was: the fact, the permission or the fields' names, and never
what was sent."""

from __future__ import annotations

import re

from polyvet.model.errors import Forbidden, Invalid, Merged, Missing, NotConnected, PolyvetError, Unauthenticated

DEFECT = "a defect of the server; its log says more under this id"
_MOST_FIELDS = 10
_LONGEST_FIELD = 60
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def reason(error: Exception) -> str:
    """The reason in a few words."""
    match error:
        case Forbidden():
            return f"needs {error.permission}"
        case Invalid():
            names = [name[:_LONGEST_FIELD] for name in error.problems]
            more = " and more" if len(names) > _MOST_FIELDS else ""
            return f"does not hold: {', '.join(names[:_MOST_FIELDS])}{more}"
        case Missing() | NotConnected() | Merged():
            return f"{error.kind}: {_words(error)}"
        case Unauthenticated():
            return str(error)
        case PolyvetError():
            return _words(error)
    return DEFECT


def _words(error: Exception) -> str:
    """The error's name, as words: LimitReached is `limit reached`."""
    return _CAPITAL.sub(" ", type(error).__name__).lower()
