# SPDX-License-Identifier: Apache-2.0
"""What the console is told of what it does not know: the dialects, the settings, the server. Loaded with its first
request."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from polyvet import __version__
from polyvet.console.console import ROWS, Console
from polyvet.console.facts import Server, Setting
from polyvet.console.visit import Shared as Common
from polyvet.core.addresses import Addresses
from polyvet.core.codelists import Codelists
from polyvet.delivery import worker
from polyvet.dialects.clinovavet import guide as of_clinovavet
from polyvet.dialects.clinovavet import router as clinovavet
from polyvet.dialects.provet import guide as of_provet
from polyvet.dialects.provet import router as provet
from polyvet.dialects.provet import triggers
from polyvet.dialects.vetcheck import guide as of_vetcheck
from polyvet.dialects.vetcheck import router as vetcheck
from polyvet.dialects.vetigen import guide as of_vetigen
from polyvet.dialects.vetigen import router as vetigen
from polyvet.dialects.vetigen.wire import Options as VetigenOptions
from polyvet.identity.entering import Entering
from polyvet.served import KEYED, ONLY_USERS, SCOPES, Shared
from polyvet.settings import Settings, described
from polyvet.storage.migrate import HEAD
from polyvet.storage.store import Store, is_postgresql, sqlite_path
from polyvet.web.dialect import Dialect
from polyvet.web.guide import Guiding

_TITLES = {
    vetigen.NAME: of_vetigen.TITLE,
    clinovavet.NAME: of_clinovavet.TITLE,
    provet.NAME: of_provet.TITLE,
    vetcheck.NAME: of_vetcheck.TITLE,
}


def console(
    settings: Settings,
    shared: Shared,
    store: Store,
    codelists: Codelists,
    dialects: Mapping[str, Dialect],
    vetigen_options: VetigenOptions,
    *,
    sends_mail: bool,
) -> Console:
    """The console over a store and what is served of it."""
    common = Common(
        store=store,
        codelists=codelists,
        attempts=shared.attempts,
        entering=Entering(store, shared.attempts),
        public_url=settings.public_url,
        rows=ROWS,
        guides=_guides(vetigen_options, limited=shared.limits is not None),
        hosts={host.lower(): name for host, name in settings.hosts.items()},
        triggers=triggers.NAMES,
        addresses=Addresses(settings.webhook_networks),
        server=_facts(settings, shared, sends_mail=sends_mail),
        keyed=KEYED,
        scopes=SCOPES,
        only_users=ONLY_USERS,
        rooms={name: dialect.room for name, dialect in dialects.items()},
        set_up=shared.set_up,
    )
    return Console(common)


def _guides(vetigen_options: VetigenOptions, *, limited: bool) -> dict[str, Guiding]:
    """What developers are told of each dialect."""
    return {
        vetigen.NAME: partial(of_vetigen.guide, options=vetigen_options, limited=limited),
        clinovavet.NAME: partial(of_clinovavet.guide, limited=limited),
        provet.NAME: partial(of_provet.guide, limited=limited),
        vetcheck.NAME: partial(of_vetcheck.guide, limited=limited),
    }


def _facts(settings: Settings, shared: Shared, *, sends_mail: bool) -> Server:
    return Server(
        version=__version__,
        revision=HEAD,
        since=shared.since,
        workers=settings.workers,
        dialects=_TITLES,
        settings=tuple(Setting(*one) for one in described(settings)),
        request_log_days=settings.request_log_days,
        delivers=settings.deliver,
        delivery_attempts=len(worker.PAUSES_S) + 1,
        sends_mail=sends_mail,
        folder=None if is_postgresql(settings.store_url) else sqlite_path(settings.store_url).parent,
    )
