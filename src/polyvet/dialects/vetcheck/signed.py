# SPDX-License-Identifier: Apache-2.0
"""Who is signed in, for the pages that need to know: the session's cookie, and what guards forms that it would send
along by itself."""

from __future__ import annotations

import hmac
import re

from starlette.requests import cookie_parser
from starlette.responses import Response

from polyvet.core.context import PERMISSIONS, Caller, Context
from polyvet.dialects.vetcheck.people import Shared, SignInNeeded
from polyvet.identity import sessions
from polyvet.identity.sessions import COOKIE, Session
from polyvet.model.errors import Invalid
from polyvet.web.forms import Fields
from polyvet.web.message import Request

CSRF = "csrf"  # the field of each form
HOME = "/account"
_LONGEST_NEXT = 8_000
_LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # no host, no scheme, no backslash, nothing that browsers leave out


async def signed_in(shared: Shared, request: Request) -> Session:
    """Who has opened the page; SignInNeeded for nobody."""
    found = await current(shared, request)
    if found is None:
        raise SignInNeeded
    return found


async def current(shared: Shared, request: Request) -> Session | None:
    """The same, None for nobody."""
    return await sessions.find(shared.store.reader, cookie(request, COOKIE))


def context(shared: Shared, session: Session) -> Context:
    """Who is signed in, as core asks for it: at their clinic, with the role that they have now."""
    user = session.user
    caller = Caller(
        user.id, user.clinic_id, user.role, frozenset(PERMISSIONS), user.name, user_id=user.id, role=user.library_role
    )
    return Context(caller, shared.store, shared.codelists)


def check(session: Session, fields: Fields) -> None:
    """Invalid unless the form was filled in on a page that was made for who is signed in."""
    check_csrf(session.csrf, fields)


def check_csrf(csrf: str | None, fields: Fields) -> None:
    """Invalid unless the form carries this; None: the browser has no cookie that a form could go with."""
    given = (fields.get(CSRF) or "").encode("utf-8", "surrogateescape")
    if csrf is None or not hmac.compare_digest(csrf.encode(), given):
        raise Invalid({"form": "is out of date, or does not come from this site; go back and load the page again"})


def cookie(request: Request, name: str) -> str | None:
    """A cookie's value. What others on this host have set is in nobody's way, however it is written."""
    for header, value in request.scope["headers"]:
        if header == b"cookie" and (found := cookie_parser(value.decode("latin-1")).get(name)) is not None:
            return found
    return None


def keep(shared: Shared, request: Request, response: Response, name: str, secret: str, seconds: int) -> None:
    """Have the browser keep a secret that no script reads and that other sites' forms do not bring along; 0 seconds
    end it."""
    secure = request.scope["scheme"] == "https" or (shared.options.public_url or "").startswith("https:")
    response.set_cookie(name, secret, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")


def local(path: str | None) -> str | None:
    """The path, if it leads nowhere else but to this server; else None."""
    if path is None or len(path) > _LONGEST_NEXT or not _LOCAL.fullmatch(path):
        return None
    return path


__all__ = ["HOME", "SignInNeeded", "check", "check_csrf", "context", "cookie", "current", "keep", "local", "signed_in"]
