# SPDX-License-Identifier: Apache-2.0
"""Who is signed in, for the pages that need to know: the session's cookie, and what guards forms that it would send
along by itself."""

from __future__ import annotations

from polyvet.core import roles
from polyvet.core.context import Caller, Context
from polyvet.dialects.vetcheck.people import Shared, SignInNeeded
from polyvet.identity import sessions
from polyvet.identity.sessions import COOKIE, Session, check_csrf
from polyvet.web.cookies import cookie
from polyvet.web.forms import Fields
from polyvet.web.message import Request

HOME = "/account"


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
        user.id, user.clinic_id, user.role, roles.through_api(user.console_role), user.name, user_id=user.id,
        role=user.library_role,
    )  # fmt: skip
    return Context(caller, shared.store, shared.codelists)


def check(session: Session, fields: Fields) -> None:
    """Invalid unless the form was filled in on a page that was made for who is signed in."""
    check_csrf(session.csrf, fields)
