"""Made-up persons: names that nobody bears, valid PESEL numbers. A formally valid number may still be somebody's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

FEMALE = (
    "Anna",
    "Barbara",
    "Danuta",
    "Elżbieta",
    "Halina",
    "Irena",
    "Janina",
    "Krystyna",
    "Maria",
    "Teresa",
    "Zofia",
    "Łucja",
)
MALE = (
    "Adam",
    "Andrzej",
    "Bogdan",
    "Edward",
    "Henryk",
    "Jan",
    "Józef",
    "Kazimierz",
    "Marek",
    "Stanisław",
    "Tadeusz",
    "Zbigniew",
)
# Each says of itself that it is an example.
SURNAMES = (
    ("Przykładowa", "Przykładowy"), ("Wzorcowa", "Wzorcowy"), ("Zmyślona", "Zmyślony"), ("Próbna", "Próbny"),
    ("Fikcyjna", "Fikcyjny"), ("Ćwiczebna", "Ćwiczebny"), ("Pokazowa", "Pokazowy"), ("Umowna", "Umowny"),
    ("Szkoleniowa", "Szkoleniowy"), ("Syntetyczna", "Syntetyczny"), ("Modelowa", "Modelowy"), ("Testowska", "Testowski"),
)  # fmt: skip
BRANCHES = tuple(f"{number:02d}" for number in range(1, 17))
_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
_CENTURIES = {18: 80, 19: 0, 20: 20, 21: 40}


@dataclass(frozen=True, slots=True)
class Person:
    """What the patient form asks of a person."""

    sex: str
    first_names: str
    last_name: str
    born: date
    pesel: str


def make_person(draw: Random, number: int, today: date) -> Person:
    """A person between 30 and 90 years old."""
    female = draw.random() < 0.42
    surname = SURNAMES[number % len(SURNAMES)]
    second = SURNAMES[(number * 5 + 3) % len(SURNAMES)]
    born = today - timedelta(days=int(draw.triangular(30, 90, 71) * 365.25))
    first = draw.choice(FEMALE if female else MALE)
    last = surname[0 if female else 1]
    if number >= len(SURNAMES):
        last = f"{last}-{second[0 if female else 1]}"
    return Person(
        "f" if female else "m", first, last, born, make_pesel(born, female=female, series=draw.randrange(1000))
    )


def make_pesel(born: date, *, female: bool, series: int) -> str:
    """A valid number: date with century, series, sex, check digit."""
    month = born.month + _CENTURIES[born.year // 100]
    sex = (series % 5) * 2 + (0 if female else 1)
    digits = f"{born.year % 100:02d}{month:02d}{born.day:02d}{series:03d}{sex}"
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True))
    return f"{digits}{-total % 10}"


__all__ = ["BRANCHES", "Person", "make_person", "make_pesel"]
