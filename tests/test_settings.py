# SPDX-License-Identifier: Apache-2.0
"""Settings: where they come from, what does not hold, and that their page names them all."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from polyvet.settings import FILE_NAME, PREFIX, Settings, SettingsError, load

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
WRITE = "POLYVET_GOLDEN"  # set to `write` to write the page's table anew
_TABLE = re.compile(r"^\| setting .*?\n(?=\n|\Z)", re.MULTILINE | re.DOTALL)


def table() -> str:
    """The page's table, made from the settings themselves."""
    lines = ["| setting | environment | default | what it is |", "| --- | --- | --- | --- |"]
    kinds: Any = msgspec.inspect.type_info(Settings)
    for field, kind in zip(msgspec.structs.fields(Settings), kinds.fields, strict=True):
        default = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
        shown = (
            "" if default in (None, {}, ()) else f"`{str(default).lower() if default in (True, False) else default}`"
        )
        lines.append(f"| `{field.name}` | `{PREFIX}{field.name.upper()}` | {shown} | {_help(kind)}{_bounds(kind)} |")
    return "\n".join(lines) + "\n"


def _help(kind: Any) -> str:
    text = kind.type.extra_json_schema["description"]
    assert isinstance(text, str)
    assert text.endswith(".")
    return text


def _bounds(kind: Any) -> str:
    """What the type says beyond the help."""
    inner = kind.type.type
    inner = next(one for one in getattr(inner, "types", (inner,)) if not isinstance(one, msgspec.inspect.NoneType))
    if isinstance(inner, msgspec.inspect.LiteralType):
        return f" One of {', '.join(f'`{word}`' for word in inner.values)}."
    low, high = getattr(inner, "ge", None), getattr(inner, "le", None)
    return "" if low is None else f" From {low:,} to {high:,}."


def test_the_page_has_every_setting_as_it_is() -> None:
    text = PAGE.read_text(encoding="utf-8")
    if os.environ.get(WRITE) == "write":
        PAGE.write_text(_TABLE.sub(lambda _: table(), text, count=1), encoding="utf-8")
        text = PAGE.read_text(encoding="utf-8")
    assert table() in text, f"{WRITE}=write makes it"
    for field in msgspec.structs.fields(Settings):
        assert f"`{field.name}`" in text
        assert f"`{PREFIX}{field.name.upper()}`" in text


def test_defaults() -> None:
    settings = load({})
    assert settings == Settings()
    assert settings.store_url == f"sqlite:///{Path.cwd() / 'polyvet-data' / FILE_NAME}"
    assert (settings.host, settings.port, settings.workers, settings.limits) == ("127.0.0.1", 8000, 1, "vendor")


def test_the_later_source_wins(tmp_path: Path) -> None:
    file = tmp_path / "polyvet.toml"
    file.write_text('port = 1\nworkers = 2\nlimits = "off"\nlog_level = "error"\n')
    environment = {"POLYVET_CONFIG": str(file), "POLYVET_WORKERS": "3", "POLYVET_LIMITS": "vendor", "PATH": "x"}
    settings = load(environment, {"workers": 4, "data": None})
    assert (settings.port, settings.workers, settings.limits, settings.log_level) == (1, 4, "vendor", "error")
    other = tmp_path / "other.toml"
    other.write_text("port = 9\n")
    assert load(environment, config=str(other)).port == 9


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("port", "0", 0),
        ("database_url", "postgresql://me:secret@db.example:5432/vet", "postgresql://me:secret@db.example:5432/vet"),
        ("database_url", "postgres:///vet?host=/run/postgresql", "postgres:///vet?host=/run/postgresql"),
        ("database_url", "postgresql://[::1]:5432,db:6432/vet", "postgresql://[::1]:5432,db:6432/vet"),
        ("vetigen_name_unconnected", "true", True),
        ("vetigen_name_unconnected", "0", False),
        ("metrics_port", "9100", 9100),
        ("deliver", "0", False),
        ("webhook_networks", "", ()),
        ("webhook_networks", "10.1.0.0/16, fd12::/32,192.168.1.7,", ("10.1.0.0/16", "fd12::/32", "192.168.1.7")),
        ("hosts", "", {}),
        ("hosts", "a.example.org = vetigen, b.example.org=clinovavet,", {
            "a.example.org": "vetigen", "b.example.org": "clinovavet",
        }),
    ],
)  # fmt: skip
def test_the_environment_is_read(name: str, text: str, value: Any) -> None:
    assert getattr(load({PREFIX + name.upper(): text}), name) == value


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("port", "70000", "port"),
        ("port", "-1", "port"),
        ("port", "eighty", "port"),
        ("workers", "0", "workers"),
        ("workers", "65", "workers"),
        ("limits", "none", "limits"),
        ("vetigen_generation", "R2", "vetigen_generation"),
        ("vetigen_name_unconnected", "perhaps", "vetigen_name_unconnected"),
        ("log_level", "INFO", "log_level"),
        ("body_limit", "10", "body_limit"),
        ("metrics_port", "99999", "metrics_port"),
        ("metrics_port", "0", "metrics_port"),
        ("deliver", "never", "deliver"),
        ("webhook_networks", "10.1.0.0/33", "webhook_networks"),
        ("webhook_networks", "10.1.2.3/16", "host bits"),
        ("webhook_networks", "example.org", "10.1.0.0/16"),
        ("hosts", "a.example.org", "api.example.org=vetigen"),
        ("smtp_host", "mail.example.org", "mail_from"),
        ("smtp_port", "0", "smtp_port"),
        ("smtp_security", "ssl", "smtp_security"),
        ("smtp_user", "clinic", "POLYVET_SMTP_PASSWORD"),
        ("smtp_password", "secret", "smtp_user"),
        ("mail_from", "Clinic <clinic@vet.example>", "without a name"),
        ("mail_from", "clinic", "clinic@vet.example"),
        ("mail_from", "clinic@vet.example\nBcc: x@y", "no address"),
        ("mail_from", "jürgen@vet.example", "no address"),
        ("database_url", "mysql://me:secret@db/vet", "no PostgreSQL"),
        ("database_url", "vet.db", "postgresql://USER@HOST:PORT/NAME"),
        ("database_url", "postgresql://me:secret@db:port/vet", "port is no port"),
        ("database_url", "postgresql://db:99999/vet", "99999 is no port"),
        ("database_url", "postgresql://[::1/vet", "IPv6"),
    ],
)
def test_what_does_not_hold_is_named(name: str, text: str, words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load({PREFIX + name.upper(): text})
    assert words in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_mail_server_is_set_with_whom_mails_come_from() -> None:
    given = {"POLYVET_SMTP_HOST": "mail.example.org", "POLYVET_MAIL_FROM": "clinic@vet.example"}
    with pytest.raises(SettingsError, match="public_url"):
        load(given)
    given["POLYVET_PUBLIC_URL"] = "https://vet.example"
    settings = load({**given, "POLYVET_SMTP_USER": "clinic", "POLYVET_SMTP_PASSWORD": "secret"})
    assert (settings.smtp_host, settings.smtp_port, settings.smtp_security) == ("mail.example.org", 587, "starttls")
    assert (settings.smtp_user, settings.smtp_password, settings.mail_from) == (
        "clinic",
        "secret",
        "clinic@vet.example",
    )
    for host in ("localhost", "::1", "2001:db8::25", "10.0.0.7"):
        assert load({**given, "POLYVET_SMTP_HOST": host}).smtp_host == host
    for host in ("smtp://mail.example.org", "mail.example.org:25", "mail example", ""):
        with pytest.raises(SettingsError, match="smtp_host"):
            load({**given, "POLYVET_SMTP_HOST": host})


@pytest.mark.parametrize(
    ("text", "words"), [("colour = 1", "colour"), ("port = ", "polyvet.toml"), ('port = "x"', "port"), ("a = 1", "`a`")]
)
def test_a_file_that_does_not_hold_is_named(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "polyvet.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=words):
        load({}, config=str(file))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nothing\.toml"):
        load({"POLYVET_CONFIG": str(tmp_path / "nothing.toml")})


def test_a_table_of_hosts_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "polyvet.toml"
    file.write_text('[hosts]\n"api.example.org" = "vetigen"\n')
    assert load({}, config=str(file)).hosts == {"api.example.org": "vetigen"}


def test_settings_do_not_change() -> None:
    with pytest.raises(AttributeError):
        Settings().port = 1  # type: ignore[misc]
