"""What formal expressions mean: XPath as an XPath engine judges it over ODM's data, and as our rules do once they are translated."""

from xml.sax.saxutils import escape

import pytest
from lxml import etree

from exchange.odm.read import read
from tests.exchange.redcap_kit import asked, compiled

TYPES = {"N": "integer", "D": "float", "T": "text", "B": "boolean", "C": "text", "DAY": "date"}
HEAD = (
    '<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3"><Study OID="S"><GlobalVariables><StudyName>x</StudyName></GlobalVariables>'
    '<MetaDataVersion OID="M" Name="M"><FormDef OID="F" Name="F" Repeating="No"><ItemGroupRef ItemGroupOID="G" Mandatory="No"/></FormDef>'
)
CODES = "".join(
    f'<CodeListItem CodedValue="{code}"><Decode><TranslatedText>{code}</TranslatedText></Decode></CodeListItem>'
    for code in "012"
)


def registry(folder, expression, context, *, method=None):
    """A form in which X is not collected where the expression is true, and Y is calculated."""
    refs = "".join(f'<ItemRef ItemOID="I.{name}" Mandatory="No"/>' for name in TYPES)
    refs += '<ItemRef ItemOID="X" Mandatory="No" CollectionExceptionConditionOID="COND"/>' if method is None else ""
    refs += '<ItemRef ItemOID="Y" Mandatory="No" MethodOID="METH"/>' if method is not None else ""
    listed = '<CodeListRef CodeListOID="L"/>'
    defs = "".join(
        f'<ItemDef OID="I.{name}" Name="{name}" DataType="{type_}">{listed if name == "C" else ""}</ItemDef>'
        for name, type_ in TYPES.items()
    )
    defs += '<ItemDef OID="X" Name="X" DataType="text"/>' if method is None else ""
    defs += '<ItemDef OID="Y" Name="Y" DataType="float" SignificantDigits="4"/>' if method is not None else ""
    rule = (
        f'<ConditionDef OID="COND" Name="COND"><FormalExpression Context="{context}">{escape(expression)}</FormalExpression></ConditionDef>'
        if method is None
        else f'<MethodDef OID="METH" Name="METH"><FormalExpression Context="{context}">{escape(method)}</FormalExpression></MethodDef>'
    )
    group = f'<ItemGroupDef OID="G" Name="G" Repeating="No">{refs}</ItemGroupDef>'
    codes = f'<CodeList OID="L" Name="L" DataType="text">{CODES}</CodeList>'
    text = f"{HEAD}{group}{defs}{codes}{rule}</MetaDataVersion></Study></ODM>"
    path = folder / "file.xml"
    path.write_text(text, "utf-8")
    return compiled(read(path))


def told(answers):
    """Answers as our engine takes them: decimals as text."""
    return {name.lower(): str(value) if isinstance(value, float) else value for name, value in answers.items()}


def shown(folder, expression, context, answers):
    """Whether our engine shows X."""
    found = asked(registry(folder, expression, context), told(answers), "f")
    return "x" in found["visible"]


def item(name):
    return f"../ItemData[@ItemOID='I.{name}']"


def by_xpath(expression, answers):
    """What an XPath engine says over the answers as ODM's data holds them, from an item beside them."""
    data = etree.Element("ItemGroupData", ItemGroupOID="G")
    for name, value in answers.items():
        written = str(value).lower() if isinstance(value, bool) else str(value)
        etree.SubElement(data, "ItemData", ItemOID=f"I.{name}", Value=written)
    here = etree.SubElement(data, "ItemData", ItemOID="X")
    return bool(here.xpath(expression))


@pytest.mark.parametrize(
    "answers",
    [{}, {"N": 4}, {"N": 0}, {"T": "a"}, {"B": False}, {"B": True, "C": "1"}, {"C": "0", "N": 9}, {"D": -2.5}],
    ids=str,
)
@pytest.mark.parametrize(
    "expression",
    [
        f"{item('N')}/@Value > 3",
        f"{item('N')}/@Value < 3",
        f"{item('N')}/@Value != 4",
        f"not({item('N')}/@Value != 4)",
        f"not({item('N')}/@Value > 3)",
        f"{item('N')}[@Value > 3]",
        f"not({item('N')})",
        f"{item('N')} and {item('C')}/@Value = '0'",
        f"{item('T')}/@Value = 'a' or {item('N')}/@Value >= 9",
        f"{item('T')}/@Value != 'a'",
        f"{item('B')}/@Value = 'false'",
        f"{item('B')}/@Value != 'false'",
        f"{item('C')}/@Value = '1'",
        f"{item('C')}/@Value != '1'",
        f"not({item('C')}[@Value = '1'])",
        f"round({item('D')}/@Value) = -2",  # a half goes up
        f"string-length({item('T')}/@Value) = 1",
        f"{item('N')}/@Value + 1 > 9",
    ],
)  # fmt: skip
def test_xpath_means_what_an_xpath_engine_says(tmp_path, expression, answers):
    assert shown(tmp_path, expression, "XPath", answers) is not by_xpath(expression, answers)


@pytest.mark.parametrize(
    ("expression", "answers", "hidden"),
    [
        ('I.C == "1"', {"C": "1"}, True),
        ('I.C == "1"', {}, False),
        ('!(I.C == "1")', {}, True),
        ('I.C != "1"', {}, True),
        ("I.N > 3 AND I.B == 1", {"N": 4, "B": True}, True),
        ("I.N > 3 && I.B == 1", {"N": 4}, False),
        ("I.N < 3", {}, True),  # a text without characters counts as 0
        ("I.N <= -1", {}, False),
        ("I.N > 3 OR I.T == 'x'", {"T": "x"}, True),
        ("I.N + 1 == 4", {"N": 3}, True),
    ],
)
def test_openedc_means_what_its_scripts_do(tmp_path, expression, answers, hidden):
    assert shown(tmp_path, expression, "OpenEDC", answers) is not hidden


@pytest.mark.parametrize(
    ("method", "context", "answers", "value"),
    [
        ("I.N / I.D ^ 2", "OpenEDC", {"N": 70, "D": 1.75}, "22.86"),  # to two decimals
        ("I.N / I.D ^ 2", "OpenEDC", {"N": 70}, None),  # until everything is there
        ("I.N / I.D ** 2", "", {"N": 70, "D": 1.75}, "22.8571"),
        ("Math.max(I.N, I.D) * 2", "JavaScript", {"N": 3, "D": 2.5}, "6"),
        ("I.C + I.N", "", {"C": "2", "N": 3}, "5"),
        ("I.N > 3 ? 1 : 0", "", {}, "0"),
        (f"{item('N')}/@Value div 8", "XPath", {"N": 1}, "0.125"),
        ("roundTo(I.D, 1) + 1", "OpenEDC", {"D": 2.25}, "3.3"),
        ("I.N % 4", "", {"N": 7}, "3"),
    ],
)
def test_calculations(tmp_path, method, context, answers, value):
    found = asked(registry(tmp_path, "", context, method=method), told(answers), "f")
    assert found["calculated"]["y"] == value
