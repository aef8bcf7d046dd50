"""A session ends while one types: nothing is lost, with scripts and without."""

from urllib.parse import urlencode

import pytest

BODY = "application/x-www-form-urlencoded"


@pytest.fixture
def typing(world):
    """Somebody with an open form, and what was typed into it."""
    anna = world.browser("anna")
    who = anna.register()
    anna.open(who, "admission")
    return anna, who, {"unit_code": "123", "main_book_no": "zły numer", "__do": "complete"}


def test_a_post_after_the_end_comes_back_after_signing_in(world, typing):
    anna, _, typed = typing
    world.clock.wait(hours=2)
    anna.post(typed, "forms")
    assert anna.address.startswith("/sign-in")
    assert "są bezpieczne" in anna.text
    anna.post({"login": "anna", "password": "correct horse battery"}, "sign-in")
    assert "/forms/" in anna.address
    assert (anna.value("unit_code"), anna.value("main_book_no")) == ("123", "zły numer")
    assert "To kopia robocza" in anna.text


def test_what_was_kept_is_encrypted(world, typing):
    anna, _, typed = typing
    world.clock.wait(hours=2)
    anna.post({**typed, "main_book_no": "szukaj mnie"}, "forms")
    with world.space.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT ciphertext FROM working_copy").scalars().all()
    assert rows
    assert not any(b"szukaj" in bytes(row) for row in rows)


def test_what_a_script_is_told_undoes_no_sign_in_of_another_window(world, typing):
    anna, _, typed = typing
    world.clock.wait(hours=2)
    late = anna.draft(typed)
    assert late.status_code == 401
    assert "Set-Cookie" not in late.headers


@pytest.fixture
def without_cookie(typing):
    """The same, after the browser has lost its cookies."""
    anna, who, typed = typing
    anna.client.delete_cookie("ecrf")
    return anna, who, typed


def test_a_lost_cookie_loses_nothing_that_was_typed(without_cookie):
    anna, _, typed = without_cookie
    anna.post(typed, "forms")
    assert anna.address.startswith("/sign-in")
    assert "są bezpieczne" in anna.text
    anna.post({"login": "anna", "password": "correct horse battery"}, "sign-in")
    assert (anna.value("unit_code"), anna.value("main_book_no")) == ("123", "zły numer")


def test_the_script_is_told_whether_it_was_kept(without_cookie):
    anna, who, typed = without_cookie
    assert anna.draft(typed).json["kept"] is True
    assert anna.draft({**typed, "unit_code": "456", "__owner": ""}).json["kept"] is False
    assert anna.sign_in("anna").open(who, "admission").value("unit_code") == "123"


@pytest.mark.parametrize("change", ["", "1.2025-07-01T10:00:00+00:00/00", "altered", "late"])
def test_a_page_that_does_not_say_whose_it_is_is_not_called_kept(world, without_cookie, change):
    anna, _, typed = without_cookie
    mark = dict(anna.fields("forms")[1])["__owner"]
    if change == "late":
        world.clock.wait(days=15)
    account, rest = mark.split(".", 1)
    marks = {"altered": f"{int(account) + 1}.{rest}", "late": mark}
    anna.post({**typed, "__owner": marks.get(change, change)}, "forms")
    assert "są bezpieczne" not in anna.text
    assert "nie udało się zachować" in anna.text
    anna.post({"login": "anna", "password": "correct horse battery"}, "sign-in")
    assert anna.value("unit_code") == ""


def test_a_page_of_another_account_is_kept_for_that_account_alone(world, typing):
    anna, who, typed = typing
    address, fields = anna.fields("forms")
    anna.get("/lead_extraction/patients").post({}, "sign-out")
    anna.sign_in("piotr")
    told = anna.draft(typed, page=(address, fields))
    assert (told.status_code, told.json["kept"], "csrf_token" in told.json) == (419, True, False)
    body = urlencode([*(pair for pair in fields if pair[0] not in typed), *typed.items()])
    answer = anna.client.post(address, data=body, content_type=BODY)
    assert answer.status_code == 419
    assert "na innym koncie" in answer.get_data(as_text=True)
    assert anna.open(who, "admission").value("unit_code") == ""
    assert world.browser("anna").open(who, "admission").value("unit_code") == "123"


def test_nobody_else_gets_it(world, typing):
    anna, _, typed = typing
    world.clock.wait(hours=2)
    anna.post(typed, "forms")
    anna.post({"login": "piotr", "password": "correct horse battery"}, "sign-in")
    assert "/forms/" in anna.address
    assert anna.value("unit_code") == ""


def test_a_window_that_was_left_open_after_signing_out_loses_nothing(world, typing):
    anna, _, typed = typing
    address, fields = anna.fields("forms")
    anna.get("/lead_extraction/patients").post({}, "sign-out")
    body = urlencode([*(pair for pair in fields if pair[0] not in typed), *typed.items()])
    assert anna.client.post(address, data=body, content_type=BODY).status_code == 303
    anna.sign_in("anna", target=address)
    assert anna.value("unit_code") == "123"


def test_a_page_older_than_the_sign_in_becomes_a_draft(world, typing):
    anna, _, typed = typing
    address, fields = anna.fields("forms")
    anna.get("/lead_extraction/patients").post({}, "sign-out")
    anna.sign_in("anna")
    body = urlencode([*(pair for pair in fields if pair[0] not in typed), *typed.items()])
    answer = anna.client.post(address, data=body, content_type=BODY)
    assert answer.status_code == 303
    anna.get(answer.headers["Location"])
    assert "starsza niż logowanie" in anna.text
    assert anna.value("main_book_no") == "zły numer"


def test_a_script_is_told_and_gets_a_new_token(world, typing):
    anna, _, typed = typing
    address, fields = anna.fields("forms")
    body = urlencode([*(pair for pair in fields if pair[0] not in typed), *{**typed, "__do": "autosave"}.items()])
    headers = {"X-Requested-With": "fetch", "Accept": "application/json"}
    world.clock.wait(hours=2)
    answer = anna.client.post(f"{address}/draft", data=body, content_type=BODY, headers=headers)
    assert answer.status_code == 401
    assert answer.json["kept"] is True
    assert answer.json["sign_in"].startswith("/sign-in")
    anna.sign_in("anna")
    answer = anna.client.post(f"{address}/draft", data=body, content_type=BODY, headers=headers)
    assert answer.status_code == 419
    fresh = body.replace(
        urlencode({"csrf_token": dict(fields)["csrf_token"]}), urlencode({"csrf_token": answer.json["csrf_token"]})
    )
    assert anna.client.post(f"{address}/draft", data=fresh, content_type=BODY, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
)
def test_posts_of_other_sites_are_not_kept(world, typing, headers):
    anna, who, typed = typing
    anna.post(typed, "forms", follow=False, **{name.replace("_", "-"): value for name, value in headers.items()})
    assert "Porzuć zmiany" in anna.open(who, "admission").text or anna.status == 200
    world.clock.wait(hours=2)
    address = anna.fields("forms")[0]
    anna.client.post(address, data=urlencode({"unit_code": "999"}), content_type=BODY, headers=headers)
    anna.sign_in("anna", target=address)
    assert anna.value("unit_code") != "999"


def test_what_was_typed_before_a_role_ended_is_kept_and_shown_to_nobody_without_it(world, typing):
    from storage.accounts import add_membership, end_membership, find_account

    anna, who, typed = typing
    database, role = world.space.database, {"site_id": world.sites[0], "who": "office"}
    account = find_account(database, "anna").id
    world.clock.wait(hours=2)
    end_membership(database, account, "lead_extraction", "entry", at=world.clock(), **role)
    anna.post(typed, "forms")
    assert anna.address.startswith("/sign-in")
    anna.post({"login": "anna", "password": "correct horse battery"}, "sign-in")
    assert anna.status == 404
    add_membership(database, account, "lead_extraction", "entry", at=world.clock(), **role)
    assert anna.open(who, "admission").value("main_book_no") == "zły numer"


HELP = "/help/requests/new"
QUESTION = {"kind": "technical", "registry": "lead_extraction", "text": "Dlaczego <b>nie</b> zapisano?"}


def test_who_sent_something_small_after_the_session_comes_back_to_its_page(world):
    anna = world.browser("anna").get(HELP)
    world.clock.wait(hours=13)
    anna.post(QUESTION, "/requests", Referer=f"http://localhost{HELP}?of=/x")
    assert "przyciskiem Wstecz" in anna.text
    assert dict(anna.fields("sign-in")[1])["next"] == f"{HELP}?of=/x"
    came = anna.address
    assert "przyciskiem Wstecz" not in anna.get("/sign-in").text
    anna.sign_in("anna").get(came)
    assert (anna.address, "data-back" in anna.text) == (came, True), "Back comes by here, and goes on to what was typed"


@pytest.mark.parametrize(
    "came",
    ["https://evil.example/help", "http://localhost/nowhere", "http://localhost/account/password", ""],
)
def test_what_is_no_page_of_ours_is_not_come_back_to(world, came):
    anna = world.browser("anna").get(HELP)
    world.clock.wait(hours=13)
    anna.post(QUESTION, "/requests", Referer=came)
    assert dict(anna.fields("sign-in")[1])["next"] == "/"


def test_something_small_that_is_older_than_the_sign_in_is_sent_once_more(world):
    anna = world.browser("anna").get(HELP)
    anna.post({**QUESTION, "csrf_token": "of-before"}, "/requests")
    assert anna.status == 419
    assert "Zalogowana jest teraz osoba: Anna" in anna.text
    assert "<bdi>Dlaczego &lt;b&gt;nie&lt;/b&gt; zapisano?</bdi>" in anna.text
    anna.post({}, "/requests")
    assert anna.status == 200
    assert "Dlaczego &lt;b&gt;nie" in anna.text


@pytest.mark.parametrize(
    ("address", "typed", "headers"),
    [
        ("/account/password", {"old": "correct horse battery", "password": "x" * 12, "again": "x" * 12}, {}),
        ("/help/requests", QUESTION, {"Sec-Fetch-Site": "cross-site"}),
        ("/help/requests", QUESTION, {"Origin": "https://evil.example"}),
    ],
)
def test_secrets_and_posts_of_other_sites_are_not_shown_again(world, address, typed, headers):
    anna = world.browser("anna")
    answer = anna.client.post(address, data=typed, headers=headers)
    assert answer.status_code == 419
    assert not any(
        value in answer.get_data(as_text=True)
        for value in typed.values()
        if len(value) > 10 and value != "lead_extraction"
    )
