# SPDX-License-Identifier: Apache-2.0
"""Signed tokens (JWT, RS256) and the keys that prove them. The first key is made when something is to be signed.

A key that is retired signs no more, and is published as long as a token that it signed may be alive.
"""

from __future__ import annotations

import asyncio
import json
from functools import lru_cache
from typing import Any

from polyvet.model import values
from polyvet.model.access import SigningKey
from polyvet.storage import signing_keys
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx

ALGORITHM = "RS256"
LONGEST_S = 86_400  # no token is good for longer
_BITS = 2048
# A key that was read just before it was retired may sign a moment later.
_PUBLISHED = values.DAY + 60 * values.MICROSECONDS
_PUBLIC = ("kty", "n", "e", "kid", "use", "alg")


def _made() -> SigningKey:
    """A new key; takes a tenth of a second or more."""
    from joserfc.jwk import RSAKey

    key = RSAKey.generate_key(_BITS)
    kid = key.thumbprint()
    private = {**key.as_dict(private=True), "kid": kid, "use": "sig", "alg": ALGORITHM}
    return SigningKey(kid, ALGORITHM, json.dumps(private), values.now())


async def _current(store: Store) -> SigningKey:
    found = await signing_keys.current(store.reader)
    if found is not None:
        return found
    made = await asyncio.to_thread(_made)

    async def job(tx: Tx) -> SigningKey:
        found = await signing_keys.current(tx)  # another worker's, since then
        if found is None:
            signing_keys.add(tx, made)
        return found or made

    return await store.write(Touching(), job)


async def sign(store: Store, claims: dict[str, Any], lifetime_s: int) -> str:
    """A token with these claims, and `iat` and `exp` beside them."""
    if lifetime_s > LONGEST_S:
        raise ValueError("its key might not be published as long as the token lives")
    now = values.now() // values.MICROSECONDS
    key = await _current(store)
    return await asyncio.to_thread(_encode, key.kid, key.private_jwk, {**claims, "iat": now, "exp": now + lifetime_s})


def _encode(kid: str, private_jwk: str, claims: dict[str, Any]) -> str:
    from joserfc import jwt

    return jwt.encode({"typ": "JWT", "alg": ALGORITHM, "kid": kid}, claims, _imported(private_jwk), [ALGORITHM])


@lru_cache(maxsize=2)
def _imported(private_jwk: str) -> Any:
    from joserfc.jwk import RSAKey

    return RSAKey.import_key(json.loads(private_jwk))


async def published(store: Store) -> dict[str, Any]:
    """The public keys, as a JSON Web Key Set."""
    await _current(store)
    keys = await signing_keys.published(store.reader, values.now() - _PUBLISHED)
    private = [json.loads(key.private_jwk) for key in keys]
    return {"keys": [{name: one[name] for name in _PUBLIC} for one in private]}


async def rotate(store: Store) -> str:
    """Sign with a new key from now on; gives its id. Keys that nobody needs any more are forgotten."""
    made = await asyncio.to_thread(_made)

    async def job(tx: Tx) -> None:
        now = values.now()
        signing_keys.retire_all(tx, now)
        signing_keys.add(tx, made)
        signing_keys.delete_retired(tx, now - _PUBLISHED)

    await store.write(Touching(), job)
    return made.kid
