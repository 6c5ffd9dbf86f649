# SPDX-License-Identifier: Apache-2.0
"""The HTTP half of both floors: hand-written ASGI, no framework, no routing table.

A store gives a few coroutines (see `Store`); everything else a request needs stands in this file, and in
floor_provet.py and floor_vetcheck.py for those vendors' paths.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol
from urllib.parse import parse_qsl

import msgspec

from bench.apps import floor_provet, floor_vetcheck
from bench.apps.shared import Envelope, KeyCache, Owner, OwnerPage, Paging, Patient, PatientPage, Pet, PetIn

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MISSING = 404, b'{"error":"not found"}'
DENIED = 401, b'{"error":"unauthorized"}'
PATIENTS = "/api/v1/patients"
NOT_COUNTED = -1


class Store(floor_provet.Store, floor_vetcheck.Store, Protocol):
    """The lookups, each answered by one or two statements on the raw driver."""

    async def open(self) -> None: ...
    async def clinic(self, key: str) -> int | None: ...
    async def patient(self, clinic: int, ulid: str) -> Patient | None: ...
    async def patients(self, clinic: int, query: dict[str, str], limit: int, offset: int) -> list[Patient]: ...
    async def owners(self, clinic: int, needle: str, limit: int, offset: int) -> tuple[list[Owner], int]: ...
    async def add_pet(self, clinic: int, pet: PetIn) -> Pet | None: ...


class Floor:
    """The least that can answer these requests in Python under uvicorn."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.keys = KeyCache()
        self.encode = msgspec.json.Encoder().encode
        self.decode_pet = msgspec.json.Decoder(PetIn).decode
        self.provet = floor_provet.Provet(store)
        self.vetcheck = floor_vetcheck.VetCheck(store)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        media_type = b"application/json"
        if scope["path"] == floor_vetcheck.TOKEN:
            status, body = await self.vetcheck.exchange(await _body(receive))
        elif (clinic := await self._clinic(scope)) is None:
            status, body = DENIED
        elif (found := await self.vetcheck.answer(scope["path"], scope)) is not None:
            status, body, media_type = found
        else:
            status, body = await self._answer(clinic, scope, receive)
        headers = [(b"content-type", media_type), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.store.open()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _clinic(self, scope: Scope) -> int | None:
        for name, value in scope["headers"]:
            if name == b"authorization" and value.startswith(b"Bearer "):
                key = value[7:].decode()
                clinic = self.keys.get(key)
                if clinic is None:
                    clinic = await self.store.clinic(key)
                    if clinic is not None:
                        self.keys.put(key, clinic)
                return clinic
        return None

    async def _answer(self, clinic: int, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        path = scope["path"]
        if path.startswith(PATIENTS + "/patient_"):
            patient = await self.store.patient(clinic, path[len(PATIENTS) + 9 :])
            return MISSING if patient is None else (200, self.encode(Envelope(True, patient, "OK")))
        query = dict(parse_qsl(scope["query_string"].decode()))
        if path == PATIENTS:
            return 200, await self._patients(clinic, query)
        if path == "/api/v1/owners":
            return 200, await self._owners(clinic, query)
        if path == "/api/v1/pets" and scope["method"] == "POST":
            pet = await self.store.add_pet(clinic, self.decode_pet(await _body(receive)))
            return MISSING if pet is None else (201, self.encode(pet))
        if floor_provet.API in path:
            body = await _body(receive) if scope["method"] == "POST" else b""
            return await self.provet.answer(clinic, scope, body) or MISSING
        return MISSING

    async def _patients(self, clinic: int, query: dict[str, str]) -> bytes:
        page, size = int(query.get("page", 1)), int(query.get("page_size", 20))
        rows = await self.store.patients(clinic, query, size + 1, (page - 1) * size)
        data = PatientPage(rows[:size], NOT_COUNTED, page, size, len(rows) > size)
        return self.encode(Envelope(True, data, "OK"))

    async def _owners(self, clinic: int, query: dict[str, str]) -> bytes:
        limit, offset = int(query.get("limit", 50)), int(query.get("offset", 0))
        rows, total = await self.store.owners(clinic, query.get("search", ""), limit, offset)
        return self.encode(OwnerPage(rows, Paging(total, limit, offset, offset + len(rows) < total)))


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    return body
