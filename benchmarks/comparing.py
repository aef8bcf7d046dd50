"""A definition whose rules compare rows with one another, and records of any size for it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from engine.datatypes.values import Reference
from engine.records.form_data import Focus, FormData, Instance, RowData

DEFINITION = """\
registry: compared
version: 1.0.0
title: {pl: Rejestr do pomiarów, en: Registry for measurements}
codelists:
  drug: {codes: {a: {pl: lek a, en: drug a}, b: {pl: lek b, en: drug b}}}
forms:
  doses:
    title: {pl: Dawki, en: Doses}
    in: patient
    sections:
      - id: rows
        title: {pl: Dawki, en: Doses}
        items:
          - group: dose
            key: number
            items:
              - {id: number, type: integer, label: {pl: Numer, en: Number}}
              - {id: amount, type: integer, label: {pl: Ilość, en: Amount}}
              - {id: day, type: date, label: {pl: Dzień, en: Day}}
              - {id: drug, type: code, codelist: drug, label: {pl: Lek, en: Drug}}
              - {id: share, type: decimal, decimals: 4, label: {pl: Udział, en: Share}, calculate: "round(amount / sum(dose.amount), 4)"}
              - {id: alike, type: integer, label: {pl: Tego leku, en: Of this drug}, calculate: count(dose where drug = outer.drug)}
              - {id: step, type: integer, label: {pl: Zmiana, en: Change}, calculate: amount - prev(amount by day)}
              - {id: effects, type: integer, label: {pl: Objawy, en: Effects}, calculate: count(effect where of.number = outer.number)}
          - group: effect
            items:
              - {id: of, type: row_ref, of: dose, unique: true, label: {pl: Dawka, en: Dose}}
    checks:
      - {id: numbers, assert: unique(dose.number), message: {pl: Numery się powtarzają., en: Numbers are repeated.}}
      - {id: days, assert: "no_overlap(dose: day, day by drug)", message: {pl: Dawki się nakładają., en: Doses overlap.}}
      - {id: small, severity: warning, assert: all(dose where amount < 30 or sum(effect.of.amount) < 0), message: {pl: Duża dawka., en: A large dose.}}
"""


def subject(rows: int) -> tuple[Instance, Focus]:
    """A patient with that many doses, a third of them large, and as many effects."""
    first = date(2000, 1, 1)
    doses = tuple(
        RowData(
            f"d{number}",
            {
                "number": Decimal(number),
                "amount": Decimal(number % 45),
                "day": first + timedelta(days=number),
                "drug": "ab"[number % 2],
            },
        )
        for number in range(rows)
    )
    effects = tuple(RowData(f"e{number}", {"of": Reference(f"d{number}")}) for number in range(rows))
    form = FormData({}, {"dose": doses, "effect": effects})
    return Instance("patient", "p1", {"doses": (form,)}), Focus("doses", "p1")
