# SPDX-License-Identifier: Apache-2.0
"""Reading Provet Cloud's bodies: JSON or a form, a table of writable fields, and the framework's sentences for what
does not hold [inferred, but for "This field is required.", which is recorded].

A field that is not in the body keeps its value, for PUT as for PATCH: clients send partial bodies with both [client].
Fields that the vendor does not know are ignored.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import msgspec

from polyvet.dialects.provet.filters import read_time
from polyvet.dialects.provet.wire import FieldErrors, ParseError, Urls
from polyvet.model import values
from polyvet.model.errors import Invalid
from polyvet.web import params
from polyvet.web.message import Request

FORM = b"application/x-www-form-urlencoded"
PARTS = b"multipart/form-data"
LONGEST = 10_000
NOTES = 20_000
HIGHEST = 2**53
HEAVIEST_MG = 20_000_000_000  # 20 tonnes
_FORM_FIELDS = 200
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
F = TypeVar("F")


class Reading(msgspec.Struct, frozen=True):
    """What readers of fields may need."""

    urls: Urls
    zone: ZoneInfo


Reader = Callable[[Any, Reading], Any]
# Wire names, each with the path in the file and the reader of its value.
Fields = Mapping[str, tuple[str, Reader]]


async def read_document(request: Request, body: bytes | None = None) -> tuple[bytes, Any]:
    """The body, which may have been read before, and what it says as JSON or as a form, of which all values are texts.
    ParseError, WrongMediaType, TooLarge."""
    body = await request.body() if body is None else body
    media_type = (request.header(b"content-type") or b"").partition(b";")[0].strip().lower()
    if media_type == FORM:
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FORM_FIELDS, errors="strict")
        except ValueError as error:
            raise ParseError("The form is not percent-encoded UTF-8.") from error
        return body, dict(pairs)
    if media_type == PARTS:
        return body, _parts(request, body)
    request.require_json()
    try:
        return body, params.read_json(body)
    except Invalid as error:
        problems = "; ".join(f"{name} {problem}" for name, problem in error.problems.items())
        raise ParseError(f"JSON parse error - {problems}") from error


def _parts(request: Request, body: bytes) -> dict[str, str]:
    """The fields of a form in parts [client]; a file is refused: nothing here takes one."""
    from python_multipart import parse_form  # hardly anybody sends these
    from python_multipart.exceptions import FormParserError

    pairs: dict[str, str] = {}

    def field(found: Any) -> None:
        if len(pairs) >= _FORM_FIELDS:
            raise ParseError(f"The form has more than {_FORM_FIELDS} fields.")
        pairs[found.field_name.decode()] = (found.value or b"").decode()

    def file(_: Any) -> None:
        raise ParseError("The form holds a file; only fields are read.")

    headers = {"Content-Type": request.header(b"content-type") or b""}
    try:
        parse_form(headers, io.BytesIO(body), field, file)
    except (FormParserError, ValueError) as error:
        raise ParseError("The form cannot be read.") from error
    return pairs


def read_object(document: Any) -> dict[str, Any]:
    """The body as an object."""
    if not isinstance(document, dict):
        raise FieldErrors({"non_field_errors": ["Invalid data. Expected a dictionary."]})
    return document


def changes(
    document: dict[str, Any], fields: Fields, reading: Reading, required: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The values that a body sets, by their paths. FieldErrors names every field that does not hold."""
    found: dict[str, Any] = {}
    problems: dict[str, list[str]] = {name: ["This field is required."] for name in required if name not in document}
    for name, raw in document.items():
        if name not in fields:
            continue
        path, read = fields[name]
        try:
            found[path] = read(raw, reading)
        except ValueError as error:
            problems[name] = [str(error)]
    if problems:
        raise FieldErrors(problems)
    return found


def applied(file: F, changed: Mapping[str, Any]) -> F:
    """The file with values set; a path is a field, or a field of a struct in it."""
    nested: dict[str, dict[str, Any]] = {}
    plain: dict[str, Any] = {}
    for path, value in changed.items():
        part, dot, name = path.partition(".")
        if dot:
            nested.setdefault(part, {})[name] = value
        else:
            plain[part] = value
    for part, given in nested.items():
        plain[part] = msgspec.structs.replace(getattr(file, part), **given)
    return msgspec.structs.replace(file, **plain)  # type: ignore[type-var]  # it is a struct


@contextlib.contextmanager
def renamed(fields: Fields) -> Iterator[None]:
    """Core's problems by the record's names become the wire's."""
    wire = {path.rpartition(".")[2]: wire_name for wire_name, (path, _) in fields.items()} | {"fields": "fields_rel"}
    try:
        yield
    except Invalid as error:
        raise FieldErrors({wire.get(name, name): [problem] for name, problem in error.problems.items()}) from error


# --- readers of values ----------------------------------------------------------------------------------------


def text(longest: int = 250, *, null: str | None = "") -> Reader:
    """A text; null and the empty text read as `null`: "" or None, whichever the field keeps for nothing."""

    def read(raw: Any, _: Reading) -> str | None:
        if raw is None or raw == "":
            return null
        if isinstance(raw, bool) or not isinstance(raw, str | int | float):
            raise ValueError("Not a valid string.")
        return _plain(str(raw), longest)

    return read


def name(longest: int) -> Reader:
    """A text that must say something."""

    def read(raw: Any, reading: Reading) -> str:
        if raw is None:
            raise ValueError("This field may not be null.")
        found = text(longest)(raw, reading)
        if not found or not found.strip():
            raise ValueError("This field may not be blank.")
        return str(found)

    return read


def _plain(found: str, longest: int) -> str:
    if len(found) > longest:
        raise ValueError(f"Ensure this field has no more than {longest} characters.")
    if "\0" in found:
        raise ValueError("Null characters are not allowed.")
    try:
        found.encode()
    except UnicodeEncodeError:
        raise ValueError("Not a valid string.") from None
    return found


def integer(low: int, high: int, *, null: bool = False) -> Reader:
    """A whole number, also as a text."""

    def read(raw: Any, _: Reading) -> int | None:
        if raw in (None, "") and null:
            return None
        if isinstance(raw, str) and re.fullmatch(r"-?\d{1,16}", raw.strip(), re.ASCII):
            raw = int(raw)
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise ValueError("A valid integer is required.")
        if not low <= raw <= high:
            raise ValueError(f"Ensure this value is between {low} and {high}.")
        return raw

    return read


def truth(raw: Any, _: Reading) -> bool:
    """true, false, 1, 0 and their texts [client]."""
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().lower()
    if word in ("true", "1"):
        return True
    if word in ("false", "0"):
        return False
    raise ValueError("Must be a valid boolean.")


def state(raw: Any, reading: Reading) -> int:
    """`archived` as the record has it."""
    return int(truth(raw, reading))


def day(raw: Any, _: Reading) -> str | None:
    """A date, or null."""
    if raw in (None, ""):
        return None
    problem = ValueError("Date has wrong format. Use one of these formats instead: YYYY-MM-DD.")
    if not isinstance(raw, str) or not _DATE.fullmatch(raw):
        raise problem
    try:
        return date.fromisoformat(raw).isoformat()
    except ValueError:
        raise problem from None


def moment(raw: Any, reading: Reading) -> int | None:
    """A date-time, or null."""
    if raw in (None, ""):
        return None
    if not isinstance(raw, str):
        raise ValueError("Datetime has wrong format.")
    try:
        return read_time(raw, reading.zone)
    except ValueError:
        raise ValueError("Datetime has wrong format.") from None


def relation(resource: str, *, null: bool = True) -> Reader:
    """The number in a URL of this installation, or null."""

    def read(raw: Any, reading: Reading) -> int | None:
        if raw in (None, ""):
            if null:
                return None
            raise ValueError("This field may not be null.")
        return reading.urls.number(resource, raw)

    return read


def relations(resource: str, most: int = 1_000) -> Reader:
    """The numbers in a list of URLs."""

    def read(raw: Any, reading: Reading) -> tuple[int, ...]:
        if raw is None:
            return ()
        if not isinstance(raw, list):
            raise ValueError(f'Expected a list of items but got type "{type(raw).__name__}".')
        if len(raw) > most:
            raise ValueError(f"Ensure this field has no more than {most} elements.")
        return tuple(dict.fromkeys(reading.urls.number(resource, one) for one in raw))

    return read


def email(raw: Any, reading: Reading) -> str | None:
    """An e-mail address, or nothing."""
    found = text(values.LONGEST_EMAIL, null=None)(raw, reading)
    if found is not None and not values.is_email(found.strip()):
        raise ValueError("Enter a valid email address.")
    return None if found is None else str(found).strip()


def weight(raw: Any, _: Reading) -> int | None:
    """Kilograms as a number or a text [seed], kept in milligrams."""
    if raw in (None, ""):
        return None
    try:
        found = None if isinstance(raw, bool) else Decimal(str(raw).strip())
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite():
        raise ValueError("A valid number is required.")
    milligrams = round(found * 1_000_000) if abs(found) < values.MICROSECONDS else HEAVIEST_MG + 1
    if not 0 < milligrams <= HEAVIEST_MG:
        raise ValueError("Ensure this value is greater than 0 and at most 20000.")
    return milligrams


def tags(raw: Any, reading: Reading) -> tuple[str, ...]:
    """A list of labels."""
    if raw is None:
        return ()
    if not isinstance(raw, list) or len(raw) > 100:
        raise ValueError("Expected a list of at most 100 labels.")
    return tuple(dict.fromkeys(str(name(100)(one, reading)) for one in raw))


def fields_rel(raw: Any) -> list[tuple[int, Any]]:
    """`fields_rel` rows: the definition's id, and its value [seed]."""
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise FieldErrors({"fields_rel": ["Expected a list of items."]})
    rows: list[tuple[int, Any]] = []
    for row in raw:
        number = row.get("field_id") if isinstance(row, dict) else None
        if isinstance(number, str) and number.isdecimal() and len(number) < 16:
            number = int(number)
        if isinstance(number, bool) or not isinstance(number, int) or "value" not in row:
            raise FieldErrors({"fields_rel": ["Each row needs field_id and value."]})
        rows.append((number, row["value"]))
    return rows
