# SPDX-License-Identifier: Apache-2.0
"""How columns are made: the types that both engines share, and the metadata that all tables stand in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, ForeignKey, Integer, LargeBinary, MetaData, Text, text
from sqlalchemy.dialects.postgresql import UUID

metadata = MetaData()

ID = LargeBinary().with_variant(UUID(as_uuid=False), "postgresql")
BYTES = LargeBinary()
DATE = Text().with_variant(Date(), "postgresql")
INSTANT = BigInteger()  # microseconds since the epoch
SERIAL = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows only in a column of type INTEGER


def id_(name: str = "id", *more: Any, primary_key: bool = False, nullable: bool = False) -> Column[bytes]:
    return Column(name, ID, *more, primary_key=primary_key, nullable=nullable)


def int_(name: str, *more: Any, primary_key: bool = False, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, *more, primary_key=primary_key, nullable=nullable, autoincrement=False)


def text_(name: str, *more: Any, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(name, Text, *more, primary_key=primary_key, nullable=nullable)


def clinic_(primary_key: bool = False, *, checked: bool = True) -> Column[int]:
    """Not checked where only a transaction that holds the clinic's row writes: a check a row would be for nothing."""
    more = (ForeignKey("clinics.id"),) if checked else ()
    return int_("clinic_id", *more, primary_key=primary_key)


def plain(names: str) -> list[Column[str]]:
    """Texts that are empty when nothing is said."""
    return [Column(name, Text, nullable=False, server_default=text("''")) for name in names.split()]


def document(name: str) -> Column[str]:
    """A struct of model/details.py as JSON, what is default left out: facts that are kept and given back, and that no
    list is ordered or filtered by."""
    return Column(name, Text, nullable=False, server_default=text("'{}'"))


def since_0003(name: str) -> Column[int]:
    """A number that a clinic gives, in a table that had rows before they were numbered."""
    return Column(name, BigInteger, nullable=False, server_default=text("0"))


def active_() -> Column[bool]:
    """Whether it can be chosen; what is switched off stays, since rows point to it."""
    return Column("active", Boolean, nullable=False, server_default=text("true"))
