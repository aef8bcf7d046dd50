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


def test_a_closed_account_keeps_nothing(world, typing):
    from storage.accounts import end_membership, find_account

    anna, _, typed = typing
    database, site = world.space.database, world.sites[0]
    account = find_account(database, "anna").id
    world.clock.wait(hours=2)
    end_membership(database, account, "lead_extraction", "entry", site_id=site, who="office", at=world.clock())
    with database.read() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM working_copy").scalar_one()
    anna.post(typed, "forms")
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM working_copy").scalar_one() == before
