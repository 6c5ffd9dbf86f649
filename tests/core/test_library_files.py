# SPDX-License-Identifier: Apache-2.0
"""Libraries that are loaded from folders: the format, what is wrong with a file, and loading again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from polyvet.core.library_files import STARTER, Loaded, load, load_starter
from polyvet.core.library_sources import (
    FOLDERS,
    FORMAT,
    LARGEST,
    MOST_PROBLEMS,
    LibraryError,
    Source,
    read_folder,
)
from polyvet.core.rendering import safe
from polyvet.model.library import EVERYBODY, OWN_FROM, Content, ContentKind
from polyvet.storage import library
from polyvet.storage.store import Store, open_store
from polyvet.storage.writing import Touching, Tx
from tests.core.stores import World, opened, run

DOG = 15461002
EARS = """\
---
title: Ear care
keywords: ears, cleaning: twice
species: dog
role: free
country: AU
---
# Ear care

| When | What |
|---|---|
| daily | look |

<script>pwn()</script>
"""
CONSENT = (
    "---\ntitle: Consent\nrecord: SURGERY\n---\n<p><label for=petName>Pet</label> <input id=petName name=petName></p>\n"
)
REPORT = "---\ntitle: Report\nowner_copy: yes\n---\n<p>x</p>\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small library of a clinic."""
    return written(
        tmp_path / "ours", {"handouts/ears.md": EARS, "forms/consent.html": CONSENT, "vetforms/r.html": REPORT}
    )


def written(folder: Path, files: dict[str, str | bytes]) -> Path:
    """A folder with files."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def counts(loaded: Loaded) -> tuple[int, int, int, int]:
    """How many of each."""
    return len(loaded.added), len(loaded.changed), len(loaded.unchanged), loaded.without_file


async def get(store: Store, clinic_id: int, kind: ContentKind, number: int) -> Content:
    """Content that is there."""
    found = await library.get(store.reader, clinic_id, kind, number)
    assert found is not None
    return found


def on(url: str, work: Callable[[World], Any]) -> Any:
    """Work in a store with two clinics of its own."""

    async def working() -> Any:
        async with opened(url) as world:
            return await work(world)

    return run(working())


def test_a_folder_becomes_a_clinics_content(store_url: str, folder: Path) -> None:
    steps: list[tuple[str, int, int]] = []

    async def work(world: World) -> None:
        clinic, other = world.clinics
        loaded = await load(world.store, clinic, folder, lambda *step: steps.append(step))
        assert loaded.added == ("forms/consent.html", "handouts/ears.md", "vetforms/r.html")
        ears = await get(world.store, clinic, ContentKind.HANDOUT, OWN_FROM)
        assert (ears.slug, ears.title, ears.keywords) == ("ears", "Ear care", "ears, cleaning: twice")
        assert (ears.species_id, ears.role, ears.country_code) == (DOG, "free", "AU")
        assert ears.html.startswith("<h1>Ear care</h1>\n<table>")
        assert "script" not in ears.html
        assert ears.markdown == "# Ear care\n\n| When | What |\n| --- | --- |\n| daily | look |"
        assert ears.plain.splitlines()[0] == "Ear care"
        assert ears.updated_by is None
        assert len(ears.details.source_hash) == 64
        consent = await get(world.store, clinic, ContentKind.FORM, OWN_FROM)
        assert consent.html == '<p><label for="petName">Pet</label> <input id="petName" name="petName"></p>\n'
        assert (consent.role, consent.species_id, consent.details.record) == ("premium", None, "SURGERY")
        report = await get(world.store, clinic, ContentKind.VET_FORM, OWN_FROM)
        assert report.details.owner_copy
        assert not consent.details.owner_copy
        ids = {item.id for item in (ears, consent, report)}
        assert set(await world.events(clinic)) == {("created", "content", one) for one in ids}
        assert await library.get(world.store.reader, other, ContentKind.HANDOUT, OWN_FROM) is None

    on(store_url, work)
    assert [step[1:] for step in steps] == [(1, 3), (2, 3), (3, 3)]


def test_loading_again_writes_what_has_changed(store_url: str, folder: Path) -> None:
    async def work(world: World) -> None:
        clinic = world.clinics[0]
        assert counts(await load(world.store, clinic, folder)) == (3, 0, 0, 0)
        before = await get(world.store, clinic, ContentKind.HANDOUT, OWN_FROM)
        assert counts(await load(world.store, clinic, folder)) == (0, 0, 3, 0)
        assert len(await world.events(clinic)) == 3
        written(
            folder,
            {
                "handouts/ears.md": EARS.replace("daily", "weekly"),
                "handouts/new.html": CONSENT.replace("record: SURGERY\n", ""),
            },
        )
        (folder / "vetforms/r.html").unlink()
        would = await load(world.store, clinic, folder, write=False)
        assert (would.added, would.changed, would.without_file) == (("handouts/new.html",), ("handouts/ears.md",), 1)
        assert (await get(world.store, clinic, ContentKind.HANDOUT, OWN_FROM)) == before
        assert await load(world.store, clinic, folder) == would
        after = await get(world.store, clinic, ContentKind.HANDOUT, OWN_FROM)
        assert (after.id, after.created_at) == (before.id, before.created_at)
        assert "weekly" in after.plain
        assert after.updated_at > before.updated_at
        assert (await world.events(clinic))[3:] == [
            ("updated", "content", after.id),
            ("created", "content", (await get(world.store, clinic, ContentKind.HANDOUT, OWN_FROM + 1)).id),
        ]
        assert (await get(world.store, clinic, ContentKind.VET_FORM, OWN_FROM)).title == "Report"  # it stays

    on(store_url, work)


def test_what_a_clinic_made_of_it_stays_until_the_file_changes(store_url: str, folder: Path) -> None:
    async def work(world: World) -> None:
        clinic = world.clinics[0]
        await load(world.store, clinic, folder)

        async def retitle(tx: Tx) -> None:
            found = await library.get(tx, clinic, ContentKind.HANDOUT, OWN_FROM)
            assert found is not None
            library.save(tx, msgspec.structs.replace(found, title="By hand"))

        await world.store.write(Touching(clinics=(clinic,)), retitle)
        await load(world.store, clinic, folder)
        assert (await get(world.store, clinic, ContentKind.HANDOUT, OWN_FROM)).title == "By hand"
        written(folder, {"handouts/ears.md": EARS + "more\n"})
        await load(world.store, clinic, folder)
        assert (await get(world.store, clinic, ContentKind.HANDOUT, OWN_FROM)).title == "Ear care"

    on(store_url, work)


def test_the_ends_of_lines_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    windows = b"\xef\xbb\xbf" + EARS.replace("\n", "\r\n").encode()
    ours, theirs = (
        read_folder(written(tmp_path / name, {"handouts/ears.md": text}), numbered=False)[0]
        for name, text in (("ours", EARS), ("theirs", windows))
    )
    assert _without_hash(ours) == _without_hash(theirs)


def _without_hash(source: Source) -> Any:
    return msgspec.structs.replace(source, hash="")


WRONG: dict[str, tuple[str, str | bytes, str]] = {
    "no head": ("handouts/a.md", "# A\n", "handouts/a.md:1: must start with a line ---"),
    "empty": ("handouts/a.md", "", "handouts/a.md:1: must start with a line ---"),
    "no end": ("handouts/a.md", "---\ntitle: A\n", "handouts/a.md:1: has no second line ---, which ends its head"),
    "no title": ("handouts/a.md", "---\nrole: free\n---\n", "handouts/a.md:1: has no title"),
    "empty title": ("handouts/a.md", "---\ntitle:\n---\n", "handouts/a.md:2: title must have 1 to 300 characters"),
    "long title": ("handouts/a.md", f"---\ntitle: {'x' * 301}\n---\n", "handouts/a.md:2: title must have 1 to 300"),
    "no pair": ("handouts/a.md", "---\ntitle: A\nfree\n---\n", "handouts/a.md:3: is no line of the form `key: value`"),
    "unknown": ("handouts/a.md", "---\ntitle: A\nspecie: Dog\n---\n", "handouts/a.md:3: specie is no key here"),
    "twice": ("handouts/a.md", "---\ntitle: A\n\ntitle: B\n---\n", "handouts/a.md:4: title stands in line 2 already"),
    "role": ("handouts/a.md", "---\ntitle: A\nrole: gold\n---\n", "handouts/a.md:3: role must be one of free, premium"),
    "country": ("handouts/a.md", "---\ntitle: A\ncountry: au\n---\n", "handouts/a.md:3: country must be two"),
    "record": ("forms/a.html", "---\ntitle: A\nrecord: surgery\n---\n", "forms/a.html:3: record must be one of"),
    "no record": ("handouts/a.md", "---\ntitle: A\nrecord: SURGERY\n---\n", "handouts/a.md:3: record is no key here"),
    "copy": ("vetforms/a.html", "---\ntitle: A\nowner_copy: true\n---\n", "vetforms/a.html:3: owner_copy must be"),
    "a form's copy": ("forms/a.html", "---\ntitle: A\nowner_copy: yes\n---\n", "forms/a.html:3: owner_copy is no key"),
    "bytes": ("handouts/a.md", b"---\ntitle: A\n---\nok\n\xff\n", "handouts/a.md:5: is not UTF-8"),
    "ending": ("handouts/a.txt", EARS, "handouts/a.txt: must end with .html or .md"),
    "a form's ending": ("forms/a.md", EARS, "forms/a.md: must end with .html"),
    "large": ("handouts/a.md", EARS + "x" * LARGEST, "handouts/a.md: is larger than 500000 bytes"),
    "number": ("handouts/a.md", "---\ntitle: A\nnumber: 1000001\n---\n", "handouts/a.md:3: number must be"),
    "kind": ("handout/a.md", EARS, "handout: is no kind of content; there are handouts, forms, vetforms, programs"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_with_file_and_line(tmp_path: Path, case: str) -> None:
    name, text, words = WRONG[case]
    written(tmp_path, {"handouts/good.md": EARS, name: text})
    with pytest.raises(LibraryError) as refused:
        read_folder(tmp_path, numbered=False)
    [problem] = refused.value.problems
    assert problem.startswith(words)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    written(tmp_path, {f"handouts/{n}.md": "---\nrole: gold\nwhat\n---\n" for n in range(MOST_PROBLEMS)})
    (tmp_path / "forms/folder.html").mkdir(parents=True)
    with pytest.raises(LibraryError) as refused:
        read_folder(tmp_path, numbered=False)
    assert refused.value.problems[0] == "forms/folder.html: Is a directory"
    assert refused.value.problems[1:4] == [
        "handouts/0.md:2: role must be one of free, premium",
        "handouts/0.md:3: is no line of the form `key: value`",
        "handouts/0.md:1: has no title",
    ]
    assert len(refused.value.problems) == MOST_PROBLEMS


def test_nobody_waits_for_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "handouts").mkdir()
    os.mkfifo(tmp_path / "handouts" / "pipe.md")
    with pytest.raises(LibraryError, match=r"handouts/pipe\.md: is no file"):
        read_folder(tmp_path, numbered=False)


def test_two_files_are_two_items(tmp_path: Path) -> None:
    written(tmp_path, {"handouts/a.md": EARS, "handouts/a.html": EARS, "programs/a.md": EARS})
    with pytest.raises(LibraryError, match=r"^handouts/a.md: has the name of handouts/a.html$"):
        read_folder(tmp_path, numbered=False)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="No such file or directory"):
        read_folder(tmp_path / "nowhere", numbered=False)
    with pytest.raises(LibraryError, match=r"holds none of the folders handouts, forms, vetforms, programs$"):
        read_folder(tmp_path, numbered=False)


def test_what_is_the_systems_or_the_writers_is_left_alone(folder: Path) -> None:
    written(folder, {"README.md": "Ours.", ".git/config": "", "handouts/.DS_Store": b"\xff"})
    assert len(read_folder(folder, numbered=False)) == 3


def test_everybodys_files_have_numbers_of_their_own(tmp_path: Path) -> None:
    written(tmp_path, {"handouts/a.md": "---\ntitle: A\n---\n"})
    with pytest.raises(LibraryError, match=r"^handouts/a.md:1: has no number$"):
        read_folder(tmp_path, numbered=True)
    one, two = "---\ntitle: A\nnumber: 1\n---\n", "---\nnumber: 1\ntitle: B\n---\n"
    written(tmp_path, {"handouts/a.md": one, "handouts/b.md": two, "programs/a.md": one})
    with pytest.raises(LibraryError, match=r"^handouts/b.md:2: number 1 is that of handouts/a.md$"):
        read_folder(tmp_path, numbered=True)
    assert len(read_folder(tmp_path, numbered=False)) == 3  # a clinic may begin with copies of them


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("---\ntitle: A\nspecies: Unicorn\n---\n", "handouts/b.md:3: Unicorn is no species of the record"),
        ("---\ntitle: A\n---\n" + "<div>" * 101, "handouts/b.md: the text must not hold more than 100 elements"),
    ],
)
def test_nothing_is_loaded_where_something_is_wrong(store_url: str, tmp_path: Path, text: str, words: str) -> None:
    written(tmp_path, {"handouts/a.md": EARS, "handouts/b.md": text, "handouts/c.md": EARS})

    async def work(world: World) -> None:
        with pytest.raises(LibraryError) as refused:
            await load(world.store, world.clinics[0], tmp_path)
        assert refused.value.problems[0].startswith(words)
        assert await library.get(world.store.reader, world.clinics[0], ContentKind.HANDOUT, OWN_FROM) is None
        assert await world.events(world.clinics[0]) == []

    on(store_url, work)


# --- What comes with the program ------------------------------------------------------------------------------


def test_the_starter_is_loaded_with_its_own_numbers(migrated_url: str) -> None:
    sources = {(one.kind, one.number): one for one in read_folder(STARTER, numbered=True)}

    async def work() -> None:
        store = await open_store(migrated_url)
        try:
            assert len((await load_starter(store)).added) == len(sources)
            for (kind, number), source in sources.items():
                assert number is not None
                kept = await get(store, EVERYBODY, kind, number)
                assert (kept.title, kept.slug) == (source.title, source.slug)
                assert safe(kept.html) == kept.html
                assert kept.plain
            assert counts(await load_starter(store)) == (0, 0, len(sources), 0)
        finally:
            await store.close()

    run(work())


def test_a_newer_programs_files_change_everybodys_content_in_place(migrated_url: str, tmp_path: Path) -> None:
    one = "---\ntitle: A\nnumber: 7\n---\n# A\n"
    written(tmp_path, {"handouts/a.md": one, "handouts/gone.md": one.replace("7", "8")})

    async def work() -> None:
        store = await open_store(migrated_url)
        try:
            await load(store, EVERYBODY, tmp_path)
            before = await get(store, EVERYBODY, ContentKind.HANDOUT, 7)
            (tmp_path / "handouts/a.md").unlink()
            (tmp_path / "handouts/gone.md").unlink()
            written(tmp_path, {"handouts/another-name.md": one.replace("title: A", "title: B")})
            assert counts(await load(store, EVERYBODY, tmp_path)) == (0, 1, 0, 1)
            after = await get(store, EVERYBODY, ContentKind.HANDOUT, 7)
            assert (after.id, after.title, after.slug) == (before.id, "B", "another-name")
            assert (await get(store, EVERYBODY, ContentKind.HANDOUT, 8)).title == "A"
        finally:
            await store.close()

    run(work())


_LOADING = """
import asyncio, sys
from pathlib import Path
from polyvet.core.library_files import load
from polyvet.storage.store import open_store

async def main(url, clinic, folder):
    store = await open_store(url)
    print("ready", flush=True)
    sys.stdin.readline()
    loaded = await load(store, int(clinic), Path(folder))
    print(len(loaded.added), len(loaded.unchanged))
    await store.close()

asyncio.run(main(*sys.argv[1:]))
"""


def _at_once(arguments: Sequence[str], count: int = 3) -> list[str]:
    """What so many processes print that begin together."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _LOADING, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(count)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    found = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert all(process.returncode == 0 for process in processes)
    return sorted(found)


def test_several_processes_load_at_once(migrated_url: str, tmp_path: Path) -> None:
    """One of them does the work, and the others find it done."""
    files: dict[str, str | bytes] = {
        f"handouts/h{n}.md": f"---\ntitle: T{n}\nnumber: {n}\n---\n# T\n\ntext\n" for n in range(1, 21)
    }
    folder = written(tmp_path / "files", files)
    assert _at_once([migrated_url, str(EVERYBODY), str(folder)]) == ["0 20", "0 20", "20 0"]

    async def work(world: World) -> int:
        return world.clinics[0]

    clinic = on(migrated_url, work)
    assert _at_once([migrated_url, str(clinic), str(folder)]) == ["0 20", "0 20", "20 0"]
    shutil.rmtree(folder)


def test_the_format_is_told_to_people() -> None:
    keys = "title keywords species role country record owner_copy number".split()
    assert all(f"  {key} " in FORMAT for key in keys)
    assert all(folder in FORMAT for folder in FOLDERS)
    assert max(map(len, FORMAT.splitlines())) < 79  # as a terminal shows it
