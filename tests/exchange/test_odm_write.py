"""ODM out: valid by the schema, read by others, and the same definition again when it comes back."""

from pathlib import Path

import pytest
from lxml import etree
from odmlib.loader import ODMLoader
from odmlib.odm_loader import XMLODMLoader

from engine.compiler import compile_definition
from exchange.document import items_of
from exchange.findings import Outcome, Part, SourceFault
from exchange.from_model import document_of
from exchange.odm.read import read
from exchange.odm.write import write
from exchange.sameness import sameness
from exchange.settling import settled
from tests.exchange.corpus import CORPUS, corpus

ROOT = Path(__file__).parents[2]
FIXTURES = sorted((ROOT / "tests" / "fixtures" / "exchange" / "odm").glob("*.xml"))
OWN = [*sorted((ROOT / "docs" / "examples").glob("*.yaml")), *sorted((ROOT / "form_definitions").glob("*.yaml"))]
SCHEMA = CORPUS / "odm" / "schema"
SCHEMAS = {"1.3.2": SCHEMA / "1.3.2" / "ODM1-3-2.xsd", "2.0": SCHEMA / "2.0" / "ODM.xsd"}
needs_schema = pytest.mark.skipif(not SCHEMAS["2.0"].is_file(), reason="the schemas of ODM are not here (ECRF_CORPUS)")
versions = pytest.mark.parametrize("version", SCHEMAS)


def faults(content, version):
    schema = etree.XMLSchema(etree.parse(SCHEMAS[version]))
    return [] if schema.validate(etree.fromstring(content)) else [str(schema.error_log)]


def imported(path, folder):
    """A file of ODM as a definition that compiles: its document and the registry."""
    result = settled(read(path))
    definition = folder / "definition.yaml"
    definition.write_text(result.text, "utf-8")
    return result.document, compile_definition(definition)


def again(content, folder):
    path = folder / "written.xml"
    path.write_bytes(content)
    return settled(read(path)).document


@versions
@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_what_was_read_is_the_same_after_a_round_trip(tmp_path, path, version):
    document, registry = imported(path, tmp_path)
    same, wanted, lost = sameness(document, again(write(registry, version).content, tmp_path))
    assert (lost, same) == ((), wanted)


COMPARED = """
registry: r
version: 1.0.0
languages: [en, pl]
title: {en: R, pl: R}
forms:
  f:
    title: {en: F, pl: F}
    in: patient
    sections:
      - id: s
        title: {en: S, pl: S}
        items:
          - {id: age, type: integer, label: {en: Age, pl: Wiek}}
          - {id: since, type: date, label: {en: Since, pl: Od}}
          - group: drug
            title: {en: Drug, pl: Lek}
            items: [{id: dose, type: decimal, decimals: 1, label: {en: Dose, pl: Dawka}}]
    checks:
      - {id: age_check, assert: age > 17, on: age, message: {en: Too young, pl: Za młody}}
      - {id: since_check, assert: "since >= make_date(2000, 1, 31)", on: since, severity: warning, message: {en: Early, pl: Za wcześnie}}
      - {id: dose_check, assert: all(drug where dose <= 2.5), on: dose, message: {en: Too much, pl: Za dużo}}
      - {id: age_check_2, assert: age < 2 * 60, on: age, message: {en: Too old, pl: Za stary}}
"""


@versions
def test_a_check_that_is_a_limit_is_written_as_one_with_its_words_and_comes_back(tmp_path, version):
    path = tmp_path / "r.yaml"
    path.write_text(COMPARED, "utf-8")
    registry = compile_definition(path)
    content = write(registry, version).content
    checks = [
        (check.get("Comparator"), check.get("SoftHard"), check.xpath("string(*[local-name()='CheckValue'])"),
         check.xpath("string(*[local-name()='ErrorMessage']/*[@xml:lang='pl'])"))
        for check in etree.fromstring(content).iter("{*}RangeCheck")
    ]  # fmt: skip
    assert checks == [
        ("GT", "Hard", "17", "Za młody"),
        (None, "Hard", "", "Za stary"),
        ("GE", "Soft", "2000-01-31", "Za wcześnie"),
        ("LE", "Hard", "2.5", "Za dużo"),
    ]
    wanted, found = (
        [
            (check["assert"], check["on"], check.get("severity"), check["message"])
            for check in made["forms"]["f"]["checks"]
        ]
        for made in (document_of(registry.model), again(content, tmp_path))
    )
    assert sorted(map(str, found)) == sorted(map(str, wanted))


@versions
@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_our_own_definitions_come_back_whole(tmp_path, path, version):
    registry = compile_definition(path)
    assert sameness(document_of(registry.model), again(write(registry, version).content, tmp_path))[2] == ()


@needs_schema
@versions
@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_our_own_definitions_are_valid_odm(path, version):
    assert faults(write(compile_definition(path), version).content, version) == []


@needs_schema
@versions
@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_what_was_read_is_written_as_valid_odm(tmp_path, path, version):
    assert faults(write(imported(path, tmp_path)[1], version).content, version) == []


NAMESPACE = {"o": "http://www.cdisc.org/ns/odm/v1.3"}


@pytest.fixture(scope="module")
def visit(tmp_path_factory):
    """The fixture, read and written again."""
    registry = imported(next(path for path in FIXTURES if path.stem == "visit"), tmp_path_factory.mktemp("visit"))[1]
    return etree.fromstring(write(registry).content)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("string(//o:ItemDef[@OID='I.SEX']/o:Question/o:TranslatedText[@xml:lang='pl'])", "Płeć"),
        ("string(//o:ItemDef[@OID='I.SEX']/o:CodeListRef/@CodeListOID)", "CL.SEX"),
        ("string(//o:ItemDef[@OID='I.SEX']/o:Alias/@Context)", "LOINC"),
        ("string(//o:ItemDef[@OID='I.WEIGHT']/@SignificantDigits)", "1"),
        ("string(//o:ItemDef[@OID='I.WEIGHT']/o:RangeCheck[@SoftHard='Soft']/o:CheckValue)", "200.5"),
        ("string(//o:ItemDef[@OID='I.WEIGHT']/o:RangeCheck[@SoftHard='Soft']/o:ErrorMessage/o:TranslatedText[1])", "So heavy?"),
        ("string(//o:ItemDef[@OID='I.WEIGHT']/@Comment)", "without shoes"),
        ("string(//o:MeasurementUnit[@OID='MU.kg']/@Name)", "kg"),
        ("string(//o:CodeListItem[o:Decode/o:TranslatedText='not known']/@CodedValue)", "Not known"),
        ("string(//o:ItemRef[@ItemOID='I.SEX']/@Mandatory)", "Yes"),
        ("string(//o:ItemGroupDef[@OID='IG.DRUG']/@Repeating)", "Yes"),
        ("string(//o:StudyEventRef[2]/@Mandatory)", "No"),
        ("string(//o:ConditionDef[@OID=//o:ItemRef[@ItemOID='I.PACKS']/@CollectionExceptionConditionOID]/o:FormalExpression)",
         "(smokes is not false) is not true"),
        ("string(//o:MethodDef[@OID=//o:ItemRef[@ItemOID='I.BMI']/@MethodOID]/o:FormalExpression[@Context='ecrf'])",
         "round(weight / height ^ 2, 1)"),
        ("count(//o:EnumeratedItem)", 2.0),
        ("count(//o:Alias[starts-with(@Context, 'ecrf:')])", 0.0),  # ODM has a word for all of it
    ],
)  # fmt: skip
def test_odm_says_in_its_own_words_what_it_can(visit, path, found):
    assert visit.xpath(path, namespaces=NAMESPACE) == found


SMALL = """\
registry: small
version: 1.0.0
title: {en: Small}
languages: [en]
codelists: {yn: {codes: {"y": {en: "yes"}, "n": {en: "no", exclusive: true}}}}
forms:
  first:
    in: patient
    title: {en: First}
    sections:
      - id: one
        title: {en: One}
        items:
          - {id: a, type: code, codelist: yn, label: {en: A}, hint: {en: Choose}, default: "'y'", when_hidden: keep}
          - {group: rows, title: {en: Rows}, items: [{id: b, type: integer, label: {en: B}},
             {group: inner, items: [{id: c, type: text, label: {en: C}}]}, {id: d, type: heading, label: {en: D}}]}
          - {id: e, type: codes, codelist: yn, label: {en: "E of {a}"}, required: "a = 'y'", when: a = 'y'}
      - {id: rows, when: a = 'y', items: [{group: more, items: [{id: f, type: file, label: {en: F}}]}]}
    checks: [{id: S-1, assert: filled(e), on: e, severity: warning_reason, message: {en: E!}}, {id: S-2, assert: a = 'y', message: {en: A!}}]
"""


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, "utf-8")
    return compile_definition(path)


@versions
def test_what_odm_cannot_say_travels_as_aliases(tmp_path, small, version):
    exported = write(small, version)
    assert sameness(document_of(small.model), again(exported.content, tmp_path))[2] == ()
    told = {finding.where: finding.found for finding in exported.findings if finding.part is Part.ITEM}
    assert told["first.a"] == "default, hint, when_hidden"
    assert told["first.b"] == ""
    assert told["first.e"] == "required, type"


def test_groups_in_one_another_stand_side_by_side_where_odm_cannot_nest(small):
    root = etree.fromstring(write(small).content)
    refs = root.findall(".//{*}FormDef/{*}ItemGroupRef")
    assert [ref.get("ItemGroupOID") for ref in refs] == [
        "S.first.one",
        "G.first.rows",
        "G.first.inner",
        "G.first.rows.2",
        "S.first.one.2",
        "S.first.rows",
        "G.first.more",
    ]
    hidden = {ref.get("ItemGroupOID"): ref.get("CollectionExceptionConditionOID") for ref in refs}
    assert (
        hidden["G.first.more"] == hidden["S.first.rows"] != hidden["S.first.one"]
    )  # others hide what stands in the section


def test_nothing_is_lost_in_silence(small):
    exported = write(small)
    items = [finding.where for finding in exported.findings if finding.part is Part.ITEM]
    assert items == [f"first.{placed.entry['id']}" for placed in items_of(document_of(small.model))]
    assert all(finding.reason for finding in exported.findings if finding.outcome is not Outcome.KEPT)


def test_other_versions_are_refused(small):
    with pytest.raises(SourceFault, match=r"There is no ODM 1\.2 to write"):
        write(small, "1.2")


@versions
@pytest.mark.parametrize("name", ["operations", "lead_extraction"])
def test_another_reader_of_odm_finds_the_items(tmp_path, name, version):
    """odmlib keeps to CDISC's own model of both versions."""
    registry = compile_definition(next(path for path in OWN if path.stem == name))
    written = tmp_path / "written.xml"
    written.write_bytes(write(registry, version).content)
    loader = ODMLoader(XMLODMLoader(model_package=f"odm_{'1_3_2' if version == '1.3.2' else '2_0'}"))
    loader.open_odm_document(str(written))
    definitions = loader.MetaDataVersion()
    wanted = {placed.entry["id"] for placed in items_of(document_of(registry.model))}
    assert {item.Name for item in definitions.ItemDef} == wanted
    assert all(item.Question.TranslatedText for item in definitions.ItemDef)


@needs_schema
@pytest.mark.slow
@versions
@pytest.mark.parametrize("path", corpus("odm", ".xml", ".zip"), ids=lambda path: "-".join(path.parts[-2:]))
def test_real_files_come_back_and_are_valid(tmp_path, path, version):
    if path.name == "clinicaldata.xml":
        pytest.skip("answers without definitions")
    document, registry = imported(path, tmp_path)
    content = write(registry, version).content
    same, wanted, _ = sameness(document, again(content, tmp_path))
    assert same >= 0.98 * wanted
    assert faults(content, version) == []


@versions
def test_names_and_long_descriptions_come_back(tmp_path, version):
    words = "Fill this in at each visit, after the patient has rested for five minutes, and before any blood is taken from her."
    text = f"""<ODM><Study OID="S"><MetaDataVersion OID="M" Name="M"><FormDef OID="f_1" Name="Vital signs" Repeating="No">
    <Description><TranslatedText>{words}</TranslatedText></Description><ItemGroupRef ItemGroupOID="g_1"/></FormDef>
    <ItemGroupDef OID="g_1" Name="Rest" Repeating="No"><Description><TranslatedText>{words}</TranslatedText></Description>
    <ItemRef ItemOID="i_1"/></ItemGroupDef><ItemDef OID="i_1" Name="i_1" DataType="integer"/></MetaDataVersion></Study></ODM>"""
    path = tmp_path / "source.xml"
    path.write_text(text, "utf-8")
    document, registry = imported(path, tmp_path)
    assert document["forms"]["f_1"]["title"] == {"en": "Vital signs"}
    content = write(registry, version).content
    assert content.decode().count(words) == 2
    assert again(content, tmp_path)["forms"] == document["forms"]
