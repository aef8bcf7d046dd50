"""The cache of compiled registries: what it gives back, and all that makes it worthless."""

import os
from pathlib import Path
from shutil import copytree

import pytest
from click.testing import CliRunner

from cli.main import main
from engine.compiler import CompiledRegistry, cache, compile_definition
from engine.compiler.packing import Unpackable, pack, unpack
from engine.records.examples import run_examples

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "form_definitions"
HARD = ROOT / "tests" / "fixtures" / "definitions"

DEFINITION = """\
registry: small
version: 1.0.0
title: {pl: Mały, en: Small}
include: [{file: common/lists.yaml, version: 1.0.0}]
forms:
  f:
    title: {pl: F, en: F}
    in: patient
    sections: [{id: s, title: {pl: S, en: S}, items: [{id: a, type: code, codelist: c, label: {pl: a, en: a}}]}]
"""
LIBRARY = "library: lists\nversion: 1.0.0\ncodelists: {c: {codes: {x: {pl: x, en: x}}}}\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A small definition with a library, in a folder of definitions."""
    folder = tmp_path / "form_definitions" / "own"
    (folder.parent / "common").mkdir(parents=True)
    folder.mkdir()
    (folder.parent / "common" / "lists.yaml").write_text(LIBRARY)
    (folder / "small.yaml").write_text(DEFINITION)
    return folder / "small.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for the cache that does not exist yet."""
    return tmp_path / "cache"


def kept_file(folder: Path) -> Path:
    (file,) = folder.glob("*.registry")
    return file


def test_a_registry_comes_back_as_it_was(path: Path, folder: Path):
    made = compile_definition(path, cache=folder)
    again = cache.load(folder, path)
    assert again is not None
    assert pack(again) == pack(made)
    assert again.model == made.model
    assert again.hash == made.hash


def _shipped() -> list[Path]:
    return [*SHIPPED.glob("*.yaml"), *HARD.glob("hard_*.yaml")]


@pytest.mark.parametrize("file", _shipped(), ids=lambda file: file.stem)
def test_shipped_definitions_do_the_same_from_the_cache(file: Path):
    made = compile_definition(file)
    again = unpack(memoryview(pack(made)))
    assert again.model == made.model
    assert again.warnings == made.warnings
    assert pack(again) == pack(made)
    examples = file.parent / "examples" / file.name
    assert [p for p in run_examples(again, examples) if p.severity == "error"] == []


def test_only_the_user_may_read_what_is_kept(path: Path, folder: Path):
    compile_definition(path, cache=folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert kept_file(folder).stat().st_mode & 0o777 == 0o600


def test_a_folder_that_others_may_write_to_is_not_used(path: Path, folder: Path):
    compile_definition(path, cache=folder)
    folder.chmod(0o777)
    assert cache.load(folder, path) is None


@pytest.mark.parametrize("place", [0, 40, -1])
def test_a_damaged_file_is_ignored(path: Path, folder: Path, place: int):
    made = compile_definition(path, cache=folder)
    data = bytearray(kept_file(folder).read_bytes())
    data[place] ^= 1
    kept_file(folder).write_bytes(data)
    assert cache.load(folder, path) is None
    assert compile_definition(path, cache=folder).model == made.model
    assert cache.load(folder, path) is not None, "it is written anew"


@pytest.mark.parametrize(
    "data", [b"", b"x", b"\0" * 8, b"\xff" * 64, b"\x02\0\0\0\0\0\0\0{}", b"\x04\0\0\0\0\0\0\0nullxyz"]
)
def test_bytes_that_nobody_packed_make_nothing(data: bytes):
    with pytest.raises(Unpackable):
        unpack(memoryview(data))


def test_only_classes_of_a_registry_can_be_made(path: Path):
    data = pack(compile_definition(path))
    with pytest.raises(Unpackable):
        unpack(memoryview(data.replace(b'"ItemDef"', b'"Session"')))


def changed_library(path: Path) -> None:
    (path.parents[1] / "common" / "lists.yaml").write_text(LIBRARY.replace("x: {", "y: {"))


def nearer_library(path: Path) -> None:
    (path.parent / "common").mkdir()
    (path.parent / "common" / "lists.yaml").write_text(LIBRARY.replace("x: {", "y: {"))


def changed_definition(path: Path) -> None:
    path.write_text(DEFINITION.replace("1.0.0\ntitle", "1.0.1\ntitle"))


def removed_library(path: Path) -> None:
    (path.parents[1] / "common" / "lists.yaml").unlink()


@pytest.mark.parametrize("change", [changed_library, nearer_library, changed_definition, removed_library])
def test_another_text_is_compiled_anew(path: Path, folder: Path, change):
    compile_definition(path, cache=folder)
    assert cache.load(folder, path) is not None
    change(path)
    assert cache.load(folder, path) is None


def test_another_engine_compiles_anew(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch):
    compile_definition(path, cache=folder)
    monkeypatch.setattr(cache, "_engine_digest", lambda: "another")
    assert cache.load(folder, path) is None


def test_places_in_messages_are_those_of_the_file(path: Path, folder: Path, tmp_path: Path):
    compile_definition(path, cache=folder)
    moved = copytree(path.parents[1], tmp_path / "elsewhere" / "form_definitions") / "own" / "small.yaml"
    assert cache.load(folder, moved) is None, "marks hold the path"
    (item,) = compile_definition(moved, cache=folder).model.forms["f"].items
    assert item.mark.file == str(moved)


def test_a_cache_that_cannot_be_written_is_no_fault(path: Path, tmp_path: Path):
    (tmp_path / "file").write_text("no folder")
    assert isinstance(compile_definition(path, cache=tmp_path / "file" / "cache"), CompiledRegistry)


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({}, Path.home() / ".cache" / "ecrf"),
        ({"XDG_CACHE_HOME": "/x"}, Path("/x/ecrf")),
        ({"ECRF_CACHE": "/own", "XDG_CACHE_HOME": "/x"}, Path("/own")),
        ({"ECRF_CACHE": "off"}, None),
    ],
)
def test_the_environment_names_the_folder(environment, folder):
    assert cache.default_folder(environment) == folder


@pytest.mark.parametrize(
    "command", [["check"], ["evaluate", "--form", "f", "--values", os.devnull], ["render", "json-schema"]]
)
def test_commands_keep_what_they_compile_unless_one_says_no(path: Path, folder: Path, command, monkeypatch):
    monkeypatch.setenv("ECRF_CACHE", str(folder))
    asked = [*command, str(path)]
    outputs = [CliRunner().invoke(main, [*asked, "--no-cache"], catch_exceptions=False).output]
    assert not folder.exists()
    outputs += [CliRunner().invoke(main, asked, catch_exceptions=False).output for _ in range(2)]
    assert kept_file(folder).is_file()
    assert len(set(outputs)) == 1


def test_old_files_are_deleted(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cache, "MOST_FILES", 2)
    for number in range(4):
        path.write_text(DEFINITION.replace("1.0.0\ntitle", f"1.0.{number}\ntitle"))
        compile_definition(path, cache=folder)
    assert len(list(folder.glob("*"))) == 2
