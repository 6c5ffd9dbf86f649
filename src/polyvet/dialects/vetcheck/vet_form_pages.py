# SPDX-License-Identifier: Apache-2.0
"""`/account/vetforms/…`: staff begin vet forms of the library, fill them in, and complete them.

The vendor's API shows vet forms and nothing fills them in through it [seed]: these pages are ours [inferred].
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from starlette.responses import Response

from polyvet.core import filling, library, prefill, vet_forms
from polyvet.core.clinics import Clinics
from polyvet.core.context import Writing
from polyvet.core.controls import BODY_BYTES, MOST_SENT
from polyvet.core.letters import day, written_out
from polyvet.core.named import named_patient
from polyvet.dialects.vetcheck import signed, wire
from polyvet.dialects.vetcheck.patient_ids import patient_named
from polyvet.dialects.vetcheck.people import Shared, Table
from polyvet.identity.sessions import Session
from polyvet.model.entities import Patient
from polyvet.model.errors import Invalid, Missing
from polyvet.model.library import Content, FormStatus, Submission
from polyvet.model.values import is_email, whole_number
from polyvet.web import pages
from polyvet.web.forms import Fields, of_form
from polyvet.web.message import Request
from polyvet.web.people import BEYOND, before_of, moved

PATH = "account/vetforms"
ROWS = 50
TO_OWNER = "to_owner"  # the field that says so

T = TypeVar("T")


def table(shared: Shared) -> Table:
    """The paths."""
    found = VetFormPages(shared)
    return {
        PATH: {"GET": found.overview, "POST": found.begin},
        f"{PATH}/{{number}}": {"GET": found.show, "POST": found.answer},
    }


class VetFormPages:
    """The pages of whoever is signed in, for their clinic."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._clinics = Clinics()

    async def overview(self, request: Request) -> Response:
        """What can be begun, and what was: `before` is the number that a page of it ends with."""
        session = await signed.signed_in(self._shared, request)
        return await self._overview(session, before_of(request))

    async def begin(self, request: Request) -> Response:
        """Begin a form, and go to it."""
        session = await signed.signed_in(self._shared, request)
        fields = await of_form(request)
        signed.check(session, fields)
        try:
            item = await self._write(session, lambda w: self._begin(w, fields))
        except (Invalid, Missing) as error:
            return await self._overview(session, BEYOND, error, fields)
        return moved(request, f"/{PATH}/{item.number}")

    async def show(self, request: Request) -> Response:
        """One form: to be filled in, or as it was completed."""
        session = await signed.signed_in(self._shared, request)
        item, filled = await vet_forms.get(signed.context(self._shared, session), *_named(request))
        return await self._form(session, item, filled)

    async def answer(self, request: Request) -> Response:
        """Save a form or complete it; what does not hold comes back with what was typed."""
        session = await signed.signed_in(self._shared, request)
        request.body_limit = BODY_BYTES
        fields = await of_form(request, most=MOST_SENT)
        signed.check(session, fields)
        number, shown = _named(request)
        item, filled = await vet_forms.get(signed.context(self._shared, session), number, shown)
        if item.status == FormStatus.COMPLETE:
            return await self._form(session, item, filled)
        completing = fields.get("decision") == "complete"
        check = filling.checked if completing else filling.typed
        answers, problems = check(item.html, fields.values)
        if problems:
            return await self._form(session, item, filled, fields, answers, problems)
        by = wire.subject(session.user.id)
        if not completing:
            await self._write(session, lambda w: vet_forms.save(w, number, shown, answers, by))
            return moved(request, f"/{PATH}/{number}")
        done = await asyncio.to_thread(vet_forms.finished, item.html, answers)

        async def work(w: Writing) -> Content:
            to_owner = fields.get(TO_OWNER) is not None
            return await vet_forms.complete(w, number, shown, done, session.user, by, to_owner=to_owner)

        await self._write(session, work)
        return moved(request, f"/{PATH}/{number}")

    async def _begin(self, w: Writing, fields: Fields) -> Content:
        shown, patient_shown = fields.text("form"), fields.text("patient")
        named = patient_named(patient_shown)
        owner_email = fields.text("owner_email") or None
        if owner_email is not None and not is_email(owner_email):
            raise Invalid({"owner's e-mail": "must be one e-mail address"})
        patient, known = None, {}
        if named is not None:
            patient = await named_patient(w, named, patient_shown)
            known = await self._known(w, patient)
        return await vet_forms.begin(
            w, _number(shown), shown, patient_id=None if patient is None else patient.id, known=known,
            owner_email=owner_email,
        )  # fmt: skip

    async def _known(self, w: Writing, patient: Patient) -> dict[str, str]:
        clinic = await self._clinics.get(w.tx, w.clinic_id)
        return await prefill.of_record(w.tx, await w.codelists.within(w.tx, patient), clinic, patient)

    async def _overview(
        self, session: Session, before: int, problem: Invalid | Missing | None = None, fields: Fields | None = None
    ) -> Response:
        ctx = signed.context(self._shared, session)
        begun = await vet_forms.begun(ctx, before, ROWS)
        clinic = await self._clinics.get(ctx.reader, ctx.clinic_id)
        return pages.page(
            "vet_forms.html", 200 if problem is None else 400, csrf=session.csrf, begun=begun,
            templates=await vet_forms.templates(ctx), more=begun[-1].number if len(begun) == ROWS else None,
            day=partial(day, timezone=clinic.timezone), problem=_said(problem),
            typed={} if fields is None else fields.values,
        )  # fmt: skip

    async def _form(
        self, session: Session, item: Content, filled: Submission, sent: Fields | None = None,
        answers: dict[str, str] | None = None, problems: dict[str, str] | None = None,
    ) -> Response:  # fmt: skip
        """The form, with what was sent where that does not hold."""
        complete, problems = item.status == FormStatus.COMPLETE, problems or {}
        clinic = await self._clinics.get(self._shared.store.reader, session.user.clinic_id)
        return pages.page(
            "vet_form.html", 400 if problems else 200, style_name="reading", images=pages.OF_CONTENT,
            clinic=clinic.name, title=item.title, headed=pages.is_headed(item.html), csrf=session.csrf,
            completed=written_out(item.updated_at, clinic.timezone) if complete else None,
            fields=[] if complete else filling.fields(item.html), problems=problems,
            content=filled.shown if complete else filling.filled(item.html, answers or filled.answers, problems),
            owner_email=item.details.owner_email if item.details.owner_copy else None,
            saved=written_out(filled.saved_at, clinic.timezone), pet=filled.answers.get("petName"),
            of_patient=item.patient_id is not None, mailed_to=clinic.email or session.user.email,
            to_owner=sent is None or sent.get(TO_OWNER) is not None,
        )  # fmt: skip

    async def _write(self, session: Session, work: Callable[[Writing], Awaitable[T]]) -> T:
        ctx = signed.context(self._shared, session)
        return await ctx.store.write(await library.touching(ctx), lambda tx: work(ctx.within(tx)))


def _named(request: Request) -> tuple[int, str]:
    shown = request.parameters["number"]
    return _number(shown), shown


def _number(shown: str) -> int:
    found = whole_number(shown)
    if found is None:
        raise Missing(vet_forms.KIND, shown)
    return found


def _said(problem: Invalid | Missing | None) -> str | None:
    """In words for whoever filled in the page."""
    if isinstance(problem, Missing):
        return f"There is no {problem.kind} {problem.shown} here."
    return None if problem is None else "; ".join(f"The {name} {text}" for name, text in problem.problems.items()) + "."
