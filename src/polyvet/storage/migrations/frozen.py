# SPDX-License-Identifier: Apache-2.0
"""How revisions from 0003 on make columns. Frozen as they are: a revision says what it was, whatever the tables are
today."""

from __future__ import annotations

import unicodedata
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

PLAIN = {"sqlite_with_rowid": False}
_ID = sa.LargeBinary().with_variant(postgresql.UUID(as_uuid=False), "postgresql")
_DATE = sa.Text().with_variant(sa.Date(), "postgresql")


def _more(references: str | None) -> list[sa.ForeignKey]:
    return [] if references is None else [sa.ForeignKey(references)]


def ident(name: str = "id", references: str | None = None, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    """16 bytes."""
    return sa.Column(name, _ID, *_more(references), primary_key=key, nullable=null)


def integer(
    name: str, references: str | None = None, *, key: bool = False, null: bool = False, default: str | None = None
) -> sa.Column[Any]:
    """A number of 64 bits; an instant is one, too."""
    given = None if default is None else sa.text(default)
    return sa.Column(
        name, sa.BigInteger(), *_more(references), primary_key=key, nullable=null, autoincrement=False,
        server_default=given,
    )  # fmt: skip


def small(name: str, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    """A number of 16 bits."""
    return sa.Column(name, sa.SmallInteger(), primary_key=key, nullable=null, autoincrement=False)


def words(name: str, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    """A text."""
    return sa.Column(name, sa.Text(), primary_key=key, nullable=null)


def empty(name: str) -> sa.Column[Any]:
    """A text that is empty when nothing is said."""
    return sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("''"))


def folded(text: str) -> str:
    """A text as names are compared."""
    if text.isascii():
        return text.lower()
    found = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", found.replace("i\u0307", "i"))


def octets(name: str, *, key: bool = False, null: bool = False) -> sa.Column[Any]:
    """Bytes of any length."""
    return sa.Column(name, sa.LargeBinary(), primary_key=key, nullable=null)


def truth(name: str, default: str | None = None) -> sa.Column[Any]:
    """True or false."""
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=None if default is None else sa.text(default))


def day(name: str) -> sa.Column[Any]:
    """A date, or none."""
    return sa.Column(name, _DATE)


def clinic(*, key: bool = False, checked: bool = True) -> sa.Column[Any]:
    """The clinic that the row belongs to."""
    return integer("clinic_id", "clinics.id" if checked else None, key=key)


def document() -> sa.Column[Any]:
    """Details as JSON."""
    return sa.Column("details", sa.Text(), nullable=False, server_default=sa.text("'{}'"))
