"""The documentation tells the truth: its commands run and print what it says, its links lead somewhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.check import check_file
from cli.main import main
from engine.compiler import compile_definition
from engine.datatypes import DATATYPES, Choice, Facets, Kind, Unread
from engine.definitions.codes import CODES
from engine.expressions.functions import FUNCTIONS
from engine.model.form import walk_items
from engine.records.examples import EXPECTATIONS
from exchange.document import items_of
from exchange.formats import FORMATS
from renderers.paper import APT, can_print
from storage.keys import Keys
from tests.patience import SECONDS
from web.settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")


def commands() -> list[tuple[str, str, str]]:
    """(page, command, what it is said to print) of every console block."""
    found = []
    for page in PAGES:
        for block in BLOCK.findall(page.read_text("utf-8")):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                found.append((str(page.relative_to(ROOT)), command, output))
    return found


def pattern(output: str) -> str:
    """A regular expression of the output; a line with … alone stands for any lines."""
    pieces = re.split(r"^…\n", output, flags=re.MULTILINE)
    return "(?:.*\n)*?".join(re.escape(piece) for piece in pieces)


@pytest.mark.parametrize(("page", "command", "output"), commands())
def test_command_prints_what_the_page_says(page: str, command: str, output: str, tmp_path: Path) -> None:
    if "render pdf" in command and not can_print():
        pytest.skip(f"Pango is missing: {APT}")
    for name in ("docs", "form_definitions"):
        shutil.copytree(ROOT / name, tmp_path / name)
    script = tmp_path / "bin" / "ecrf"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\nimport sys\nfrom cli.main import main\nsys.exit(main())\n", "utf-8")
    script.chmod(0o755)
    path = f"{script.parent}:/usr/bin:/bin"
    environment = {"PATH": path, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "ECRF_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=10 * SECONDS,
        check=False,
    )
    assert done.stderr == ""
    assert re.fullmatch(pattern(output), done.stdout), f"{page}: {command} printed\n{done.stdout}"


def test_cases_on_the_page_about_examples_run(tmp_path: Path) -> None:
    text = (ROOT / "docs/examples.md").read_text("utf-8")
    (tmp_path / "examples").mkdir()
    shutil.copy(ROOT / "docs/examples/operations.yaml", tmp_path)
    blocks = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        (tmp_path / "examples/operations.yaml").write_text(block, "utf-8")
        assert check_file(tmp_path / "operations.yaml") == []


def test_keys_of_cases_are_explained() -> None:
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", (ROOT / "docs/examples.md").read_text("utf-8"), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"\w+", row)}
    assert set(EXPECTATIONS) | {"id", "form", "event", "base", "values", "set", "now", "at", "expect"} <= named


@pytest.mark.parametrize(
    ("page", "kind", "file", "rule"),
    [
        ("odm-and-fhir", "odm", "visit.odm.xml", "smokes = 'yes' is not false"),
        (
            "odm-and-fhir",
            "fhir",
            "sleep.fhir.json",
            "coalesce(attr(snores, 'value'), 0) + coalesce(attr(naps, 'value'), 0)",
        ),
        ("coming-from-odk", "xlsform", "follow-up.xlsform.csv", "attr(code, 'region') = region"),
    ],
)
def test_rules_on_the_pages_about_other_systems_are_what_import_makes(
    page: str, kind: str, file: str, rule: str
) -> None:
    assert rule in (ROOT / f"docs/{page}.md").read_text("utf-8")
    entries = [placed.entry for placed in items_of(FORMATS[kind].read(ROOT / "docs/examples" / file).document)]
    assert rule in [entry.get(key) for entry in entries for key in ("when", "calculate", "only")]


def test_versions_on_the_page_about_odm_and_fhir_are_written() -> None:
    page = (ROOT / "docs/odm-and-fhir.md").read_text("utf-8")
    for kind in ("odm", "fhir"):
        (row,) = re.findall(rf"^\| `{kind}` \|.*\| (.*) \|$", page, re.MULTILINE)
        assert tuple(re.findall(r"`([^`]+)`", row)) == FORMATS[kind].versions


FACETS = Facets(
    decimals=2,
    unit="mg/dL",
    units={"umol/L": Decimal("88.42")},
    choices={code: Choice(code, {}) for code in ("minor", "major")},
    media_types=("application/pdf",),
)


def test_values_on_the_page_about_examples_are_read() -> None:
    """Each value of the table is one of its type."""
    text = (ROOT / "docs/examples.md").read_text("utf-8").partition("## Values")[2]
    tried = set()
    for types, values in re.findall(r"^\| ((?:`\w+`[, ]*)+)[a-z]* \| (.*) \|$", text, re.MULTILINE):
        for name in re.findall(r"\w+", types):
            for value in re.findall(r"`([^`]+)`", values):
                read = DATATYPES[name].read_json(json.loads(value, parse_float=Decimal), FACETS)
                assert not isinstance(read, Unread), (name, value, read)
                tried.add(name)
    assert tried == {name for name, datatype in DATATYPES.items() if datatype.kind is not Kind.NOTHING}


def test_page_of_registries_is_up_to_date() -> None:
    files = sorted(map(str, (ROOT / "form_definitions").glob("*.yaml")))
    result = CliRunner().invoke(main, ["summary", *files], catch_exceptions=False)
    assert result.output == (ROOT / "docs/registries.md").read_text("utf-8"), (
        "write the page anew: ecrf summary form_definitions/*.yaml -o docs/registries.md"
    )


def stops() -> list[tuple[str, str]]:
    """(file, name in it or '') of each stop of the tour."""
    text = (ROOT / "docs/tour.md").read_text("utf-8")
    return re.findall(r"`((?:engine|renderers|storage|web|tests)/[\w./]+)`(?:\s+`(\w+)`)?", text)


@pytest.mark.parametrize(("file", "name"), stops())
def test_stop_of_the_tour_is_there(file: str, name: str) -> None:
    place = ROOT / file
    assert place.exists()
    if name:
        assert re.search(rf"^(def|class) {name}\b|^    def {name}\b", place.read_text("utf-8"), re.MULTILINE)


def test_methods_that_the_tour_names_are_there() -> None:
    sources = "\n".join((ROOT / file).read_text("utf-8") for file, _ in stops() if file.endswith(".py"))
    named = set(re.findall(r"`([A-Z]\w+)\.(\w+)`", (ROOT / "docs/tour.md").read_text("utf-8")))
    assert named
    for class_name, method in named:
        body = sources.partition(f"class {class_name}")[2].split("\nclass ")[0]
        assert f"    def {method}(" in body, (class_name, method)


def test_functions_of_xlsform_are_told_as_they_are_read() -> None:
    """Those of the table are translated, those of the list below it refused; the other names are operators and CHT's."""
    from exchange.xlsform.dialect import DIALECT, REFUSED

    rules = (ROOT / "docs/coming-from-odk.md").read_text("utf-8").partition("## Rules")[2].partition("\n## ")[0]
    firsts = re.findall(r"^\| (`.*?) \|", rules, re.MULTILINE)
    told = {name for cell in firsts for name in re.findall(r"`([\w:-]+)`", cell)}
    (left,) = re.findall(r"^Not translated, .*?: (.*?); ", rules, re.MULTILINE)
    refused = set(re.findall(r"`([\w:-]+)`", left))
    plain = {name for name in DIALECT.functions if name[0].isalpha() and ":" not in name.removeprefix("jr:")}
    assert told == plain - REFUSED - {"and", "mod", "parse-timestamp-to-date"} | {"instance"}
    assert refused == REFUSED - {"instance", "once", "asin", "acos", "atan", "atan2"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    targets = LINK.findall(page.read_text("utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_readme_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert "make demo" in text
    assert "make test" in text


def test_every_diagnostic_is_explained() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", (ROOT / "docs/diagnostics.md").read_text("utf-8"), re.MULTILINE)
    assert rows == list(CODES.items())


def test_every_function_is_explained() -> None:
    text = (ROOT / "docs/authoring.md").read_text("utf-8").partition("## Functions")[2].partition("Besides:")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE)
    assert rows == [(name, function.about) for name, function in FUNCTIONS.items()]


def test_what_the_page_about_security_claims_is_shown_by_tests() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", (ROOT / "docs/security.md").read_text("utf-8"))
    assert named
    missing = [f"{file}::{test}" for file, test in named if f"def {test}(" not in (ROOT / file).read_text("utf-8")]
    assert missing == []


def test_the_counts_on_the_page_about_security_are_those_of_its_table() -> None:
    text = (ROOT / "docs/security.md").read_text("utf-8")
    rows = re.findall(r"^\| V([\d.]+) \| [12] \| [^|]+ \| ([^|]+) \|$", text, re.MULTILINE)
    numbers = [tuple(map(int, number.split("."))) for number, _ in rows]
    assert numbers == sorted(set(numbers))
    other = [sum(cell.startswith(kind) for _, cell in rows) for kind in ("does not apply", "not shown")]
    assert all("::test_" in cell for _, cell in rows if not cell.startswith(("does not apply", "not shown")))
    told = re.findall(r"(\d+) of (\d+) are shown, (\d+) do not apply, (\d+) are \*not shown\*", text)
    assert told == [tuple(map(str, (len(rows) - sum(other), len(rows), *other)))]
    assert len(rows) == text.count("\n| V")


def test_limits_are_told_as_they_are() -> None:
    from engine.datatypes.media_types import LARGEST
    from renderers.html.posted_data import MAX_FIELDS
    from storage.accounts import IDLE, LONGEST_SESSION, MOST_SESSIONS
    from storage.attachments import MOST_UNSAVED
    from storage.attempts import ADDRESS_FAILURES, FREE_ATTEMPTS, LONGEST_LOCK
    from storage.help_requests import MOST_OPEN
    from storage.invitations import INVITED_FOR, MOST_REQUESTS
    from storage.limits import LIMITS
    from storage.sessions import MOST_TRIES
    from web.patient_states import MOST
    from web.security import MOST_BYTES

    text = (ROOT / "docs/operations.md").read_text("utf-8").partition("## Limits")[2].partition("\n## ")[0]
    told = [int(number.replace(",", "")) for number in re.findall(r"\| ([\d,]+) \|$", text, re.MULTILINE)]
    minute, hour = timedelta(minutes=1), timedelta(hours=1)
    assert told == [
        FREE_ATTEMPTS, LONGEST_LOCK // minute, ADDRESS_FAILURES, MOST_TRIES, IDLE // minute, LONGEST_SESSION // hour, MOST_SESSIONS,
        LIMITS["reset"].most, LIMITS["reset of account"].most, INVITED_FOR.days, LIMITS["invitation"].most, MOST_REQUESTS, MOST_OPEN,
        LIMITS["look-up"].most, LIMITS["identity search"].most, LIMITS["taken"].most, MOST_BYTES, MAX_FIELDS, LARGEST, MOST_UNSAVED, MOST,
    ]  # fmt: skip


def test_how_soon_libraries_are_replaced_and_what_takes_long_is_told() -> None:
    from cli.serve import THREADS
    from storage.roles import LONGEST_QUESTION

    told = (ROOT / "docs/operations.md").read_text("utf-8").partition("## Keeping it safe")[2].partition("\n## ")[0]
    points = dict(re.findall(r"^- \*\*([^*.]+)\.\*\* (.+)$", told, re.MULTILINE))
    days = [
        int(number)
        for number in re.findall(r"within (\d+)|rest within (\d+)", points["Libraries"])
        for number in number
        if number
    ]
    assert days == sorted(days)
    assert (len(days), days[-1] <= 90) == (3, True)
    assert f"a process has {THREADS} of them" in points["What takes long"]
    assert f"after {LONGEST_QUESTION.seconds} seconds" in points["What takes long"]
    for what in ("PDF", "spreadsheet", "codebook", "audit", "lists"):
        assert what in points["What takes long"]


def test_words_that_are_no_passwords_and_files_that_are_taken_are_told() -> None:
    from engine.datatypes.media_types import MEDIA_TYPES
    from storage.accounts import SHORTEST_PASSWORD
    from storage.second_factor import RECOVERY_CODES, RECOVERY_LETTERS
    from web.passwords import LEAST_REST, WORDS_OF_THIS_PLACE

    text = (ROOT / "docs/operations.md").read_text("utf-8")
    signing = text.partition("## Signing in")[2].partition("\n## ")[0]
    (words,) = re.findall(r"\n\n((?:    .*\n)+)", signing)
    assert re.findall(r"\w+", words) == list(WORDS_OF_THIS_PLACE)
    assert f"at least {SHORTEST_PASSWORD} characters" in signing
    assert f"fewer than {LEAST_REST} characters" in signing
    assert f"Ten recovery codes of {RECOVERY_LETTERS} letters" in signing
    assert RECOVERY_CODES == 10
    assert ", ".join(each.label for each in MEDIA_TYPES.values()) in text.partition("## Files")[2]


def test_the_contacts_on_the_page_about_writing_are_read(tmp_path: Path) -> None:
    part = (ROOT / "docs/authoring.md").read_text("utf-8").partition("## Help")[2]
    found = re.search(r"^```yaml\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    assert found is not None
    form = "forms: {f: {title: {pl: X, en: X}, in: patient, sections: [{id: s, items: [{id: a, type: boolean, label: {pl: X, en: X}}]}]}}\n"
    file = tmp_path / "r.yaml"
    file.write_text(f"registry: r\nversion: 1.0.0\ntitle: {{pl: R, en: R}}\n{found[1]}{form}", "utf-8")
    model = compile_definition(file).model
    assert [(each.about, each.email, each.role["en"]) for each in model.contacts] == [
        ("technical", "help@registry.example", "Technical help"), ("substantive", "team@registry.example", "Registry team")
    ]  # fmt: skip
    assert model.contacts[0].phone == "+48 22 000 00 00"
    assert model.texts["help"]["pl"].startswith("Zanim")


def test_roles_kinds_of_data_and_cryptography_are_told() -> None:
    from engine.model.item import Privacy
    from web.roles import ROLES

    text = (ROOT / "docs/security.md").read_text("utf-8")
    told = re.findall(r"^\| `(\w+)` \| ([a-z_, ]+) \|$", text.partition("## Two walls")[0], re.MULTILINE)
    assert told == [(role, ", ".join(sorted(may)) or "nothing") for role, may in ROLES.items()], "write the table anew"
    kinds = text.partition("## Kinds of data")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", kinds, re.MULTILINE)) == set(Privacy)
    keys = text.partition("## Keys and cryptography")[2].partition("\n## ")[0]
    sources = [path.read_text("utf-8") for folder in ("storage", "web") for path in (ROOT / folder).rglob("*.py")]
    used = set(re.findall(r"AESGCM|HKDF|hashlib\.\w+|argon2", "\n".join(sources)))
    assert used == {"AESGCM", "HKDF", "argon2", "hashlib.sha256", "hashlib.sha1"}
    assert all(name in keys for name in ("AES-256-GCM", "HKDF-SHA-256", "argon2id", "HMAC-SHA-256", "HMAC-SHA-1"))
    assert [name for name in ("wrapping", "hashing", "sealing", "noting") if name not in keys] == []


def test_the_life_of_each_key_is_told() -> None:
    """Each key that is derived, and each secret that is given, from its beginning to what to do when it is known."""
    keys = (ROOT / "docs/security.md").read_text("utf-8").partition("## Keys and cryptography")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([a-z]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", keys, re.MULTILINE)
    derived = {each.name for each in fields(Keys)}
    given = {each.name for each in fields(Settings) if not each.repr} - {
        "database_url",
        "smtp",
    }  # passwords of other services
    assert {name for name, *_ in rows} == derived | given | {"master", "person", "training"}
    assert [name for name, *life in rows if any(len(told.split()) < 2 for told in life)] == []


def test_rights_to_fields_are_told_as_they_are_read(tmp_path: Path) -> None:
    from web.roles import ROLES

    part = (ROOT / "docs/authoring.md").read_text("utf-8").partition("## Rights")[2].partition("\n## ")[0]
    found = re.search(r"^```yaml\n- (.*?)\n```", part, re.MULTILINE | re.DOTALL)
    assert found is not None
    file = tmp_path / "r.yaml"
    form = f"forms: {{f: {{title: {{pl: X, en: X}}, in: patient, sections: [{{id: s, items: [{found[1]}]}}]}}}}\n"
    file.write_text(f"registry: r\nversion: 1.0.0\ntitle: {{pl: R, en: R}}\n{form}", "utf-8")
    (item,) = walk_items(compile_definition(file).model.forms["f"])
    assert item.rights.see == frozenset({"physician", "coordinator"})
    assert item.rights.edit == frozenset({"physician"})
    (roles,) = re.findall(r"The roles are (.*?) \(`unknown-role`\)", part, re.DOTALL)
    assert re.findall(r"`(\w+)`", roles) == list(ROLES)
