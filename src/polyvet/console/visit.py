# SPDX-License-Identifier: Apache-2.0
"""A request to the console: who is signed in, what they sent, and the pages and redirects to answer with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec
from starlette.responses import HTMLResponse, Response

from polyvet.console import moments
from polyvet.console.facts import Server
from polyvet.console.rows import SECTIONS, Row
from polyvet.core import roles
from polyvet.core.addresses import Addresses
from polyvet.core.codelists import Codelists
from polyvet.core.context import Caller, Context, Writing
from polyvet.identity import sessions
from polyvet.identity.entering import Entering
from polyvet.identity.sessions import Session
from polyvet.model import values
from polyvet.model.entities import Clinic, User
from polyvet.model.errors import Invalid, Missing
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching
from polyvet.web import pages
from polyvet.web.cookies import keep
from polyvet.web.forms import Fields, of_query
from polyvet.web.guide import Guiding
from polyvet.web.kept import Kept, kept
from polyvet.web.limits import Room
from polyvet.web.message import Request
from polyvet.web.origin import origin
from polyvet.web.people import moved
from polyvet.web.rolling import Rolling

FOLDER = Path(__file__).parent
TEMPLATES, STATIC = FOLDER / "templates", FOLDER / "static"
_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_FIRST_ERROR = 400
DONE = "done"  # the parameter under which a page is told what was just done
T = TypeVar("T")


class Shared(msgspec.Struct, frozen=True):
    """What all pages of one process have in common."""

    store: Store
    codelists: Codelists
    attempts: Rolling
    entering: Entering
    public_url: str | None
    rows: tuple[Row, ...]
    guides: Mapping[str, Guiding]  # of each dialect, by its name
    hosts: Mapping[str, str]  # host names that are bound to a dialect
    triggers: dict[int, str]  # what webhooks can be told of: names by the triggers' numbers
    addresses: Addresses  # where webhooks may be
    server: Server
    keyed: tuple[str, ...]  # the dialects that keys open
    scopes: Mapping[str, tuple[str, ...]]  # of the dialects whose applications sign in by OAuth 2.0
    only_users: tuple[str, ...]  # of these, the ones where an application gets no token without a user
    rooms: Mapping[str, Callable[[Caller], list[Room]]]  # what is left of a caller's budgets, by dialect
    set_up: str | None = None  # the secret of the set-up link, while there is no clinic


class Visit:
    """One request. `session` is None on pages for anybody; `fields` holds what was posted, and came from our own
    page."""

    def __init__(self, shared: Shared, request: Request, row: Row) -> None:
        self.shared = shared
        self.request = request
        self.row = row
        self.session: Session | None = None
        self._clinic: Clinic | None = None
        self.csrf = ""  # what goes into each form of the page
        self.fields = Fields({}, frozenset())
        self.cookies: list[Callable[[Response], None]] = []  # what the answer is to have the browser keep

    def signed_in(self, session: Session, clinic: Clinic) -> None:
        """It is known by now whose request this is."""
        self.session, self._clinic, self.csrf = session, clinic, session.csrf

    @property
    def user(self) -> User:
        """Who is signed in. Only for pages that ask for it."""
        if self.session is None:
            raise LookupError("nobody is signed in")
        return self.session.user

    @property
    def clinic(self) -> Clinic:
        """Their clinic. Only for pages that ask for it."""
        if self._clinic is None:
            raise LookupError("nobody is signed in")
        return self._clinic

    @property
    def ctx(self) -> Context:
        """Who is signed in, as core asks for it."""
        user = self.user
        caller = Caller(
            user.id, user.clinic_id, user.console_role or "", roles.permissions(user), user.name, user_id=user.id,
            role=user.library_role,
        )  # fmt: skip
        return Context(caller, self.shared.store, self.shared.codelists)

    @property
    def origin(self) -> str:
        """What absolute URLs start with. Invalid where the request names a host that no URL can have."""
        found = origin(self.request, self.shared.public_url)
        try:
            urlsplit(found)
        except ValueError as error:
            raise Invalid({"host": "is no name of a host"}) from error
        return found

    def parameter(self, name: str) -> str:
        """A part of the path."""
        return self.request.parameters[name]

    def ident(self, name: str) -> bytes:
        """The id that a part of the path spells. Missing for what spells none."""
        text = self.parameter(name)
        found = values.from_crockford(text)
        if found is None:
            raise Missing(name, text)
        return found

    def query(self) -> Fields:
        """The query's parameters."""
        return of_query(self.request.scope["query_string"])

    def may(self, permission: str) -> bool:
        """Whether who is signed in has a permission: what they may not do is not offered."""
        return self.session is not None and permission in roles.permissions(self.session.user)

    def api(self, dialect: str) -> str:
        """What people call a dialect; a part that is none goes by its name."""
        return self.shared.server.dialects.get(dialect, dialect)

    def trigger(self, number: int) -> str:
        """What a webhook is told of; an API sets others, too."""
        return self.shared.triggers.get(number, f"Trigger {number}, which never fires")

    @property
    def above(self) -> tuple[str, str] | None:
        """The page of the menu that this one belongs to: where it stands, and its name."""
        if self.session is None:
            return None
        path = self.row.path
        if path.startswith("account/"):
            return "/console/account", "Your account"
        found = (row for row in self.shared.rows if row.menu and path.startswith(f"{row.path}/"))
        return next(((row.href, row.menu) for row in found if self.may(row.permission)), None)

    async def write(self, work: Callable[[Writing], Awaitable[T]], touching: Touching | None = None) -> T:
        """Work by who is signed in, in one transaction, which holds their clinic or what `touching` names."""
        ctx = self.ctx
        return await ctx.store.write(touching or Touching(clinics=(ctx.clinic_id,)), lambda tx: work(ctx.within(tx)))

    def page(self, name: str, status: int = 200, **shown: Any) -> Response:
        """A page made of a template of this console."""
        moments.ZONE.set("UTC" if self._clinic is None else self._clinic.timezone)
        text = (
            templates()
            .get_template(name)
            .render(visit=self, menu=self._menu(), csrf=self.csrf, done=self._done(), asset=asset, **shown)
        )
        return HTMLResponse(text, status, safe())

    def told(self, status: int, problem: str, title: str = "This did not work") -> Response:
        """A page that says what is wrong, and what to do."""
        return self.page("told.html", status, title=title, problem=problem, failed=status >= _FIRST_ERROR)

    def moved(self, path: str, done: str | None = None) -> Response:
        """On to another page of the console, which says what was done: by a word that its template knows, since
        whatever else stood in an address would be anybody's to write."""
        query = "" if done is None else ("&" if "?" in path else "?") + urlencode({DONE: done})
        return moved(self.request, path + query)

    def keep(self, name: str, secret: str, seconds: int) -> None:
        """Have the browser keep a cookie with the answer; 0 seconds end it."""
        self.cookies.append(
            lambda response: keep(self.request, response, name, secret, seconds, self.shared.public_url)
        )

    def keep_session(self, secret: str, seconds: int = sessions.LIFETIME_S) -> None:
        """Have the browser keep another session."""
        self.keep(sessions.COOKIE, secret, seconds)

    def _done(self) -> str | None:
        """The word of what was just done; none in a query that cannot be read, since a page tells of that, too."""
        try:
            return self.query().get(DONE)
        except Invalid:
            return None

    def _menu(self) -> list[tuple[str, list[Row]]]:
        """The pages that are open to who is signed in, by section."""
        if self.session is None:
            return []
        mine = [row for row in self.shared.rows if row.menu and self.may(row.permission)]
        found = [(section, [row for row in mine if row.section == section]) for section in SECTIONS]
        return [(section, rows) for section, rows in found if rows]


def safe() -> dict[str, str]:
    """The headers of a page of the console: it loads what this server has, runs nothing that stands in it, is framed
    nowhere and kept nowhere."""
    return {
        "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }


@cache
def templates() -> Any:
    """The console's templates, which print points in time."""
    found = pages.environment(TEMPLATES)
    found.filters.update(ahead=moments.ahead, local=moments.local, utc=moments.utc)
    found.globals.update(zones=moments.zones)
    return found


@cache
def static(name: str) -> Kept:
    """A file that pages load."""
    return kept((STATIC / name).read_bytes(), _TYPES[name.rpartition(".")[2]])


def asset(name: str) -> str:
    """Where a page loads a file from: a new version has a new address, so that each is kept for good."""
    return f"/console/static/{name}?v={static(name).version}"
