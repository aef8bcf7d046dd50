"""Opens SQLite or PostgreSQL and owns connections, transactions and the counting of statements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError

from storage.errors import NoKeys, Unreachable
from storage.form_index import FormIndexes
from storage.keys import Keys

_WRITES = "ecrf_writes"
_OPEN = (TransactionStatus.INTRANS, TransactionStatus.INERROR)
# Pages are short questions of many people at once: nothing is worth compiling, nor a second process; and what is read at
# random lies in memory or on a disk without arms. Said after connecting, and kept with the application's role: a pooler
# between refuses what is said while connecting.
PLANS: Mapping[str, str] = MappingProxyType(
    {"jit": "off", "max_parallel_workers_per_gather": "0", "random_page_cost": "1.1"}
)
# What a page asks depends on who asks and how much they have: a plan that was made for all of them reads a million
# lines for somebody's ten. Saves send the same short statements again and again.
_ANEW = "set_config('plan_cache_mode', 'force_custom_plan', true)"
_BUSY_MILLISECONDS = 30_000
ALL_SITES = "all"  # how a keeper's transactions name their site
_SAY = (
    "SELECT set_config('ecrf.registry', %s, true), set_config('ecrf.site', %s, true), set_config('ecrf.at', %s, true), "
    "set_config('ecrf.account', %s, true), set_config('ecrf.unit', %s, true)"
)


_AT_HAND = "SELECT current_setting('ecrf.at_hand', true)"
_NOBODY_AT_HAND = "SELECT set_config('ecrf.at_hand', '', true)"
_TURN_TO = "SELECT ecrf_turn_to(nullif(%s, '')::bigint)"


@dataclass(frozen=True, slots=True)
class Acting:
    """For whom transactions are: PostgreSQL then keeps every row from them that the access rows do not grant.

    The first wall is `storage.access`; this one stands behind it, for queries that forget to ask. It binds the
    application's role alone, not the owner of the tables.
    """

    site: int | None  # none: a keeper, who sees all sites of the registry
    registry: str
    at: datetime
    account: int = 0  # whose own requests to the help centre are seen
    unit: int | None = None  # of the site; none: the whole hospital


@dataclass(frozen=True, slots=True)
class Database:
    """One database with the keys to its identities. Every unit of work is one `read()` or `write()` block."""

    pool: Engine
    keys: Keys | None = field(default=None, repr=False)
    indexes: FormIndexes = field(default_factory=FormIndexes, repr=False)
    acting: Acting | None = None  # nobody: of subjects nothing is seen
    reading: Connection | None = field(default=None, repr=False)  # the transaction that reads share: `at_once`

    def on_behalf(
        self, site: int | None, registry: str, at: datetime, account: int = 0, *, unit: int | None = None
    ) -> Database:
        """The same database for one who acts."""
        return replace(self, acting=Acting(site, registry, at, account, unit))

    @property
    def dialect(self) -> str:
        """'sqlite' or 'postgresql'."""
        return self.pool.dialect.name

    @property
    def master(self) -> Keys:
        """The keys; raises NoKeys when the database was opened without."""
        if self.keys is None:
            raise NoKeys
        return self.keys

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database from its first query to its last."""
        if self.reading is not None:
            yield self.reading
            return
        with self._reading(plan=True) as connection:
            yield connection

    @contextmanager
    def at_once(self) -> Iterator[Database]:
        """The same database, whose reads within are one transaction: each of their own would cost two more trips.

        For what is read about one patient or person: plans are kept, and not made anew.
        """
        with self._reading(plan=False) as connection:
            yield replace(self, reading=connection)

    @contextmanager
    def _reading(self, *, plan: bool) -> Iterator[Connection]:
        with self.pool.connect() as connection:
            if self.dialect == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                self._say(connection, self.acting, plan=plan)
                yield connection

    @contextmanager
    def alone(self, *, writes: bool = False) -> Iterator[Connection]:
        """For one statement that is about no patient: on PostgreSQL it is its own transaction, and one trip."""
        if self.dialect != "postgresql":
            with self.write() if writes else self.read() as connection:
                yield connection
        else:
            with self.pool.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that commits at its end; on SQLite the one writer from its first statement on."""
        with self.pool.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
            self._say(connection, self.acting)
            yield connection

    @contextmanager
    def meanwhile(self, connection: Connection, who: Acting) -> Iterator[None]:
        """A part of a transaction that is for somebody else, such as whoever is given what the one at work may give."""
        driver = connection.connection.driver_connection
        if not isinstance(driver, psycopg.Connection):
            yield
            return
        at_hand = driver.execute(_AT_HAND).fetchone()  # of the one at work
        driver.execute(_NOBODY_AT_HAND)
        self._say(connection, who)
        yield
        self._say(connection, self.acting)
        driver.execute(_TURN_TO, at_hand)

    def _say(self, connection: Connection, who: Acting | None, *, plan: bool = False) -> None:
        """Tell PostgreSQL who acts until the end of the transaction, together with BEGIN: it costs no trip of its own."""
        driver = connection.connection.driver_connection
        if not isinstance(driver, psycopg.Connection) or not (who is not None or plan):
            return
        with driver.pipeline():
            if who is None:
                driver.execute(f"SELECT {_ANEW}")
            else:
                driver.execute(f"{_SAY}, {_ANEW}" if plan else _SAY, said_of(who))

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        """The statements sent meanwhile, for tests; BEGIN and COMMIT are left out."""
        sent: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.startswith("BEGIN"):
                sent.append(statement)

        event.listen(self.pool, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(self.pool, "before_cursor_execute", note)

    def close(self) -> None:
        """Close all connections."""
        self.pool.dispose()


def said_of(who: Acting) -> tuple[str, str, str, str, str]:
    """How PostgreSQL is told who acts: registry, site, time, account, unit."""
    site = ALL_SITES if who.site is None else str(who.site)
    return who.registry, site, who.at.isoformat(), str(who.account), str(who.unit or "")


def open_database(url: str, keys: Keys | None = None, *, connections: int = 10, made_up: bool = False) -> Database:
    """Open `sqlite:///path` or `postgresql://…`; identities need the keys as well. No value stands in the text of an error of SQLAlchemy.

    Args:
        made_up: what is written can be made again, so that commits need not wait for the disk.
    """
    try:
        address = make_url(url)
    except ArgumentError:
        raise Unreachable("its address cannot be read") from None
    if address.get_backend_name() == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
        pool = create_engine(
            address, pool_size=connections, max_overflow=connections, pool_reset_on_return=None, hide_parameters=True
        )
        event.listen(pool, "handle_error", _hide_details)
        event.listen(pool, "connect", _plan)
        event.listen(pool, "checkin", _leave_nothing)
        if made_up:
            event.listen(pool, "connect", _hurry_postgresql)
        return Database(pool, keys)
    pool = create_engine(address, pool_size=connections, max_overflow=connections, hide_parameters=True)
    event.listen(pool, "connect", _prepare_sqlite)
    event.listen(pool, "begin", _begin_sqlite)
    if made_up:
        event.listen(pool, "connect", _hurry_sqlite)
    return Database(pool, keys)


def _hide_details(context: ExceptionContext) -> None:
    """PostgreSQL adds the row that it refuses to the text of an error; what is wrong with it stays."""
    refused, told = context.original_exception, context.sqlalchemy_exception
    words = getattr(getattr(refused, "diag", None), "message_primary", None)
    if words:
        refused.args = (words,)
        if told is not None:
            told.args = (words,)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Pragmas of each connection; the driver must not open transactions itself."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _leave_nothing(connection: psycopg.Connection[Any] | None, _record: Any) -> None:
    """A commit that was refused leaves its transaction open, of which SQLAlchemy knows nothing any more: others would find it."""
    if connection is not None and connection.info.transaction_status in _OPEN:
        connection.rollback()


def _plan(connection: Any, _record: Any) -> None:
    connection.execute("; ".join(f"SET {name} TO {value}" for name, value in PLANS.items()))
    connection.commit()


def _hurry_sqlite(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous = OFF")


def _hurry_postgresql(connection: Any, _record: Any) -> None:
    connection.execute("SET synchronous_commit TO off")
    connection.execute("SET plan_cache_mode TO force_generic_plan")  # the same few statements again and again
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    """Writers lock at once, so that two of them wait instead of failing when the second wants to write."""
    immediate = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


__all__ = ["PLANS", "Acting", "Database", "open_database", "said_of"]
