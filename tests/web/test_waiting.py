"""The list of forms that wait for a review or a signature: what it shows to whom, and many done with one password."""

import re
from contextlib import closing

import pytest
from sqlalchemy import select

from storage.accounts import add_membership, create_account
from storage.hospitals import Change, add_unit
from storage.people import Scope, give_role
from storage.states import MARKS, permissions_for, states_before
from storage.tables import form_instance
from storage.tables.data import WAITING
from web import waiting
from web.roles import ROLES, Permission, allows

PASSWORD = "correct horse battery"
REGISTRY = "lead_extraction"
LIST = f"/{REGISTRY}/waiting"
PEOPLE = (
    ("pawel", "physician", 0),
    ("kora", "coordinator", 0),
    ("jola", "physician", 1),
    ("rena", "registry_coordinator", None),
)


@pytest.fixture(scope="module", params=["quick_world", "walled_world"])
def world(request):
    """SQLite, and PostgreSQL's policies; people who review and sign, at both hospitals and for the registry."""
    found = request.getfixturevalue(request.param)
    database, now = found.owner or found.space.database, found.clock()
    for login, role, place in PEOPLE:
        new = create_account(database, login, login.title(), PASSWORD, who="office", at=now)
        site = found.sites[place] if place is not None else None
        add_membership(database, new, REGISTRY, role, site_id=site, who="office", at=now)
    return found


@pytest.fixture
def done(world, admission):
    """Call it for a patient with a complete form of admission; the form of the person is complete too."""

    def begin(**values):
        anna = world.browser("anna")
        who = anna.register()
        anna.open(who, "admission").post({**admission, **values, "__do": "complete"}, "forms")
        return who, anna.open(who, "admission").address.partition("?")[0]

    return begin


def rows(browser, who):
    """The ticks of a patient's forms, by the end of the form's address."""
    found = {}
    for row in re.findall(r'<tr><th scope="row" class="wide">.*?</tr>', browser.text):
        if who in row:
            value, href = re.findall(r'name="form" value="([^"]+)"', row)[0], re.findall(r'href="([^"]+)"', row)[0]
            found[href.rpartition(".")[2]] = value
    return found


def opened(browser, who, **more):
    """The page of the list on which a patient stands."""
    query = "&".join(f"{name}={value}" for name, value in more.items())
    browser.get(f"{LIST}?{query}")
    while who not in browser.text and 'rel="next"' in browser.text:
        browser.get(re.findall(r'rel="next" href="([^"]+)"', browser.text)[0].replace("&amp;", "&"))
    return browser


def sign(browser, forms, **more):
    return browser.post({"form": forms, "meaning": "verified", "password": PASSWORD, **more}, "/waiting/sign")


def state(browser, form):
    return re.findall(r'class="st \w+ chip">.*?</svg>([^<]+)</span>', browser.get(f"{form}/state").text)[0]


def test_whoever_vouches_may_see_the_list():
    vouching = permissions_for(MARKS)
    assert dict(waiting.VOUCHING) == {action: Permission(name) for action, name in vouching.items()}
    for role in ROLES:
        assert not allows(role, Permission.SIGN) or allows(role, Permission.REVIEW), role


def test_the_index_covers_what_waits():
    assert set(re.findall(r"'(\w+)'", str(WAITING))) == {state.value for state in states_before(MARKS)}


def test_several_forms_are_signed_with_one_password(world, done):
    who, form = done()
    pawel = opened(world.browser("pawel"), who)
    ticks = rows(pawel, who)
    assert set(ticks) == {"admission", "patient"}
    for meaning in ("Wpisałem", "Dane porównano", "Odpowiadam za te dane"):
        assert meaning in pawel.text
    confirmed = len(world.audit("confirm"))
    sign(pawel, [*ticks.values()])
    assert "Podpisano 2 formularze." in pawel.text
    assert rows(opened(pawel, who), who) == {}
    assert state(pawel, form) == "podpisany"
    assert "Wartości są te same, co przy podpisie." in pawel.text
    assert "Dane porównano z dokumentacją medyczną." in pawel.text
    assert len(world.audit("confirm")) == confirmed + 1
    signed = [body for body in world.audit("sign") if '"verified"' in body]
    assert len({re.findall(r'"entered": ?"(\w{64})"', body)[0] for body in signed[-2:]}) == 2, (
        "each bound to its own values"
    )


def test_what_cannot_be_signed_is_left_and_told_with_the_way_there(world, done):
    who, form = done()
    warned = world.browser("anna").register(sex="f")
    faulty = world.browser("anna").register(pat_id_type="unident", pesel="", sex="m", birth_date__y="1960")
    pawel, kora = world.browser("pawel"), world.browser("kora")
    ticks = {
        name: rows(opened(pawel, one), one) for name, one in (("who", who), ("warned", warned), ("faulty", faulty))
    }
    world.browser("anna").get(form).post({"main_book_no": "77/2025", "__do": "complete"}, "forms")
    person = kora.open(who, "patient").address.partition("?")[0]
    kora.get(f"{person}/state").post({}, "state/lock")
    other, fine = done()
    (good,) = [value for name, value in rows(opened(pawel, other), other).items() if name == "admission"]
    sign(pawel, [good, *(value for found in ticks.values() for value in found.values())])
    assert "Podpisano 1 formularz." in pawel.text
    left = pawel.text.partition('id="left-t"')[2].partition("</section>")[0]
    said = {one: re.findall(rf"<li>(?:(?!</li>).)*{one}(?:(?!</li>).)*</li>", left) for one in (who, warned, faulty)}
    assert len(said[who]) == 2
    assert "po wyświetleniu listy" in "".join(said[who])
    assert "jego stan: zamknięty" in "".join(said[who])
    assert f'href="{form}"' in left
    assert "ostrzeżenie bez odpowiedzi" in said[warned][0]
    assert f"/{warned}/forms/" in said[warned][0]
    assert [("reguły znalazły" in text, "/state" in text) for text in said[faulty]] == [(True, True)]
    assert (state(pawel, fine), state(pawel, form)) == ("podpisany", "gotowy")
    assert "Podpisano 1" not in pawel.get(LIST).text, "told once"


def test_what_was_changed_since_it_was_seen_is_signed_by_nobody(world, done):
    who, form = done()
    pawel = opened(world.browser("pawel"), who)
    old = rows(pawel, who)["admission"]
    world.browser("anna").get(form).post({"main_book_no": "78/2025", "__do": "complete"}, "forms")
    sign(pawel, [old])
    assert state(pawel, form) == "gotowy"
    sign(opened(pawel, who), [rows(pawel, who)["admission"]])
    assert state(pawel, form) == "podpisany"


@pytest.mark.parametrize(
    ("posted", "said"),
    [
        ({"password": "wrong horse battery"}, "Hasło się nie zgadza. Niczego nie podpisano."),
        ({"meaning": None}, "Wybierz, co potwierdzasz."),
        ({"meaning": "everything"}, "Wybierz, co potwierdzasz."),
        ({"form": None}, "Zaznacz na liście formularze."),
    ],
)
def test_what_is_no_signature_signs_nothing_and_keeps_what_was_chosen(world, done, posted, said):
    who, form = done()
    pawel = opened(world.browser("pawel"), who)
    tick = rows(pawel, who)["admission"]
    sign(pawel, [tick], **posted)
    assert said in pawel.text
    assert "/waiting?" in pawel.address, "a page to which Back leads, and no answer to a post"
    assert (f'value="{tick}" checked' in pawel.text) is ("form" not in posted)
    assert ('value="verified" required checked' in pawel.text) is ("meaning" not in posted)
    assert 'role="alert"' not in pawel.get(pawel.address).text, "told once"
    assert state(pawel, form) == "gotowy"


def test_a_tick_is_not_kept_for_values_that_were_not_seen(world, done):
    who, form = done()
    pawel = opened(world.browser("pawel"), who)
    tick = rows(pawel, who)["admission"]
    world.browser("anna").get(form).post({"main_book_no": "79/2025", "__do": "complete"}, "forms")
    sign(pawel, [tick], password="wrong")
    assert "1 zaznaczony formularz zmienił się w międzyczasie" in pawel.text
    assert tick not in pawel.text
    assert f'value="{rows(pawel, who)["admission"]}" checked' not in pawel.text


def test_a_coordinator_reviews_and_signs_nothing(world, done):
    who, form = done()
    kora = opened(world.browser("kora"), who)
    assert 'name="password"' not in kora.text
    kora.post({"form": [*rows(kora, who).values()]}, "/waiting/review")
    assert "Przejrzano 2 formularze." in kora.text
    assert rows(opened(kora, who), who) == {}
    pawel = opened(world.browser("pawel"), who, state="reviewed", form="admission")
    ticks = rows(pawel, who)
    assert set(ticks) == {"admission"}
    pawel.post({"form": [*ticks.values()]}, "/waiting/sign", to=f"{LIST}/review")
    assert "jego stan: przejrzany" in pawel.text
    sign(opened(pawel, who), [*ticks.values()])
    assert state(pawel, form) == "podpisany"


def test_my_day_tells_how_many_and_leads_to_them(world, done):
    who, _ = done()
    for login, key in (("kora", "reviews"), ("pawel", "signatures"), ("rena", "reviews")):
        browser = world.browser(login).get(f"/{REGISTRY}/day")
        (number,) = re.findall(rf'href="#{key}"><b>(\d+\+?)</b>', browser.text)
        assert f'href="{LIST}"' in browser.text
        assert f"{number} formularz" in browser.get(LIST).text, login
    assert 'href="#reviews"' not in world.browser("pawel").get(f"/{REGISTRY}/day").text, "they are among those to sign"
    assert not re.findall('href="#(?:reviews|signatures)"', world.browser("anna").get(f"/{REGISTRY}/day").text)
    assert who not in world.browser("jola").get(f"/{REGISTRY}/day").text


def test_forms_of_others_are_refused_and_noted(world, done):
    who, form = done()
    tick = rows(opened(world.browser("pawel"), who), who)["admission"]
    jola = opened(world.browser("jola"), who)
    assert who not in jola.text
    assert "Żaden formularz nie czeka" in jola.text
    (token, *_) = re.findall(r'name="csrf_token" value="([^"]+)"', jola.text)
    noted = len(world.audit("denied"))
    for action in ("sign", "review"):
        data = {"form": tick, "meaning": "author", "password": PASSWORD, "csrf_token": token}
        assert jola.client.post(f"{LIST}/{action}", data=data).status_code == 404
    assert len(world.audit("denied")) == noted + 2
    assert state(world.browser("pawel"), form) == "gotowy"


def test_a_forged_tick_among_others_costs_nothing_but_itself(world, done):
    who, form = done()
    pawel = opened(world.browser("pawel"), who)
    noted = len(world.audit("denied"))
    sign(pawel, [rows(pawel, who)["admission"], "999999999:1", "x:1", "5"])
    assert "Podpisano 1 formularz." in pawel.text
    assert "1 zaznaczonego formularza już tu nie widać" in pawel.text
    assert len(world.audit("denied")) == noted + 1
    assert state(pawel, form) == "podpisany"


def test_a_ward_sees_what_waits_in_its_own_episodes(world, done):
    database, now = world.owner or world.space.database, world.clock()
    ward = add_unit(database, world.sites[0], f"W{now:%f%S%M}", "Oddział", Change("office", now))
    login = f"wanda{ward}"
    new = create_account(database, login, "Wanda", PASSWORD, who="office", at=now)
    give_role(database, Scope(REGISTRY, world.sites[0]), new, "physician", Change("office", now), unit_id=ward)
    who, _ = done()
    assert who not in opened(world.browser(login), who).text


def test_the_list_of_a_registry_is_narrowed_to_a_hospital_and_paged(world, done, monkeypatch):
    who, _ = done()
    rena = opened(world.browser("rena"), who)
    assert "Szpital 1" in rena.text
    assert who not in rena.get(f"{LIST}?hospital=Szpital+2").text
    assert "Nie ma takich formularzy" in rena.text
    assert who in opened(rena, who, hospital="Szpital+1").text
    monkeypatch.setattr(waiting, "MOST", 1)
    assert rena.get(LIST).text.count('name="form" value') == 1
    assert " checked>" not in rena.text
    assert rena.get(f"{LIST}?all=1").text.count(" checked>") == 1
    (first,) = re.findall(r'name="form" value="([^"]+)"', rena.text)
    rena.get(re.findall(r'rel="next" href="([^"]+)"', rena.text)[0].replace("&amp;", "&"))
    (second,) = re.findall(r'name="form" value="([^"]+)"', rena.text)
    assert int(first.partition(":")[0]) < int(second.partition(":")[0])
    rena.post({"form": [first, second]}, "/waiting/review")
    assert "Naraz najwyżej 1 formularzy. Nic nie zrobiono." in rena.text


def test_what_is_withdrawn_waits_for_nobody(world, done):
    who, form = done()
    kora = world.browser("kora")
    kora.get(f"{form}/state").post({"reason": "pomyłka"}, "state/withdraw")
    assert set(rows(opened(kora, who), who)) == {"patient"}


def test_ones_own_edits_that_are_not_saved_are_told(world, done):
    who, form = done()
    pawel = world.browser("pawel")
    assert "niezapisane zmiany" not in opened(pawel, who, form="admission").text
    pawel.get(form).draft({"main_book_no": "80/2025"})
    (row,) = [each for each in re.findall("<tr>.*?</tr>", opened(pawel, who, form="admission").text) if who in each]
    assert "Masz tu niezapisane zmiany." in row
    assert "niezapisane zmiany" not in opened(world.browser("kora"), who, form="admission").text


def test_a_hospital_s_own_record_is_signed_too(new_walled_world, new_postgres):
    with closing(new_walled_world(new_postgres(), registry="mcs")) as world:
        new = create_account(world.owner, "pawel", "Pawel", PASSWORD, who="office", at=world.clock.now)
        right = {"site_id": world.sites[0], "who": "office", "at": world.clock.now}
        add_membership(world.owner, new, "mcs", "physician", **right)
        anna = world.browser("anna").get("/mcs/hospital")
        anna.post({}, "/add/ast")
        values = {
            "ast_model": "OTHER",
            "ast_serial": "SN-1",
            "ast_year": "2020",
            "ast_funding": "OWN",
            "ast_status": "OK",
        }
        served = {"ast_service__d": "1", "ast_service__m": "6", "ast_service__y": "2025"}
        anna.post({**values, **served, "__do": "complete"}, "forms")
        pawel = world.browser("pawel").get("/mcs/waiting")
        (tick,) = re.findall(r'name="form" value="([^"]+)"', pawel.text)
        (href,) = re.findall(r'href="(/mcs/hospital/[^"]+ast[^"]*)"', pawel.text)
        assert pawel.get(href).status == 200
        sign(pawel.get("/mcs/waiting"), [tick])
        assert "Podpisano 1 formularz." in pawel.text


def test_signing_asks_as_often_for_each_form(world, done):
    people, counts = [done()[0] for _ in range(3)], []
    pawel, database = world.browser("pawel"), world.space.database
    for wanted in (people[:1], people[1:]):
        ticks = [rows(opened(pawel, who), who)["admission"] for who in wanted]
        opened(pawel, wanted[-1])
        with database.counted() as sent:
            sign(pawel, ticks)
        counts.append(len([each for each in sent if "UPDATE form_instance SET state" in each]))
        counts.append(len(sent))
    assert counts[::2] == [1, 2]
    assert counts[3] - counts[1] <= 12, "statements for one form more"


def test_a_form_stands_where_the_list_leads(world, done):
    who, _ = done()
    with (world.owner or world.space.database).read() as connection:
        number = connection.execute(
            select(form_instance.c.id).order_by(form_instance.c.id.desc()).limit(1)
        ).scalar_one()
    pawel = opened(world.browser("pawel"), who)
    assert rows(pawel, who)["admission"].startswith(f"{number}:")
    (href,) = {each for each in re.findall(r'href="([^"]+\.admission)"', pawel.text) if who in each}
    assert pawel.get(href).status == 200
