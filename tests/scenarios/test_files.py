"""Files in a real browser: sent when they are chosen, kept while one types, saved, fetched again, without scripts too."""

import re
import struct
import zlib

import pytest
from playwright.sync_api import expect

from tests.scenarios.form_pages import HeldBack, kept, live, number_of, register, save, to_form
from tests.scenarios.page_faults import keep_picture, problems


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def picture(side=600):
    """A picture that a browser can open, of some size."""
    lines = b"".join(b"\0" + bytes((x * y) % 251 for x in range(side) for _ in range(3)) for y in range(1, side + 1))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines, 1)) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def photo():
    """A photograph as a page gets it."""
    return {"name": "elektroda komorowa.png", "mimeType": "image/png", "buffer": picture()}


def open_row(page, scripts=True):
    """The open row of a new patient's procedure; its name."""
    page.goto("/lead_extraction/patients")
    register(page)
    page.fill("[name=last_name]", "Przykładowa")
    save(page)
    to_form(page, "lead_extraction", number_of(page), "procedure")
    send(page, "button[value='add:lx']")
    name = page.wait_for_selector("[data-row^='lx.'].open").get_attribute("data-row")
    if scripts:
        live(page)
    field = page.locator(f'[id="f-{name}.lx_result"]')
    field.locator("input[value=complete]").press("Space")
    if scripts:
        box(page, name).wait_for()
    else:
        send(page, ".dock [value=save]")
        reopen(page, name)
    return name


def send(page, button):
    """Press a button that sends the form; the page that comes back is there when this ends."""
    with page.expect_navigation():
        page.locator(button).click()


def reopen(page, name):
    """The row with its fields, whether the page comes back with it open or closed."""
    button = page.locator(f"button[value='open:{name}']")
    if button.count():
        send(page, f"button[value='open:{name}']")
    page.wait_for_selector(f"[data-row='{name}'].open")


def box(page, name):
    return page.locator(f'[id="{name}.lx_photo"]')


def held(page, name):
    return page.locator(f'[id="f-{name}.lx_photo"] [data-held]')


def fetched(page, name):
    with page.expect_download() as coming:
        held(page, name).locator("a").click()
    name = coming.value.suggested_filename
    assert name.startswith("Przykład ")  # these are made up, and the files say so
    return name.removeprefix("Przykład "), coming.value.path().read_bytes()


def never(_route):
    """A request that never arrives."""


def test_a_photograph_is_sent_kept_saved_and_fetched(open_browser, served, photo):
    page = open_browser()
    name = open_row(page)
    box(page, name).set_input_files(photo)
    held(page, name).wait_for()
    expect(held(page, name)).to_contain_text("elektroda komorowa.png")
    expect(box(page, name)).to_be_hidden()
    page.wait_for_selector("[data-file-state]:has-text('Dodano plik elektroda komorowa.png')", state="attached")
    kept(page)
    page.reload()
    reopen(page, name)
    assert fetched(page, name) == (photo["name"], photo["buffer"])
    save(page)
    reopen(page, name)
    assert fetched(page, name) == (photo["name"], photo["buffer"])
    record = served.record(number_of(page))
    form = next(form for place, form in record.forms.items() if place.form == "procedure")
    assert form.data.groups["lx"][0].items["lx_photo"].name == photo["name"]


def test_without_scripts_it_goes_with_the_form(open_browser, photo):
    page = open_browser(scripts=False)
    name = open_row(page, scripts=False)
    box(page, name).set_input_files({"name": "notatki.txt", "mimeType": "text/plain", "buffer": b"not a picture"})
    send(page, ".dock [value=save]")
    reopen(page, name)
    expect(page.locator(f'[id="f-{name}.lx_photo"]').get_by_text("Pliku „notatki.txt” nie można dodać")).to_be_visible()
    box(page, name).set_input_files(photo)
    send(page, f"button[value='close:{name}']")
    reopen(page, name)
    assert fetched(page, name) == (photo["name"], photo["buffer"])
    send(page, ".dock [value=save]")
    reopen(page, name)
    assert fetched(page, name) == (photo["name"], photo["buffer"])
    with page.expect_navigation():
        held(page, name).locator("button").click()
    expect(box(page, name)).to_be_visible()


def test_a_file_that_is_chosen_before_the_script_runs_is_sent(open_browser, photo):
    page = open_browser()
    name = open_row(page)
    kept(page)
    script = HeldBack(page, "**/static/files.js")
    page.reload(wait_until="commit")  # the row is open still
    box(page, name).set_input_files(photo)
    script.let_go()
    held(page, name).wait_for()
    kept(page)
    assert fetched(page, name) == (photo["name"], photo["buffer"])


def test_who_types_on_while_the_opened_row_comes_is_left_alone(open_browser):
    page = open_browser()
    name = open_row(page)
    kept(page)
    expect(page).to_have_url(re.compile(re.escape(f"#r-{name}")))
    script = HeldBack(page, "**/static/files.js")
    page.reload(wait_until="commit")
    last = page.locator(f'[id="f-{name}.lx_result"] input').last
    last.focus()
    script.let_go()
    page.wait_for_load_state()
    expect(last).to_be_focused()


def test_what_is_refused_is_told_beside_the_field(open_browser, photo, tmp_path):
    page = open_browser()
    name = open_row(page)
    field = page.locator(f'[id="f-{name}.lx_photo"]')
    box(page, name).set_input_files({"name": "wynik.png", "mimeType": "image/png", "buffer": b"%PDF-1.7"})
    told = "Pliku „wynik.png.pdf” nie można dodać, bo to PDF. Dozwolone: JPEG, PNG."
    expect(field.locator("[data-file-fault] .msg")).to_contain_text(told)
    big = tmp_path / "film.png"
    big.write_bytes(bytes(12_300_000))
    box(page, name).set_input_files(big)
    page.wait_for_selector("text=Plik „film.png” ma 12,3 MB, a może mieć najwyżej 10 MB.")
    assert problems(page) == []
    box(page, name).set_input_files(photo)
    held(page, name).wait_for()
    expect(field.locator("[data-file-fault]")).to_have_text("")


def test_removed_and_chosen_again_by_keyboard(open_browser, photo):
    page = open_browser()
    name = open_row(page)
    box(page, name).set_input_files(photo)
    held(page, name).wait_for()
    kept(page)
    held(page, name).locator("button").press("Enter")
    expect(box(page, name)).to_be_focused()
    kept(page)
    page.reload()
    reopen(page, name)
    expect(held(page, name)).to_be_hidden()
    live(page)
    with page.expect_file_chooser() as chooser:
        box(page, name).press("Space")
    chooser.value.set_files(photo)
    held(page, name).wait_for()


def test_a_lost_network_is_waited_for(open_browser, photo):
    page = open_browser()
    name = open_row(page)
    kept(page)
    page.context.set_offline(True)
    box(page, name).set_input_files(photo)
    page.wait_for_selector("text=nie został jeszcze wysłany")
    page.context.set_offline(False)
    held(page, name).wait_for()
    kept(page)
    assert fetched(page, name) == (photo["name"], photo["buffer"])


def test_a_file_that_is_under_way_goes_with_the_save(open_browser, photo):
    page = open_browser()
    name = open_row(page)
    kept(page)
    page.route("**/files/*", never)
    box(page, name).set_input_files(photo)
    page.wait_for_selector("text=Wysyłanie pliku")
    save(page)
    page.unroute("**/files/*")
    reopen(page, name)
    assert fetched(page, name) == (photo["name"], photo["buffer"])


def test_a_session_that_ends_loses_no_file(open_browser, photo):
    page = open_browser()
    name = open_row(page)
    kept(page)
    page.wait_for_load_state("networkidle")  # an answer under way would bring the cookie back
    page.context.clear_cookies()
    box(page, name).set_input_files(photo)
    page.wait_for_selector("text=nie został jeszcze wysłany")
    expect(page.locator("[data-signed-out]")).to_be_visible()
    other = page.context.new_page()
    other.goto("/sign-in?language=pl")
    other.fill("#login", "anna")
    other.fill("#password", "correct horse battery")
    other.keyboard.press("Enter")
    other.wait_for_url("**/day")
    other.close()
    page.evaluate("dispatchEvent(new Event('focus'))")
    held(page, name).wait_for()
    kept(page)


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_the_control_is_accessible(open_browser, photo, width, tmp_path_factory):
    page = open_browser(width=width)
    folder = tmp_path_factory.mktemp(f"files-{width}")
    name = open_row(page)
    field = page.locator(f'[id="f-{name}.lx_photo"]')

    def look(state, place=field):
        place.scroll_into_view_if_needed()
        keep_picture(page, state, folder, width)
        before = page.viewport_size
        page.set_viewport_size({"width": width, "height": page.evaluate("document.documentElement.scrollHeight")})
        assert problems(page) == [], state
        page.set_viewport_size(before)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), state

    look("empty")
    page.route("**/files/*", never)
    box(page, name).set_input_files(photo)
    page.wait_for_selector("text=Wysyłanie pliku")
    look("sending")
    page.unroute("**/files/*")
    box(page, name).set_input_files({"name": "a.exe", "mimeType": "image/png", "buffer": b"MZ"})
    field.locator("[data-file-fault] .msg").wait_for()
    look("refused")
    box(page, name).set_input_files(
        photo | {"name": "Zdjęcie elektrody komorowej po usunięciu, 17 marca 2025, nr 2.png"}
    )
    held(page, name).wait_for()
    look("held")
    save(page)
    look("closed", page.locator(f'[data-row="{name}"]'))
