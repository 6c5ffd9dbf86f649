# SPDX-License-Identifier: Apache-2.0
"""`/account/vetforms/…`: staff begin vet forms of the library, fill them in, and complete them.

The vendor's API shows vet forms and nothing fills them in through it [seed]: these pages are ours [inferred].
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.responses import HTMLResponse, RedirectResponse, Response

from polyvet.core import filling, prefill, vet_forms
from polyvet.core.clinics import Clinics
from polyvet.core.context import PERMISSIONS, Caller, Context, Writing
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
from polyvet.model.values import is_email
from polyvet.storage.writing import Touching
from polyvet.web import pages
from polyvet.web.forms import Fields, of_form, of_query
from polyvet.web.message import Request

PATH = "account/vetforms"
ROWS = 50
_HIGHEST = 1 << 62
_MOST_DIGITS = 18

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
        before = of_query(request.scope["query_string"]).get("before")
        return await self._overview(request, session, _HIGHEST if before is None else _number(before))

    async def begin(self, request: Request) -> Response:
        """Begin a form, and go to it."""
        session = await signed.signed_in(self._shared, request)
        fields = await of_form(request)
        signed.check(session, fields)
        try:
            item = await self._write(session, lambda w: self._begin(w, fields))
        except (Invalid, Missing) as error:
            return await self._overview(request, session, _HIGHEST, error, fields)
        return _to(request, f"/{PATH}/{item.number}")

    async def show(self, request: Request) -> Response:
        """One form: to be filled in, or as it was completed."""
        session = await signed.signed_in(self._shared, request)
        item, filled = await vet_forms.get(self._context(session), *_named(request))
        return await self._form(request, session, item, filled)

    async def answer(self, request: Request) -> Response:
        """Save a form or complete it; what does not hold comes back with what was typed."""
        session = await signed.signed_in(self._shared, request)
        request.body_limit = BODY_BYTES
        fields = await of_form(request, most=MOST_SENT)
        signed.check(session, fields)
        number, shown = _named(request)
        item, filled = await vet_forms.get(self._context(session), number, shown)
        if item.status == FormStatus.COMPLETE:
            return await self._form(request, session, item, filled)
        completing = fields.get("decision") == "complete"
        check = filling.checked if completing else filling.typed
        answers, problems = check(item.html, fields.values)
        if problems:
            copying = fields.get("to_owner") is not None
            return await self._form(request, session, item, filled, answers, problems, copying=copying)
        by = wire.subject(session.user.id)
        if not completing:
            await self._write(session, lambda w: vet_forms.save(w, number, shown, answers, by))
            return _to(request, f"/{PATH}/{number}")
        done = await asyncio.to_thread(vet_forms.finished, item.html, answers)

        async def work(w: Writing) -> Content:
            to_owner = fields.get("to_owner") is not None
            return await vet_forms.complete(w, number, shown, done, session.user, by, to_owner=to_owner)

        await self._write(session, work)
        return _to(request, f"/{PATH}/{number}")

    async def _begin(self, w: Writing, fields: Fields) -> Content:
        shown = fields.get("form") or ""
        named = patient_named((fields.get("patient") or "").strip() or None)
        owner_email = (fields.get("owner_email") or "").strip() or None
        if owner_email is not None and not is_email(owner_email):
            raise Invalid({"owner's e-mail": "must be one e-mail address"})
        patient, answers = None, {}
        if named is not None:
            patient = await named_patient(w, named, (fields.get("patient") or "").strip())
            answers = await self._known(w, patient)
        return await vet_forms.begin(
            w, _number(shown), shown, patient_id=None if patient is None else patient.id, answers=answers,
            owner_email=owner_email,
        )  # fmt: skip

    async def _known(self, w: Writing, patient: Patient) -> dict[str, str]:
        clinic = await self._clinics.get(w.tx, w.clinic_id)
        return await prefill.of_record(w.tx, await w.codelists.within(w.tx, patient), clinic, patient)

    async def _overview(
        self, request: Request, session: Session, before: int, problem: Invalid | Missing | None = None,
        fields: Fields | None = None,
    ) -> Response:  # fmt: skip
        ctx = self._context(session)
        begun = await vet_forms.begun(ctx, before, ROWS)
        clinic = await self._clinics.get(ctx.reader, ctx.clinic_id)
        page = pages.template("vet_forms.html").render(
            style=pages.style()[0], csrf=session.csrf, templates=await vet_forms.templates(ctx), begun=begun,
            more=begun[-1].number if len(begun) == ROWS else None, root=request.scope.get("root_path", ""),
            day=lambda at: day(at, clinic.timezone), problem=_said(problem),
            typed={} if fields is None else fields.values,
        )  # fmt: skip
        return HTMLResponse(page, 200 if problem is None else 400, pages.private("'self'"))

    async def _form(
        self, request: Request, session: Session, item: Content, filled: Submission | None,
        answers: dict[str, str] | None = None, problems: dict[str, str] | None = None, *, copying: bool = True,
    ) -> Response:  # fmt: skip
        """The form with what is in it: `answers` and their `problems` where some do not hold, else what is kept;
        `copying` says whether the box for the owner's copy is ticked."""
        complete, problems = item.status == FormStatus.COMPLETE, problems or {}
        clinic = await self._clinics.get(self._shared.store.reader, session.user.clinic_id)
        kept = {} if filled is None else filled.answers
        known = [] if complete else filling.fields(item.html)
        page = pages.template("vet_form.html").render(
            style=pages.style("reading")[0], root=request.scope.get("root_path", ""), csrf=session.csrf,
            clinic=clinic.name, title=item.title, pet=kept.get("petName"), complete=complete,
            headed="<h1" in item.html, marked=any(field.required for field in known),
            at=written_out(item.updated_at if filled is None else filled.saved_at, clinic.timezone),
            content=filled.shown if complete and filled else filling.filled(item.html, answers or kept, problems),
            problems=[(field, problems[field.name]) for field in known if field.name in problems],
            copy_to=item.details.owner_email if item.details.owner_copy else None, copying=copying,
            of_patient=item.patient_id is not None, mailed_to=clinic.email or session.user.email,
        )  # fmt: skip
        return HTMLResponse(page, 400 if problems else 200, pages.private("'self'", "reading", pages.IMAGES))

    def _context(self, session: Session) -> Context:
        return Context(_caller(session), self._shared.store, self._shared.codelists)

    async def _write(self, session: Session, work: Callable[[Writing], Awaitable[T]]) -> T:
        caller, store = _caller(session), self._shared.store
        touching = Touching(clinics=(caller.clinic_id,))
        return await store.write(touching, lambda tx: work(Writing(caller, tx, self._shared.codelists)))


def _caller(session: Session) -> Caller:
    """Who is signed in, as core asks for it."""
    user = session.user
    return Caller(
        key_id=user.id, clinic_id=user.clinic_id, kind="person", permissions=frozenset(PERMISSIONS), shown=user.name,
        user_id=user.id, role=user.library_role,
    )  # fmt: skip


def _named(request: Request) -> tuple[int, str]:
    shown = request.parameters["number"]
    return _number(shown), shown


def _number(shown: str) -> int:
    if not shown.isascii() or not shown.isdecimal() or len(shown) > _MOST_DIGITS:
        raise Missing(vet_forms.KIND, shown)
    return int(shown)


def _said(problem: Invalid | Missing | None) -> str | None:
    """In words for whoever filled in the page."""
    if isinstance(problem, Missing):
        return f"There is no {problem.kind} {problem.shown} here."
    return None if problem is None else "; ".join(f"The {name} {text}" for name, text in problem.problems.items()) + "."


def _to(request: Request, path: str) -> Response:
    headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    return RedirectResponse(f"{request.scope.get('root_path', '')}{path}", 303, headers)
