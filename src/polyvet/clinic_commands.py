# SPDX-License-Identifier: Apache-2.0
"""Commands for clinics: the clinics themselves, their code lists and departments."""

from __future__ import annotations

from typing import Annotated

import typer

from polyvet.command import (
    ClinicOption,
    ConfigOption,
    DataOption,
    UrlOption,
    fail,
    require_clinic,
    require_known,
    run_to_end,
    settings_of,
    with_store,
)
from polyvet.model import values
from polyvet.model.entities import Clinic
from polyvet.storage.store import Store

app = typer.Typer()


@app.command("create-clinic")
def create_clinic(
    name: Annotated[str, typer.Argument(help="The practice's name.")],
    timezone: Annotated[str, typer.Option(help="IANA name of its time zone.")] = "UTC",
    currency: Annotated[str, typer.Option(help="ISO 4217 code of its currency.")] = "USD",
    email: Annotated[
        str | None, typer.Option(help="Where the clinic is told of what people filled in; none: it is told nothing.")
    ] = None,
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """Add a clinic and print its installation number."""
    from polyvet.core.clinics import Change, currency_problem, problems

    if found := problems(Change(name=name, timezone=timezone, email=email)):
        fail("; ".join(found.values()))
    if (problem := currency_problem(currency)) is not None:
        fail(problem)
    if email == "":
        fail("an e-mail has at least one character; leave --email out for none")

    async def work(store: Store) -> int:
        from polyvet.core.clinics import create

        now = values.now()
        clinic = Clinic(0, values.new_id(now), name, timezone, currency, now, email)
        return await create(store, clinic)

    typer.echo(run_to_end(with_store(settings_of(config, data, database_url), work)))


@app.command("change-clinic")
def change_clinic(
    clinic: Annotated[int, typer.Argument(help="The clinic's installation number.")],
    name: Annotated[str | None, typer.Option(help="The practice's name.")] = None,
    timezone: Annotated[str | None, typer.Option(help="IANA name of its time zone.")] = None,
    email: Annotated[
        str | None, typer.Option(help='Where the clinic is told of what people filled in; "": it is told nothing.')
    ] = None,
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """Change what is said of a clinic. Running servers go by it within a second; its currency stays."""
    from polyvet.core.clinics import Change, change
    from polyvet.model.errors import Invalid

    wanted = Change(name=name, timezone=timezone, email=email)

    async def work(store: Store) -> Clinic:
        await require_clinic(store, clinic)
        try:
            return await change(store, clinic, wanted)
        except Invalid as error:
            fail("; ".join(error.problems.values()))

    changed = run_to_end(with_store(settings_of(config, data, database_url), work))
    typer.echo(f"clinic {clinic}: {changed.name}, {changed.timezone}, {changed.email or 'no e-mail'}")


@app.command("add-code")
def add_code(
    clinic: ClinicOption,
    code_list: Annotated[str, typer.Argument(metavar="LIST", help="species, breeds, diagnoses or insurers.")],
    name: Annotated[str, typer.Argument(help="The entry's name.")],
    species: Annotated[int | None, typer.Option(help="Of a breed: the code of its species.")] = None,
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """Add a clinic's own entry to a code list and print its code; the code that is there if it has the name already."""
    from polyvet.core.code_entries import LISTS, add
    from polyvet.model.errors import Invalid

    require_known("list", [code_list], LISTS)

    async def work(store: Store) -> int:
        await require_clinic(store, clinic)
        try:
            return await add(store, clinic, code_list, name, species)
        except Invalid as error:
            fail(" ".join(error.problems.values()))

    typer.echo(run_to_end(with_store(settings_of(config, data, database_url), work)))


@app.command("add-department")
def add_department(
    clinic: ClinicOption,
    name: Annotated[str, typer.Argument(help="The department's name.")],
    data: DataOption = None,
    database_url: UrlOption = None,
    config: ConfigOption = None,
) -> None:
    """Add a department to a clinic and print its number; of the one that is there if it has the name already."""
    from polyvet.core.departments import add
    from polyvet.model.errors import Invalid

    async def work(store: Store) -> int:
        await require_clinic(store, clinic)
        try:
            return await add(store, clinic, name)
        except Invalid as error:
            fail(" ".join(error.problems.values()))

    typer.echo(run_to_end(with_store(settings_of(config, data, database_url), work)))
