"""The queries that read a subject: each part of it is one column, a list as JSON.

There are two of each: with the own records of hospitals beside, for registries that have such forms, and without.
"""

from __future__ import annotations

from storage.access import ENROLLED, GRANTED
from storage.direct import Query
from storage.slots import CELL_COLUMNS


def _all(columns: str, source: str) -> str:
    """The rows of a source as a list of lists."""
    return f"(SELECT CAST(json_group_array(json_array({columns})) AS text) FROM {source})"  # noqa: S608 -- names of columns alone


_FORM = (
    "id, json_array(instance_id, form, occurrence_id, record), json_array(definition, revision, state, status), "
    "opened_at, saved_at, origin_id"
)
_ROW = "r.form_id, r.row_id, r.grp, r.parent, r.position, r.removed, r.withdrawal_id"
# A subject's forms in a registry, and the shared ones: read once, since policies of row-level security are begun in each place.
_EVER = (
    "WITH ever AS MATERIALIZED (SELECT id, instance_id, form, occurrence_id, record, definition, revision, state, status, "
    "opened_at, saved_at, origin_id, withdrawal_id FROM form_instance WHERE subject_id = :subject AND home IN ('', :registry))"
)
MINE = "f.withdrawal_id IS NULL"  # those that are not withdrawn
OF_REGISTRY = "{0}.subject_id = :subject AND {0}.registry = :registry"
_PARTS = (
    "s.erased_at",
    "k.wrapped",
    ENROLLED,
    f"(SELECT CAST(json_group_array(a.instance_id) AS text) FROM {GRANTED})",  # noqa: S608 -- names of columns alone
    _all(
        "i.id, i.parent_id, i.container, i.number",
        "instance i WHERE i.subject_id = :subject AND i.registry IN ('', :registry) AND i.withdrawal_id IS NULL",
    ),
    _all("o.id, o.instance_id, o.event, o.number, o.day", "occurrence o WHERE o.subject_id = :subject"),
    _all(_FORM, f"ever f WHERE {MINE}"),
    _all(_ROW, f"ever f JOIN row_data r ON r.form_id = f.id WHERE {MINE}"),
    _all(
        "i.form_id, i.row_id, i.item, hex(i.ciphertext)",
        f"ever f JOIN identity i ON i.form_id = f.id WHERE {MINE} AND i.ciphertext IS NOT NULL",
    ),
    _all("m.instance_id, m.event, m.number, m.reason, m.who, m.at", f"missed_event m WHERE {OF_REGISTRY.format('m')}"),
    _all(
        "f.instance_id, f.form, f.occurrence_id, f.record",
        "ever f WHERE f.withdrawal_id IS NOT NULL",
    ),
)
_SITES = (
    "(SELECT h.site_id, h.subject_id FROM site_subject h WHERE h.registry = :registry AND h.subject_id <> :subject "
    "AND h.site_id IN (SELECT a.site_id FROM access a WHERE a.subject_id = :subject AND a.registry = :registry)) h"
)
BESIDE = f"{_SITES} JOIN form_instance f ON f.subject_id = h.subject_id AND f.withdrawal_id IS NULL"  # the forms of those hospitals
_VALUES = _all(CELL_COLUMNS, f"ever f JOIN item_data d ON d.form_id = f.id WHERE {MINE}")
_BESIDE = {
    False: ("NULL",) * 4,
    True: (
        _all("h.site_id, i.id", f"{_SITES} JOIN instance i ON i.subject_id = h.subject_id AND i.parent_id IS NULL"),
        _all(f"f.{_FORM}", BESIDE),
        _all(_ROW, f"{BESIDE} JOIN row_data r ON r.form_id = f.id"),
        _all(CELL_COLUMNS, f"{BESIDE} JOIN item_data d ON d.form_id = f.id"),
    ),
}
_BEFORE = (
    "(SELECT CAST(json_array(hex(request), answer) AS text) FROM idempotency WHERE account_id = :account AND key = :key)",
    "(SELECT CAST(json_array(number, hex(hash)) AS text) FROM audit_entry WHERE stream = :stream ORDER BY number DESC LIMIT 1)",
    _all(
        "u.form_id, u.code, u.row_id, u.item, u.severity, u.blocks, u.message, u.rule, hex(u.inputs), u.definition, "
        "u.origin, u.raised_at",
        f"ever f JOIN issue u ON u.form_id = f.id WHERE {MINE} AND u.closed_at IS NULL",
    ),
    "CASE WHEN :new THEN next_id(form_instance) ELSE 0 END",
    "(SELECT withdrawal_id FROM enrolment WHERE subject_id = :subject AND registry = :registry)",
    _all("c.year", "closing c WHERE c.registry = :registry AND c.reopened_at IS NULL"),
    _all("p.instance_id, p.event, p.number, p.opens, p.closes", f"pending_event p WHERE {OF_REGISTRY.format('p')}"),
    _all(
        "q.id, q.form_id, q.row_id, q.item, q.rule, q.state, hex(q.excluded), "
        "(SELECT max(m.number) FROM query_message m WHERE m.query_id = q.id)",
        f"query q WHERE {OF_REGISTRY.format('q')} AND q.rule <> ''",
    ),
    _all(
        "v.registry, v.form_id, v.row_id, v.item",
        "verification v WHERE v.subject_id = :subject AND v.state <> 'changed'",
    ),
    _all("l.instance_id, l.day", f"latest_event l WHERE {OF_REGISTRY.format('l')}"),
)
_SOURCE = "FROM subject s LEFT JOIN subject_key k ON k.subject_id = s.id WHERE s.id = :subject"


def _query(values: tuple[str, str], beside: tuple[str, ...], more: tuple[str, ...] = ()) -> Query:
    return Query.of(f"{_EVER} SELECT {', '.join((*_PARTS, *beside[:3], *values, *more))} {_SOURCE}")


HEADS = {sites: _query(("NULL", "NULL"), beside) for sites, beside in _BESIDE.items()}  # all but the values
LOAD = {sites: _query((_VALUES, beside[3]), beside) for sites, beside in _BESIDE.items()}
SAVE = {sites: _query((_VALUES, beside[3]), beside, _BEFORE) for sites, beside in _BESIDE.items()}
OWN_PARTS = len(
    _PARTS
)  # the columns of the subject itself; three of what is beside, two of values and those of a save follow

__all__ = ["HEADS", "LOAD", "OWN_PARTS", "SAVE"]
