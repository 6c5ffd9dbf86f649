# SPDX-License-Identifier: Apache-2.0
"""Files that a library is loaded from: a folder a kind, a file an item.

A file starts with lines `key: value` between two lines `---`, then comes its text. `FORMAT` says it to people.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from polyvet.model.entities import RecordKind
from polyvet.model.library import LONGEST_KEYWORDS, LONGEST_TITLE, OWN_FROM, ContentKind, LibraryRole

FOLDERS = {
    "handouts": ContentKind.HANDOUT,
    "forms": ContentKind.FORM,
    "vetforms": ContentKind.VET_FORM,
    "programs": ContentKind.PROGRAM,
}
FORMS = (ContentKind.FORM, ContentKind.VET_FORM)
FORMAT = """\
The folder has any of the folders handouts, forms, vetforms and programs.
Each file in them is one item. Its name is what the item is known by when the
folder is loaded again, so keep it.

A file ends with .md (Markdown: CommonMark with tables) or .html; forms and
vet forms are .html. It starts with lines `key: value` between two lines ---

  title       What people read. The only one that is needed.
  keywords    What it is found by, separated by commas.
  species     Dog, Cat, Horse, Rabbit, Bird or another; without it all.
  role        free or premium (the default): whom it is open to.
  country     Two letters, such as AU: where it holds.
  record      Of forms: the kind of medical record it leaves with a patient,
              such as SURGERY; CHECKUP by default.
  owner_copy  Of vet forms: yes lets a copy go to the owner.
  number      Of the program's own files; a clinic's get theirs here.
"""
LARGEST = 500_000  # bytes of a file
MOST_FILES = 5_000
MOST_PROBLEMS = 50  # that are told at once
LONGEST_SLUG = 100
# Part of every hash: to be raised when the same file is to become something else.
_RECIPE = b"1"
_FENCE = "---"
_DIGITS = len(str(OWN_FROM))
_LINE = re.compile(r"([a-z_]+):(?:\s+(.*))?", re.ASCII)


class LibraryError(Exception):
    """Files that cannot be loaded; `problems` are lines that each name a file, and a line in it where one is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """An item's file."""

    name: str  # the file below the library's folder
    kind: ContentKind
    slug: str
    title: str
    keywords: str = ""
    species: str | None = None
    role: str = LibraryRole.PREMIUM
    country: str | None = None
    number: int | None = None
    record: str = RecordKind.CHECKUP
    owner_copy: bool = False
    is_markdown: bool
    text: str
    hash: str
    lines: dict[str, int]  # where the keys stand

    def at(self, key: str) -> str:
        """The file, and the line of a key in it."""
        return f"{self.name}:{self.lines.get(key, 1)}"


def read_folder(folder: Path, *, numbered: bool) -> list[Source]:
    """All items of a library, by kind and name. `numbered`: each file must give its number; else numbers are passed
    over, so that a clinic may begin with copies of the program's files. LibraryError with all that is wrong."""
    problems: list[str] = []
    found = [
        source
        for name, path in _files(folder, problems)
        if (source := _source(name, path, problems, numbered=numbered)) is not None
    ]
    _require_unique(found, problems, numbered=numbered)
    if problems:
        raise LibraryError(problems[:MOST_PROBLEMS])
    return found


def _files(folder: Path, problems: list[str]) -> Iterator[tuple[str, Path]]:
    """The items' files with their names. What starts with a dot is the system's; what lies beside the folders of the
    kinds is whoever wrote it's."""
    try:
        parts = [one for one in sorted(folder.iterdir()) if one.is_dir() and not one.name.startswith(".")]
    except OSError as error:
        problems.append(f"{folder}: {error.strerror or error}")
        return
    if not any(part.name in FOLDERS for part in parts):
        problems.append(f"{folder}: holds none of the folders {', '.join(FOLDERS)}")
    count = 0
    for part in parts:
        if part.name not in FOLDERS:
            problems.append(f"{part.name}: is no kind of content; there are {', '.join(FOLDERS)}")
            continue
        for path in sorted(part.iterdir()):
            if path.name.startswith("."):
                continue
            count += 1
            if count > MOST_FILES:
                problems.append(f"{folder}: holds more than {MOST_FILES} files")
                return
            yield f"{part.name}/{path.name}", path


def _source(name: str, path: Path, problems: list[str], *, numbered: bool) -> Source | None:
    kind = FOLDERS[path.parent.name]
    allowed = (".html",) if kind in FORMS else (".html", ".md")
    if path.suffix not in allowed:
        problems.append(f"{name}: must end with {' or '.join(allowed)}")
        return None
    if len(path.stem) > LONGEST_SLUG or not path.stem.isprintable():
        problems.append(f"{name}: must have a name of at most {LONGEST_SLUG} printable characters")
        return None
    if path.is_fifo():  # to open one would wait for whoever writes into it
        problems.append(f"{name}: is no file")
        return None
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        problems.append(f"{name}: {error.strerror or error}")
        return None
    if len(raw) > LARGEST:
        problems.append(f"{name}: is larger than {LARGEST} bytes")
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.append(f"{name}:{raw.count(bytes([10]), 0, error.start) + 1}: is not UTF-8")
        return None
    head = _Head(name, kind, problems, numbered=numbered)
    body = head.read(text)
    if body is None:
        return None
    return Source(
        name=name, kind=kind, slug=path.stem, is_markdown=path.suffix == ".md", text=body, lines=head.lines,
        hash=hashlib.sha256(_RECIPE + path.suffix.encode() + raw).hexdigest(), **head.values,
    )  # fmt: skip


class _Head:
    """The lines at a file's start, read one by one; each that is wrong is a problem."""

    def __init__(self, name: str, kind: ContentKind, problems: list[str], *, numbered: bool) -> None:
        self.values: dict[str, Any] = {}
        self.lines: dict[str, int] = {}
        self._name = name
        self._problems = problems
        self._numbered = numbered
        self._readers: dict[str, Callable[[str], Any]] = {
            "title": _title, "keywords": _keywords, "species": str, "role": _role, "country": _country,
            "number": _number,
        }  # fmt: skip
        if kind in FORMS:
            self._readers["record"] = _record
        if kind == ContentKind.VET_FORM:
            self._readers["owner_copy"] = _truth

    def read(self, text: str) -> str | None:
        """What follows the head; None when something in it is wrong."""
        before = len(self._problems)
        lines = text.replace("\r\n", "\n").split("\n")
        if lines[0].rstrip() != _FENCE:
            self._tell(1, f"must start with a line {_FENCE}")
            return None
        end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
        if end is None:
            self._tell(1, f"has no second line {_FENCE}, which ends its head")
            return None
        for place, line in enumerate(lines[1:end], 2):
            if line.strip():
                self._take(place, line.strip())
        for key in ("title", *(("number",) if self._numbered else ())):
            if key not in self.lines:
                self._tell(1, f"has no {key}")
        return "\n".join(lines[end + 1 :]) if len(self._problems) == before else None

    def _take(self, place: int, line: str) -> None:
        match = _LINE.fullmatch(line)
        if match is None:
            self._tell(place, "is no line of the form `key: value`")
            return
        key, value = match[1], (match[2] or "").strip()
        if key not in self._readers:
            self._tell(place, f"{key} is no key here; there are {', '.join(self._readers)}")
        elif key in self.lines:
            self._tell(place, f"{key} stands in line {self.lines[key]} already")
        else:
            self.lines[key] = place
            try:
                self.values[key] = self._readers[key](value)
            except ValueError as error:
                self._tell(place, f"{key} {error}")

    def _tell(self, place: int, problem: str) -> None:
        self._problems.append(f"{self._name}:{place}: {problem}")


def _require_unique(found: list[Source], problems: list[str], *, numbered: bool) -> None:
    slugs: dict[tuple[ContentKind, str], Source] = {}
    numbers: dict[tuple[ContentKind, int], Source] = {}
    for one in found:
        first = slugs.setdefault((one.kind, one.slug), one)
        if first is not one:
            problems.append(f"{one.name}: has the name of {first.name}")
        if one.number is None or not numbered:
            continue
        first = numbers.setdefault((one.kind, one.number), one)
        if first is not one:
            problems.append(f"{one.at('number')}: number {one.number} is that of {first.name}")


def _title(value: str) -> str:
    if not value or len(value) > LONGEST_TITLE or not value.isprintable():
        raise ValueError(f"must have 1 to {LONGEST_TITLE} characters")
    return value


def _keywords(value: str) -> str:
    if len(value) > LONGEST_KEYWORDS or not value.isprintable():
        raise ValueError(f"must have at most {LONGEST_KEYWORDS} characters")
    return value


def _role(value: str) -> str:
    return _one_of(value, tuple(LibraryRole))


def _record(value: str) -> str:
    return _one_of(value, tuple(RecordKind))


def _one_of(value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(f"must be one of {', '.join(allowed)}")
    return value


def _country(value: str) -> str:
    if len(value) != 2 or not (value.isascii() and value.isalpha() and value.isupper()):
        raise ValueError("must be two capital letters, such as AU")
    return value


def _number(value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) <= _DIGITS) or not 0 < int(value) < OWN_FROM:
        raise ValueError(f"must be a number from 1 to {OWN_FROM - 1}")
    return int(value)


def _truth(value: str) -> bool:
    return _one_of(value, ("yes", "no")) == "yes"
