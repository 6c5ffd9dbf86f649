# SPDX-License-Identifier: Apache-2.0
"""Provet Cloud's route table, a function a group of resources. What is not served stands in docs/provet.md.

OAuth 2.0 stands in `oauth.py`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from polyvet.dialects.provet.appointments import AppointmentOut, Appointments, AppointmentsAnswer
from polyvet.dialects.provet.bulk import Bulk, BulkOut
from polyvet.dialects.provet.clients import ClientOut, Clients, ClientsAnswer
from polyvet.dialects.provet.codelists import (
    Codelists,
    DepartmentOut,
    DepartmentsAnswer,
    EntriesAnswer,
    EntryOut,
)
from polyvet.dialects.provet.consultations import ConsultationOut, Consultations, ConsultationsAnswer
from polyvet.dialects.provet.custom_fields import CustomFields, FieldOut, FieldsAnswer, ValueOut, ValuesAnswer
from polyvet.dialects.provet.described import body, query
from polyvet.dialects.provet.invoice_rows import InvoiceRowOut, InvoiceRows, InvoiceRowsAnswer
from polyvet.dialects.provet.invoices import InvoiceOut, Invoices, InvoicesAnswer
from polyvet.dialects.provet.merging import Merging
from polyvet.dialects.provet.patients import PatientOut, Patients, PatientsAnswer
from polyvet.dialects.provet.phone_numbers import PhoneNumbers, PhoneOut, PhonesAnswer
from polyvet.dialects.provet.queue import DeliveryDetail, Queue, QueueAnswer
from polyvet.dialects.provet.reminders import ReminderOut, Reminders, RemindersAnswer
from polyvet.dialects.provet.requests import Asking
from polyvet.dialects.provet.users import DetailsAnswer, DetailsOut, UserOut, Users, UsersAnswer
from polyvet.dialects.provet.webhooks import HookOut, HooksAnswer, HookWithSecret, Webhooks
from polyvet.dialects.provet.weights import WeightOut, Weights, WeightsAnswer
from polyvet.dialects.provet.wire import API_SCOPE, NAME, Detail, Options, ProvetWire, encode
from polyvet.identity.keys import Keys
from polyvet.model.custom_fields import FieldModel
from polyvet.web import openapi
from polyvet.web.dialect import Dialect, Services
from polyvet.web.message import Reply, Request
from polyvet.web.routes import Handler, Route, RouteTable

TITLE = "Provet Cloud, as polyvet serves it"
ROOT = "/{provet_id}/api/0.1/"
READ_CLIENTS, WRITE_CLIENTS = "clients:read", "clients:write"
READ_PATIENTS, WRITE_PATIENTS = "patients:read", "patients:write"
READ_CALENDAR, WRITE_CALENDAR = "calendar:read", "calendar:write"
READ_USERS, WRITE_USERS = "users:read", "users:write"
READ_HOOKS, WRITE_HOOKS = "webhooks:read", "webhooks:write"
# Requests a minute, where they differ from the usual 300 [oas].
LIMITS = {
    ("GET", "client/"): 125, ("GET", "client/{id}/"): 500, ("PUT", "client/{id}/"): 200, ("PATCH", "client/{id}/"): 200,
    ("POST", "patient/"): 250, ("GET", "patient/{id}/"): 1200, ("PUT", "patient/{id}/"): 250,
    ("PATCH", "patient/{id}/"): 250, ("POST", "patient/{id}/merge/"): 100, ("POST", "patient/{id}/unmerge/"): 100,
    ("GET", "phonenumber/"): 900, ("POST", "phonenumber/"): 900,
    ("GET", "phonenumber/{id}/"): 3600, ("PUT", "phonenumber/{id}/"): 900, ("PATCH", "phonenumber/{id}/"): 900,
    ("GET", "client/{id}/custom_field_values/"): 100, ("GET", "patient/{id}/custom_field_values/"): 100,
    ("GET", "custom_fields/"): 100, ("GET", "codelist/species/"): 100, ("GET", "codelist/breeds/"): 100,
    ("GET", "codelist/diagnoses/"): 100, ("GET", "codelist/insurancecompanies/"): 100,
    ("GET", "department/{id}/"): 1200, ("POST", "appointment/"): 500, ("GET", "appointment/{id}/"): 900,
    ("PUT", "appointment/{id}/"): 500, ("PATCH", "appointment/{id}/"): 500, ("GET", "user/"): 100,
    ("GET", "userdetails/"): 100,
    ("GET", "consultation/"): 100, ("GET", "invoice/"): 60,
    ("GET", "invoice/{id}/"): 250, ("GET", "invoicerow/"): 100, ("GET", "reminder/"): 100,
    ("GET", "hook/webhook/"): 100, ("GET", "hook/queue/"): 100,
}  # fmt: skip

# Further answers of operations that create: a value that was there already; rows that did not hold [seed].
_ALSO: dict[Any, tuple[tuple[int, Any], ...]] = {
    ValueOut: ((200, ValueOut),),
    BulkOut: ((207, BulkOut), (400, BulkOut)),
}


def dialect(services: Services, options: Options) -> Dialect:
    """The dialect as an application."""
    served = table(Asking(options))
    return Dialect(
        ProvetWire(LIMITS), served, services, Keys(services.store, NAME, API_SCOPE), partial(document, served)
    )


def document(served: RouteTable) -> bytes:
    """The dialect's OpenAPI description."""
    security = (openapi.BEARER, openapi.api_key("Authorization"))
    return openapi.document(
        title=TITLE, version="0.1", root=ROOT.rstrip("/"), table=served, error_type=Detail, security=security,
        errors={400: (dict[str, list[str]], Detail)}, rate_headers=(),
    )  # fmt: skip


def table(asking: Asking) -> RouteTable:
    """What is served."""
    people, animals, fields = Clients(asking), Patients(asking), CustomFields(asking)
    of_client, of_patient = fields.of(FieldModel.CLIENT), fields.of(FieldModel.PATIENT)
    # fmt: off
    rows = (
        _row("GET", "client/", "List clients", "seed", READ_CLIENTS, people.list_clients, ClientsAnswer),
        _row("POST", "client/", "Create client", "seed", WRITE_CLIENTS, people.create_client, ClientOut),
        _row("GET", "client/{id}/", "Get client", "seed", READ_CLIENTS, people.get_client, ClientOut),
        _row("PUT", "client/{id}/", "Replace client", "docs", WRITE_CLIENTS, people.change_client, ClientOut),
        _row("PATCH", "client/{id}/", "Change client", "seed", WRITE_CLIENTS, people.change_client, ClientOut),
        _row("DELETE", "client/{id}/", "Archive client", "docs", WRITE_CLIENTS, people.archive_client, None, 204),
        _row("GET", "get_max_client_id/", "Highest client id", "docs", READ_CLIENTS, people.max_id, dict[str, int]),
        _row("GET", "patient/", "List patients", "seed", READ_PATIENTS, animals.list_patients, PatientsAnswer),
        _row("POST", "patient/", "Create patient", "seed", WRITE_PATIENTS, animals.create_patient, PatientOut),
        _row("POST", "patient/bulk/", "Create patients", "seed", WRITE_PATIENTS, Bulk(asking).create_patients, BulkOut),
        _row("GET", "patient/{id}/", "Get patient", "seed", READ_PATIENTS, animals.get_patient, PatientOut),
        _row("PUT", "patient/{id}/", "Replace patient", "docs", WRITE_PATIENTS, animals.change_patient, PatientOut),
        _row("PATCH", "patient/{id}/", "Change patient", "seed", WRITE_PATIENTS, animals.change_patient, PatientOut),
        _row("DELETE", "patient/{id}/", "Archive patient", "docs", WRITE_PATIENTS, animals.archive_patient, None, 204),
        _row("GET", "get_max_patient_id/", "Highest patient id", "docs", READ_PATIENTS, animals.max_id, dict[str, int]),
        *_phones(PhoneNumbers(asking)),
        *_custom_fields(fields),
        *_nested("client", READ_CLIENTS, WRITE_CLIENTS, of_client),
        *_nested("patient", READ_PATIENTS, WRITE_PATIENTS, of_patient),
        *_weights(Weights(asking)),
        *_merging(Merging(asking)),
        *_calendar(Appointments(asking)),
        *_staff(Users(asking)),
        *_papers(asking),
        *_reminders(Reminders(asking)),
        *_lists(Codelists(asking)),
        *_hooks(Webhooks(asking), Queue(asking)),
    )
    # fmt: on
    return RouteTable((_root(asking, rows), *rows))


def _phones(calls: PhoneNumbers) -> tuple[Route, ...]:
    return (
        _row("GET", "phonenumber/", "List phone numbers", "seed", READ_CLIENTS, calls.list_phones, PhonesAnswer),
        _row("POST", "phonenumber/", "Create phone number", "seed", WRITE_CLIENTS, calls.create_phone, PhoneOut),
        _row("GET", "phonenumber/{id}/", "Get phone number", "docs", READ_CLIENTS, calls.get_phone, PhoneOut),
        _row("PUT", "phonenumber/{id}/", "Replace phone number", "docs", WRITE_CLIENTS, calls.change, PhoneOut),
        _row("PATCH", "phonenumber/{id}/", "Change phone number", "docs", WRITE_CLIENTS, calls.change, PhoneOut),
        _row("DELETE", "phonenumber/{id}/", "Delete phone number", "docs", WRITE_CLIENTS, calls.delete, None, 204),
    )


def _custom_fields(fields: CustomFields) -> tuple[Route, ...]:
    return (
        _row("GET", "custom_fields/", "List custom fields", "seed", None, fields.list_fields, FieldsAnswer),
        _row("GET", "custom_fields/{id}/", "Get custom field", "docs", None, fields.get_field, FieldOut),
        _row("POST", "custom_field_values/", "Set a value", "docs", None, fields.create_value, ValueOut),
        _row("GET", "custom_field_values/{id}/", "Get a value", "docs", None, fields.get_value, ValueOut),
        _row("PUT", "custom_field_values/{id}/", "Replace a value", "docs", None, fields.change_value, ValueOut),
        _row("PATCH", "custom_field_values/{id}/", "Change a value", "docs", None, fields.change_value, ValueOut),
        _row("DELETE", "custom_field_values/{id}/", "Delete a value", "docs", None, fields.delete_value, None, 204),
    )


def _nested(model: str, reads: str, writes: str, values: Any) -> tuple[Route, ...]:
    path = f"{model}/{{id}}/custom_field_values/"
    one = path + "{value_id}/"
    return (
        _row("GET", path, f"List a {model}'s values", "seed", reads, values.list_values, ValuesAnswer),
        _row("POST", path, f"Set a {model}'s value", "seed", writes, values.create_value, ValueOut),
        _row("GET", one, f"Get a {model}'s value", "docs", reads, values.get_value, ValueOut),
        _row("PUT", one, f"Replace a {model}'s value", "docs", writes, values.change_value, ValueOut),
        _row("PATCH", one, f"Change a {model}'s value", "docs", writes, values.change_value, ValueOut),
        _row("DELETE", one, f"Delete a {model}'s value", "docs", writes, values.delete_value, None, 204),
    )


def _weights(weighings: Weights) -> tuple[Route, ...]:
    path, one = "patient/{id}/weight/", "patient/{id}/weight/{weight_id}/"
    return (
        _row("GET", path, "List weights", "docs", READ_PATIENTS, weighings.list_weights, WeightsAnswer),
        _row("POST", path, "Create weight", "docs", WRITE_PATIENTS, weighings.create_weight, WeightOut),
        _row("GET", one, "Get weight", "docs", READ_PATIENTS, weighings.get_weight, WeightOut),
        _row("PUT", one, "Replace weight", "docs", WRITE_PATIENTS, weighings.change_weight, WeightOut),
        _row("PATCH", one, "Change weight", "docs", WRITE_PATIENTS, weighings.change_weight, WeightOut),
        _row("DELETE", one, "Delete weight", "docs", WRITE_PATIENTS, weighings.delete_weight, None, 204),
    )


def _merging(pairs: Merging) -> tuple[Route, ...]:
    path = "patient/{id}/"
    return (
        _row("POST", path + "merge/", "Merge patient", "docs", WRITE_PATIENTS, pairs.merge, PatientOut, 200),
        _row("POST", path + "unmerge/", "Unmerge patient", "docs", WRITE_PATIENTS, pairs.unmerge, PatientOut, 200),
    )


def _calendar(booked: Appointments) -> tuple[Route, ...]:
    path, one = "appointment/", "appointment/{id}/"
    cancel, reads, writes = one + "cancel_appointment/", READ_CALENDAR, WRITE_CALENDAR
    return (
        _row("GET", path, "List appointments", "docs", reads, booked.list_appointments, AppointmentsAnswer),
        _row("POST", path, "Create appointment", "docs", writes, booked.create_appointment, AppointmentOut),
        _row("GET", one, "Get appointment", "docs", reads, booked.get_appointment, AppointmentOut),
        _row("PUT", one, "Replace appointment", "docs", writes, booked.change_appointment, AppointmentOut),
        _row("PATCH", one, "Change appointment", "docs", writes, booked.change_appointment, AppointmentOut),
        _row("POST", cancel, "Cancel appointment", "docs", writes, booked.cancel_appointment, AppointmentOut, 200),
    )


def _staff(people: Users) -> tuple[Route, ...]:
    user, details = "user/{id}/", "userdetails/{id}/"
    held, reads, writes = "user/current/active_permissions/", READ_USERS, WRITE_USERS
    return (
        _row("GET", "user/", "List users", "docs", reads, people.list_users, UsersAnswer),
        _row("POST", "user/", "Create user", "docs", writes, people.create_user, UserOut),
        _row("GET", user, "Get user", "docs", reads, people.get_user, UserOut),
        _row("PUT", user, "Replace user", "docs", writes, people.change_user, UserOut),
        _row("PATCH", user, "Change user", "docs", writes, people.change_user, UserOut),
        _row("GET", held, "List the caller's permissions", "docs", None, people.active_permissions, list[str]),
        _row("GET", "userdetails/", "List details of users", "docs", reads, people.list_details, DetailsAnswer),
        _row("GET", details, "Get details of a user", "docs", reads, people.get_details, DetailsOut),
        _row("PUT", details, "Replace details of a user", "docs", writes, people.change_details, DetailsOut),
        _row("PATCH", details, "Change details of a user", "docs", writes, people.change_details, DetailsOut),
    )


def _papers(asking: Asking) -> tuple[Route, ...]:
    """What was done and what was billed; the record's own programs write these."""
    visits, bills, rows = Consultations(asking), Invoices(asking), InvoiceRows(asking)
    seen, billed = "records:read", "invoices:read"
    # fmt: off
    return (
        _row("GET", "consultation/", "List consultations", "docs", seen, visits.list_all, ConsultationsAnswer),
        _row("GET", "consultation/{id}/", "Get consultation", "docs", seen, visits.get_one, ConsultationOut),
        _row("GET", "invoice/", "List invoices", "docs", billed, bills.list_invoices, InvoicesAnswer),
        _row("GET", "invoice/{id}/", "Get invoice", "docs", billed, bills.get_invoice, InvoiceOut),
        _row("GET", "invoicerow/", "List invoice rows", "docs", billed, rows.list_rows, InvoiceRowsAnswer),
        _row("GET", "invoicerow/{id}/", "Get invoice row", "docs", billed, rows.get_row, InvoiceRowOut),
    )
    # fmt: on


def _reminders(calls: Reminders) -> tuple[Route, ...]:
    one, sent, reads, writes = "reminder/{id}/", "reminder/{id}/mark_sent/", "reminders:read", "reminders:write"
    return (
        _row("GET", "reminder/", "List reminders", "docs", reads, calls.list_reminders, RemindersAnswer),
        _row("POST", "reminder/", "Create reminder", "docs", writes, calls.create_reminder, ReminderOut),
        _row("GET", one, "Get reminder", "docs", reads, calls.get_reminder, ReminderOut),
        _row("PUT", one, "Replace reminder", "docs", writes, calls.change_reminder, ReminderOut),
        _row("PATCH", one, "Change reminder", "docs", writes, calls.change_reminder, ReminderOut),
        _row("DELETE", one, "Delete reminder", "docs", writes, calls.delete_reminder, None, 204),
        _row("PUT", sent, "Mark reminder as sent", "docs", writes, calls.mark_sent, ReminderOut),
        _row("POST", sent, "Mark reminder sent", "docs", writes, calls.mark_sent, ReminderOut, 200),
    )


def _lists(lists: Codelists) -> tuple[Route, ...]:
    return (
        _row("GET", "codelist/species/", "List species", "seed", None, lists.list_species, EntriesAnswer),
        _row("GET", "codelist/species/{id}/", "Get species", "docs", None, lists.get_species, EntryOut),
        _row("GET", "codelist/breeds/", "List breeds", "seed", None, lists.list_breeds, EntriesAnswer),
        _row("GET", "codelist/breeds/{id}/", "Get breed", "docs", None, lists.get_breed, EntryOut),
        _row("GET", "codelist/diagnoses/", "List diagnoses", "docs", None, lists.list_diagnoses, EntriesAnswer),
        _row("GET", "codelist/diagnoses/{id}/", "Get diagnosis", "docs", None, lists.get_diagnosis, EntryOut),
        _row("GET", "codelist/insurancecompanies/", "List insurers", "docs", None, lists.list_insurers, EntriesAnswer),
        _row("GET", "codelist/insurancecompanies/{id}/", "Get insurer", "docs", None, lists.get_insurer, EntryOut),
        _row("GET", "department/", "List departments", "docs", None, lists.list_departments, DepartmentsAnswer),
        _row("GET", "department/{id}/", "Get department", "docs", None, lists.get_department, DepartmentOut),
    )


def _hooks(hooks: Webhooks, queue: Queue) -> tuple[Route, ...]:
    path, one, sent = "hook/webhook/", "hook/webhook/{id}/", "hook/queue/{id}/"
    return (
        _row("GET", path, "List webhooks", "docs", READ_HOOKS, hooks.list_hooks, HooksAnswer),
        _row("POST", path, "Create webhook", "docs", WRITE_HOOKS, hooks.create_hook, HookWithSecret),
        _row("GET", one, "Get webhook", "docs", READ_HOOKS, hooks.get_hook, HookOut),
        _row("PUT", one, "Replace webhook", "docs", WRITE_HOOKS, hooks.change_hook, HookOut),
        _row("PATCH", one, "Change webhook", "docs", WRITE_HOOKS, hooks.change_hook, HookOut),
        _row("DELETE", one, "Delete webhook", "docs", WRITE_HOOKS, hooks.delete_hook, None, 204),
        _row("POST", one + "rotate_secret/", "New secret", "ours", WRITE_HOOKS, hooks.rotate, HookWithSecret, 200),
        _row("GET", "hook/queue/", "List deliveries", "docs", READ_HOOKS, queue.list_queue, QueueAnswer),
        _row("GET", sent, "Get delivery", "docs", READ_HOOKS, queue.get_delivery, DeliveryDetail),
        _row("POST", sent + "redeliver/", "Deliver again", "ours", WRITE_HOOKS, queue.redeliver, DeliveryDetail, 200),
    )


def _root(asking: Asking, rows: tuple[Route, ...]) -> Route:
    """The API root: each list's name and URL [client]."""
    names = [row.path.rstrip("/") for row in rows if row.method == "GET" and "{" not in row.path]

    async def root(request: Request) -> Reply:
        urls = asking.urls(request)
        return Reply(200, encode({name: f"{urls.base}{name}/" for name in names}))

    return _row("GET", "", "List the resources", "docs", None, root, dict[str, str])


def _row(
    method: str, path: str, summary: str, origin: str, permission: str | None, handler: Handler, answer: Any,
    status: int | None = None,
) -> Route:  # fmt: skip
    words = summary.replace("'s", "").title().replace(" ", "")
    return Route(
        method=method,
        path=path,
        handler=handler,
        permission=permission,
        summary=summary,
        operation=words[0].lower() + words[1:],
        origin=origin,
        answer=answer,
        parameters=query(method, path),
        body=body(method, path),
        status=status or (201 if method == "POST" else 200),
        also=_ALSO.get(answer, ()) if method == "POST" else (),
    )


__all__ = ["NAME", "ROOT", "dialect", "document", "table"]
