"""ODM in: what a file says becomes a definition, and what became of each part is told."""

import zipfile
from pathlib import Path

import pytest

from exchange.document import items_of
from exchange.findings import Outcome, Part, SourceFault
from exchange.odm.read import read
from exchange.settling import settled
from tests.exchange.corpus import corpus

FIXTURES = Path(__file__).parents[1] / "fixtures" / "exchange" / "odm"


@pytest.fixture(scope="module")
def imported():
    """Each fixture, settled: name -> result."""
    return {path.stem: settled(read(path)) for path in FIXTURES.glob("*.xml")}


def items(result):
    return {placed.entry["id"]: placed.entry for placed in items_of(result.document)}


def told(result, part, outcome=Outcome.DROPPED):
    return {
        finding.where: finding.reason
        for finding in result.findings
        if (finding.part, finding.outcome) == (part, outcome)
    }


@pytest.mark.parametrize(
    ("name", "item", "key", "value"),
    [
        ("visit", "sex", "type", "code"),
        ("visit", "sex", "label", {"en": "Sex", "pl": "Płeć"}),
        ("visit", "sex", "standard", {"LOINC": "46098-0"}),
        ("visit", "sex", "required", True),
        ("visit", "weight", "decimals", 1),
        ("visit", "height", "decimals", 6),  # the file counts none
        ("visit", "weight", "unit", "kg"),
        ("visit", "bmi", "calculate", "round(weight / height ^ 2, 1)"),
        ("visit", "packs", "when", "smokes is not false"),  # shown while nobody said whether they smoke
        ("visit", "packs", "label", {"en": "Packs a day, see (handbook)", "pl": "Packs a day, see (handbook)"}),
        ("visit", "smokes", "type", "boolean"),
        ("visit", "drug_name", "length", 80),
        ("visit", "since", "range", {"hard": ["make_date(2000, 1, 31)", None]}),
        ("scale", "slept", "help", {"en": "Last night alone"}),
        ("scale", "slept", "standard", {"http://loinc.org": "123"}),
        ("scale", "depth", "decimals", 2),
        ("scale", "wake_no", "calculate", "row_index()"),
        ("scale", "wake_at", "default", "make_time(3, 0)"),
        ("openclinica", "ok", "hint", {"en": "(yes)"}),
        ("openclinica", "ok", "layout", "inline"),
        ("openclinica", "ok_heading", "label", {"en": "Exam"}),
        ("openclinica", "why", "when", "ok = '0'"),
        ("openclinica", "why", "type", "long_text"),
        ("openclinica", "why", "privacy", "identifying"),
        ("openclinica", "signs", "type", "codes"),
        ("openclinica", "pulse", "default", "if(ok = '0' is true, 60, null)"),
    ],
)
def test_items(imported, name, item, key, value):
    assert items(imported[name])[item].get(key) == value


def test_limits_without_a_message_are_ranges_and_one_with_a_message_is_a_check_that_says_it(imported):
    weight = items(imported["visit"])["weight"]
    assert weight["range"] == {"hard": [{"over": 0}, None]}
    assert not any(name.startswith("ErrorMessage") for name in weight["annotations"]["odm"])
    (check,) = [each for each in imported["visit"].document["forms"]["visit"]["checks"] if each["on"] == "weight"]
    assert (check["assert"], check["severity"], check["message"]["en"]) == ("weight <= 200.5", "warning", "So heavy?")


@pytest.mark.parametrize(
    ("name", "form", "check", "key", "value"),
    [
        ("visit", "visit", "packs_check", "assert", "packs = 13 is not true"),
        ("visit", "visit", "packs_check", "severity", "warning"),
        (
            "visit",
            "visit",
            "packs_check",
            "message",
            {"en": "The value must not be 13.", "pl": "Wartość nie może być równa 13."},
        ),
        ("visit", "visit", "packs_check_2", "assert", "empty(packs) or packs < weight is true"),
        ("visit", "visit", "packs_check_2", "severity", None),
        ("visit", "drugs", "dose_check", "assert", "all(drug where dose = 1 or dose = 2)"),  # row by row
        ("openclinica", "exam_v1_0", "pulse_check", "assert", "pulse > 100 is not true"),
        ("openclinica", "exam_v1_0", "pulse_check", "severity", "warning"),
    ],
)
def test_checks(imported, name, form, check, key, value):
    checks = {part["id"]: part for part in imported[name].document["forms"][form]["checks"]}
    assert checks[check].get(key) == value


def test_sections_groups_and_events(imported):
    document = imported["visit"].document
    assert list(document["events"]) == ["baseline", "follow_up"]  # as the protocol counts them
    assert document["events"]["follow_up"]["repeats"] is document["events"]["follow_up"]["optional"] is True
    assert document["forms"]["drugs"]["per"] == "event"
    preg = document["forms"]["visit"]["sections"][1]
    assert preg["when"] == "sex in ('M', 'Not_known') is not true"
    group = document["forms"]["drugs"]["sections"][0]["items"][0]
    assert (group["group"], group["oid"], group["rows"]) == ("drug", "IG.DRUG", {"min": 1})


def test_item_groups_in_one_another_become_sections_side_by_side(imported):
    form = imported["scale"].document["forms"]["sleep"]
    assert [(section["id"], section.get("title", {}).get("en")) for section in form["sections"]] == [
        ("inner", "Evening – Inner"),
        ("evening", "Evening"),
        ("sleep", None),
    ]
    assert form["sections"][0]["when"] == "slept is not false"
    assert "FO.1.IG.IN" in told(imported["scale"], Part.LAYOUT, Outcome.APPROXIMATED)


def test_sections_and_rules_of_openclinica(imported):
    document = imported["openclinica"].document
    sections = document["forms"]["exam_v1_0"]["sections"]
    assert [section.get("title", {}).get("en") for section in sections] == ["First part", "Second part", None]
    assert sections[2]["items"][0]["when"] == "ok = '0'"
    assert sections[2]["items"][0]["rows"] == {"max": 4}
    assert told(imported["openclinica"], Part.RULE) == {
        "F_EXAM_V10.I_EXAM_PULSE": "EmailAction has no counterpart: definitions send nothing and start nothing."
    }


def test_codes_that_cannot_be_ours_are_spelled_otherwise_and_rules_find_them(imported):
    codes = imported["visit"].document["codelists"]["sexes"]["codes"]
    assert list(codes) == ["F", "M", "Not_known"]
    assert codes["Not_known"]["annotations"]["odm"]["CodedValue"] == "Not known"


def test_what_has_no_counterpart_stays(imported):
    found = items(imported["visit"])
    assert found["weight"]["annotations"]["odm"]["Comment"] == "without shoes"
    assert found["smokes"]["annotations"]["odm"]["ItemRef.KeySequence"] == "2"
    assert imported["visit"].document["annotations"]["odm"]["Study.OID"] == "S.1"


# files that are not as they should be -------------------------------------------------------------------------------

HEAD = '<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3"><Study OID="S"><GlobalVariables><StudyName>x</StudyName></GlobalVariables>'
BODY = """<MetaDataVersion OID="M" Name="M"><FormDef OID="F" Name="F" Repeating="No"><ItemGroupRef ItemGroupOID="G" Mandatory="No"/>
<ItemGroupRef ItemGroupOID="GONE" Mandatory="No"/></FormDef><ItemGroupDef OID="G" Name="G" Repeating="No">{refs}</ItemGroupDef>{more}</MetaDataVersion>"""
ITEM = '<ItemDef OID="I" Name="I" DataType="text"/>'
REF = '<ItemRef ItemOID="I" Mandatory="No"{more}/>'


def written(folder, text, name="file.xml"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


ONE_REF = REF.format(more="")


def odm(refs=ONE_REF, more=ITEM, head=HEAD):
    return f"{head}{BODY.format(refs=refs, more=more)}</Study></ODM>"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("{}", "This is JSON, no ODM."),
        ("a,b\n1,2", "This is no XML."),
        ("<ODM>", "no well-formed XML"),
        ("<Questionnaire/>", "It looks like a FHIR Questionnaire"),
        ("<RuleImport/>", "OpenClinica's file of rules"),
        ("<ODM/>", "no definitions"),
        ("<ODM><ClinicalData/></ODM>", "holds answers (ClinicalData) and no definitions"),
        ("<ODM><Study><MetaDataVersion/></Study></ODM>", "defines no items"),
        ("<!DOCTYPE ODM [<!ENTITY a 'b'>]><ODM>&a;</ODM>", "declares entities"),
    ],
)
def test_files_that_are_refused_say_why(tmp_path, text, words):
    with pytest.raises(SourceFault) as refused:
        read(written(tmp_path, text))
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        odm(),
        odm(head=HEAD.replace(' xmlns="http://www.cdisc.org/ns/odm/v1.3"', "")),  # no namespace
        odm(head=HEAD.replace("http://www.cdisc.org/ns/odm/v1.3", "http://example.org/else")),
        '<!DOCTYPE ODM SYSTEM "odm1-1-0.dtd">' + odm(),
        odm(more=ITEM + '<CodeList OID="C" Name="C" DataType="text"/>'),
        odm(more='<ItemDef OID="I" Name="I"/>'),  # no type
        odm(more=""),  # no ItemDef
        odm(head=HEAD.replace("<ODM", '<ODM xs:schemaLocation="x y"')),  # a prefix that is declared nowhere
        odm(more=ITEM.replace("/>", ' v:name="x"><v:leaf v:at="1"/></ItemDef>')),
        odm(refs='<ItemRef ItemOID="I"/><ItemRef ItemOID="I"/>'),  # twice
        odm(more=f"{ITEM}{ITEM}"),
        odm(refs='<ItemGroupRef ItemGroupOID="G"/>' + REF.format(more="")),  # in itself
        odm(refs=REF.format(more=' CollectionExceptionConditionOID="NONE" MethodOID="NONE"')),
        odm(more='<ItemDef OID="I" Name="I" DataType="text"><CodeListRef CodeListOID="NONE"/></ItemDef>'),
        odm(
            more='<ItemDef OID="I" Name="I" DataType="integer"><RangeCheck Comparator="GE"><CheckValue>x</CheckValue></RangeCheck></ItemDef>'
        ),
        odm(more='<ItemDef OID="I" Name="{" DataType="text"/>'),
    ],
)
def test_what_people_have_is_read_though_the_schema_would_refuse_it(tmp_path, text):
    result = settled(read(written(tmp_path, text)))
    assert len(items(result)) >= 1


def test_a_condition_of_one_event_leaves_the_others_alone(tmp_path):
    more = """<StudyEventDef OID="E1" Name="E1" Repeating="No" Type="Scheduled">
    <FormRef FormOID="F" Mandatory="Yes" CollectionExceptionConditionOID="C"/></StudyEventDef>
    <StudyEventDef OID="E2" Name="E2" Repeating="No" Type="Scheduled"><FormRef FormOID="F" Mandatory="Yes"/></StudyEventDef>
    <ConditionDef OID="C" Name="C"><FormalExpression>J == 1</FormalExpression></ConditionDef><ItemDef OID="J" Name="J" DataType="integer"/>
    <FormDef OID="F2" Name="F2" Repeating="No"><ItemGroupRef ItemGroupOID="G2" Mandatory="No"/></FormDef>
    <ItemGroupDef OID="G2" Name="G2" Repeating="No"><ItemRef ItemOID="J" Mandatory="No"/></ItemGroupDef>"""
    result = settled(read(written(tmp_path, odm(ONE_REF, ITEM + more))))
    (section,) = result.document["forms"]["f"]["sections"]
    assert section["when"] == "not event_is('e1') or f2.j = 1 is not true"


@pytest.mark.parametrize(
    ("braces", "read_as"), [("{ i }", "{i}"), ("{gone}", "(gone)"), ("{", "("), ("{a {i}}", "(a {i})")]
)
def test_braces_stand_for_values_only_where_they_name_one(tmp_path, braces, read_as):
    more = f'<ItemDef OID="J" Name="J" DataType="text"><Question><TranslatedText>x {braces}</TranslatedText></Question></ItemDef>'
    result = settled(read(written(tmp_path, odm(ONE_REF + '<ItemRef ItemOID="J" Mandatory="No"/>', ITEM + more))))
    assert items(result)["j"]["label"]["en"] == f"x {read_as}"


def test_rules_in_a_circle_are_told(tmp_path):
    condition = '<ConditionDef OID="C{0}"><FormalExpression Context="x">{1} == "a"</FormalExpression></ConditionDef>'
    refs = "".join(
        f'<ItemRef ItemOID="{item}" Mandatory="No" CollectionExceptionConditionOID="C{item}"/>' for item in "AB"
    )
    more = (
        "".join(f'<ItemDef OID="{item}" Name="{item}" DataType="text"/>' for item in "AB")
        + condition.format("A", "B")
        + condition.format("B", "A")
    )
    result = settled(read(written(tmp_path, odm(refs, more))))
    assert told(result, Part.RULE)
    assert len(items(result)) == 2


def test_the_xml_in_an_archive_is_read_with_the_rules_beside_it(tmp_path):
    path = tmp_path / "study.zip"
    rules = """<RuleImport><RuleAssignment><Target>I</Target><RuleRef OID="R"><DiscrepancyNoteAction IfExpressionEvaluates="true">
    <Message>No!</Message></DiscrepancyNoteAction></RuleRef></RuleAssignment><RuleDef OID="R"><Expression>I eq "x"</Expression></RuleDef></RuleImport>"""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rules.xml", rules)
        archive.writestr("metadata.xml", odm())
        archive.writestr("readme.txt", "x")
    (check,) = read(path).document["forms"]["f"]["checks"]
    assert check["assert"] == "i = 'x' is not true"


def test_the_version_that_defines_most_is_read_with_what_it_includes(tmp_path):
    second = '<MetaDataVersion OID="M2" Name="M2"><Include StudyOID="S" MetaDataVersionOID="M"/><ItemDef OID="J" Name="J" DataType="date"/></MetaDataVersion>'
    text = odm(refs=REF.format(more="") + '<ItemRef ItemOID="J" Mandatory="No"/>').replace(
        "</Study>", second + "</Study>"
    )
    assert items(settled(read(written(tmp_path, text))))["j"]["type"] == "date"


def test_a_value_list_becomes_items_that_are_shown_where_it_applies(tmp_path):
    lists = """<ValueListDef OID="VL"><ItemRef ItemOID="J" Mandatory="No"><WhereClauseRef WhereClauseOID="W"/></ItemRef></ValueListDef>
    <WhereClauseDef OID="W"><RangeCheck Comparator="IN" ItemOID="K"><CheckValue>1</CheckValue><CheckValue>2</CheckValue></RangeCheck></WhereClauseDef>
    <ItemDef OID="I" Name="I" DataType="text"><ValueListRef ValueListOID="VL"/></ItemDef>
    <ItemDef OID="J" Name="J" DataType="text"><ValueListRef ValueListOID="VL"/></ItemDef>
    <ItemDef OID="K" Name="K" DataType="integer"/>"""
    text = odm(ONE_REF + '<ItemRef ItemOID="K" Mandatory="No"/>', lists)
    assert items(settled(read(written(tmp_path, text))))["j"]["when"] == "k = 1 or k = 2"


def test_many_items_are_read_in_bounded_time(tmp_path):
    count = 5000
    refs = "".join(f'<ItemRef ItemOID="I{number}" Mandatory="No"/>' for number in range(count))
    more = "".join(f'<ItemDef OID="I{number}" Name="I{number}" DataType="integer"/>' for number in range(count))
    assert len(items(read(written(tmp_path, odm(refs, more))))) == count


@pytest.mark.parametrize(
    ("question", "label"),
    [("&lt;Test Name&gt;", "<Test Name>"), ("&lt;b&gt;Pulse&lt;/b&gt;", "Pulse"), ("&lt;b&gt;&lt;/b&gt;", "I")],
)
def test_signs_in_angle_brackets_stay_and_marks_go(tmp_path, question, label):
    item = f'<ItemDef OID="I" Name="I" DataType="text"><Question><TranslatedText>{question}</TranslatedText></Question></ItemDef>'
    assert items(settled(read(written(tmp_path, odm(more=item)))))["i"]["label"] == {"en": label}


def test_a_form_an_item_group_and_an_item_may_share_an_oid(tmp_path):
    text = odm().replace('OID="I"', 'OID="F"').replace('OID="G"', 'OID="F"')
    result = settled(read(written(tmp_path, text)))
    assert list(result.document["forms"]) == ["f"]
    assert len(items(result)) == 1


def test_a_default_is_the_code_that_the_coded_value_became(tmp_path):
    more = """<ItemDef OID="I" Name="I" DataType="text"><CodeListRef CodeListOID="C"/></ItemDef>
    <CodeList OID="C" Name="C" DataType="text"><EnumeratedItem CodedValue="SIX MINUTE WALK"/></CodeList>"""
    result = settled(read(written(tmp_path, odm(REF.format(more=' PreSpecifiedValue="SIX MINUTE WALK"'), more))))
    assert items(result)["i"]["default"] == "'SIX_MINUTE_WALK'"


def test_datasets_are_told_once_not_each_as_a_group_without_a_form(tmp_path):
    text = f"""<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:def="http://www.cdisc.org/ns/def/v2.1"><Study OID="S">
    <MetaDataVersion OID="M" Name="M" def:DefineVersion="2.1.0"><ItemGroupDef OID="A" Name="DM" Repeating="No">{ONE_REF}</ItemGroupDef>
    <ItemGroupDef OID="B" Name="AE" Repeating="No">{ONE_REF}</ItemGroupDef>{ITEM}</MetaDataVersion></Study></ODM>"""
    findings = read(written(tmp_path, text)).findings
    assert [finding.found for finding in findings if "Define-XML" in finding.reason] == ["Define-XML 2.1.0"]
    assert not [finding for finding in findings if finding.part is Part.LAYOUT]


LONG = (
    "Fill this in at each visit, after the patient has rested for five minutes and before any blood is taken from them."
)


@pytest.mark.parametrize(
    ("description", "title", "kept"),
    [("Vital signs", "Vital signs", {"Name": "VS"}), (LONG, "VS", {"Description en": LONG}), ("", "VS", {})],
)
def test_a_short_description_is_the_title_and_a_long_one_explains(tmp_path, description, title, kept):
    form = f'<FormDef OID="F" Name="VS" Repeating="No"><Description><TranslatedText>{description}</TranslatedText></Description>'
    found = read(written(tmp_path, odm().replace('<FormDef OID="F" Name="F" Repeating="No">', form))).document
    (form,) = found["forms"].values()
    assert form["title"] == {"en": title}
    assert form.get("annotations", {}).get("odm", {}) == kept


def test_a_rule_that_asks_for_a_code_which_is_not_there_is_told_as_approximated(tmp_path):
    more = """<ItemDef OID="J" Name="J" DataType="text"><CodeListRef CodeListOID="C"/></ItemDef>
    <CodeList OID="C" Name="C" DataType="text"><CodeListItem CodedValue="1"/></CodeList><ItemDef OID="I" Name="I" DataType="text"/>
    <ConditionDef OID="W" Name="W"><FormalExpression Context="XPath">J = '9'</FormalExpression></ConditionDef>"""
    refs = '<ItemRef ItemOID="J" Mandatory="No"/>' + REF.format(more=' CollectionExceptionConditionOID="W"')
    result = settled(read(written(tmp_path, odm(refs, more))))
    assert "There is no code '9'" in told(result, Part.RULE, Outcome.APPROXIMATED)["F.I"]


# the corpus -----------------------------------------------------------------------------------------------------------

ONLY_ANSWERS = "clinicaldata.xml"


@pytest.mark.parametrize("path", corpus("odm", ".xml", ".zip"), ids=lambda path: "-".join(path.parts[-2:]))
def test_real_files(path):
    if path.name == ONLY_ANSWERS:
        with pytest.raises(SourceFault):
            read(path)
        return
    result = settled(read(path))
    kept = [finding.outcome is not Outcome.DROPPED for finding in result.findings if finding.part is Part.ITEM]
    assert sum(kept) >= 0.75 * len(kept)
