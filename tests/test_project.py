"""The project's own files: locked requirements that name no index, and a wheel that holds what it should."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCKS = ("build", "core", "pdf", "test", "bench")


def locked(name: str) -> dict[str, str]:
    """The pinned version of each package in a requirements file."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    pins = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[\w,-]+\])?==([^\s;]+)", text, re.MULTILINE)
    return {canonicalize_name(package): version for package, version in pins}


@pytest.mark.parametrize("name", LOCKS)
def test_requirements_are_pinned_by_hash_and_name_no_index(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    assert "://" not in text
    assert "index" not in text.split("==")[0]
    statements = [
        line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    assert len(statements) == len(locked(name))
    for statement in statements:
        assert "==" in statement
        assert "--hash=sha256:" in statement


@pytest.mark.parametrize("name", ["core", "pdf", "test", "bench"])
def test_locks_are_in_step_with_the_project(name):
    pins = locked(name)
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"].get(name, [])
    for requirement in map(Requirement, wanted):
        version = pins.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not locked: run 'make lock'"
        assert version in requirement.specifier, f"{requirement} is locked at {version}: run 'make lock'"


@pytest.mark.parametrize("name", ["pdf", "test", "bench"])
def test_larger_locks_keep_the_versions_of_the_core(name):
    pins = locked(name)
    assert {package: pins.get(package) for package in locked("core")} == locked("core")


def test_wheel_holds_the_packages_and_their_data(tmp_path):
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    packages = sorted(found - {"benchmarks"})  # they measure the product and are no part of it
    source = tmp_path / "source"
    source.mkdir()
    shutil.copy(ROOT / "pyproject.toml", source)
    for folder in [*packages, "tests"]:
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "-qq", "wheel", "--no-deps", "--no-build-isolation", "-w", tmp_path, source]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr

    expected = {
        path.relative_to(source).as_posix()
        for package in packages
        for path in (source / package).rglob("*")
        if path.is_file()
    }
    (wheel,) = tmp_path.glob("ecrf-*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held - expected == set()
    assert expected - held == set()
