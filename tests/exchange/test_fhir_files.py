"""Files of FHIR: versions, JSON and XML say the same, what is not quite valid is read, what is broken is refused."""

import pytest

from exchange.document import items_of
from exchange.fhir.read import read
from exchange.findings import Part, SourceFault
from exchange.settling import settled
from tests.exchange.fhir_forms import item, questionnaire, written


def document_of(folder, form):
    return read(written(folder, form)).document


STU3 = questionnaire(
    item("q", "choice", option=[{"valueCoding": {"code": "a", "display": "A"}}], initialCoding={"code": "a"}),
    item("r", "string", enableWhen=[{"question": "q", "answerCoding": {"code": "a"}}]),
    item("s", "string", enableWhen=[{"question": "q", "hasAnswer": False}]),
)
R5 = questionnaire(
    item(
        "q",
        "coding",
        answerOption=[{"valueCoding": {"code": "a", "display": "A"}}],
        answerConstraint="optionsOnly",
        initial=[{"valueCoding": {"code": "a"}}],
    ),
    item("r", "string", enableWhen=[{"question": "q", "operator": "=", "answerCoding": {"code": "a"}}]),
    item("s", "string", enableWhen=[{"question": "q", "operator": "exists", "answerBoolean": False}]),
)
XML = """<Questionnaire xmlns="http://hl7.org/fhir"><title value="Test"/><!-- a comment -->
<item><linkId value="q"/><text value="Question q"/><type value="choice"/>
 <answerOption><valueCoding><code value="a"/><display value="A"/></valueCoding></answerOption>
 <initial><valueCoding><code value="a"/></valueCoding></initial></item>
<item><linkId value="r"/><text value="Question r"/><type value="string"/>
 <enableWhen><question value="q"/><operator value="="/><answerCoding><code value="a"/></answerCoding></enableWhen></item>
<item><linkId value="s"/><text value="Question s"/><type value="string"/>
 <enableWhen><question value="q"/><operator value="exists"/><answerBoolean value="false"/></enableWhen></item>
</Questionnaire>"""


def test_versions_and_xml_say_the_same(tmp_path):
    read_ones = [
        document_of(tmp_path, STU3),
        document_of(tmp_path, R5),
        read(written(tmp_path, XML, "form.xml")).document,
    ]
    for document in read_ones:
        entries = {placed.entry["id"]: placed.entry for placed in items_of(document)}
        assert document["codelists"]["q"]["codes"] == {"a": {"en": "A"}}
        assert entries["q"]["default"] == "'a'"
        assert (entries["r"]["when"], entries["s"]["when"]) == ("q = 'a'", "empty(q)")


@pytest.mark.parametrize(
    "text",
    [
        '{"item": [{"linkId": "a", "type": "string", "text": "A"}]}',  # neither type nor status
        '{"resourceType": "Questionnaire", // a comment\n "item": [{"linkId": "a", "type": "string", "text": "see http://x"},],}',
        '\ufeff{"resourceType": "Questionnaire", "item": {"linkId": "a", "type": "string", "text": "A"}}',  # one in place of a list
        '{"resourceType": "Questionnaire", "item": [{"text": "A"}]}',  # neither linkId nor type
        '{"resourceType": "Questionnaire", "item": [{"linkId": "a", "type": "unheard"}, {"linkId": "a", "type": "string"}]}',  # twice
    ],
)
def test_what_is_not_quite_valid_is_read(tmp_path, text):
    imported = read(written(tmp_path, text))
    assert settled(imported).text
    assert any(found.part is Part.ITEM for found in imported.findings)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ('{"resourceType": "Patient"}', "a FHIR Patient"),
        ('{"resourceType": "Questionnaire"}', "no items"),
        ('{"resourceType": "Questionnaire", "item": [{"linkId"', "Perhaps only half of the file"),
        ("Variable / Field Name,Form Name,Section Header,Field Type,Field Label\n", "a table (CSV)"),
        ('<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3"/>', "CDISC ODM"),
        ("<Questionnaire xmlns='http://hl7.org/fhir'>", "no well-formed XML"),
        ('{"resourceType": "Questionnaire", "group": {"question": []}}', "DSTU2"),
        ('{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient"}}]}', "holds Patient"),
        ("[" * 100_000, "deep"),
        ('{"resourceType": "Questionnaire", "item": ' + '[{"item": ' * 450 + "[]" + "}]" * 450 + "}", "deep"),
    ],
)
def test_what_is_broken_is_refused_with_a_reason(tmp_path, text, says):
    with pytest.raises(SourceFault) as refused:
        read(written(tmp_path, text))
    assert says in str(refused.value)
