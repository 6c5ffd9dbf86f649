# SPDX-License-Identifier: Apache-2.0
"""The FastAPI peer: pydantic models and SQLAlchemy's asynchronous ORM, as both projects' tutorials have them.

uvicorn bench.apps.fastapi_peer:app, with BENCH_STORE naming the SQLite file or the PostgreSQL database.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from sqlalchemy import BigInteger, ColumnElement, DateTime, Integer, String, event, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bench.apps.shared import FULLY_DURABLE, STORE, KeyCache, key_hash, midnight
from bench.ids import cuid_text, new_id, ulid_text

ON_POSTGRESQL = STORE.startswith("postgresql")
ADDRESS = STORE.replace("postgresql:", "postgresql+asyncpg:") if ON_POSTGRESQL else "sqlite+aiosqlite:///" + STORE
engine = create_async_engine(ADDRESS, pool_size=8, max_overflow=0)
sessions = async_sessionmaker(engine, expire_on_commit=False)
Key = BigInteger if ON_POSTGRESQL else Integer
Instant = DateTime(timezone=True)

if not ON_POSTGRESQL:

    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: Any, _: Any) -> None:
        """The same durability for everybody."""
        for pragma in FULLY_DURABLE:
            connection.execute("PRAGMA " + pragma)


class Base(DeclarativeBase):
    """The declarative registry."""


class ClientRow(Base):
    __tablename__ = "clients"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    clinic_id: Mapped[int] = mapped_column(BigInteger)
    public_id: Mapped[str] = mapped_column(String(26))
    cuid: Mapped[str] = mapped_column(String(25))
    first_name: Mapped[str]
    middle_name: Mapped[str | None]
    last_name: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    address: Mapped[str | None]
    last_visit: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)


class PatientRow(Base):
    __tablename__ = "patients"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    clinic_id: Mapped[int] = mapped_column(BigInteger)
    public_id: Mapped[str] = mapped_column(String(26))
    name: Mapped[str]
    species: Mapped[str]
    breed: Mapped[str | None]
    sex: Mapped[str]
    neutered: Mapped[bool]
    date_of_birth: Mapped[date | None]
    weight_kg: Mapped[float | None]
    owner_id: Mapped[str] = mapped_column(String(26))
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)


class ApiKeyRow(Base):
    __tablename__ = "api_keys"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    clinic_id: Mapped[int] = mapped_column(BigInteger)
    key_hash: Mapped[str]
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class Camel(BaseModel):
    model_config = ConfigDict(from_attributes=True, alias_generator=to_camel, populate_by_name=True)


class Patient(BaseModel):
    fp: str
    name: str
    species: str
    breed: str | None
    sex: str
    date_of_birth: date | None
    weight_kg: float | None
    owner_customer_fp: str
    created_at: datetime
    updated_at: datetime


class PatientPage(BaseModel):
    items: list[Patient]
    total: int
    page: int
    page_size: int
    has_more: bool


class PatientAnswer(BaseModel):
    success: bool = True
    data: Patient
    message: str = "OK"


class PatientPageAnswer(BaseModel):
    success: bool = True
    data: PatientPage
    message: str = "OK"


class Owner(Camel):
    id: str = Field(validation_alias="cuid")
    first_name: str
    middle_name: str | None
    last_name: str
    email: str | None
    phone: str | None
    address: str | None
    last_visit: datetime | None
    created_at: datetime
    updated_at: datetime


class Paging(Camel):
    total: int
    limit: int
    offset: int
    has_more: bool


class OwnerPage(BaseModel):
    data: list[Owner]
    pagination: Paging


class PetIn(Camel):
    name: str
    species: str
    owner_id: str
    breed: str | None = None
    birthdate: date | None = None
    weight: float | None = None
    neutered: bool = False


class Pet(Camel):
    id: str
    name: str
    species: str
    breed: str | None
    birthdate: str | None
    weight: float | None
    neutered: bool
    owner_id: str
    created_at: datetime


app = FastAPI()
cache = KeyCache()


async def open_session() -> AsyncIterator[AsyncSession]:
    """One session a request."""
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(open_session)]


async def caller(session: Session, authorization: Annotated[str, Header()] = "") -> int:
    """The clinic of the key."""
    key = authorization.removeprefix("Bearer ")
    clinic = cache.get(key)
    if clinic is None:
        found = select(ApiKeyRow.clinic_id).where(ApiKeyRow.key_hash == key_hash(key), ApiKeyRow.revoked_at.is_(None))
        clinic = await session.scalar(found)
        if clinic is None:
            raise HTTPException(401)
        cache.put(key, clinic)
    return clinic


Clinic = Annotated[int, Depends(caller)]
Count = Annotated[int, Query(ge=1, le=100)]
Start = Annotated[int, Query(ge=0)]


def patient_out(row: PatientRow) -> Patient:
    """The wire form of a row."""
    return Patient(
        fp="patient_" + row.public_id,
        name=row.name,
        species=row.species,
        breed=row.breed,
        sex=row.sex,
        date_of_birth=row.date_of_birth,
        weight_kg=row.weight_kg,
        owner_customer_fp="customer_" + row.owner_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


@app.get("/api/v1/patients")
async def list_patients(
    session: Session,
    clinic: Clinic,
    species: str | None = None,
    updated_since: datetime | None = None,
    page: Annotated[int, Query(ge=1)] = 1,
    page_size: Count = 20,
) -> PatientPageAnswer:
    where: list[ColumnElement[bool]] = [PatientRow.clinic_id == clinic]
    if species is not None:
        where.append(PatientRow.species == species)
    if updated_since is not None:
        where.append(PatientRow.updated_at > updated_since)
    newest = select(PatientRow).where(*where).order_by(PatientRow.updated_at.desc(), PatientRow.id.desc())
    rows = (await session.scalars(newest.limit(page_size).offset((page - 1) * page_size))).all()
    total = await session.scalar(select(func.count()).select_from(PatientRow).where(*where)) or 0
    items, more = [patient_out(row) for row in rows], page * page_size < total
    return PatientPageAnswer(data=PatientPage(items=items, total=total, page=page, page_size=page_size, has_more=more))


@app.get("/api/v1/patients/patient_{ulid}")
async def get_patient(session: Session, clinic: Clinic, ulid: str) -> PatientAnswer:
    row = await session.scalar(select(PatientRow).where(PatientRow.public_id == ulid, PatientRow.clinic_id == clinic))
    if row is None:
        raise HTTPException(404)
    return PatientAnswer(data=patient_out(row))


@app.get("/api/v1/owners")
async def list_owners(
    session: Session, clinic: Clinic, search: str | None = None, limit: Count = 50, offset: Start = 0
) -> OwnerPage:
    where: list[ColumnElement[bool]] = [ClientRow.clinic_id == clinic]
    if search:
        full_name = ClientRow.first_name + " " + ClientRow.last_name
        fields = (ClientRow.first_name, ClientRow.middle_name, ClientRow.last_name, ClientRow.email, ClientRow.phone)
        where.append(or_(*(column.icontains(search, autoescape=True) for column in (*fields, full_name))))
    newest = select(ClientRow).where(*where).order_by(ClientRow.created_at.desc(), ClientRow.id.desc())
    rows = (await session.scalars(newest.limit(limit).offset(offset))).all()
    total = await session.scalar(select(func.count()).select_from(ClientRow).where(*where)) or 0
    paging = Paging(total=total, limit=limit, offset=offset, has_more=offset + len(rows) < total)
    return OwnerPage(data=[Owner.model_validate(row) for row in rows], pagination=paging)


@app.post("/api/v1/pets", status_code=201)
async def create_pet(session: Session, clinic: Clinic, pet: PetIn) -> Pet:
    found = select(ClientRow.public_id).where(ClientRow.clinic_id == clinic, ClientRow.cuid == pet.owner_id)
    owner = await session.scalar(found)
    if owner is None:
        raise HTTPException(404)
    number, now = new_id(), datetime.now(UTC)
    row = PatientRow(
        clinic_id=clinic,
        public_id=ulid_text(number),
        name=pet.name,
        species=pet.species.lower(),
        breed=pet.breed,
        sex="unknown",
        neutered=pet.neutered,
        date_of_birth=pet.birthdate,
        weight_kg=pet.weight,
        owner_id=owner,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    await session.commit()
    told = pet.model_dump(exclude={"birthdate"})
    return Pet(id=cuid_text(number), birthdate=midnight(pet.birthdate), created_at=now, **told)
