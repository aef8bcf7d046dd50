"""Files without scripts and through the route of the page's script: attached, kept, refused with a reason, fetched again."""

import hashlib
import json
import re
from dataclasses import replace

import pytest

from engine.datatypes.media_types import LARGEST
from engine.datatypes.values import FileValue, Missing
from engine.records.form_data import FormData
from storage.access import Actor
from storage.accounts import find_account
from storage.form_data import load_subject
from storage.identity import erase
from storage.subjects import find_pseudonym
from web.attachments import take_files
from web.uploads import MOST_UNKNOWN

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 30
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(2000)
REGISTRY = "lead_extraction"


class Row:
    """A row of the procedure form that takes a photograph, open on the page of a browser."""

    def __init__(self, browser, parts):
        self.browser, self.parts, self.who, self.came = browser, parts, browser.register(), ""
        browser.open(self.who, "procedure").post({"__do": "add:lx"}, "forms")
        (self.at,) = re.findall(r'data-row="(lx\.\w+)"', browser.text)
        self.name = f"{self.at}.lx_photo"
        self.address = browser.address.partition("?")[0]
        browser.post({f"{self.at}.lx_result": "complete", "__do": f"open:{self.at}"}, "forms")

    def post(self, verb="save", file=None, **values):
        given = {f"{self.at}.{name}": value for name, value in values.items()}
        files = None if file is None else {f"{self.name}__file": file}
        self.browser.post({**given, "__do": verb}, "forms", files=files)
        self.came = self.browser.text
        return self.open()

    def open(self):
        """The page with the row's fields on it."""
        if f'name="{self.name}"' not in self.browser.text:
            self.browser.post({"__do": f"open:{self.at}"}, "forms")
        return self

    def send(self, file, name=None, browser=None):
        """What the page's script does when a file was chosen."""
        browser = browser or self.browser
        page = dict(browser.fields("forms")[1])
        headers = {"X-Requested-With": "fetch", "X-CSRFToken": page["csrf_token"]}
        kind, body = self.parts([(name, page[name]) for name in ("__owner", "__key")], {"file": file})
        address = f"{self.address}/files/{name or self.name}"
        return browser.client.post(address, data=body, content_type=kind, headers=headers)

    @property
    def message(self):
        field = self.browser.text.split(f'id="{self.name}-e"')[1].split('class="ctl"')[0].split('type="file"')[0]
        found = re.search(r"data-text>(.*?)</span>", field)
        return re.sub("</?bdi>", "", found[1]) if found else ""

    @property
    def link(self):
        found = re.search(r'<p class="line mid held" data-held>.*?<a href="([^"]*)"', self.browser.text, re.DOTALL)
        return found[1] if found else ""

    def stored(self, world):
        """The photograph in the record."""
        actor = Actor(find_account(world.space.database, "anna").id, "anna", REGISTRY, world.sites[0])
        subject = find_pseudonym(world.space.database, actor, self.who, at=world.clock.now)
        registry = world.space.registries.current[REGISTRY].registry
        record = load_subject(world.space.database, registry, actor, subject, world.clock.now)
        form = next((form for place, form in record.forms.items() if place.form == "procedure"), None)
        return form.data.groups["lx"][0].items.get("lx_photo") if form else None


@pytest.fixture
def row(anna, parts):
    return Row(anna, parts)


def rows(world, table):
    with world.space.database.read() as connection:
        return connection.exec_driver_sql(f"SELECT digest, size, media_type FROM {table}").all()


def test_a_file_is_attached_shown_and_fetched_without_scripts(world, row):
    row.post("save", ("zdjęcie elektrody.png", PNG))
    assert "Zapisano, " in row.came
    digest = hashlib.sha256(PNG).hexdigest()
    assert row.stored(world) == FileValue("zdjęcie elektrody.png", "image/png", len(PNG), digest)
    assert "zdjęcie elektrody.png" in row.browser.text
    assert "7,7 kB" in row.browser.text
    answer = row.browser.client.get(row.link)
    assert answer.data == PNG
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "zdj%C4%99cie%20elektrody.png" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_file_waits_in_the_working_copy_until_the_save(world, row):
    row.post("language:pl", ("a.png", PNG))
    assert row.stored(world) is None
    assert row.link
    assert row.browser.client.get(row.link).data == PNG
    row.post("save")
    assert row.stored(world).name == "a.png"
    assert row.browser.client.get(row.link).data == PNG


def test_each_look_at_a_file_is_noted(world, row):
    row.post("save", ("a.png", PNG))
    before = len(world.audit("file"))
    row.browser.client.get(row.link)
    noted = json.loads(world.audit("file")[-1])
    assert len(world.audit("file")) == before + 1
    assert (noted["digest"], noted["row"]) == (hashlib.sha256(PNG).hexdigest(), row.at.partition(".")[2])


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (("virus.exe", b"MZ" + bytes(500)), "Pliku „virus.exe” nie można dodać, bo to nieznany rodzaj pliku. Dozwolone: JPEG, PNG."),
        (("zdjęcie.png", b"%PDF-1.7 not a picture"), "Pliku „zdjęcie.png.pdf” nie można dodać, bo to PDF. Dozwolone: JPEG, PNG."),
        (("page.png", b"<html><script>alert(1)</script>"), "bo to nieznany rodzaj pliku"),
        (("big.jpg", JPEG + bytes(LARGEST)), "Plik „big.jpg” ma 10,5 MB, a może mieć najwyżej 10 MB."),
        (("none.png", b""), "Plik „none.png” jest pusty."),
    ],
    ids=["program", "other kind", "page", "too large", "empty"],
)  # fmt: skip
def test_what_is_refused_is_told_at_the_field_and_all_else_is_kept(world, row, file, told):
    row.post("save", file, lx_result="partial_lt4")
    assert told in row.message
    assert "Zapisano wszystko oprócz odpowiedzi" in row.came
    assert 'value="partial_lt4" checked' in row.browser.text
    assert row.stored(world) is None
    answer = row.send(file)
    assert answer.status_code == 422
    assert told in answer.json["message"]
    row.post("save", ("good.jpg", JPEG))
    assert row.message == ""
    assert row.stored(world).name == "good.jpg"


def test_a_refusal_is_told_in_the_language_of_the_page(row):
    row.browser.post({"__do": "language:en"}, "forms")
    row.open().post("save", ("virus.exe", b"MZ"))
    assert row.message == "'virus.exe' cannot be attached, as it is an unknown kind of file. Allowed: JPEG, PNG."


def test_a_film_is_refused_at_its_field_and_what_was_typed_stays(row):
    row.post("save", ("film.jpg", JPEG + bytes(60_000_000)), lx_result="partial_lt4")
    assert "ma 60 MB, a może mieć najwyżej 10 MB" in row.message
    assert 'value="partial_lt4" checked' in row.browser.text


def test_a_file_of_just_the_greatest_size(world, row):
    content = JPEG + bytes(LARGEST - len(JPEG))
    row.post("save", ("a.jpg", content))
    assert row.stored(world).size == LARGEST
    assert hashlib.sha256(row.browser.client.get(row.link).data).hexdigest() == hashlib.sha256(content).hexdigest()


def test_names_are_cleaned(world, row):
    row.post("save", ("../..\\evil\u202egpj.html", JPEG))
    assert row.stored(world).name == "evilgpj.html.jpg"


def test_a_file_is_removed_and_another_attached(world, row):
    row.post("save", ("a.png", PNG))
    link = row.link
    row.post(f"clear:{row.name}")
    assert row.link == ""
    assert row.stored(world).name == "a.png", "until the save"
    row.post("save")
    assert row.stored(world) is None
    assert row.browser.client.get(link).status_code == 404
    row.post("save", ("b.jpg", JPEG))
    assert row.stored(world).name == "b.jpg"


def test_the_route_of_the_script_puts_a_file_into_the_working_copy(world, row):
    answer = row.send(("lead.JPG", JPEG))
    assert answer.status_code == 200
    assert (answer.json["name"], answer.json["size"]) == ("lead.JPG", "2 kB")
    assert row.browser.client.get(answer.json["href"]).data == JPEG
    row.browser.get(f"{row.address}?open={row.at}")
    assert row.link == answer.json["href"]
    assert row.browser.value(row.name) == answer.json["value"]
    assert row.stored(world) is None
    row.post("save")
    assert row.stored(world).name == "lead.JPG"


def test_autosave_keeps_what_the_route_answered(world, row):
    told = row.send(("lead.jpg", JPEG)).json
    row.browser.post({row.name: told["value"], "__do": "autosave"}, "forms", to=f"{row.address}/draft")
    paths = {each["item"] for each in row.browser.page.json["evaluation"]["violations"]}
    assert not any("lx_photo" in path for path in paths)
    row.browser.get(f"{row.address}?open={row.at}")
    assert row.link == told["href"]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: re.sub("^.{4}", "0000", text),
        lambda text: text.replace("image/jpeg", "image/png"),
        lambda text: re.sub(r" \d+ ", " 7 ", text),
        lambda text: text.replace("lead.jpg", "lead.html"),
    ],
    ids=["other content", "other kind", "other size", "other ending"],
)
def test_a_page_cannot_say_what_was_not_attached(world, row, change):
    told = row.send(("lead.jpg", JPEG)).json["value"]
    row.browser.get(f"{row.address}?open={row.at}")
    row.post("save", lx_photo=change(told))
    assert "nie ma już wśród niezapisanych zmian" in row.message
    assert row.stored(world) is None


def test_files_of_others_are_refused(world, row, parts):
    row.post("save", ("a.png", PNG))
    value = row.browser.value(row.name)
    mine = Row(world.browser("anna"), parts)
    mine.post("save", lx_photo=value)
    assert mine.stored(world) is None
    assert mine.browser.client.get(row.link.replace(row.address, mine.address)).status_code == 404
    assert row.browser.client.get(f"{row.address}/files/{'0' * 64}").status_code == 404
    jan = world.browser("jan")
    before = len(world.audit("denied"))
    assert jan.client.get(row.link).status_code == 404
    assert len(world.audit("denied")) == before + 1
    jan.register()
    jan.open(jan.address.split("/")[3].partition("?")[0], "patient")
    assert row.send(("a.png", PNG), browser=jan).status_code == 404


def test_unsaved_files_are_ones_own(world, row):
    told = row.send(("a.png", PNG)).json
    colleague = world.browser("piotr")
    assert colleague.client.get(told["href"]).status_code == 404
    row.browser.get(row.address)
    row.post("save")
    assert colleague.client.get(told["href"]).data == PNG


def test_a_reader_fetches_and_attaches_nothing(world, row, parts):
    row.post("save", ("a.png", PNG))
    reader = world.browser("ewa").get(row.address)
    assert f'href="{row.link}"' in reader.text
    assert reader.client.get(row.link).data == PNG
    reader.get("/")
    kind, body = parts([("csrf_token", dict(reader.fields("sign-out")[1])["csrf_token"])], {"file": ("b.png", PNG)})
    answer = reader.client.post(f"{row.address}/files/{row.name}", data=body, content_type=kind)
    assert answer.status_code == 403


@pytest.mark.parametrize("name", ["lx_photo", "lx.none.lx_photo", "proc_start", "lx", "%00"])
def test_fields_that_take_no_file(row, name):
    assert row.send(("a.png", PNG), name).status_code == 404


def test_without_a_file_there_is_nothing_to_take(row):
    token = dict(row.browser.fields("forms")[1])["csrf_token"]
    answer = row.browser.client.post(f"{row.address}/files/{row.name}", data={"csrf_token": token})
    assert answer.status_code == 400


def test_a_file_that_arrives_after_the_save_of_its_page_is_not_kept(world, row):
    before = row.browser.page
    row.post("save")
    row.browser.page = before
    answer = row.send(("a.png", PNG))
    assert (answer.status_code, answer.json["message"]) == (
        409,
        "Ta strona została już zapisana. Odśwież ją, aby pisać dalej.",
    )
    row.browser.get(row.address)
    assert "niezapisane zmiany" not in row.browser.text.split("<main")[1]


def test_a_save_that_is_sent_twice_with_its_file_saves_it_once(world, row):
    before = row.browser.page
    row.post("save", ("a.png", PNG))
    row.browser.page = before
    row.browser.post({"__do": "save"}, "forms", files={f"{row.name}__file": ("a.png", PNG)})
    assert row.stored(world).name == "a.png"
    assert "Dodaj go jeszcze raz" not in row.browser.text


def test_files_given_up_with_the_changes_are_gone(world, row):
    told = row.send(("a.png", PNG)).json
    kept = len(rows(world, "upload"))
    row.browser.get(f"{row.address}?open={row.at}")
    page = row.browser.text
    row.browser.post({}, "forms", to=f"{row.address}/discard")
    assert len(rows(world, "upload")) == kept - 1
    assert row.browser.client.get(told["href"]).status_code == 404
    assert told["value"] in page


def test_a_file_given_up_in_another_window_has_to_be_attached_again(world, row):
    row.post("save")
    told = row.send(("a.png", PNG)).json
    row.browser.get(f"{row.address}?open={row.at}")
    other = world.browser("anna").get(row.address)
    other.post({}, "forms", to=f"{row.address}/discard")
    row.post("save", lx_photo=told["value"])
    assert "Pliku „a.png” nie ma już wśród niezapisanych zmian. Dodaj go jeszcze raz." in row.message
    assert row.stored(world) is None


def test_a_reason_why_there_is_no_file_stands_against_a_file(quick_world, parts):
    """No item of the registry that takes files has reasons, so the form is asked alone."""
    form = quick_world.space.registries.current[REGISTRY].registry.model.forms["procedure"]
    photo = next(item for group in form.groups for item in group.items if item.id == "lx_photo")
    one = replace(form, sections=(replace(form.sections[0], content=(photo,)),))
    kind, body = parts([], {"lx_photo__file": ("a.png", PNG)})
    for given, kept in ((FormData({"lx_photo": Missing("nk")}), Missing), (FormData(), FileValue)):
        with quick_world.app.test_request_context("/", method="POST", data=body, content_type=kind):
            data, uploads = take_files(one, given)
        assert isinstance(data.items["lx_photo"], kept)
        assert len(uploads) == (kept is FileValue)


def test_erased_files_cannot_be_fetched(world, row):
    row.post("save", ("a.png", PNG))
    database = world.space.database
    actor = Actor(find_account(database, "anna").id, "anna", REGISTRY, world.sites[0])
    subject = find_pseudonym(database, actor, row.who, at=world.clock.now)
    link = row.link
    erase(database, actor, subject, world.clock.now, reason="asked for")
    assert row.browser.client.get(link).status_code == 404
    assert row.browser.get(row.address).status == 200


def test_a_file_of_a_session_that_has_ended_is_in_the_draft_afterwards(world, row):
    world.clock.wait(hours=13)
    answer = row.send(("a.png", PNG))
    assert (answer.status_code, answer.json["kept"]) == (401, True)
    row.browser.sign_in("anna", target=row.address)
    row.open()
    assert row.browser.client.get(row.link).data == PNG


def test_strangers_are_not_listened_to_for_long(world, row, parts):
    kind, body = parts([], {"file": ("film.jpg", JPEG + bytes(MOST_UNKNOWN))})
    stranger = world.app.test_client()
    for address in (row.address, f"{row.address}/files/{row.name}"):
        assert stranger.post(address, data=body, content_type=kind).status_code == 413


def test_a_form_posted_with_a_file_after_the_end_of_the_session_is_in_the_draft(world, row):
    world.clock.wait(hours=13)
    row.browser.post({"__do": "save"}, "forms", files={f"{row.name}__file": ("a.png", PNG)})
    row.browser.sign_in("anna", target=row.address)
    row.open()
    assert row.browser.client.get(row.link).data == PNG
