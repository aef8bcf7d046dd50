"""Reading ends in time and memory, and what a stranger's file holds is counted while it is unpacked."""

import io
import resource
import signal
import time
import zipfile

import pytest

from exchange.bounds import bounded
from exchange.findings import SourceFault
from exchange.reading import decoded, read_bytes, unpacked, xml_root


def test_what_takes_too_long_is_ended():
    with (
        pytest.raises(SourceFault, match=r"big.csv: Reading takes longer than 0.2 seconds"),
        bounded("big.csv", seconds=0.2),
    ):
        time.sleep(20)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_what_needs_too_much_memory_is_ended():
    before = resource.getrlimit(resource.RLIMIT_AS)
    with pytest.raises(SourceFault, match="needs more than 50 MB of memory"), bounded("big.csv", memory=50_000_000):
        bytearray(500_000_000)
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def archive(**files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return data.getvalue()


def test_an_archive_is_unpacked_up_to_a_limit():
    data = archive(a=b"x" * 1000, b=b"\0" * 50_000_000)
    assert next(iter(unpacked(data, "z.zip"))) == ("a", b"x" * 1000)
    with pytest.raises(SourceFault, match=r"z.zip/b: The archive unpacks to more than 30 MB"):
        list(unpacked(data, "z.zip"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK\x03\x04 half of one", "no ZIP archive, or only half of one"),
        (archive(a=b"hello world" * 9)[:60], "no ZIP archive, or only half of one"),
        (archive(**{f"f{number}": b"" for number in range(2001)}), "holds 2001 files; at most 2000 are read"),
    ],
    ids=["no archive", "half of one", "too many files"],  # bytes as names would hold the time, and differ by process
)
def test_a_broken_archive_is_refused(data, message):
    with pytest.raises(SourceFault, match=message):
        list(unpacked(data, "z.zip"))


BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'
OUTSIDE = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (BOMB, "declares entities"),
        (OUTSIDE, "declares entities"),
        (b"<a><b></a>", "line 1, column .*no well-formed XML"),
        (b"<a>" * 230 + b"</a>" * 230, "stand more than 200 deep"),
        (b"field,form\n", "no well-formed XML"),
    ],
)
def test_hostile_or_broken_xml_is_refused(data, message):
    with pytest.raises(SourceFault, match=message):
        xml_root(data, "f.xml")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xef\xbb\xbfa\r\nb", "a\nb"),
        ("żółw".encode(), "żółw"),
        ("café, œuvre – Größe".encode("cp1252"), "café, œuvre – Größe"),
        ("Wiek, masa ciała [kg]; żółć".encode("cp1250"), "Wiek, masa ciała [kg]; żółć"),
        ("Źródło bólu: ąęśćńłóżź".encode("iso8859-2"), "Źródło bólu: ąęśćńłóżź"),
        ("żółw".encode("utf-16"), "żółw"),
    ],
)
def test_texts_are_read_in_the_encodings_that_people_have(data, text):
    assert decoded(data) == text


def test_files_are_bounded(tmp_path):
    big, empty = tmp_path / "big.csv", tmp_path / "empty.csv"
    big.write_bytes(b"x" * 2000)
    empty.write_bytes(b" \n")
    for path, message in ((big, "more than 0 MB"), (empty, "is empty"), (tmp_path / "none.csv", "cannot be read")):
        with pytest.raises(SourceFault, match=message):
            read_bytes(path, 1000)


def test_an_entry_whose_bytes_are_spoiled_is_refused_with_its_name():
    data = bytearray(archive(a=bytes(range(256)) * 40))
    start = data.index(b"a", 4) + 1
    data[start : start + 20] = b"\xff" * 20
    with pytest.raises(SourceFault, match=r"z.zip/a: The file in the archive cannot be unpacked"):
        list(unpacked(bytes(data), "z.zip"))
