"""Files that leave the application: found by asking every route, and those of training marked as made up."""

import csv
import re
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from pypdf import PdfReader
from werkzeug.http import parse_options_header

from renderers.paper import can_print
from storage.accounts import add_membership, create_account
from tests.web.browsing import PASSWORD, found_in
from tests.web.trainees import SIGN, come, first_form_of, mode_of, patients

ROOT = Path(__file__).parents[2]
ATTACHED = "zdjęcie Łódź.pdf"
WARD = ROOT / "tests" / "fixtures" / "rights"


def settle(world, fill_ward):
    """A coordinator and a patient."""
    ola = create_account(world.space.database, "ola", "Ola", PASSWORD, who="office", at=world.clock())
    right = {"site_id": world.sites[0], "who": "office", "at": world.clock()}
    add_membership(world.space.database, ola, "ward", "coordinator", **right)
    filled = fill_ward(world)
    world.who, world.spot = filled.who, filled.care.rpartition("/")[2]


@pytest.fixture(scope="module")
def school(new_sqlite, new_world, fill_ward, tmp_path_factory):
    """A system with a training mode, a coordinator and a patient."""
    folder = tmp_path_factory.mktemp("downloads")
    world = new_world(new_sqlite(), definitions=WARD, registry="ward", training_folder=folder)
    settle(world, fill_ward)
    yield world
    mode_of(world).close()
    world.space.database.close()


def files_of(world, browsers, start):
    """Each route that answers with a file: its endpoint, the name of the file, and what is in it."""
    app = mode_of(world).application if start else world.app
    anna, *_ = browsers
    if start:
        who = patients(anna)[0]
        care = first_form_of(anna, who, "care")
    else:
        who, care = world.who, f"/ward/patients/{world.who}/forms/{world.spot}"
    anna.get(care).post({"__do": "save"}, "forms", files={"scan__file": (ATTACHED, b"%PDF-1.7 skan")})
    digest = found_in(anna.text, r"/files/([0-9a-f]{64})")
    parts = {
        "registry": "ward",
        "who": who,
        "subject:who": f"patients/{who}",
        "spot": care.rpartition("/")[2],
        "digest": digest,
    }
    found = {}
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.endpoint != "static":
            address = start + re.sub(r"<([\w:]+)>", lambda name: parts.get(name[1], "1"), rule.rule)
            for browser in browsers:
                answer = browser.client.get(address)
                if answer.status_code == 200 and "Content-Disposition" in answer.headers:
                    assert [value.encode("latin-1") for _, value in answer.headers], "a server can send no others"
                    named = parse_options_header(answer.headers["Content-Disposition"])[1]
                    found[rule.endpoint] = named["filename"], answer.mimetype, answer.data
    return found


@pytest.mark.parametrize(("language", "word"), [("pl", "Szkolenie"), ("en", "Training")])
def test_every_file_of_training_says_so_and_no_other_does(school, language, word):
    """Whatever answers with a file is found by asking each route; only one module makes such answers."""
    browsers = [school.browser(login).get(f"/account?language={language}") for login in ("anna", "ola")]
    real = files_of(school, browsers, "")
    there = files_of(school, [come(browser) for browser in browsers], "/training")
    printed = {"forms.printed"} if can_print() else set()
    assert there.keys() == real.keys() == {"queries.export", "audit_search.export", "forms.download", *printed}
    for name, (file, kind, content) in there.items():
        assert file.startswith(f"{word} "), name
        if kind == "text/csv":
            header, *lines = csv.reader(StringIO(content.decode("utf-8-sig")))
            assert header[0] == word
            assert {line[0] for line in lines} <= {f"{word}: {SIGN[language]}."}
            assert lines or name == "queries.export"
    for name, (file, kind, content) in real.items():
        assert word not in file, name
        assert kind != "text/csv" or word not in content.decode()
    assert real["forms.download"][0] == ATTACHED
    assert there["forms.download"][0] == f"{word} {ATTACHED}"
    makers = [
        path.name
        for path in (ROOT / "web").rglob("*.py")
        if re.search("send_file|Content-Disposition", path.read_text("utf-8"))
    ]
    assert makers == ["downloads.py"]


@pytest.fixture(scope="module")
def demo(new_sqlite, new_world, fill_ward):
    """The same as a demonstration."""
    world = new_world(new_sqlite(), definitions=WARD, registry="ward", synthetic=True)
    settle(world, fill_ward)
    yield world
    world.space.database.close()


@pytest.mark.parametrize(
    ("language", "word", "told"), [("pl", "Przykład", "pacjenci syntetyczni"), ("en", "Example", "synthetic patients")]
)
def test_every_file_of_a_demonstration_says_so(demo, language, word, told):
    browsers = [demo.browser(login).get(f"/account?language={language}") for login in ("anna", "ola")]
    found = files_of(demo, browsers, "")
    assert {"queries.export", "audit_search.export", "forms.download"} <= found.keys()
    for name, (file, kind, content) in found.items():
        assert file.startswith(f"{word} "), name
        if kind == "text/csv":
            header, *lines = csv.reader(StringIO(content.decode("utf-8-sig")))
            assert header[0] == word
            assert all(line[0].startswith(f"{word}: ") and told in line[0] for line in lines)
        if name == "forms.printed":
            pdf = PdfReader(BytesIO(content))
            assert pdf.metadata is not None
            assert told in (pdf.metadata.subject or "")
            for page in pdf.pages:
                assert word.upper() in page.extract_text()
