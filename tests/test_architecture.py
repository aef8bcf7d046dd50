"""The house rules that no other tool holds: who imports whom, where code may load from, how long it may get."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest

from engine.definitions import read_definition
from engine.model.form import walk_items

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PACKAGES: list[str] = SETTINGS["tool"]["importlinter"]["root_packages"]

# What else the engine may import; everything heavier belongs to the folders above it.
ENGINE_LIBRARIES = {"jsonschema", "lark", "referencing", "yaml", "z3"}

MODULE_LINES = 400
FUNCTION_LINES = 50
LONG = re.compile(r"^\s*# long: *(?P<reason>.*)$")


def files_of_the_project() -> Iterator[Path]:
    """Every file that belongs to the repository: no caches, no environment, nothing that is built."""
    skipped = {"__pycache__", "build", "dist", "node_modules"}
    folders = [ROOT]
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if not path.is_dir():
                yield path
            elif path.name == ".ci" or not (path.name in skipped or path.name.startswith(".") or path.suffix):
                folders.append(path)


def modules(*folders: str) -> Iterator[tuple[str, str]]:
    """Path and text of each Python module in the folders."""
    for path in files_of_the_project():
        place = path.relative_to(ROOT)
        if path.suffix == ".py" and (not folders or place.parts[0] in folders):
            yield place.as_posix(), path.read_text("utf-8")


def test_imports_keep_to_the_ladder():
    from click.testing import CliRunner
    from importlinter.cli import lint_imports_command

    result = CliRunner().invoke(lint_imports_command, ["--no-cache", "--config", str(ROOT / "pyproject.toml")])
    assert result.exit_code == 0, result.output


def test_engine_needs_little():
    allowed = ENGINE_LIBRARIES | sys.stdlib_module_names | {"engine"}
    faults = []
    for place, text in modules("engine"):
        for node in ast.walk(ast.parse(text)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = ["." * node.level + (node.module or "")]
            faults += [f"{place} imports {name}" for name in names if name.partition(".")[0] not in allowed]
    assert not faults


@pytest.mark.parametrize("package", PACKAGES)
def test_package_is_this_one(package):
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).is_relative_to(ROOT)
    assert set(packages_distributions().get(package, ())) <= {"ecrf"}


def test_every_package_has_its_place_in_the_ladder():
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert found - {"benchmarks"} == set(PACKAGES)  # benchmarks measure the product, they are no part of it


def test_modules_are_short():
    faults = []
    for place, text in modules():
        lines = text.splitlines()
        if len(lines) > MODULE_LINES and not reason_to_be_long(lines[:10]):
            faults.append(f"{place}: {len(lines)} lines")
    assert not faults, f"over {MODULE_LINES} lines and no '# long: <reason>' at the top"


def test_functions_are_short():
    faults = []
    for place, text in modules():
        lines = text.splitlines()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                # The reason stands just above the function or above its first statement.
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                if length > FUNCTION_LINES and not reason_to_be_long(lines[max(first - 2, 0) : node.body[0].lineno]):
                    faults.append(f"{place}:{node.lineno}: {node.name} has {length} lines")
    assert not faults, f"over {FUNCTION_LINES} lines and no '# long: <reason>' at the top"


def reason_to_be_long(lines: list[str]) -> bool:
    return any(match["reason"].strip() for match in map(LONG.match, lines) if match)


def test_no_text_is_run_as_code():
    faults = [
        f"{place}:{node.lineno} calls {node.func.id}"
        for place, text in modules(*PACKAGES)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}
    ]
    assert not faults


def test_no_file_names_a_folder_of_one_machine():
    machine = re.compile(r"(?<![\w./>-])/(root|home|work)/")
    faults = []
    for path in files_of_the_project():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if machine.search(line):
                faults.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not faults


# Who somebody is, is the platform's own question: one person, whatever registries there are (form_definitions/common/patient.yaml).
OF_THE_PLATFORM = {"last_name", "first_names", "birth_date", "site_id"}
NAMES = re.compile(r"[a-z][a-z0-9_]*")


def test_no_module_names_a_registry_or_one_of_its_items():
    """A registry is configuration: what it is called and what it asks stands in its definition alone."""
    models = [read_definition(file).model for file in sorted((ROOT / "form_definitions").glob("*.yaml"))]
    items = {item.id for model in models for form in model.forms.values() for item in walk_items(form)}
    telling = {name for name in items if "_" in name} - OF_THE_PLATFORM  # `fever` is an English word
    forbidden = telling | {model.registry for model in models}
    assert len(forbidden) > 500
    named = [
        f"{file}: {name}"
        for file, text in modules(*PACKAGES)
        for name in sorted(forbidden.intersection(NAMES.findall(text)))
    ]
    assert named == []
