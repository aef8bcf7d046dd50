"""Pages of forms that were merged, moved or withdrawn while they were open: what they send arrives, or is kept and shown."""

import re
from pathlib import Path

import pytest

from storage.accounts import add_membership, create_account

PASSWORD = "correct horse battery"
REGISTRY = "lead_extraction"
LIST = f"/{REGISTRY}/patients"
GRIDS = Path(__file__).parents[1] / "fixtures" / "grids"


@pytest.fixture(scope="module")
def staff(quick_world):
    return with_kora(quick_world, REGISTRY)


@pytest.fixture(scope="module")
def support(new_sqlite, new_world):
    """A registry with grids."""
    built = new_world(new_sqlite(), definitions=GRIDS, registry="support")
    yield with_kora(built, "support")
    built.space.database.close()


def with_kora(world, registry):
    """A world with a coordinator."""
    database, now = world.space.database, world.clock.now
    new = create_account(database, "kora", "Kora", PASSWORD, who="office", at=now)
    add_membership(database, new, registry, "coordinator", site_id=world.sites[0], who="office", at=now)
    return world


def merge(staff, kept, other):
    kora = staff.browser("kora").get(f"{LIST}/{kept}/merge?to={other}")
    answers = dict.fromkeys(re.findall(r'name="(answer-\w+)"', kora.text), "kept")
    kora.post({**answers, "same": "1", "reason": "ta sama osoba"}, "/merge")
    assert kora.address.startswith(f"{LIST}/{kept}?"), kora.text


def unmerge(staff, kept):
    kora = staff.browser("kora").get(f"{LIST}/{kept}/states").post({"reason": "jednak dwie"}, "/undo")
    assert "Cofnięto połączenie" in kora.text


def form_of(browser):
    """Whose form a page shows."""
    return re.split("[/?]", browser.address)[3]


def test_what_is_saved_arrives_where_the_form_is_now(staff, pair):
    kept, other = pair
    anna = staff.browser("anna").open(other, "admission")
    merge(staff, kept, other)
    anna.post({"main_book_no": "77/2025", "__do": "save"}, "forms")
    assert (anna.status, form_of(anna), anna.value("main_book_no")) == (200, kept, "77/2025")
    assert f"był wcześniej gdzie indziej ({other})" in anna.text
    assert "To kopia robocza" not in anna.text
    assert anna.open(kept, "admission").value("unit_code") == "100"


def test_what_is_completed_arrives_as_well(staff, pair):
    kept, other = pair
    anna = staff.browser("anna").open(other, "admission")
    merge(staff, kept, other)
    anna.post({"main_book_no": "78/2025", "__do": "complete"}, "forms")
    assert anna.address.startswith(f"{LIST}/{kept}?")
    assert f"był wcześniej gdzie indziej ({other})" in anna.text
    assert anna.open(kept, "admission").value("main_book_no") == "78/2025"


def test_what_the_script_sends_is_kept_where_the_form_is_now(staff, pair):
    kept, other = pair
    anna = staff.browser("anna").open(other, "admission")
    merge(staff, kept, other)
    for typed in ("79/2025", "80/2025"):
        answer = anna.draft({"main_book_no": typed})
        told = answer.get_json()
        assert (answer.status_code, told["kept"]) == (409, True)
    assert anna.get(told["href"]).value("main_book_no") == "80/2025"
    assert form_of(anna) == kept
    assert "To kopia robocza" in anna.text
    anna.post({"__do": "save"}, "forms")
    assert staff.browser("piotr").open(kept, "admission").value("main_book_no") == "80/2025"


def test_a_page_that_outlives_the_merge_and_its_end_saves_both_ways(staff, pair):
    kept, other = pair
    merge(staff, kept, other)
    anna = staff.browser("anna").open(kept, "admission")  # of the first of the two episodes
    anna.get(max(re.findall(r'href="(/[^"]*\.admission)"', anna.get(f"{LIST}/{kept}").text), key=len_and_text))
    assert anna.value("main_book_no") == "4512/2025"
    unmerge(staff, kept)
    anna.post({"main_book_no": "81/2025", "__do": "save"}, "forms")
    assert (form_of(anna), anna.value("main_book_no")) == (other, "81/2025")


def len_and_text(address):
    return len(address), address


def test_an_old_address_leads_to_where_the_form_is_now(staff, pair):
    kept, other = pair
    anna = staff.browser("anna").open(other, "admission")
    old = anna.address.partition("?")[0]
    merge(staff, kept, other)
    assert (form_of(anna.get(old)), anna.value("main_book_no")) == (kept, "4512/2025")
    assert f"był wcześniej gdzie indziej ({other})" in anna.text
    new = anna.address.partition("?")[0]
    unmerge(staff, kept)
    assert (form_of(anna.get(new)), form_of(anna.get(old))) == (other, other)
    assert staff.browser("jan").get(old).status == 404


def test_my_day_leads_to_no_working_copy_that_cannot_be_opened(staff, pair):
    kept, other = pair
    anna = staff.browser("anna").open(other, "patient")
    anna.draft({"last_name": "Kowalska-Inna"})
    staff.clock.wait(minutes=20)
    merge(staff, kept, other)
    for address in re.findall(r'href="(/[^"]*/forms/[^"]*)"', anna.get(f"/{REGISTRY}/day").text):
        assert staff.browser("anna").get(address).status == 200, address
        assert other not in address


def test_what_others_saved_since_is_chosen_from(staff, pair):
    kept, other = pair
    anna = staff.browser("anna").open(other, "admission")
    merge(staff, kept, other)
    piotr = staff.browser("piotr").open(kept, "admission")
    piotr.get(max(re.findall(r'href="(/[^"]*\.admission)"', piotr.get(f"{LIST}/{kept}").text), key=len_and_text))
    piotr.post({"main_book_no": "82/2025", "unit_code": "101", "__do": "save"}, "forms")
    anna.post({"main_book_no": "83/2025", "__do": "save"}, "forms")
    assert (anna.status, "82/2025" in anna.text, "83/2025" in anna.text) == (409, True, True)
    assert "101" not in re.findall(r"<bdi>([^<]*)</bdi>", anna.text), "what one did not change is not asked"
    anna.post({"choice:.main_book_no": "mine"}, "resolve")
    assert (anna.value("main_book_no"), anna.value("unit_code")) == ("83/2025", "101")


def test_who_the_patient_is_goes_to_the_kept_record_as_a_choice(staff, pair):
    kept, other = pair
    anna = staff.browser("anna").open(other, "patient")
    merge(staff, kept, other)
    anna.post({"last_name": "Kowalska-Nowa", "__do": "save"}, "forms")
    assert (anna.status, "Kowalska-Nowa" in anna.text, kept in anna.text) == (409, True, True)
    assert staff.browser("piotr").open(kept, "patient").value("last_name") == "Kowalska"


def test_a_form_of_an_episode_that_stayed_behind_is_shown_and_kept(staff):
    anna = staff.browser("anna")
    kept, other = anna.register(), anna.register()
    anna.open(other, "admission")
    merge(staff, kept, other)
    answer = anna.draft({"main_book_no": "84/2025"})
    assert (answer.status_code, answer.get_json()["href"]) == (409, f"{LIST}/{other}")
    anna.post({"main_book_no": "84/2025", "adm_mode": "planned", "__do": "save"}, "forms")
    assert (anna.status, "Niczego nie zapisano" in anna.text) == (409, True)
    assert re.findall(r"<dt>([^<]+)</dt><dd><bdi>([^<]+)", anna.text)[-2:] == [
        ("Numer w księdze głównej", "84/2025"), ("Tryb przyjęcia", "Planowe, na podstawie skierowania"),
    ]  # fmt: skip
    assert form_of(anna.get(f"{LIST}/{other}")) == kept, "the way on leads to the record that is kept"
    unmerge(staff, kept)
    assert anna.open(other, "admission").value("main_book_no") == "84/2025"


def state_page(browser, who, form="admission"):
    browser.open(who, form)
    return browser.get(re.sub(r"\?.*", "", browser.address) + "/state")


def test_what_was_typed_and_not_saved_comes_along_and_goes_back(staff, pair):
    kept, other = pair
    piotr, anna = staff.browser("piotr").open(other, "admission"), staff.browser("anna")
    assert piotr.draft({"main_book_no": "88/2025"}).status_code == 200
    staff.clock.wait(minutes=20)
    merge(staff, kept, other)
    here = max(re.findall(r'href="(/[^"]*\.admission)"', piotr.get(f"{LIST}/{kept}").text), key=len_and_text)
    assert (piotr.get(here).value("main_book_no"), "To kopia robocza" in piotr.text) == ("88/2025", True)
    assert anna.get(here).value("main_book_no") == "4512/2025"
    piotr.draft({"main_book_no": "89/2025"})
    unmerge(staff, kept)
    assert piotr.open(other, "admission").value("main_book_no") == "89/2025"
    piotr.post({"__do": "save"}, "forms")
    assert staff.browser("anna").open(other, "admission").value("main_book_no") == "89/2025"


def test_an_episode_in_which_somebody_only_typed_comes_along(staff):
    anna = staff.browser("anna")
    kept, other = anna.register(), anna.register()
    anna.open(other, "admission").draft({"main_book_no": "90/2025"})
    staff.clock.wait(minutes=20)
    merge(staff, kept, other)
    anna.post({"main_book_no": "91/2025", "__do": "save"}, "forms")
    assert (form_of(anna), anna.value("main_book_no")) == (kept, "91/2025")


def test_a_withdrawn_form_is_not_entered_anew_unseen(staff, pair):
    _, other = pair
    anna = staff.browser("anna").open(other, "admission")
    state_page(staff.browser("kora"), other).post({"reason": "nie ten"}, "state/withdraw")
    answer = anna.draft({"main_book_no": "85/2025"})
    assert (answer.status_code, answer.get_json()["kept"]) == (409, True)
    anna.post({"main_book_no": "85/2025", "__do": "save"}, "forms")
    assert "ten formularz wycofano, gdy strona była otwarta" in anna.text
    assert (anna.value("main_book_no"), anna.value("unit_code")) == ("85/2025", "100")
    assert staff.browser("piotr").open(other, "admission").value("unit_code") == ""
    anna.post({"__do": "save"}, "forms")
    assert staff.browser("piotr").open(other, "admission").value("main_book_no") == "85/2025"


def test_a_withdrawn_patient_takes_nothing_and_nothing_is_lost(staff, pair):
    _, other = pair
    anna = staff.browser("anna").open(other, "admission")
    kora = staff.browser("kora").get(f"{LIST}/{other}/states")
    kora.post({"part": "patient", "reason": "pomyłka"}, "/withdrawn")
    assert "wycofan" in kora.text
    assert anna.draft({"main_book_no": "86/2025"}).status_code == 409
    anna.post({"main_book_no": "86/2025", "__do": "complete"}, "forms")
    assert (anna.status, "86/2025" in anna.text, "4512/2025" in anna.text) == (409, True, False)


def test_a_form_that_was_moved_is_followed(staff, pair):
    kept, other = pair
    anna = staff.browser("anna").open(other, "admission")
    kora = state_page(staff.browser("kora"), other)
    move = re.findall(r'href="([^"]*/move)"', kora.text)[0]
    kora.get(f"{move}?to={kept}").post(
        {
            "place": re.findall(r'name="place" value="([^"]+)"', kora.get(f"{move}?to={kept}").text)[0],
            "reason": "nie ten",
        },
        "/move",
    )
    anna.post({"main_book_no": "87/2025", "__do": "save"}, "forms")
    assert (form_of(anna), anna.value("main_book_no")) == (kept, "87/2025")
    assert staff.browser("piotr").open(other, "admission").value("main_book_no") == ""


def test_what_was_moved_is_moved_back_and_not_restored(staff, pair):
    kept, other = pair
    kora = state_page(staff.browser("kora"), other)
    move = re.findall(r'href="([^"]*/move)"', kora.text)[0]
    places = re.findall(r'name="place" value="([^"]+)"', kora.get(f"{move}?to={kept}").text)
    kora.post({"place": places[0], "reason": "nie ten"}, "/move")
    kora.get(f"{LIST}/{other}/states").post({"reason": "wraca"}, "/withdrawn/")
    assert "ten wpis przeniesiono i jest teraz gdzie indziej" in kora.text
    back = re.findall(r'href="([^"]*/move)"', state_page(kora, kept).text)[0]
    places = re.findall(r'name="place" value="([^"]+)"', kora.get(f"{back}?to={other}").text)
    kora.post({"place": places[0], "reason": "jednak ten"}, "/move")
    assert staff.browser("anna").open(other, "admission").value("main_book_no") == "4512/2025"
    part = re.findall(r'href="([^"]*/parts/\d+/move)"', kora.get(f"{LIST}/{other}/states").text)[0]
    kora.get(f"{part}?to={kept}").post({"reason": "nie ten"}, "/move")
    kora.get(f"{LIST}/{other}/states").post({"reason": "wraca"}, "/withdrawn/")
    assert "ten wpis przeniesiono i jest teraz gdzie indziej" in kora.text


def test_an_episode_whose_merge_was_taken_back_is_not_restored_at_the_other_record(staff, pair):
    kept, other = pair
    merge(staff, kept, other)
    unmerge(staff, kept)
    kora = staff.browser("kora").get(f"{LIST}/{kept}/states").post({"reason": "wraca"}, "/withdrawn/")
    assert "ten wpis przeniesiono i jest teraz gdzie indziej" in kora.text


def test_who_moves_second_is_told(staff, pair):
    kept, other = pair
    two = [staff.browser("kora") for _ in range(2)]
    for kora in two:
        move = re.findall(r'href="([^"]*/move)"', state_page(kora, other).text)[0]
        places = re.findall(r'name="place" value="([^"]+)"', kora.get(f"{move}?to={kept}").text)
    for kora in two:
        kora.post({"place": places[0], "reason": "x"}, "/move")
    assert (two[1].status, "w międzyczasie ktoś zmienił ten formularz" in two[1].text) == (200, True)
    for kora in two:
        part = re.findall(r'href="([^"]*/parts/\d+/move)"', kora.get(f"{LIST}/{kept}/states").text)[-1]
        kora.get(f"{part}?to={other}")
    for kora in two:
        kora.post({"reason": "x"}, "/move")
    assert (two[1].status, "Zapis zmienił się w międzyczasie." in two[1].text) == (200, True)


def test_who_withdraws_second_is_told(staff, pair):
    first, second = (staff.browser("kora").get(f"{LIST}/{pair[1]}/states") for _ in range(2))
    part = re.findall(r'<option value="(\d+)"', first.text)[0]
    first.post({"part": part, "reason": "x"}, "/withdrawn")
    second.post({"part": part, "reason": "x"}, "/withdrawn")
    assert (second.status, "Zapis zmienił się w międzyczasie." in second.text) == (200, True)


def test_a_form_of_nobody_is_as_unknown_as_before(staff, pair):
    anna = staff.browser("anna").open(pair[1], "admission")
    address, fields = anna.fields("forms")
    for other in (address.replace(pair[1], "TLE-9999-X9"), re.sub(r"\d+\.admission", "999999.admission", address)):
        assert anna.client.post(other, data=dict(fields)).status_code == 404


@pytest.fixture
def runs(support):
    """Two patients with a run each, of which the second began some days ago: the numbers, and the way to the grid of days."""
    anna, found = support.browser("anna"), []
    for day in ("28", "29"):
        anna.get("/support/patients").post({}, "/patients")
        found.append(anna.address.split("/")[3])
        run = re.findall(r"/forms/(\d+)\.course", anna.get(f"/support/patients/{found[-1]}").text)[0]
        anna.get(f"/support/patients/{found[-1]}/forms/{run}.course")
        anna.post({"started__d": day, "started__m": "6", "started__y": "2025", "__do": "save"}, "forms")
    grid = f"/support/patients/{found[1]}/grids/{run}.daily.day"
    anna.get(grid).post({"d1.flow": "4,0", "__do": "save"}, "grids")
    return (*found, grid)


def test_a_grid_saves_where_its_records_are_now(support, runs):
    kept, other, grid = runs
    anna, kora = support.browser("anna").get(grid), support.browser("kora")
    kora.get(f"/support/patients/{kept}/merge?to={other}").post({"reason": "ta sama osoba"}, "/merge")
    assert kora.address.startswith(f"/support/patients/{kept}?"), kora.text
    answer = anna.draft({"d1.flow": "4,1"}, anna.fields("grids"))
    assert (answer.status_code, answer.get_json()["kept"]) == (409, True)
    assert kept in answer.get_json()["href"]
    anna.post({"d1.flow": "4,2", "d2.flow": "4,3", "__do": "save"}, "grids")
    assert (form_of(anna), "Te wpisy są teraz tutaj" in anna.text, "Zapisano." in anna.text) == (kept, True, True)
    there = dict(support.browser("piotr").get(anna.address).fields("grids")[1])
    assert [there[f"d{n}.flow"] for n in (1, 2)] == ["4,2", "4,3"]


def test_a_grid_whose_records_are_nowhere_shows_what_was_typed(support, runs):
    _, other, grid = runs
    anna, kora = support.browser("anna").get(grid), support.browser("kora").get(f"/support/patients/{other}/states")
    kora.post({"part": "patient", "reason": "pomyłka"}, "/withdrawn")
    answer = anna.draft({"d1.flow": "4,1"}, anna.fields("grids"))
    assert (answer.status_code, answer.get_json()["kept"]) == (409, False)
    anna.post({"d1.flow": "4,1", "d2.flow": "4,3", "__do": "save"}, "grids")
    assert (anna.status, "4,1" in anna.text, "4,3" in anna.text) == (409, True, True)


def test_a_column_that_was_withdrawn_is_not_entered_anew_unseen(support, runs):
    grid = runs[-1]
    anna, kora = support.browser("anna").get(grid), support.browser("kora").get(grid)
    form = re.findall(r'href="([^"]*\.daily\.day\.1)"', kora.text)[0]
    kora.get(f"{form}/state").post({"reason": "nie ten"}, "state/withdraw")
    anna.post({"d1.flow": "4,4", "__do": "save"}, "grids")
    assert "nie zapisano" in anna.text
    flows = [dict(each.get(grid).fields("grids")[1])["d1.flow"] for each in (anna, support.browser("piotr"))]
    assert flows == ["4,4", ""], "it is a working copy"
