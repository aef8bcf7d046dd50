"""Two windows, a lost network, an ended session, a killed server: nothing typed is lost, nothing is saved twice."""

import base64
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import expect
from sqlalchemy import make_url

from cli.main import main
from tests.patience import MILLISECONDS, SECONDS
from tests.scenarios.form_pages import HeldBack, live, number_of, opened, register, save, to_form, wait_until

ROOT = Path(__file__).parents[2]


def new_patient(page):
    page.goto("/lead_extraction/patients")
    register(page)
    return number_of(page)


def admission(page, who):
    to_form(page, "lead_extraction", who, "admission")


def saved(page, state):
    page.wait_for_selector(f'[data-save="{state}"]')


def start_patient(page):
    """A patient whose first form was saved, so that the number stays in use."""
    who = new_patient(page)
    page.fill("[name=last_name]", "Przykładowa")
    save(page)
    return who


def test_what_is_typed_before_the_script_runs_is_kept(open_browser):
    page = open_browser()
    who = start_patient(page)
    script = HeldBack(page, "**/static/form.js")
    page.goto(f"/lead_extraction/patients/{who}")
    page.locator('.lanes a[href$=".admission"]').click(no_wait_after=True)
    page.fill("[name=unit_code]", "123")
    page.locator("[name=payer][value=nfz]").check()
    script.let_go()
    saved(page, "copy")
    admission(page, who)
    expect(page.locator("[name=unit_code]")).to_have_value("123")
    expect(page.locator("[name=payer][value=nfz]")).to_be_checked()


def test_who_types_on_while_the_saved_page_comes_is_left_alone(open_browser):
    page = open_browser()
    admission(page, start_patient(page))
    page.fill("[name=main_book_no]", "1/2025")
    script = HeldBack(page, "**/static/files.js")
    page.keyboard.press("Control+s")
    page.wait_for_url("**said=*", wait_until="commit")
    page.locator("[name=unit_code]").click()
    page.keyboard.type("12")
    script.let_go()
    page.wait_for_load_state()
    page.keyboard.type("3")
    expect(page.locator("[name=unit_code]")).to_have_value("123")
    expect(page.locator("[name=main_book_no]")).to_have_value("1/2025")


def test_autosave_survives_a_closed_window(open_browser):
    page = open_browser()
    who = start_patient(page)
    admission(page, who)
    page.fill("[name=unit_code]", "1x3")
    page.fill("[name=main_book_no]", "4512/2025")
    saved(page, "copy")
    again = open_browser()
    admission(again, who)
    expect(again.locator("[name=unit_code]")).to_have_value("1x3")
    expect(again.locator("[name=main_book_no]")).to_have_value("4512/2025")
    expect(again.locator("#main")).to_contain_text("kopia robocza", use_inner_text=True)


def test_two_windows_of_one_person(open_browser):
    page = open_browser()
    who = start_patient(page)
    admission(page, who)
    other = page.context.new_page()
    admission(other, who)
    page.fill("[name=unit_code]", "100")
    save(page)
    other.fill("[name=unit_code]", "200")
    saved(other, "conflict")
    with other.expect_navigation():
        other.locator(".dock [value=save]").click()
    other.wait_for_selector("fieldset.clash")
    expect(other.locator("h1"), "where one learns what has happened").to_be_focused()
    other.locator(".pick", has_text="200").click()
    with other.expect_navigation():
        other.click("button.go")
    opened(other)
    expect(other.locator("[name=unit_code]")).to_have_value("200")
    admission(page, who)
    expect(page.locator("[name=unit_code]")).to_have_value("200")


def test_typing_and_saving_at_once_leaves_nothing_behind(open_browser):
    page = open_browser()
    who = start_patient(page)
    admission(page, who)
    for code in ("100", "200", "300"):
        page.fill("[name=unit_code]", code)
        save(page)
        expect(page.locator("[name=unit_code]")).to_have_value(code)
        expect(page.locator("text=Porzuć zmiany")).to_have_count(0)
        page.goto(page.url.split("?")[0])
    admission(page, who)
    expect(page.locator("text=Porzuć zmiany")).to_have_count(0)


def test_a_lost_network_and_its_return(open_browser):
    page = open_browser()
    who = start_patient(page)
    admission(page, who)
    page.context.set_offline(True)
    page.fill("[name=unit_code]", "321")
    saved(page, "offline")
    page.fill("[name=main_book_no]", "77/2025")
    page.context.set_offline(False)
    saved(page, "copy")
    again = open_browser()
    admission(again, who)
    expect(again.locator("[name=unit_code]")).to_have_value("321")
    expect(again.locator("[name=main_book_no]")).to_have_value("77/2025")


def test_the_session_ends_while_typing(open_browser, served):
    page = open_browser()
    who = start_patient(page)
    admission(page, who)
    page.fill("[name=unit_code]", "1")
    saved(page, "copy")
    served.clock.skip(timedelta(hours=2))
    page.fill("[name=unit_code]", "456")
    link = page.locator("[data-signed-out]")
    link.wait_for(state="visible")
    sign_in_elsewhere(page, link)
    page.fill("[name=main_book_no]", "12/2025")
    saved(page, "copy")
    expect(link).to_be_hidden()
    save(page)
    expect(page.locator("[name=unit_code]")).to_have_value("456")
    expect(page.locator("[name=main_book_no]")).to_have_value("12/2025")


def sign_in_elsewhere(page, link):
    with page.context.expect_page() as opened:
        link.click()
    tab = opened.value
    tab.fill("#login", "anna")
    tab.fill("#password", "correct horse battery")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("text=Zamknij tę kartę")
    tab.close()
    page.bring_to_front()


def test_the_session_is_gone_and_what_is_typed_cannot_be_kept(open_browser, served):
    """The page says so, and holds a save back until somebody has signed in."""
    page = open_browser()
    who = start_patient(page)
    admission(page, who)
    served.clock.skip(timedelta(days=15))  # longer than anything is kept
    page.fill("[name=unit_code]", "456")
    link = page.locator("[data-signed-out]")
    link.wait_for(state="visible")
    expect(link).to_contain_text("Nie zamykaj tej karty", use_inner_text=True)
    expect(link).not_to_contain_text("bezpieczne", use_inner_text=True)
    page.locator(".dock [value=save]").click()
    expect(link).to_be_focused()
    sign_in_elsewhere(page, link)
    save(page)
    expect(page.locator("[name=unit_code]")).to_have_value("456")


def test_saving_without_network_keeps_the_page(open_browser):
    page = open_browser()
    who = start_patient(page)
    admission(page, who)
    live(page)  # all scripts have come
    page.context.set_offline(True)
    page.fill("[name=unit_code]", "456")
    page.locator(".dock [value=save]").click()
    saved(page, "offline")
    page.context.set_offline(False)
    save(page)
    expect(page.locator("[name=unit_code]")).to_have_value("456")


def test_leaving_with_unsaved_changes_asks(open_browser):
    page = open_browser()
    who = start_patient(page)
    admission(page, who)
    asked = []
    page.context.set_offline(True)
    page.locator("[name=unit_code]").click()
    page.keyboard.type("9")

    def leave(dialog):
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", leave)
    page.locator(".crumbs a").first.click(no_wait_after=True)
    wait_until(page, lambda: asked == ["beforeunload"])
    page.context.set_offline(False)
    saved(page, "copy")
    with page.expect_navigation(url="**/patients"):
        page.locator(".crumbs a").first.click()
    assert asked == ["beforeunload"]


def test_going_back_after_a_save_and_saving_again(open_browser):
    page = open_browser()
    who = start_patient(page)
    admission(page, who)
    page.fill("[name=unit_code]", "100")
    save(page)
    page.go_back()
    opened(page)
    page.fill("[name=unit_code]", "200")
    with page.expect_navigation():
        page.locator(".dock [value=save]").click()
    if page.locator("fieldset.clash").count():
        page.locator(".pick", has_text="200").click()
        with page.expect_navigation():
            page.click("button.go")
        opened(page)
    expect(page.locator("[name=unit_code]")).to_have_value("200")


def test_switching_the_language_keeps_what_was_typed(open_browser):
    page = open_browser()
    who = start_patient(page)
    admission(page, who)
    parts = {"d": "17", "m": "3", "y": "2025", "t": "rano"}
    for part, text in parts.items():
        page.fill(f"[name=adm_datetime__{part}]", text)
    page.fill("[name=unit_code]", "abc")
    page.click("button[value='language:en']")
    page.wait_for_selector("html[lang=en]")
    for part, text in parts.items():
        expect(page.locator(f"[name=adm_datetime__{part}]")).to_have_value(text)
    expect(page.locator("[name=unit_code]")).to_have_value("abc")


# A server that is killed ----------------------------------------------------------------------------------------------


def free_port():
    """One below those that the system gives to who connects, so that nobody gets it while the server is down."""
    for port in random.sample(range(20_000, 32_000), 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


@pytest.fixture
def killable(tmp_path, compiled, new_sqlite):
    """`ecrf serve` in a process of its own, with an account; call it to start it again on the same database."""
    url = new_sqlite()
    (tmp_path / "master.key").write_text(base64.b64encode(b"k" * 32).decode(), "utf-8")
    (tmp_path / "secret").write_text("s" * 48, "utf-8")
    environment = {
        **os.environ, "ECRF_DATABASE_URL": url, "ECRF_SECRET_FILE": str(tmp_path / "secret"),
        "ECRF_MASTER_KEY_FILE": str(tmp_path / "master.key"), "ECRF_DEFINITIONS": str(ROOT / "form_definitions"),
        "ECRF_PLAIN_HTTP": "1", "ECRF_CACHE": str(compiled),
    }  # fmt: skip

    def command(*words, text=""):
        made = CliRunner().invoke(main, words, env=environment, input=text)
        assert made.exit_code == 0, made.output
        return made.stdout.strip()

    site = command("users", "hospital", "990000000101", "Szpital")
    command("users", "add", "anna", "Anna Nowak", "--password-stdin", text="correct horse battery\n")
    command("users", "role", "anna", "lead_extraction", "entry", "--hospital", site)
    port, running = free_port(), []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", "from cli.main import main; main()", "serve", "--port", str(port)],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        running.append(process)
        for _ in range(10 * SECONDS):
            assert process.poll() is None, "the server has ended"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return process
            time.sleep(0.1)
        raise AssertionError("the server does not answer")

    yield start, f"http://127.0.0.1:{port}", make_url(url).database
    for process in running:
        process.kill()
        process.wait()


def test_the_server_is_killed_between_request_and_answer(killable, browser):
    import sqlite3

    start, address, database = killable
    process = start()
    with browser.new_context(locale="pl-PL", base_url=address) as context:
        context.set_default_timeout(MILLISECONDS)
        page = context.new_page()
        page.goto("/sign-in?language=pl")
        page.fill("#login", "anna")
        page.fill("#password", "correct horse battery")
        page.keyboard.press("Enter")
        page.wait_for_url("**/day")
        page.goto("/lead_extraction/patients")
        who = start_patient(page)
        admission(page, who)
        page.fill("[name=unit_code]", "100")
        saved(page, "copy")
        page.fill("[name=unit_code]", "789")
        context.route("**/forms/*", lambda route: _kill_after(route, process))
        page.locator(".dock [value=save]").click(no_wait_after=True)
        wait_until(page, lambda: process.poll() is not None)  # which lets the handler run
        context.unroute_all(behavior="ignoreErrors")
        page.close()
        start()
        page = context.new_page()
        page.goto(f"/lead_extraction/patients/{who}")
        admission(page, who)
        expect(page.locator("[name=unit_code]")).to_have_value("789")
        save(page)
        expect(page.locator("[name=unit_code]")).to_have_value("789")
    with sqlite3.connect(database) as connection:
        saves = connection.execute(
            "SELECT count(*) FROM audit_entry WHERE kind IN ('open_form', 'save') AND items LIKE '%unit_code%'"
        )
        assert saves.fetchone()[0] == 1


def _kill_after(route, process):
    """The request reaches the server, the answer never arrives."""
    if route.request.method != "POST":
        route.continue_()
        return
    with contextlib.suppress(Exception):
        route.fetch(max_redirects=0)
    os.kill(process.pid, signal.SIGKILL)
    route.abort()


@pytest.mark.parametrize(("name", "typed"), [("unit_code", "abc"), ("adm_datetime__d", "32")])
def test_the_keyboard_goes_on_at_an_answer_that_could_not_be_saved(open_browser, name, typed):
    page = open_browser()
    admission(page, start_patient(page))
    page.fill(f"[name={name}]", typed)
    with page.expect_navigation(url="**said=*"):
        page.keyboard.press("Control+s")
    expect(page.locator(".note a").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(f"[name={name}]")).to_be_focused()
