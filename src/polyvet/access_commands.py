# SPDX-License-Identifier: Apache-2.0
"""Commands for those who sign in: applications, users' passwords and roles, and the key that tokens are signed with."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from polyvet.command import (
    MOST_REQUESTS,
    ClinicOption,
    ConfigOption,
    DataOption,
    PerMinuteOption,
    PermissionsOption,
    UrlOption,
    fail,
    is_text,
    require_clinic,
    require_known,
    run_to_end,
    settings_of,
    with_store,
)
from polyvet.core.context import PERMISSIONS
from polyvet.model import values
from polyvet.model.access import NO_ROLE, Role
from polyvet.model.entities import User
from polyvet.model.library import LibraryRole
from polyvet.storage.store import Store

MOST_DAYS = 36_500
_NONE = "none"

app = typer.Typer()


@app.command("create-application")
def create_application(
    clinic: ClinicOption,
    name: Annotated[str, typer.Option(help="What users read when it asks them for access.")],
    dialect: Annotated[str, typer.Option(help="provet or vetcheck.")] = "provet",
    redirect_uri: Annotated[
        list[str] | None,
        typer.Option(help="Where codes are sent, compared letter by letter; several may be given. None: no users."),
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="It cannot keep a secret, as an app on a device: it gets none.")
    ] = False,
    permission: PermissionsOption = None,
    per_minute: PerMinuteOption = None,
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """Let an application ask for tokens by OAuth 2.0. Prints its client_id and client_secret; the secret cannot be had
    again.

    With the secret it gets tokens of its own (client_credentials; not in VetCheck). With a redirect URI it can send
    users here, who sign in and allow it (authorization_code with PKCE, refresh_token): `polyvet set-password` lets them
    sign in. In VetCheck users of every clinic may allow it, and developers register applications at /account, too.
    """
    from polyvet.identity import applications
    from polyvet.served import ONLY_USERS, SCOPES

    uris = redirect_uri or []
    if not values.is_name(name):
        fail(f"an application's name has 1 to {values.LONGEST_NAME} characters")
    require_known("dialect with OAuth 2.0", [dialect], tuple(SCOPES))
    require_known("permission", permission or [], PERMISSIONS)
    for_itself = dialect not in ONLY_USERS
    if not for_itself and not uris:
        fail(f"users allow an application of {dialect} what it does, so it needs --redirect-uri to send them back to")
    _require_redirects(uris, public=public)
    new = applications.NewApplication(
        clinic_id=clinic,
        dialect=dialect,
        name=name,
        scopes=SCOPES[dialect],
        redirect_uris=tuple(uris),
        public=public,
        permissions=tuple(permission or PERMISSIONS),
        for_itself=for_itself,
        per_minute=per_minute,
    )

    async def work(store: Store) -> tuple[str, str | None]:
        await require_clinic(store, clinic)
        application, secret = await applications.create(store, new)
        return application.client_id, secret

    client_id, secret = run_to_end(with_store(settings_of(config, data, database_url), work))
    typer.echo(f"client_id:     {client_id}")
    if secret is not None:
        typer.echo(f"client_secret: {secret}")


def _require_redirects(uris: list[str], *, public: bool) -> None:
    """End the command unless users can be sent back to each of these."""
    from polyvet.core import redirects

    if public and not uris:
        fail("a public application has no secret, so it needs users, and --redirect-uri to send them back to")
    if len(uris) > redirects.MOST:
        fail(f"an application has at most {redirects.MOST} redirect URIs")
    for uri in uris:
        if (problem := redirects.problem(uri)) is not None:
            fail(f"--redirect-uri {uri}: {problem}")


@app.command("revoke-application")
def revoke_application(
    client_id: Annotated[str, typer.Argument(help="The application's client_id.")],
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """End an application and all its tokens. Every running server refuses them within a second."""
    from polyvet.identity import applications

    async def work(store: Store) -> bool:
        return await applications.revoke(store, client_id)

    if not run_to_end(with_store(settings_of(config, data, database_url), work)):
        fail("there is no living application with this client_id")
    typer.echo(f"revoked: {client_id}")


@app.command("add-user")
def add_user(
    email: Annotated[str, typer.Argument(help="What they sign in with.")],
    clinic: ClinicOption,
    name: Annotated[str, typer.Option(help="First and last name.")],
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """Add somebody who works at a clinic and print their number; of who is there if the e-mail is theirs already.

    They sign in once `polyvet set-password` has given them a password. VetCheck's whole library is open to them unless
    `polyvet set-role` says otherwise.
    """
    from polyvet.core.staff import add
    from polyvet.model.errors import Invalid

    async def work(store: Store) -> int:
        await require_clinic(store, clinic)
        try:
            return await add(store, clinic, name, email)
        except Invalid as error:
            fail("; ".join(error.problems.values()))

    typer.echo(run_to_end(with_store(settings_of(config, data, database_url), work)))


@app.command("set-password")
def set_password(
    email: Annotated[str, typer.Argument(help="The user's e-mail, by which to sign in.")],
    clinic: ClinicOption,
    user: Annotated[
        int | None, typer.Option(help="The number of a user at the clinic who gets this e-mail, too.")
    ] = None,
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """Give a user a password; what the user had allowed applications ends. Asks for the password, or reads one line
    where standard input is no terminal."""
    from polyvet.identity import passwords

    if not is_text(email):
        fail("an e-mail has printable characters only")
    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().removesuffix("\n").removesuffix("\r")

    async def work(store: Store) -> str:
        await require_clinic(store, clinic)
        try:
            return (await passwords.set_password(store, clinic, email, password, user)).name
        except passwords.PasswordError as error:
            fail(str(error))

    name = run_to_end(with_store(settings_of(config, data, database_url), work))
    typer.echo(f"{name} signs in as {email.strip()} at clinic {clinic}.")


@app.command("rotate-signing-key")
def rotate_signing_key(data: DataOption = None, database_url: UrlOption = None, config: ConfigOption = None) -> None:
    """Sign tokens with a new key from now on. The one before stays published until no token of it is alive."""
    from polyvet.identity import signing

    async def work(store: Store) -> str:
        return await signing.rotate(store)

    typer.echo(f"signing key: {run_to_end(with_store(settings_of(config, data, database_url), work))}")


@app.command("create-promo-code")
def create_promo_code(
    role: Annotated[str, typer.Option(help="What it raises users to: premium.")] = LibraryRole.PREMIUM.value,
    name: Annotated[str, typer.Option(help="What the code is for.")] = "",
    uses: Annotated[
        int | None, typer.Option(min=1, max=MOST_REQUESTS, help="How many users may use it.", show_default="any number")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=MOST_DAYS, help="How long it may be used.", show_default="for ever")
    ] = None,
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """Make a code that opens VetCheck's whole library to whoever uses it. Prints it; it cannot be had again.

    Users type it at /account, in any case; an application may send it with them as `promo_code`.
    """
    from polyvet.identity import roles

    require_known("role that a code raises to", [role], (LibraryRole.PREMIUM.value,))
    if len(name) > values.LONGEST_NAME or not is_text(name):
        fail(f"a promo code's name has at most {values.LONGEST_NAME} characters")
    new = roles.NewPromoCode(name=name, role=LibraryRole(role), most_uses=uses, days=days)

    async def work(store: Store) -> str:
        return await roles.create(store, new)

    typer.echo(run_to_end(with_store(settings_of(config, data, database_url), work)))


@app.command("revoke-promo-code")
def revoke_promo_code(
    code: Annotated[str, typer.Argument(help="The code.")],
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """End a promo code. Who used it keeps the role: `polyvet set-role` takes it back."""
    from polyvet.identity import roles

    async def work(store: Store) -> bool:
        return await roles.revoke(store, code)

    if not run_to_end(with_store(settings_of(config, data, database_url), work)):
        fail("there is no living promo code like this")
    typer.echo(f"revoked: {code.strip().upper()}")


@app.command("set-role")
def set_role(
    email: Annotated[str, typer.Argument(help="The user's e-mail.")],
    role: Annotated[str, typer.Argument(help="free, or premium: the whole library.")],
    clinic: ClinicOption,
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """Say what of VetCheck's library is open to a user. Running servers go by it within a second."""
    from polyvet.identity import roles

    require_known("role", [role], tuple(LibraryRole))

    async def work(store: Store) -> str:
        await require_clinic(store, clinic)
        return _known(await roles.set_role(store, clinic, email, LibraryRole(role)), clinic, email)

    name = run_to_end(with_store(settings_of(config, data, database_url), work))
    typer.echo(f"{name} at clinic {clinic} is {role} now.")


@app.command("invite")
def invite(
    email: Annotated[str, typer.Argument(help="What they will sign in with.")],
    clinic: ClinicOption,
    role: Annotated[str, typer.Option(help=f"{', '.join(Role)}.")],
    name: Annotated[str, typer.Option(help="First and last name.", show_default="the e-mail")] = "",
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """Let somebody into a clinic's console and print the link by which they choose a password, once. Nothing is mailed:
    hand it over.

    Owners invite at /console/staff. Who works at the clinic already is given the role, if they have none yet.
    """
    from polyvet.core.staff_access import Invitation
    from polyvet.identity import password_links
    from polyvet.model.errors import Invalid

    require_known("role", [role], tuple(Role))
    settings = settings_of(config, data, database_url)
    new = Invitation(name=name or email, email=email, role=role)

    async def work(store: Store) -> str:
        await require_clinic(store, clinic)
        try:
            return await password_links.invite_by_hand(store, clinic, new)
        except Invalid as error:
            fail(" ".join(error.problems.values()))

    secret = run_to_end(with_store(settings, work))
    here = settings.public_url or f"http://{settings.host}:{settings.port}"
    typer.echo(password_links.url(here.rstrip("/"), secret))


@app.command("set-console-role")
def set_console_role(
    email: Annotated[str, typer.Argument(help="The user's e-mail.")],
    role: Annotated[str, typer.Argument(help=f"{', '.join(Role)}; none: not let in.")],
    clinic: ClinicOption,
    operator: Annotated[
        bool | None, typer.Option("--operator/--no-operator", help="They look after the server, too, or no longer.")
    ] = None,
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """Say what a user may do in the console. They are signed out; running servers go by it within a second."""
    from polyvet.core import staff_access

    require_known("role", [role], (*Role, _NONE))

    async def work(store: Store) -> str:
        await require_clinic(store, clinic)
        given = NO_ROLE if role == _NONE else role
        return _known(await staff_access.set_by_hand(store, clinic, email, given, operator), clinic, email)

    name = run_to_end(with_store(settings_of(config, data, database_url), work))
    typer.echo(f"{name} at clinic {clinic} is {'not let in' if role == _NONE else role} now.")


@app.command("reset-second-factor")
def reset_second_factor(
    email: Annotated[str, typer.Argument(help="The user's e-mail.")],
    clinic: ClinicOption,
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """Ask a user for no code any more, such as who has lost the device. Afterwards the password alone lets them in."""
    from polyvet.core import staff_access

    async def work(store: Store) -> str:
        await require_clinic(store, clinic)
        return _known(await staff_access.reset_by_hand(store, clinic, email), clinic, email)

    name = run_to_end(with_store(settings_of(config, data, database_url), work))
    typer.echo(f"{name} at clinic {clinic} signs in with the password alone.")


def _known(user: User | None, clinic: int, email: str) -> str:
    """The user's name; ends the command if there is none."""
    return fail(f"clinic {clinic} has no user with the e-mail {email}") if user is None else user.name
