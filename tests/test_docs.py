"""The documentation tells the truth: its commands run and print what it says, its links lead somewhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
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
from engine.records.examples import EXPECTATIONS
from renderers.paper import APT, can_print

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
        ["sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
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
