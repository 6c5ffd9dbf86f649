# SPDX-License-Identifier: Apache-2.0
"""What a developer is told of a dialect: where it stands, what opens it, and requests to copy that work as they stand.

Each dialect fills these in for one clinic, since only it knows its paths and how its ids are spelled.
"""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from polyvet.core.context import Context
from polyvet.model.access import Application
from polyvet.web.limits import Budget

KEY = "KEY"  # the shell's variable that holds the credential
_BODY_TYPE = "-H 'Content-Type: application/json'"


class Variable(msgspec.Struct, frozen=True):
    """What is set once in a shell. It is read from the keyboard, so that no secret stands in a page or in the shell's
    history."""

    name: str
    says: str
    secret: bool = True

    @property
    def line(self) -> str:
        """The command that sets it."""
        return f"read {'-rs' if self.secret else '-r'} {self.name}"


class Example(msgspec.Struct, frozen=True):
    """A command for a shell, and what it does."""

    says: str
    command: str
    changes: bool = False  # the record
    needs: str | None = None  # the permission without which it is refused

    def with_key(self, secret: str) -> str:
        """The command with the credential in it, for whoever has just been given one. Keys and tokens hold nothing that
        a shell reads in a way of its own."""
        return self.command.replace(f"${KEY}", secret)


class Limit(msgspec.Struct, frozen=True):
    """So many requests of what."""

    what: str
    requests: str


class OAuth(msgspec.Struct, frozen=True, kw_only=True):
    """How applications get tokens. `application` is the clinic's own that the examples are for; without one there are
    none."""

    endpoints: tuple[tuple[str, str], ...]  # what it is, its URL
    scopes: tuple[str, ...]
    application: str | None = None
    authorize: str | None = None  # where a user's browser is sent first
    variables: tuple[Variable, ...] = ()
    examples: tuple[Example, ...] = ()


class Guide(msgspec.Struct, frozen=True, kw_only=True):
    """A dialect, for one clinic."""

    title: str
    base: str  # the URL below which all paths stand
    credential: str  # what opens it, in a sentence or two
    scheme: str  # the word before the credential in the header `Authorization`
    variable: Variable
    keyed: bool  # whether keys open it, which the clinic makes
    counting: str  # how requests are counted, and how the caller is told
    limits: tuple[Limit, ...]  # empty: nothing is counted
    examples: tuple[Example, ...]
    known: Mapping[str, str]  # ids of the clinic's own, by the path up to and with their parameter
    held: Mapping[str, Any] = {}  # what fields of bodies may hold, by their names: things of the clinic's own
    oauth: OAuth | None = None


Guiding = Callable[[Context, str], Awaitable[Guide]]  # of who asks, and what absolute URLs start with


def authorization(scheme: str) -> str:
    """curl's option that sends the credential."""
    return f'-H "Authorization: {scheme} ${KEY}"'


def body(value: Any) -> tuple[str, str]:
    """curl's options that post JSON."""
    return _BODY_TYPE, f"-d {shlex.quote(msgspec.json.encode(value).decode())}"


def field(name: str, value: str) -> str:
    """curl's option that posts a field of a form."""
    return f"--data-urlencode {shlex.quote(f'{name}={value}')}"


def field_of(name: str, variable: Variable) -> str:
    """The same, of what a variable holds."""
    return f'--data-urlencode "{name}=${variable.name}"'


def url(base: str, path: str, **query: str | int) -> str:
    """The URL of a path below a base. A name in the query that ends with `_` stands for `$` and the rest."""
    named = {f"${name[:-1]}" if name.endswith("_") else name: value for name, value in query.items()}
    asked = urlencode(named, safe="$:", quote_via=quote)
    return f"{base}/{path}{'?' if asked else ''}{asked}"


def curl(address: str, *options: str) -> str:
    """The command, an option a line."""
    return " \\\n  ".join((f"curl {options[0]}" if options else "curl", *options[1:], shlex.quote(address)))


def allowed(budget: Budget) -> str:
    """So many a minute and an hour, in words."""
    windows = ((budget.per_minute, "a minute"), (budget.per_hour, "an hour"))
    return ", ".join(f"{number:,} {window}" for number, window in windows if number is not None)


def newest_with(applications: Iterable[Application], grant_type: str) -> Application | None:
    """Of a clinic's applications, the oldest first, the newest that has a secret and gets tokens in this way."""
    found = [one for one in applications if not one.public and grant_type in one.grant_types.split()]
    return found[-1] if found else None


def asking(authorize: str, application: Application, scopes: Iterable[str], **more: str) -> str:
    """The address to which an application sends a user for a code."""
    asked = {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": application.redirect_uris.split()[0],
        "scope": " ".join(scopes),
        "state": "tried-by-hand",
        **more,
    }
    return f"{authorize}?{urlencode(asked, quote_via=quote)}"


SECRET = Variable("CLIENT_SECRET", "The application's secret, which was shown when it was registered")
CODE = Variable("CODE", "What the browser's address says after code= when you have allowed it")


def for_itself(token: str, application: Application) -> str:
    """The command by which an application gets a token of its own."""
    return curl(token, _own_secret(application), field("grant_type", "client_credentials"))


def for_code(token: str, application: Application) -> str:
    """The command that exchanges a code for tokens."""
    redirect = application.redirect_uris.split()[0]
    given = (field("grant_type", "authorization_code"), field_of("code", CODE), field("redirect_uri", redirect))
    return curl(token, _own_secret(application), *given)


def kept(command: str, name: str) -> str:
    """The command with one text of its JSON answer kept as the credential: of a line that is typed, some terminals
    take no more than 1,024 characters."""
    quiet = command.replace("curl ", "curl -sS ", 1)
    return f'{KEY}=$({quiet} \\\n  | sed -n \'s/.*"{name}":"\\([^"]*\\)".*/\\1/p\')'


def _own_secret(application: Application) -> str:
    return f'-u "{application.client_id}:${SECRET.name}"'
