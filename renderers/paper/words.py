"""The fixed words of printed forms, in Polish and English."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    # the kinds of documents
    "blank": ("formularz do wypełnienia", "form to be filled in"),
    "annotated": ("formularz z opisem pól", "annotated form"),
    "filled": ("wydruk formularza", "printed form"),
    # header and footer
    "page": ("strona", "page"),
    "of": ("z", "of"),
    "definition": ("definicja", "definition"),
    "printed": ("wydrukowano", "printed"),
    "draft": ("dane robocze, niepodpisane", "working data, not signed"),
    "unsaved": (
        "zawiera zmiany, których jeszcze nie zapisano",
        "holds changes that are not saved yet",
    ),
    # what stands on top
    "patient": ("Numer pacjenta w rejestrze", "Number of the patient in the registry"),
    "patient.number": ("nr pacjenta", "patient no."),
    "patient.short": ("Pacjent", "Patient"),
    "revision": ("zapis {0}", "save {0}"),
    "visit": ("Wizyta", "Event"),
    "site": ("Ośrodek", "Site"),
    "state": ("Stan", "State"),
    "saved": ("Zapisano", "Saved"),
    "legend": (
        "Zaznacz krzyżykiem. Pola z * są wymagane. Liczba przy kratce wybiera tę odpowiedź na ekranie.",
        "Mark with a cross. Fields with * are required. The number beside a box chooses that answer on screen.",
    ),
    "reasons": ("Gdy brak odpowiedzi, zaznacz dlaczego:", "Where there is no answer, mark why:"),
    "no_answer": ("brak:", "none:"),
    # fields
    "only_if": ("Tylko gdy: {0}", "Only if: {0}"),
    "required_if": ("Wymagane, gdy: {0}", "Required if: {0}"),
    "required": ("wymagane", "required"),
    "day": ("dzień", "day"),
    "month": ("miesiąc", "month"),
    "year": ("rok", "year"),
    "time": ("godzina", "time"),
    "code": ("kod", "code"),
    "name": ("nazwa", "name"),
    "number": ("numer wiersza", "number of the row"),
    "partial": ("Nieznany dzień lub miesiąc zostaw pusty.", "Leave a day or month that is not known empty."),
    "attached": ("dołączono plik", "file attached"),
    "calculated": ("wylicza system", "calculated by the system"),
    "withdrawn": ("wycofany", "withdrawn"),
    "row": ("Wiersz {0}", "Row {0}"),
    "more_rows": (
        "Jest ich więcej? Dołącz kolejny egzemplarz tej części.",
        "There are more? Add another copy of this part.",
    ),
    # what an annotated form tells of a field
    "type": ("typ", "type"),
    "list": ("lista kodów", "code list"),
    "decimals": ("miejsca po przecinku", "decimals"),
    "length": ("najwięcej znaków", "greatest length"),
    "pattern": ("wzorzec", "pattern"),
    "range": ("zakres", "range"),
    "calculation": ("wyliczenie", "calculation"),
    "default": ("proponowane", "default"),
    "only": ("tylko kody, dla których", "only codes for which"),
    "target": ("wskazuje na", "points to"),
    "missing": ("przyczyny braku", "missing reasons"),
    "standard": ("standard", "standard"),
    "privacy": ("dane", "data"),
    "sensitive": ("wrażliwe", "sensitive"),
    "identifying": ("identyfikujące osobę", "identifying"),
    "rows": ("wiersze", "rows"),
    "rows.any": ("dowolnie wiele", "any number"),
    "rows.least": ("co najmniej {0}", "at least {0}"),
    "rows.most": ("najwyżej {0}", "at most {0}"),
    # checks
    "checks": ("Reguły kontrolne", "Checks"),
    "must_hold": ("Musi być spełnione", "Must hold"),
    "message": ("Komunikat", "Message"),
    "severity": ("Waga", "Severity"),
    "error": ("błąd", "error"),
    "warning": ("ostrzeżenie", "warning"),
    "warning_reason": ("ostrzeżenie z przyczyną", "warning with a reason"),
    "at.signing": ("przy podpisie", "at signing"),
    # signatures
    "signatures": ("Podpisy", "Signatures"),
    "signed.filled": ("Wypełnił(a)", "Filled in by"),
    "signed.checked": ("Zatwierdził(a)", "Approved by"),
    "signed.entered": ("Wprowadził(a) do systemu", "Entered into the system by"),
    "signature": ("imię i nazwisko, podpis", "name and signature"),
}


def word(key: str, language: str, *parts: object) -> str:
    """The words of a key; English stands in for other languages."""
    return WORDS[key][language != "pl"].format(*parts)
