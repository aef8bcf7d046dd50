"""A dictionary in use: loaded from the command line, offered, and replaced by one that lacks a code."""

import base64
import os
import re
from datetime import date

import pytest
from click.testing import CliRunner

from cli.main import main
from storage.dictionaries import load_dictionary
from web.lookups import index_dictionary

HEADER = "code,label_pl,label_en,valid_from,valid_to\n"
FULL = (
    HEADER
    + "T82.7,Zakażenie urządzeń,Device infection,,\nQ99.9,Rzadka rzecz,Rare thing,,\nI48,Dawny kod,Old code,,2020-12-31\n"
)


def load(world, text):
    loaded = load_dictionary(world.space.database, "EXT_ICD10PL", text, who="office", at=world.clock())
    world.space.registries.dictionaries._asked = float("-inf")  # as if some seconds had gone by
    return loaded


def test_what_a_newer_version_drops_is_read_but_not_offered(world, admission):
    anna = world.browser("anna")
    load(world, FULL)

    def codes(query):
        return [each["code"] for each in anna.client.get(f"/lead_extraction/lookup/admission/adm_icd10?q={query}").json]

    assert (codes("rzadka"), codes("rare"), codes("q999"), codes("dawny")) == (["Q99.9"], ["Q99.9"], ["Q99.9"], [])
    who = anna.register()
    anna.open(who, "admission")
    anna.post({**admission, "adm_icd10": "Q99.9", "__do": "complete"}, "forms")
    assert "done=" in anna.address, anna.text
    load(world, HEADER + "T82.7,Zakażenie urządzeń,Device infection,,\n")
    assert codes("rzadka") == []
    anna.open(who, "admission")
    assert anna.value("adm_icd10") == "Q99.9"
    assert "Rzadka rzecz" in anna.text
    assert re.search(r'class="msg warn".*?Kod Q99\.9.*?nie obowiązuje', anna.text, re.DOTALL)
    anna.post({"unit_code": "101", "__do": "save"}, "forms")
    assert (anna.value("unit_code"), anna.value("adm_icd10")) == ("101", "Q99.9")
    ewa = world.browser("ewa").open(who, "admission")
    assert "Rzadka rzecz (Q99.9)" in ewa.text


def test_what_a_hospital_enters_most_comes_first(world, admission):
    anna, jan = world.browser("anna"), world.browser("jan")
    load(world, FULL.replace("Rzadka", "Częsta"))
    for code in ("T82.7", "Q99.9", "Q99.9"):
        anna.open(anna.register(), "admission").post({**admission, "adm_icd10": code, "__do": "save"}, "forms")
    address = "/lead_extraction/lookup/admission/adm_icd10?q="
    assert next((each["code"], each.get("usual")) for each in anna.client.get(address).json) == ("Q99.9", True)
    assert all("usual" not in each for each in jan.client.get(address).json)  # another hospital


@pytest.fixture
def settings(tmp_path, new_sqlite, monkeypatch):
    key, secret = tmp_path / "key", tmp_path / "secret"
    key.write_text(base64.b64encode(b"k" * 32).decode(), "utf-8")
    secret.write_text("s" * 48, "utf-8")
    given = {
        "ECRF_DATABASE_URL": new_sqlite(), "ECRF_DEFINITIONS": "docs/examples", "ECRF_MASTER_KEY_FILE": str(key),
        "ECRF_SECRET_FILE": str(secret),
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setitem(os.environ, name, value)


def run(*words):
    return CliRunner().invoke(main, ["data", *map(str, words)])


def test_the_command_loads_lists_and_refuses(settings, tmp_path, monkeypatch):
    (tmp_path / "r.yaml").write_text(
        "registry: r\nversion: 1.0.0\ntitle: {pl: R, en: R}\ncodelists: {icd: {external: ICD}}\nforms: {}\nevents: {}\n", "utf-8"
    )  # fmt: skip
    monkeypatch.setitem(os.environ, "ECRF_DEFINITIONS", str(tmp_path))
    file = tmp_path / "icd.csv"
    file.write_text(FULL, "utf-8")
    assert run("load-dictionary", "ICD", file, "--version", "2025").output == "ICD: version 2025 with 3 codes\n"
    assert "newest version already" in run("load-dictionary", "ICD", file).output
    assert run("dictionaries").output.startswith("ICD\t2025\t3\t")
    slip = run("load-dictionary", "ICE", file)
    assert (slip.exit_code, "Did you mean 'ICD'?" in slip.output) == (2, True)
    file.write_text(FULL + "T82.7,Znowu,Again,,\n", "utf-8")
    faulty = run("load-dictionary", "ICD", file)
    assert faulty.exit_code == 1
    assert f"{file}:5:1: error csv-duplicate The code 'T82.7' stands in line 2 already." in faulty.output


def test_the_index_finds_codes_in_both_languages():
    from engine.datatypes.dictionary import unpack

    index = index_dictionary(unpack("ICD", "1", FULL))
    day = date(2025, 1, 1)
    assert [found.label for found in index.search("rare", "pl", day)] == ["Rzadka rzecz"]
    assert [found.code for found in index.search("", "pl", day)] == ["T82.7", "Q99.9"]
