# SPDX-License-Identifier: Apache-2.0
"""VetCheck's rows: handouts that every candidate serves, who reads them, and whether all answer the same."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bench.dataset import END, MILLISECOND, SPAN_MS, START

if TYPE_CHECKING:
    from bench.candidates import Answer, Server

HANDOUTS = 10_000
FIRST = 100_001  # of the numbers, as polyvet gives them to what is a clinic's own
LONGEST_LIST = 1_000  # items
SPECIES = {"Dog": 15461002, "Cat": 15462002, "Horse": 15490002}
# Written as no text of the library that comes with polyvet is, so that the floor finds the same.
WORDS = (
    "FLEAS SCRATCHING TICKS WORMS TEETH EARS WEIGHT DIET KIDNEY HEART LIVER SKIN ALLERGY ITCHING VACCINATION TRAVEL "
    "ANAESTHESIA SURGERY WOUND BANDAGE ARTHRITIS PAIN SENIOR PUPPY KITTEN FOAL TRAINING ANXIETY NOISE LITTER"
).split()
SINCE = "2024-01-01"
CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN = "bench_client", "bench_client_secret", "bench_refresh_token"
REDIRECT_URI = "http://127.0.0.1:8765/callback"
TOKEN = {"grant_type": "refresh_token", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
TOKEN |= {"refresh_token": REFRESH_TOKEN}
TYPES = {
    "json": "application/json",
    "html": "text/html",
    "markdown": "text/markdown",
    "text": "text/plain",
}
LISTED = ("id", "title", "keywords", "species")  # of an item, what both write alike: times are as the tables have them
SINGLE = (*LISTED, "html", "markdown", "text")


@dataclass(frozen=True, slots=True)
class Handout:
    """Something to read; some two kilobytes in each of its forms."""

    number: int
    title: str
    keywords: str
    species: str
    created: datetime
    updated: datetime
    html: str
    markdown: str
    plain: str


def handouts(seed: int = 13) -> Iterator[Handout]:
    """The measured clinic's own, by number."""
    pick = random.Random(seed)
    for number in range(FIRST, FIRST + HANDOUTS):
        words = pick.sample(WORDS, 4)
        title = f"{words[0].capitalize()} and {words[1]} {number}"
        parts = [" ".join(pick.choices(WORDS, k=60)) for _ in range(4)]
        created = START + pick.randint(0, SPAN_MS // 2) * MILLISECOND
        yield Handout(
            number=number,
            title=title,
            keywords=", ".join(words),
            species=pick.choice(list(SPECIES)),
            created=created,
            updated=min(END - timedelta(days=1), created + pick.randint(0, SPAN_MS // 2) * MILLISECOND),
            html="\n".join([f"<h1>{title}</h1>", *(f"<p>{part}</p>" for part in parts)]),
            markdown="\n\n".join([f"# {title}", *parts]),
            plain="\n\n".join([title, *parts]),
        )


def filtered(word: str) -> str:
    """The list that is measured: a filter of three terms, each of which only a look at the rows answers."""
    text = f"species eq 'Cat' and substringof('{word}', keywords) and updated_at gt {SINCE}"
    return "/handouts?$filter=" + quote(text, safe="',()")


def differences(servers: list[Server]) -> list[str]:
    """What of VetCheck's the floor and polyvet answer otherwise; empty when all is well, or one is not there."""
    chosen = [server for server in servers if server.candidate.name in ("floor", "ours")]
    problems = [problem for server in chosen for problem in _wrong(server)]
    asked = [(filtered(word), "json") for word in (WORDS[0], WORDS[7])]
    asked += [(f"/handouts/{number}", form) for number in (FIRST, FIRST + HANDOUTS - 1) for form in TYPES]
    for path, form in asked:
        answers = [server.ask(path, "vetcheck", accept=TYPES[form]) for server in chosen]
        shown = [_told(answer) for answer in answers]
        if any(one != shown[0] for one in shown):
            problems.append(f"{path} as {form}: {' and '.join(str(one)[:160] for one in shown)} differ")
    return problems


def _told(answer: Answer) -> Any:
    """What both know of an answer."""
    body = answer.body
    if isinstance(body, str):
        return answer.status, body
    if "handouts" in body:
        return answer.status, [{name: row[name] for name in LISTED} for row in body["handouts"]]
    return answer.status, {name: body.get(name) for name in SINGLE}


def _wrong(server: Server) -> list[str]:
    """A token is exchanged for one that says who has it; a wrong one is not; nothing is read without one."""
    name = f"{server.candidate.name} on {server.engine}"
    problems = []
    answer = server.ask("/oauth/token", body=TOKEN)
    if answer.status != 200 or answer.body.get("id_token", "").count(".") != 2:
        problems.append(f"{name}: POST /oauth/token: {answer.status} {str(answer.body)[:160]}")
    if server.ask("/oauth/token", body=TOKEN | {"refresh_token": "another"}).status == 200:
        problems.append(f"{name}: a wrong refresh token is accepted")
    if server.ask(f"/handouts/{FIRST}", "no such key").status != 401:
        problems.append(f"{name}: a wrong token reads a handout")
    found = server.ask(filtered(WORDS[0]), "vetcheck")
    if found.status != 200 or not 50 <= len(found.body["handouts"]) <= LONGEST_LIST:
        problems.append(f"{name}: {filtered(WORDS[0])}: {found.status} {str(found.body)[:160]}")
    return problems


def token_body() -> str:
    """What the load posts to exchange a token; the page sends JSON under a form's content type."""
    return json.dumps(TOKEN)
