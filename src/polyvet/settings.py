# SPDX-License-Identifier: Apache-2.0
"""Settings: one frozen struct, each field with its help text.

Where a value comes from, the later winning: the default, a TOML file (`--config` or POLYVET_CONFIG), an environment
variable POLYVET_<FIELD IN CAPITALS>, the command line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from polyvet.storage.store import is_postgresql

PREFIX = "POLYVET_"
HIGHEST_PORT = 65_535
_SECRET = ("smtp_password",)
FILE_NAME = "polyvet.db"  # the embedded store, in the data folder
_MAIL_FROM = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*")  # the second is IPv6, without brackets


class SettingsError(Exception):
    """A setting that does not hold; the message says which and why."""


def _help(text: str) -> msgspec.Meta:
    return msgspec.Meta(description=text)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings of a server."""

    data: Annotated[str, _help("The folder of the embedded store and of the demo's credentials.")] = "polyvet-data"
    database_url: Annotated[
        str | None, _help("postgresql://USER@HOST/NAME for PostgreSQL; without it the embedded store is used.")
    ] = None
    host: Annotated[str, _help("The address to listen on.")] = "127.0.0.1"
    port: Annotated[
        int, msgspec.Meta(ge=0, le=HIGHEST_PORT, description="The port to listen on; 0 picks a free one.")
    ] = 8000
    workers: Annotated[int, msgspec.Meta(ge=1, le=64, description="Processes that serve.")] = 1
    limits: Annotated[
        Literal["vendor", "off"], _help("Rate limits: the vendors' numbers and headers, or none at all.")
    ] = "vendor"
    vetigen_generation: Annotated[
        Literal["R1", "K"],
        _help("Which generation of Vetigen's documentation is obeyed where they contradict each other."),
    ] = "R1"
    vetigen_name_unconnected: Annotated[
        bool,
        _help("Vetigen: answer 403 PATIENT.ACCESS_DENIED for other clinics' patients, which tells that they exist."),
    ] = False
    provet_strict_filters: Annotated[
        bool, _help("Provet: answer 400 for a filter or expose_… that is not known, which the vendor ignores.")
    ] = False
    provet_country: Annotated[
        Literal["object", "code"], _help("Provet: a client's country as an object of code and name, or as its code.")
    ] = "object"
    public_url: Annotated[
        str | None,
        _help("How clients reach the server, such as https://vet.example, else as Host says; needed with `smtp_host`."),
    ] = None
    webhook_networks: Annotated[
        tuple[str, ...],
        _help("Private networks to which webhooks may go, such as 10.1.0.0/16; public addresses are always allowed."),
    ] = ()
    registration: Annotated[
        bool,
        _help("VetCheck: let whoever signs in register, with an account (a clinic) and the role free of their own."),
    ] = False
    share_days: Annotated[
        int, msgspec.Meta(ge=1, le=3650, description="For how many days a link that was shared leads anywhere.")
    ] = 90
    form_reminder_days: Annotated[
        int, msgspec.Meta(ge=1, le=365, description="After how many days a reminder of an unfinished vet form is sent.")
    ] = 7
    smtp_host: Annotated[
        str | None, _help("The server that takes the clinics' mails; without it they wait in the queue.")
    ] = None
    smtp_port: Annotated[int, msgspec.Meta(ge=1, le=HIGHEST_PORT, description="Its port: 587, or 465 for `tls`.")] = 587
    smtp_security: Annotated[
        Literal["starttls", "tls", "none"],
        _help("How the connection is encrypted; `none` is for a server on this machine or network."),
    ] = "starttls"
    smtp_user: Annotated[str | None, _help("The name to sign in with; without it nobody signs in.")] = None
    smtp_password: Annotated[str | None, _help("The password of `smtp_user`; set it in the environment.")] = None
    mail_from: Annotated[
        str | None, _help("The address that mails come from, such as clinic@vet.example; needed with `smtp_host`.")
    ] = None
    deliver: Annotated[
        bool,
        _help(
            "Send webhooks' deliveries and mails from the serving processes; `polyvet deliver` does so from its own."
        ),
    ] = True
    request_log_days: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=365,
            description="For how many days the console shows what was asked for, and why it was refused; 0: never.",
        ),
    ] = 7
    hosts: Annotated[
        dict[str, str], _help("Host names bound to one dialect: unknown paths there get that dialect's 404.")
    ] = {}
    metrics_port: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=HIGHEST_PORT)] | None,
        _help("Serve Prometheus metrics on this port of `host`; worker n uses the port plus n, from 0 on."),
    ] = None
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], _help("The lowest level that is logged; requests are info.")
    ] = "info"
    body_limit: Annotated[int, msgspec.Meta(ge=1_000, le=1 << 30, description="Bytes of a request's body at most.")] = (
        1 << 20
    )

    @property
    def store_url(self) -> str:
        """Where the record is."""
        return self.database_url or f"sqlite:///{Path(self.data).resolve() / FILE_NAME}"


def without_secrets(url: str) -> str:
    """A URL without whoever signs in with it, their password, and options, which may hold one, too."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def described(settings: Settings) -> list[tuple[str, str, str, bool]]:
    """All settings as people may read them: the name, the value (empty if there is none; never a secret), the help
    text, and whether it is as it comes."""
    kinds: Any = msgspec.inspect.type_info(Settings)
    found = []
    for field, kind in zip(msgspec.structs.fields(Settings), kinds.fields, strict=True):
        value = getattr(settings, field.name)
        usual = value == (field.default_factory() if field.default is msgspec.NODEFAULT else field.default)
        help_text: str = kind.type.extra_json_schema["description"]
        found.append((field.name, _readable(field.name, value), help_text, usual))
    return found


def _readable(name: str, value: Any) -> str:
    if value is None or value in ((), {}):
        return ""
    if name in _SECRET:
        return "(set, and not shown)"
    if isinstance(value, str):
        return without_secrets(value) if "://" in value else value
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, dict):
        return ", ".join(f"{key}={one}" for key, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def load(
    environment: Mapping[str, str], arguments: Mapping[str, Any] | None = None, config: str | None = None
) -> Settings:
    """Settings from a file, the environment and the command line. SettingsError names what does not hold."""
    values: dict[str, Any] = {}
    path = config or environment.get(PREFIX + "CONFIG")
    if path:
        values |= _from_file(Path(path))
    for field in msgspec.structs.fields(Settings):
        text = environment.get(PREFIX + field.name.upper())
        if text is not None:
            values[field.name] = _from_text(field.name, text)
    values |= {name: value for name, value in (arguments or {}).items() if value is not None}
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"settings: {error}") from error
    for text in settings.webhook_networks:
        try:
            ip_network(text)
        except ValueError as error:
            raise SettingsError(f"webhook_networks: {error}; write it as 10.1.0.0/16") from error
    _check_mail(settings)
    problem = _url_problem(settings.database_url) if settings.database_url else None
    if problem:
        raise SettingsError(f"database_url: {problem}; write it as postgresql://USER@HOST:PORT/NAME")
    return settings


def _check_mail(settings: Settings) -> None:
    """SettingsError when nobody could send with what is set; never with a password in it."""
    sender = settings.mail_from
    if sender is not None and not _MAIL_FROM.fullmatch(sender):
        raise SettingsError("mail_from: it is no address; write it as clinic@vet.example, without a name")
    if settings.smtp_host is not None and sender is None:
        raise SettingsError("smtp_host: mails need an address that they come from; set mail_from, too")
    if settings.smtp_host is not None and settings.public_url is None:
        # Else the Host header of a stranger's request would decide where the links in others' mails lead.
        raise SettingsError("smtp_host: links in mails need a URL that they start with; set public_url, too")
    if settings.smtp_host is not None and not _HOST.fullmatch(settings.smtp_host):
        raise SettingsError("smtp_host: it is no host's name; write it as mail.example.org, with smtp_port beside it")
    if settings.smtp_user is not None and settings.smtp_password is None:
        raise SettingsError(f"smtp_user: nobody signs in without a password; set {PREFIX}SMTP_PASSWORD")
    if settings.smtp_password is not None and settings.smtp_user is None:
        raise SettingsError("smtp_password: whose it is is not set; set smtp_user, too")


def _url_problem(url: str) -> str | None:
    """What keeps the URL from naming a store; never the URL itself, which may hold a password."""
    if not is_postgresql(url):
        return None if url.startswith("sqlite:///") else "it is no PostgreSQL database's"
    try:
        hosts = urlsplit(url).netloc.rpartition("@")[2].split(",")
    except ValueError as error:
        return str(error)
    for host in hosts:
        port = host.rpartition("]")[2].partition(":")[2]
        if port and not (port.isdecimal() and int(port) <= HIGHEST_PORT):
            return f"{port} is no port"
    return None


def _from_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except (OSError, ValueError) as error:  # TOML's error and one of decoding are ValueErrors
        raise SettingsError(f"{path}: {error}") from error


def _from_text(name: str, text: str) -> Any:
    """In the environment lists have commas, and `hosts` is written as `name=dialect,name=dialect`."""
    if name == "webhook_networks":
        return [one.strip() for one in text.split(",") if one.strip()]
    if name != "hosts":
        return text
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    if any(not dialect for _, _, dialect in pairs):
        raise SettingsError(f"{PREFIX}HOSTS: write it as api.example.org=vetigen,other.example.org=clinovavet")
    return {host.strip(): dialect.strip() for host, _, dialect in pairs}
