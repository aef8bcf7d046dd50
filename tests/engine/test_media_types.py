"""Kinds of files are told by content, what is taken has limits, and names that are kept are safe."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.datatypes import DATATYPES, Facets, FileValue, Unread, message
from engine.datatypes.file import typed
from engine.datatypes.media_types import (
    LARGEST,
    LONGEST_NAME,
    MEDIA_TYPES,
    UNKNOWN,
    USUAL,
    limited,
    media_type_of,
    safe_name,
)

BEGINNINGS = {
    "application/pdf": b"%PDF-1.7\n",
    "image/jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "image/png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "image/gif": b"GIF89a\1\0",
    "image/webp": b"RIFF\x24\0\0\0WEBPVP8 ",
    "image/tiff": b"II*\0\x08\0\0\0",
    "image/heic": b"\0\0\0\x18ftypheic\0\0\0\0",
    "video/mp4": b"\0\0\0\x20ftypisom\0\0\2\0",
    "video/quicktime": b"\0\0\0\x14ftypqt  \0\0\0\0",
    "application/dicom": b"\0" * 128 + b"DICM\2\0",
}
OTHERS = [
    b"", b"<html><script>", b"<svg xmlns=", b"MZ\x90\0", b"#!/bin/sh\n", b"PK\3\4", b"BM", b"\xff\xd8", b" %PDF-1.7", b"RIFF\0\0\0\0WAVE",
    b"\0\0\0\x18ftypxxxx", b"DICM",
]  # fmt: skip


@pytest.mark.parametrize("name", MEDIA_TYPES)
def test_a_kind_is_told_by_how_its_content_begins(name):
    assert media_type_of(BEGINNINGS[name] + b"rest" * 100) == name


@pytest.mark.parametrize("content", OTHERS)
def test_other_content_is_of_no_known_kind(content):
    assert media_type_of(content) == UNKNOWN


@pytest.mark.parametrize(
    ("facets", "kinds", "largest"),
    [
        (Facets(), USUAL, LARGEST),
        (Facets(media_types=("video/mp4",), max_bytes=500), ("video/mp4",), 500),
        (Facets(max_bytes=LARGEST * 5), USUAL, LARGEST),
    ],
)
def test_what_a_definition_does_not_say_is_limited_all_the_same(facets, kinds, largest):
    assert (limited(facets).media_types, limited(facets).max_bytes) == (kinds, largest)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("zdjęcie elektrody.JPG", "zdjęcie elektrody.JPG"),
        ("../../etc/passwd", "passwd.jpg"),
        ("C:\\fakepath\\lead.jpeg", "lead.jpeg"),
        ("lead\u202egpj.exe", "leadgpj.exe.jpg"),
        ("a\0b\r\nc\u2028d.jpg", "abcd.jpg"),
        ("page.html", "page.html.jpg"),
        (".htaccess", "htaccess.jpg"),
        ('a<b>"c|d?.jpg', "a_b__c_d_.jpg"),
        ("  lead   1 . jpg ", "lead 1 . jpg.jpg"),
        ("", "file.jpg"),
        ("...", "file.jpg"),
        (".jpg", "jpg.jpg"),
        ("ż" * 400 + ".jpg", "ż" * (LONGEST_NAME - 4) + ".jpg"),
    ],
)
def test_names_are_cleaned(name, kept):
    assert safe_name(name, "image/jpeg") == kept


@given(st.text(st.characters(), max_size=150), st.sampled_from([*MEDIA_TYPES, UNKNOWN]))
def test_a_cleaned_name_stays_as_it_is_and_is_a_files_name(name, media_type):
    kept = safe_name(name, media_type)
    assert safe_name(kept, media_type) == kept
    assert 0 < len(kept) <= LONGEST_NAME
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in kept)
    value = FileValue(kept, media_type, 5, "ab" * 32)
    assert DATATYPES["file"].parse(typed(value), Facets()) == value, "a page posts it back"


def test_refusals_are_told_in_words():
    refused = DATATYPES["file"].read_json(
        {"name": "a.exe", "media_type": UNKNOWN, "size": 9, "digest": "ab" * 32}, limited(Facets())
    )
    assert isinstance(refused, Unread)
    told = message(refused.message, "pl", **dict(refused.parts))
    assert told == "Pliku „a.exe” nie można dodać, bo to nieznany rodzaj pliku. Dozwolone: PDF, JPEG, PNG."
    told = message("file_size", "en", name="a.jpg", size=LARGEST + 1, max=LARGEST)
    assert told == "'a.jpg' has 10.5 MB; at most 10 MB are allowed. Make it smaller or choose another."
