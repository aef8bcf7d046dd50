# long: tables of cases for four formats
"""`ecrf import` and `ecrf export`: versions, and files of strangers that would cost or break something."""

import io
import json
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import Workbook

from cli.main import main
from exchange.formats import FORMATS

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "operations.yaml"
SECONDS = 60
MEMORY = 400  # MB at the most


# versions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "version", "holds"),
    [
        ("odm", "1.3.2", 'ODMVersion="1.3.2"'),
        ("odm", "2.0", "http://www.cdisc.org/ns/odm/v2.0"),
        ("fhir", "R4", '"type": "choice"'),
        ("fhir", "R5", '"type": "coding"'),
    ],
)
def test_versions_that_are_written(tmp_path, kind, version, holds):
    made = tmp_path / "made"
    done = CliRunner().invoke(main, ["export", kind, str(EXAMPLE), "-o", str(made), "--version", version])
    assert done.exit_code == 0, done.output
    assert holds in made.read_text("utf-8")


@pytest.mark.parametrize("kind", [kind for kind, row in FORMATS.items() if row.versions])
def test_the_first_version_is_written_where_none_is_asked_for(tmp_path, kind):
    first = FORMATS[kind].versions[0]
    for name, more in (("plain", []), ("asked", ["--version", first])):
        CliRunner().invoke(main, ["export", kind, str(EXAMPLE), "-o", str(tmp_path / name), *more])
    plain, asked = ((tmp_path / name).read_text("utf-8") for name in ("plain", "asked"))
    assert len(plain) == len(asked) > 1000


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("odm", "Allowed: 1.3.2, 2.0."),
        ("fhir", "Allowed: R4, R5."),
        ("redcap", "no versions to choose from"),
        ("xlsform", "no versions to choose from"),
    ],
)
def test_other_versions_are_refused_with_those_that_are_there(tmp_path, kind, words):
    made = tmp_path / "made"
    done = CliRunner().invoke(main, ["export", kind, str(EXAMPLE), "-o", str(made), "--version", "9"])
    assert (done.exit_code, made.exists()) == (2, False)
    assert words in " ".join(done.output.split())


def test_standard_input_is_refused_with_what_to_do():
    done = CliRunner().invoke(main, ["import", "xlsform", "-"], input="x")
    assert done.exit_code == 2
    assert "the ending of a file tells its format. Give a file." in " ".join(done.output.split())


# languages --------------------------------------------------------------------------------------------------------

DICTIONARY = "field_name,form_name,field_type,field_label,select_choices_or_calculations,field_annotation\n{}\n"
OF_PORTUGAL = DICTIONARY.format('id,um,text,Número,,\na,um,checkbox,Sintomas,"1, Dor | 2, Febre",@MAXCHECKED=1')


@pytest.mark.parametrize(
    ("kind", "name", "text", "label"),
    [
        ("redcap", "a.csv", OF_PORTUGAL, "Sintomas"),
        ("odm", "a.xml", "<TranslatedText>Sintomas</TranslatedText>", "Sintomas"),
    ],
)
@pytest.mark.parametrize("language", ["", "pt"])
def test_texts_are_in_the_language_that_is_given_where_the_file_tells_none(tmp_path, kind, name, text, label, language):
    source = (
        text
        if kind == "redcap"
        else plain().decode().replace('"text"/>', f'"text"><Question>{text}</Question></ItemDef>')
    )
    (tmp_path / name).write_text(source, "utf-8")
    output = tmp_path / "made.yaml"
    more = ["--language", language] if language else []
    done = CliRunner().invoke(main, ["import", kind, str(tmp_path / name), "-o", str(output), *more])
    assert done.exit_code == 0, done.output
    made = output.read_text("utf-8")
    assert f"languages: [{language or 'en'}]" in made
    assert f"{{{language or 'en'}: {label}}}" in made
    assert CliRunner().invoke(main, ["check", str(output)]).exit_code == 0


@pytest.mark.parametrize(
    ("kind", "language", "words"),
    [
        ("fhir", "pt", "tell their languages themselves"),
        ("xlsform", "pt", "tell their languages"),
        ("redcap", "PT-br", "no language"),
    ],
)
def test_languages_that_are_none_or_told_already_are_refused(tmp_path, kind, language, words):
    (tmp_path / "a.csv").write_text(OF_PORTUGAL, "utf-8")
    done = CliRunner().invoke(main, ["import", kind, str(tmp_path / "a.csv"), "--language", language])
    assert done.exit_code == 2
    assert words in " ".join(done.output.split())


# files that would cost or break something -------------------------------------------------------------------------

ODM = """<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3"><Study OID="S"><MetaDataVersion OID="M" Name="M">
<FormDef OID="F" Name="F" Repeating="No"><ItemGroupRef ItemGroupOID="G" Mandatory="No"/></FormDef>
<ItemGroupDef OID="G" Name="G" Repeating="No"><ItemRef ItemOID="I" Mandatory="No"/>{refs}</ItemGroupDef>
<ItemDef OID="I" Name="I" DataType="text"/>{more}</MetaDataVersion></Study></ODM>"""
LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
ENTITIES = f'<!DOCTYPE x [<!ENTITY a0 "ha">{LAUGHS}]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
FHIR_XML = '<Questionnaire xmlns="http://hl7.org/fhir"><title value="{}"/></Questionnaire>'


def plain(more="", refs=""):
    return ODM.format(more=more, refs=refs).encode()


def form(items, **more):
    return json.dumps({"resourceType": "Questionnaire", "status": "draft", "item": items, **more}).encode()


def archive(name, content, beside=""):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(name, content)
        if beside:
            made.writestr(beside, "<a/>")
    return held.getvalue()


def nested(depth):
    return b'{"resourceType":"Questionnaire","item":[{"linkId":"a","type":"group"' + (
        b',"item":[{"linkId":"a","type":"group"' * depth + b"}]" * depth + b"}]}"
    )


def condition(question):
    return [{"question": question, "operator": "=", "answerString": "x"}]


def workbook(*rows, part="xl/worksheets/sheet1.xml", edit=None):
    """A workbook with a survey; `edit` changes the XML of one of its parts."""
    book = Workbook()
    page = book.create_sheet("survey", 0)
    for row in (["type", "name", "label", "relevant", "calculation"], *rows):
        page.append(row)
    plain, made = io.BytesIO(), io.BytesIO()
    book.save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, edit(content) if edit is not None and name == part else content)
    return made.getvalue()


ASKED = ["text", "a", "A"]
EMPTY_ROWS = b"<row/>" * 1_000_000
FULL_ROWS = b'<row><c t="inlineStr"><is><t>x</t></is></c></row>' * 1_000_000
END = b"</sheetData>"


def before_end(more):
    return lambda sheet: sheet.replace(END, more + END)


def declared(sheet, before=""):
    """With a document type after an XML declaration and what stands `before` it."""
    body = sheet.partition(b"?>")[2] if sheet.startswith(b"<?xml") else sheet
    return f'<?xml version="1.0"?>{before}{OUTSIDE}'.encode() + body


# kind, file, bytes, words of the refusal
COSTLY = {
    "a workbook whose sheet unpacks to 200 MB": (
        "xlsform",
        "a.xlsx",
        lambda: workbook(ASKED, edit=before_end(b" " * 200_000_000)),
        "more than 150 MB",
    ),
    "a workbook whose styles unpack to 40 MB": (
        "xlsform",
        "a.xlsx",
        lambda: workbook(ASKED, part="xl/styles.xml", edit=lambda styles: styles + b" " * 40_000_000),
        "more than 30 MB",
    ),
    "a workbook of a million rows": (
        "xlsform",
        "a.xlsx",
        lambda: workbook(ASKED, edit=before_end(FULL_ROWS)),
        "more than 20000 rows",
    ),
    "a CSV of ten million rows": ("xlsform", "a.csv", lambda: b"survey\n" + b",\n" * 10_000_000, "more than 10 MB"),
    "a CSV of four million rows": ("xlsform", "a.csv", lambda: b"survey\n" + b",\n" * 4_000_000, "rows"),
    "a CSV of one endless cell": ("xlsform", "a.csv", lambda: b'survey\n"' + b"x" * 9_000_000, "row"),
    "groups 2,000 deep": (
        "xlsform",
        "a.xlsx",
        lambda: workbook(*([["begin group", "g", "G"]] * 2_000)),
        "stand in one another",
    ),
    "archive that unpacks to 60 MB": ("odm", "a.zip", lambda: archive("a.xml", b"<" + b" " * 60_000_000), "30 MB"),
    "400 MB": ("odm", "a.xml", lambda: 400_000_000, "more than 30 MB"),
    "400 MB of FHIR": ("fhir", "a.json", lambda: 400_000_000, "more than 30 MB"),
    "entities of entities": ("odm", "a.xml", f"{ENTITIES}<ODM>&a11;</ODM>".encode, "entit"),
    "entities of entities in FHIR": ("fhir", "a.xml", (ENTITIES + FHIR_XML.format("&a11;")).encode, "entit"),
    "XML 100,000 deep": ("odm", "a.xml", lambda: b"<ODM>" * 100_000, "line"),
    "JSON 100,000 deep": ("fhir", "a.json", lambda: b'{"item":' * 100_000, "deep"),
    "JSON lists 100,000 deep": ("fhir", "a.json", lambda: b"[" * 100_000 + b"]" * 100_000, "deep"),
    "items 10,000 deep": ("fhir", "a.json", lambda: nested(10_000), "deep"),
    "a number of 100,000 digits": (
        "fhir",
        "a.json",
        lambda: form([{"linkId": "a", "type": "integer", "maxLength": 7}]).replace(b"7", b"7" * 100_000),
        "digits",
    ),
}
DICTIONARIES = {
    "a dictionary that unpacks to 60 MB": ("a.zip", lambda: archive("instrument.csv", b"a," * 30_000_000), "30 MB"),
    "a workbook that unpacks to 60 MB": ("a.xlsx", lambda: archive("xl/workbook.xml", b" " * 60_000_000), "30 MB"),
    "a dictionary of 400 MB": ("a.csv", lambda: 400_000_000, "more than 30 MB"),
    "a million rows": (
        "a.csv",
        lambda: DICTIONARY.format("a,f,text,A,,\n" * 1_000_000).encode(),
        "more than 50000 rows",
    ),
    "a million rows of a workbook": (
        "a.xlsx",
        lambda: archive("xl/worksheets/a.xml", b"<row r='1'/>" * 1_000_000, "xl/workbook.xml"),
        "50000 rows",
    ),
    "4,000 columns": (
        "a.csv",
        lambda: DICTIONARY.format("a,f,text,A,,," + ",x" * 4000).encode(),
        "row 2: The row has 4007 cells",
    ),
    "a rule of 5 MB": (
        "a.csv",
        lambda: DICTIONARY.format('a,f,text,A,,\nb,f,calc,B,1,"' + "@IF([a]='1', " * 400_000 + '"').encode(),
        "row 3, f.b: Field Annotation has",
    ),
    "a project of entities of entities": ("a.xml", f"{ENTITIES}<ODM>&a11;</ODM>".encode, "entit"),
    "a project 100,000 deep": ("a.xml", lambda: b"<ODM>" * 100_000, "line"),
}
COSTLY |= {name: ("redcap", *case) for name, case in DICTIONARIES.items()}
BROKEN = {
    "half a workbook": ("xlsform", "a.xlsx", workbook(ASKED)[:-300], "half of one"),
    "a workbook whose sheet is half there": (
        "xlsform",
        "a.xlsx",
        workbook(ASKED, edit=lambda sheet: sheet[:-40]),
        "broken",
    ),
    "a file from outside in a workbook": ("xlsform", "a.xlsx", workbook(ASKED, edit=declared), "document type"),
    "the same after a long remark": (
        "xlsform",
        "a.xlsx",
        workbook(ASKED, edit=lambda sheet: declared(sheet, f"<!--{'x' * 5000}-->")),
        "document type",
    ),
    "a file from outside in the list of sheets": (
        "xlsform",
        "a.xlsx",
        workbook(ASKED, part="xl/workbook.xml", edit=declared),
        "document type",
    ),
    "a table of REDCap for an XLSForm": (
        "xlsform",
        "a.csv",
        b"Variable / Field Name,Form Name\na,b\n",
        "ecrf import redcap",
    ),
    "ODM for an XLSForm": ("xlsform", "a.xml", plain(), "ecrf import odm"),
    "FHIR for an XLSForm": ("xlsform", "a.json", form([]), "ecrf import fhir"),
    "another archive": ("xlsform", "a.xlsx", archive("a.txt", "x"), "no Excel workbook"),
    "a picture": ("xlsform", "a.xlsx", b"\x89PNG\r\n\x1a\n\0\0", "no workbook"),
    "a workbook without questions": ("xlsform", "a.xlsx", workbook(), "no questions"),
    "a file from outside": ("odm", "a.xml", f"{OUTSIDE}<ODM>&a;</ODM>".encode(), "declares entities"),
    "a file from outside in FHIR": ("fhir", "a.xml", (OUTSIDE + FHIR_XML.format("&a;")).encode(), "external entity"),
    "half an ODM": ("odm", "a.xml", plain()[:300], "line"),
    "half an archive": ("odm", "a.zip", archive("a.xml", plain())[:200], "archive"),
    "half a Questionnaire": ("fhir", "a.json", form([{"linkId": "a", "type": "string"}])[:-20], "half of the file"),
    "a key that stands twice": (
        "fhir",
        "a.json",
        b'{"resourceType": "Questionnaire", "title": "A", "title": "B"}',
        "stands twice",
    ),
    "no number": ("fhir", "a.json", form([{"linkId": "a", "type": "integer", "maxLength": float("nan")}]), "NaN"),
    "half a Questionnaire in XML": ("fhir", "a.xml", FHIR_XML.format("x").encode()[:-9], "line"),
    "FHIR for ODM": ("odm", "a.json", form([]), "ecrf import fhir"),
    "ODM for FHIR": ("fhir", "a.xml", plain(), "ODM"),
    "a table for ODM": ("odm", "a.csv", b"Variable,Form,Section,Type\nx,y,z,text", "ecrf import redcap"),
    "a table for FHIR": ("fhir", "a.csv", b"Variable,Form,Section,Type,Label\nx,y,z,text", "table (CSV)"),
    "a workbook for FHIR": ("fhir", "a.xlsx", archive("xl/workbook.xml", b"<workbook/>"), "workbook (XLSX)"),
    "nothing": ("fhir", "a.json", b" \n", "empty"),
    "no items": ("fhir", "a.json", form([]), "no items"),
    "half a row": (
        "redcap",
        "a.csv",
        DICTIONARY.format('a,f,text,A,,\nb,f,radio,B,"1, Yes | 2').encode(),
        "a.csv, row 3",
    ),
    "a quote that is never closed": (
        "redcap",
        "a.csv",
        DICTIONARY.format('a,f,text,"A,,\nb,f,text,B,,').encode(),
        "row 2",
    ),
    "half a dictionary's archive": ("redcap", "a.zip", archive("instrument.csv", OF_PORTUGAL)[:99], "only half of one"),
    "half a project": ("redcap", "a.xml", plain()[:300], "line"),
    "ODM for REDCap": ("redcap", "a.xml", plain(), "format odm"),
    "FHIR for REDCap": ("redcap", "a.json", form([]), "FHIR"),
    "an XLSForm for REDCap": ("redcap", "a.csv", b"type,name,label\ntext,a,A\n", "an XLSForm"),
    "data for REDCap": ("redcap", "a.csv", b"record_id,a,f_complete\n1,2,0\n", "a file of data"),
    "a dictionary without fields": ("redcap", "a.csv", DICTIONARY.format("").encode(), "a header and no fields"),
    "a picture for REDCap": ("redcap", "a.png", b"\x89PNG\r\n" + bytes(5000), "no text file"),
}
READ = {
    "a name twice": ("xlsform", "a.xlsx", workbook(ASKED, ASKED), "item: 2 kept"),
    "calculations in a circle": (
        "xlsform",
        "a.xlsx",
        workbook(["calculate", "a", "", "", "${b} + 1"], ["calculate", "b", "", "", "${a} + 1"]),
        "calculated from itself",
    ),
    "conditions in a circle of XLSForm": (
        "xlsform",
        "a.xlsx",
        workbook(["text", "a", "A", "${b} = 'x'"], ["text", "b", "B", "${a} = 'x'"]),
        "cycle",
    ),
    "a field twice": ("redcap", "a.csv", DICTIONARY.format("a,f,text,A,,\na,f,text,A,,").encode(), "given twice"),
    "calculations in a circle of REDCap": (
        "redcap",
        "a.csv",
        DICTIONARY.format("r,f,text,R,,\na,f,calc,A,[b] + 1,\nb,f,calc,B,[a] + 1,").encode(),
        "cycle",
    ),
    "rows of any length": ("redcap", "a.csv", DICTIONARY.format("a,f,text\nb,f,text,B" + "," * 900).encode(), ""),
    "an @IF without an end": (
        "redcap",
        "a.csv",
        DICTIONARY.format("""r,f,text,R,,\na,f,text,A,,@IF([r]='1' @DEFAULT='x'""").encode(),
        "a bracket or quote is missing",
    ),
    "an OID twice": ("odm", "a.xml", plain('<ItemDef OID="I" Name="J" DataType="date"/>'), "two ItemDef of this OID"),
    "a linkId twice": ("fhir", "a.json", form([{"linkId": "a", "type": "string", "text": "A"}] * 2), ""),
    "a group in itself": ("odm", "a.xml", plain(refs='<ItemGroupRef ItemGroupOID="G" Mandatory="No"/>'), "in itself"),
    "versions that include each other": (
        "odm",
        "a.xml",
        plain().replace(b'Name="M">', b'Name="M"><Include StudyOID="S" MetaDataVersionOID="M"/>'),
        "",
    ),
    "value sets that include each other": (
        "fhir",
        "a.json",
        form(
            [{"linkId": "a", "type": "choice", "text": "A", "answerValueSet": "#v"}],
            contained=[
                {"resourceType": "ValueSet", "id": "v", "url": "v", "compose": {"include": [{"valueSet": ["v"]}]}}
            ],
        ),
        "",
    ),
    "conditions in a circle": (
        "fhir",
        "a.json",
        form(
            [
                {"linkId": "a", "type": "string", "text": "A", "enableWhen": condition("b")},
                {"linkId": "b", "type": "string", "text": "B", "enableWhen": condition("a")},
            ]
        ),
        "cycle",
    ),
    "conditions in a circle of ODM": (
        "odm",
        "a.xml",
        plain(
            '<ItemDef OID="J" Name="J" DataType="text"/>'
            '<ConditionDef OID="C" Name="C"><FormalExpression Context="x">J = "1"</FormalExpression></ConditionDef>',
            '<ItemRef ItemOID="J" Mandatory="No" CollectionExceptionConditionOID="C"/>',
        ),
        "cycle",
    ),
}


MEASURED = """
import atexit
from pathlib import Path
from cli.main import main
atexit.register(lambda: print(Path("/proc/self/status").read_text()))
main()
"""


def written(folder, name, content):
    path = folder / name
    if isinstance(content, int):  # a file of so many zeros that take no place
        with path.open("wb") as file:
            file.truncate(content)
    else:
        path.write_bytes(content)
    return path


def measured(path, kind, output):
    """What an import of its own process says, once its time and memory are within bounds."""
    command = [sys.executable, "-c", MEASURED, "import", kind, str(path), "-o", str(output)]
    before = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert time.monotonic() - before < SECONDS
    (most,) = re.findall(r"VmHWM:\s+(\d+) kB", done.stdout)
    assert int(most) / 1024 < MEMORY
    return done


@pytest.mark.parametrize(("kind", "name", "content", "words"), COSTLY.values(), ids=COSTLY)
def test_what_would_cost_too_much_is_refused_within_bounds(tmp_path, kind, name, content, words):
    path, output = written(tmp_path, name, content()), tmp_path / "made.yaml"
    done = measured(path, kind, output)
    assert (done.returncode, output.exists()) == (1, False)
    assert name in done.stderr
    assert words in done.stderr


LARGE = {
    "a million empty rows": lambda: workbook(ASKED, edit=before_end(EMPTY_ROWS)),
    "a row with the number of a billion": lambda: workbook(ASKED, edit=before_end(b'<row r="1000000000"/>')),
    "a size of a billion rows": lambda: workbook(
        ASKED, edit=lambda sheet: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1000000000"', sheet)
    ),
    "a picture of 40 MB": lambda: with_picture(workbook(ASKED)),
}


def with_picture(book):
    held = io.BytesIO(book)
    with zipfile.ZipFile(held, "a", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/media/image1.png", b"\0" * 40_000_000)
    return held.getvalue()


@pytest.mark.parametrize("content", LARGE.values(), ids=LARGE)
def test_what_only_says_that_it_is_large_is_read_within_bounds(tmp_path, content):
    path, output = written(tmp_path, "a.xlsx", content()), tmp_path / "made.yaml"
    done = measured(path, "xlsform", output)
    assert (done.returncode, output.exists()) == (0, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("codes", "words", "status"), [(40_000, "choices: 1 kept", 0), (110_000, "Most of it is at codelists.a.codes", 1)]
)
def test_a_field_may_have_as_many_choices_as_a_definition_holds(tmp_path, codes, words, status):
    label = "of a list that is very long, so that nobody reads it to its end at all"
    choices = " | ".join(f"{number}, Choice {number} {label}" for number in range(codes))
    path = written(tmp_path, "a.csv", DICTIONARY.format(f'r,f,text,R,,\na,f,radio,A,"{choices}",').encode())
    assert path.stat().st_size > 3_600_000
    command = [sys.executable, "-c", MEASURED, "import", "redcap", str(path), "-o", str(tmp_path / "made.yaml")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, (tmp_path / "made.yaml").exists()) == (status, status == 0)
    assert words in done.stdout + done.stderr
    (most,) = re.findall(r"VmHWM:\s+(\d+) kB", done.stdout)
    assert int(most) / 1024 < MEMORY


def imported(folder, kind, name, content):
    output = folder / "made.yaml"
    done = CliRunner().invoke(main, ["import", kind, str(written(folder, name, content)), "-o", str(output)])
    return done, output


@pytest.mark.parametrize(("kind", "name", "content", "words"), BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_refused_with_its_place(tmp_path, kind, name, content, words):
    done, output = imported(tmp_path, kind, name, content)
    assert (done.exit_code, output.exists()) == (1, False)
    assert name in done.output
    assert words in done.output


def test_a_definition_stays_as_it_was_where_its_source_is_refused(tmp_path):
    (tmp_path / "made.yaml").write_text("registry: mine\n", "utf-8")
    done, output = imported(tmp_path, "odm", "a.xml", b"<ODM>")
    assert (done.exit_code, output.read_text("utf-8")) == (1, "registry: mine\n")


@pytest.mark.parametrize(("kind", "name", "content", "words"), READ.values(), ids=READ)
def test_what_contradicts_itself_is_read_and_told(tmp_path, kind, name, content, words):
    done, output = imported(tmp_path, kind, name, content)
    assert done.exit_code == 0, done.output
    assert words in done.output
    assert CliRunner().invoke(main, ["check", str(output)]).exit_code == 0


# where it is written ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [("export", "odm"), ("import", "fhir")])
def test_what_is_read_is_never_written_over(tmp_path, arguments):
    source = tmp_path / "source"
    source.write_bytes(EXAMPLE.read_bytes())
    linked = tmp_path / "linked"
    linked.symlink_to(source)
    for output in (source, linked):
        done = CliRunner().invoke(main, [*arguments, str(source), "-o", str(output)])
        assert done.exit_code == 2
        assert "This is the file that is read; name another." in done.output
    assert source.read_bytes() == EXAMPLE.read_bytes()


def test_a_link_is_followed_and_stays_one(tmp_path):
    target, link = tmp_path / "target.xml", tmp_path / "link.xml"
    target.write_text("before", "utf-8")
    link.symlink_to(target)
    done = CliRunner().invoke(main, ["export", "odm", str(EXAMPLE), "-o", str(link)])
    assert done.exit_code == 0, done.output
    assert link.is_symlink()
    assert target.read_text("utf-8").startswith("<?xml")


def test_what_cannot_be_written_is_told_in_a_sentence(tmp_path):
    done = CliRunner().invoke(main, ["export", "odm", str(EXAMPLE), "-o", str(tmp_path / ("x" * 300))])
    assert done.exit_code == 2
    assert "File name too long: name another file" in done.output
