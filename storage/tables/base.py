"""The metadata that all tables share, their naming convention and column types that both databases keep alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, MetaData, Numeric, Text
from sqlalchemy import types as sql
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows only in an INTEGER PRIMARY KEY
Number = Numeric().with_variant(Text(), "sqlite")
Day = sql.Date().with_variant(Text(), "sqlite")
Clock = sql.Time().with_variant(Text(), "sqlite")
Instant = TIMESTAMP(timezone=True).with_variant(Text(), "sqlite")
Texts = ARRAY(Text()).with_variant(Text(), "sqlite")  # on SQLite a JSON list


class Moment(sql.TypeDecorator[datetime]):
    """An aware time, kept in UTC; on SQLite as ISO text of constant width, so that it sorts."""

    impl = TIMESTAMP
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sql.TypeEngine[Any]:
        """The native type of PostgreSQL, text on SQLite."""
        native: sql.TypeEngine[Any] = Text() if dialect.name == "sqlite" else TIMESTAMP(timezone=True)
        return dialect.type_descriptor(native)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Aware time -> column."""
        if value is None or dialect.name != "sqlite":
            return value
        return instant_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Column -> aware time in UTC."""
        if value is None:
            return None
        read = datetime.fromisoformat(value) if isinstance(value, str) else value
        return read.astimezone(UTC)


def instant_text(at: datetime) -> str:
    """UTC, to the microsecond, of constant width."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


__all__ = ["METADATA", "Clock", "Day", "Id", "Instant", "Moment", "Number", "Texts", "instant_text"]
