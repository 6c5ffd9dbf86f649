# SPDX-License-Identifier: Apache-2.0
"""`/console/webhooks`: the clinic's webhooks, made, changed, tried, and given new secrets."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace
from starlette.responses import Response

from polyvet.console.rows import DEVELOPERS, Row
from polyvet.console.visit import Visit
from polyvet.core import audit, departments, webhooks
from polyvet.core.addresses import CLOSED, read_target
from polyvet.core.context import Writing
from polyvet.core.webhooks import LONGEST_NAME, LONGEST_URL, MOST_PER_CLINIC, OVERLAP, WEBHOOK
from polyvet.model import values
from polyvet.model.audit import Action
from polyvet.model.errors import Invalid
from polyvet.model.hooks import ContentType, Webhook
from polyvet.web.people import BEYOND, number_in

PAGE = "/console/webhooks"
WRITTEN = {ContentType.JSON: "as JSON", ContentType.FORM: "as a form"}
NEWEST = 5  # deliveries on a webhook's own page
_NEW = Webhook(b"", 0, 0, "", "", 0, ContentType.JSON, None, True, "", None, None, 0, 0, 0)


class Given(msgspec.Struct, frozen=True):
    """A webhook as its form has it."""

    name: str = ""
    target_url: str = ""
    trigger: str = ""
    content_type: str = str(int(ContentType.JSON))
    department: str = ""  # empty: all


async def listed(visit: Visit) -> Response:
    """All webhooks, and how each does."""
    found = await webhooks.overview(visit.ctx)
    return visit.page("webhooks.html", found=found, most=MOST_PER_CLINIC)


async def asked(visit: Visit) -> Response:
    """The form of a new one."""
    return await _form(visit, "new", Given())


async def making(visit: Visit) -> Response:
    """Make it, and show its secret this once."""
    given, problems = await _given(visit, None)

    async def work(w: Writing) -> Webhook:
        made = await webhooks.create(w, _applied(_NEW, given))
        audit.note(w, Action.MADE, WEBHOOK, made.id, called(made))
        return made

    try:
        if problems:
            raise Invalid(problems)
        made = await visit.write(work)
    except Invalid as error:
        return await _form(visit, "new", given, error.problems)
    return visit.page("webhook_secret.html", hook=made, rotated=False)


async def one(visit: Visit) -> Response:
    """One webhook, with its newest deliveries and what can be done with it."""
    hook = await _named(visit)
    return await _one(visit, hook)


async def editing(visit: Visit) -> Response:
    """The form with what it is now."""
    hook = await _named(visit)
    return await _form(visit, _path(hook, "edit"), _as_given(hook), hook=hook)


async def changing(visit: Visit) -> Response:
    """Change it."""
    hook = await _named(visit)
    given, problems = await _given(visit, hook)

    async def work(w: Writing) -> Webhook:
        saved = await webhooks.save(w, hook.number, visit.parameter("number"), lambda old: _applied(old, given))
        audit.note(w, Action.CHANGED, WEBHOOK, saved.id, called(saved))
        return saved

    try:
        if problems:
            raise Invalid(problems)
        await visit.write(work)
    except Invalid as error:
        return await _form(visit, _path(hook, "edit"), given, error.problems, hook)
    return visit.moved(_href(hook), "changed")


async def switching(visit: Visit) -> Response:
    """Switch it on or off."""
    number, on = named_number(visit), visit.fields.get("active") == "yes"

    async def work(w: Writing) -> Webhook:
        saved = await webhooks.save(w, number, visit.parameter("number"), lambda old: replace(old, active=on))
        audit.note(w, Action.CHANGED, WEBHOOK, saved.id, f"{called(saved)}, switched {'on' if on else 'off'}")
        return saved

    return visit.moved(_href(await visit.write(work)), "on" if on else "off")


async def rotating(visit: Visit) -> Response:
    """Give it a new secret, and show it this once."""
    number = named_number(visit)

    async def work(w: Writing) -> Webhook:
        saved = await webhooks.rotate(w, number, visit.parameter("number"))
        audit.note(w, Action.CHANGED, WEBHOOK, saved.id, f"{called(saved)}, new secret")
        return saved

    return visit.page("webhook_secret.html", hook=await visit.write(work), rotated=True)


async def trying(visit: Visit) -> Response:
    """Send it a ping, and go to where its outcome is told."""
    hook = await _named(visit)

    async def work(w: Writing) -> int:
        sent = await webhooks.ping(w, hook.number, visit.parameter("number"))
        audit.note(w, Action.SENT, WEBHOOK, hook.id, f"{called(hook)}, a ping")
        return sent.number

    try:
        number = await visit.write(work)
    except Invalid as error:
        return await _one(visit, hook, 400, error)
    return visit.moved(f"/console/deliveries/{number}", "pinged")


async def deleting(visit: Visit) -> Response:
    """Take it away, with its deliveries."""
    hook = await _named(visit)
    touching = await webhooks.touching(visit.ctx, hook.number)

    async def work(w: Writing) -> None:
        await webhooks.delete(w, hook.number, visit.parameter("number"))
        audit.note(w, Action.ENDED, WEBHOOK, hook.id, called(hook))

    await visit.write(work, touching)
    return visit.moved(PAGE, "deleted")


def called(hook: Webhook) -> str:
    """What an audit and a heading call a webhook: a target's path or query may hold what only the receiver should
    know."""
    host = urlsplit(hook.target_url).hostname or ""
    return f"{hook.name} ({host})" if hook.name else host


def named_number(visit: Visit) -> int:
    """The number in the path. Missing for what is none."""
    return number_in(visit.parameter("number"), WEBHOOK)


async def _named(visit: Visit) -> Webhook:
    return await webhooks.get(visit.ctx, named_number(visit), visit.parameter("number"))


async def _one(visit: Visit, hook: Webhook, status: int = 200, problem: Invalid | None = None) -> Response:
    newest = await webhooks.latest_deliveries(visit.ctx, BEYOND, NEWEST, of=hook.number)
    both = hook.previous_until is not None and hook.previous_until > values.now()
    return visit.page(
        "webhook.html", status, hook=hook, called=called(hook), newest=newest, triggers=visit.shared.triggers,
        departments=await departments.of_clinic(visit.ctx), both_until=hook.previous_until if both else None,
        overlap_hours=OVERLAP * 24 // values.DAY, written=WRITTEN,
        problem=None if problem is None else " ".join(problem.problems.values()),
    )  # fmt: skip


async def _form(
    visit: Visit, path: str, given: Given, problems: dict[str, str] | None = None, hook: Webhook | None = None
) -> Response:
    """The form, with what was typed where that does not hold. A trigger that an API has set and that never fires stays
    one that can be chosen."""
    known = dict(visit.shared.triggers)
    if hook is not None:
        known[hook.trigger] = visit.trigger(hook.trigger)
    return visit.page(
        "webhook_form.html", 400 if problems else 200, path=f"{PAGE}/{path}", given=given, problems=problems or {},
        hook=hook, triggers={str(number): name for number, name in sorted(known.items())},
        departments={str(number): name for number, name in (await departments.of_clinic(visit.ctx)).items()},
        written={str(int(kind)): says for kind, says in WRITTEN.items()}, longest_name=LONGEST_NAME,
        longest_url=LONGEST_URL,
    )  # fmt: skip


async def _given(visit: Visit, hook: Webhook | None) -> tuple[Given, dict[str, str]]:
    """What was sent, and what of it does not hold."""
    given = Given(**{name: visit.fields.text(name) for name in Given.__struct_fields__})
    problems = {}
    if len(given.name) > LONGEST_NAME:
        problems["name"] = f"A name has at most {LONGEST_NAME} characters."
    target = _target_problem(visit, given.target_url)
    if target is not None:
        problems["target_url"] = target
    triggers = {*visit.shared.triggers, *(() if hook is None else (hook.trigger,))}
    if given.trigger not in {str(number) for number in triggers}:
        problems["trigger"] = "Choose what it is told of."
    if given.content_type not in {str(int(one)) for one in ContentType}:
        problems["content_type"] = "Choose how messages are written."
    if given.department not in {"", *map(str, await departments.of_clinic(visit.ctx))}:
        problems["department"] = "There is no such department."
    return given, problems


def _target_problem(visit: Visit, text: str) -> str | None:
    if len(text) > LONGEST_URL:
        return f"A target has at most {LONGEST_URL} characters."
    try:
        found = read_target(text)
    except ValueError as error:
        return str(error)
    return CLOSED if visit.shared.addresses.refuse(urlsplit(found).hostname or "") else None


def _as_given(hook: Webhook) -> Given:
    department = "" if hook.department is None else str(hook.department)
    return Given(hook.name, hook.target_url, str(hook.trigger), str(hook.content_type), department)


def _applied(hook: Webhook, given: Given) -> Webhook:
    """A webhook with what its form says, which holds."""
    return replace(
        hook, name=given.name, target_url=given.target_url, trigger=int(given.trigger),
        content_type=int(given.content_type), department=int(given.department) if given.department else None,
    )  # fmt: skip


def _path(hook: Webhook, what: str) -> str:
    return f"{hook.number}/{what}"


def _href(hook: Webhook) -> str:
    return f"{PAGE}/{hook.number}"


ROWS = (
    Row("GET", "webhooks", "webhooks:read", listed, "Webhooks", DEVELOPERS),
    Row("GET", "webhooks/new", "webhooks:write", asked),
    Row("POST", "webhooks/new", "webhooks:write", making),
    Row("GET", "webhooks/{number}", "webhooks:read", one),
    Row("GET", "webhooks/{number}/edit", "webhooks:write", editing),
    Row("POST", "webhooks/{number}/edit", "webhooks:write", changing),
    Row("POST", "webhooks/{number}/switch", "webhooks:write", switching),
    Row("POST", "webhooks/{number}/rotate", "webhooks:write", rotating),
    Row("POST", "webhooks/{number}/ping", "webhooks:write", trying),
    Row("POST", "webhooks/{number}/delete", "webhooks:write", deleting),
)
