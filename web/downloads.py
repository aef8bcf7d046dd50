"""Files that leave the application: their names, headers and lines in one place, where training and a demonstration mark them as made up."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO, StringIO
from urllib.parse import quote

from flask import Response, send_file, stream_with_context

from web.workspace import visit, workspace

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet would run
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?", re.ASCII)  # nothing to run: a code such as -99 stays as it is
_STROKES = str.maketrans("łŁ", "lL")  # no marks on other letters for Unicode
SPREADSHEET_MARK = "\ufeff"  # by which spreadsheets know the encoding


def csv_download(name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """A table as CSV, sent while it is read. In training and a demonstration its first column says of each row that it is made up."""
    words = made_up_words()
    mark = (f"{words[0]}: {words[1]}",) if words else ()
    told = stream_with_context(_lines((*words[:1], *columns), ((*mark, *row) for row in rows)))
    return _named(Response(told, content_type="text/csv; charset=utf-8"), name)


def file_download(content: bytes, name: str, media_type: str, *, shown: bool = False) -> Response:
    """A file as it is, to be kept; or to be `shown` by the browser itself. Neither stays in the browser's store."""
    answer = _named(send_file(BytesIO(content), mimetype=media_type), name, "inline" if shown else "attachment")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def file_name(name: str) -> str:
    """The name under which a file is kept: in training and a demonstration it begins with that word."""
    return " ".join((*made_up_words()[:1], name))


def made_up_words() -> tuple[str, ...]:
    """The word for training or a demonstration, and that nobody in it is a patient; nothing where patients are."""
    settings, words = workspace().settings, visit().words
    if settings.training:
        return words("training_sign"), words("training_short")
    return (words("demo_sign"), words("demo_short")) if settings.synthetic else ()


def _named(answer: Response, name: str, disposition: str = "attachment") -> Response:
    """The answer with its name. Headers are latin-1: other letters go as RFC 6266 says, beside a name without them."""
    told = file_name(name)
    plain = unicodedata.normalize("NFKD", told.translate(_STROKES)).encode("ascii", "ignore").decode()
    names = {"filename": plain} if plain == told else {"filename": plain, "filename*": f"UTF-8''{quote(told, safe='')}"}
    answer.headers.set("Content-Disposition", disposition, **names)
    return answer


def _lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield SPREADSHEET_MARK + _line(columns)
    yield from map(_line, rows)


def _line(cells: Sequence[str]) -> str:
    """Nothing in it is taken for a formula."""
    text = StringIO()
    csv.writer(text).writerow([f"'{cell}" if _could_run(cell) else cell for cell in cells])
    return text.getvalue()


def _could_run(cell: str) -> bool:
    return cell.startswith(DANGEROUS) and not _NUMBER.fullmatch(cell)


__all__ = ["csv_download", "file_download", "made_up_words"]
