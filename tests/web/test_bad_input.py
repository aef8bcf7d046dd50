"""Every address of the application with ids, parameters and fields that make no sense, by each kind of role: nothing breaks or is believed."""

import re
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote, urlencode

import pytest

from storage.accounts import add_membership, create_account
from storage.hospitals import Change, add_participation, add_unit
from storage.tables import METADATA
from web.help_places import LONGEST

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "fixtures" / "rights"
PASSWORD = "correct horse battery"
PEOPLE = {
    "kora": ("coordinator", 0), "phil": ("physician", 0), "lola": ("local_administrator", 0), "rita": ("registry_coordinator", None),
    "mo": ("monitor", None), "ada": ("administrator", None), "alan": ("analyst", None),
}  # fmt: skip
ODD = (
    "0", "-1", str(2**31), str(2**63), str(10**30), "", " ", "%00", "a%00b", "%0A", "ąż≠🐎", "٣", "1e3", "1.5", "NaN", "null", "../../etc/passwd",
    "..%2F..%2Fx", "%2e%2e", "<script>", "' OR 1=1 --", "{{7*7}}", "%s%n", "x" * 3000, "1.care.care", ".", "..", "%FF%FE", "\u202e1",
)  # fmt: skip
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def ward(new_sqlite, new_world, fill_ward):
    """A ward with something of every kind, and people of each role."""
    world = new_world(new_sqlite(), definitions=FOLDER, registry="ward")
    database, at = world.space.database, world.clock.now
    for login, (role, place) in PEOPLE.items():
        account = create_account(database, login, login.title(), PASSWORD, who="office", at=at)
        site = None if place is None else world.sites[place]
        add_membership(database, account, "ward", role, site_id=site, who="office", at=at)
    ghost = create_account(database, "ghost", "Ghost", PASSWORD, who="office", at=at)
    add_membership(database, ghost, "ward", "reader", site_id=world.sites[0], who="office", at=at)
    filled, change = fill_ward(world), Change("office", world.clock.now, "x")
    add_unit(database, world.sites[0], "1", "Oddział", change)
    add_participation(database, world.sites[0], "ward", world.clock.now.date(), change)
    kora = world.browser("kora")
    kora.get(f"{filled.care}/queries?at=plan").post({"text": "Pytanie"}, "/queries?")
    kora.get("/help/requests/new").post({"kind": "technical", "registry": "ward", "text": "Pomocy"}, "/help/requests")
    yield SimpleNamespace(
        world=world, who=filled.who, spot=filled.care.rpartition("/")[2], digest=filled.digest, ghost=ghost
    )
    database.close()


@pytest.fixture(scope="module")
def calm(new_sqlite, new_world, fill_ward):
    """The same, which nobody posts nonsense to."""
    world = new_world(new_sqlite(), definitions=FOLDER, registry="ward")
    for login in ("kora", "ada"):
        account = create_account(world.space.database, login, login.title(), PASSWORD, who="office", at=world.clock.now)
        role, place = PEOPLE[login]
        site = None if place is None else world.sites[place]
        add_membership(world.space.database, account, "ward", role, site_id=site, who="office", at=world.clock.now)
    filled = fill_ward(world)
    yield SimpleNamespace(world=world, who=filled.who, spot=filled.care.rpartition("/")[2], digest=filled.digest)
    world.space.database.close()


def parts_of(ward):
    """What makes sense at each place of an address."""
    number = ward.spot.partition(".")[0]
    return {
        "registry": "ward", "who": ward.who, "spot": ward.spot, "series": f"{number}.daily.day", "occasion": f"{number}.day.1", "digest": ward.digest,
        "container": "episode", "form": "care", "name": "scan", "step": "close", "definition": "0" * 64, "language": "pl", "item": "plan",
        "person": str(ward.ghost), "subject": "patient", "action": "lock", "token": "x", "filename": "x", "key": "x",
    }  # fmt: skip


def rules(ward, method):
    return [
        rule for rule in ward.world.app.url_map.iter_rules() if method in rule.methods and rule.endpoint != "static"
    ]


def address(rule, parts):
    """The address of a rule with parts as they are: unlike `url_for`, which would refuse what no converter takes."""
    text = str(rule.rule).replace("<subject:who>", "patients/<who>")
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda name: parts.get(name[1], "1"), text)


def few(*what, number=4):
    """Some of the odd values, others for each address and role, the same in each run."""
    start = int(sha256(repr(what).encode()).hexdigest(), 16)
    return [ODD[(start + 7 * step) % len(ODD)] for step in range(number)]


def names_asked(kind):
    """The names of parameters or fields that the pages read."""
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "web").rglob("*.py"))
    return sorted(set(re.findall(rf'request\.{kind}\.get(?:list)?\("(\w+)"', sources)))


def odd_addresses(ward, login, method):
    """Each address with one odd part, the others as they should be."""
    for rule in rules(ward, method):
        for name in rule.arguments:
            for odd in few(login, rule.rule, name):
                yield rule.endpoint, address(rule, {**parts_of(ward), name: quote(odd, safe="%")})


def came(answer):
    """The status, with the body read as a browser would."""
    answer.get_data()
    answer.close()
    return answer.status_code


def test_each_odd_value_is_tried_at_many_places(ward):
    tried = {
        odd
        for login in PEOPLE
        for rule in rules(ward, "GET")
        for name in rule.arguments
        for odd in few(login, rule.rule, name)
    }
    assert tried == set(ODD)


@pytest.mark.parametrize("login", PEOPLE)
def test_pages_with_odd_addresses_do_not_break(ward, login):
    browser, seen = ward.world.browser(login), 0
    for endpoint, where in odd_addresses(ward, login, "GET"):
        status = came(browser.client.get(where))
        assert status < 500 or status == 501, (endpoint, where)
        seen += 1
    assert seen > 300


@pytest.mark.parametrize("login", PEOPLE)
def test_pages_with_odd_parameters_do_not_break(ward, login):
    browser, names = ward.world.browser(login), names_asked("args")
    assert len(names) > 15
    for rule in rules(ward, "GET"):
        for round_ in range(2):
            asked = {name: few(login, rule.rule, name, round_, number=1)[0] for name in names}
            where = f"{address(rule, parts_of(ward))}?{urlencode(asked)}"
            status = came(browser.client.get(where))
            assert status < 500 or status == 501, where


def csrf(browser):
    return re.findall(r'name="csrf_token" value="([^"]+)"', browser.get("/").text)[0]


@pytest.mark.parametrize("login", PEOPLE)
def test_posts_with_odd_addresses_and_fields_do_not_break(ward, login):
    browser = ward.world.browser(login)
    token, names = csrf(browser), names_asked("form")
    leaving = {"doors.lock", "accounts.sign_out_post", "own.password", "own.end"}
    for rule in rules(ward, "POST"):
        if rule.endpoint in leaving or rule.endpoint.startswith("accounts.sign"):
            continue
        places = [address(rule, parts_of(ward))] + [
            address(rule, {**parts_of(ward), name: quote(few(login, rule.rule, name, number=1)[0], safe="%")}) for name in rule.arguments
        ]  # fmt: skip
        for where in places:
            fields = [(name, few(login, where, name, number=1)[0]) for name in names] + [
                ("__do", few(where, number=1)[0]),
                ("plan", "x"),
            ]
            body = urlencode([("csrf_token", token), *fields, *fields[:3]])
            status = came(browser.client.post(where, data=body, content_type=FORM))
            assert status < 500 or status == 501, where
    assert browser.get("/account").status == 200


MARK = "planted-7-planted"


@pytest.mark.parametrize("login", ["anna", *PEOPLE])
def test_no_form_sets_what_it_does_not_ask_for(ward, login):
    """Every form of every page of a role, with a field for each column of each table: none of it is taken."""
    browser, posted = ward.world.browser(login), 0
    columns = {column.name for table in METADATA.sorted_tables for column in table.columns} | {
        "second_factor",
        "is_admin",
        "admin",
    }
    pages = []
    for where in browser.crawl("/"):
        if browser.page.mimetype == "text/html":
            pages += [(where, *form) for form in browser.forms()]
    for start in ("/account", "/help/requests/new"):
        pages += [(start, *form) for form in browser.get(start).forms()]
    for _, target, fields in {form[1]: form for form in pages}.values():
        if not target or re.search(r"sign-out|/lock$|/site$|/language$", target):
            continue
        asked = {name for name, _ in fields}
        planted = [(name, MARK) for name in sorted(columns - asked - asked_by_page(browser, target))]
        # Files go with forms as well: in parts, and once as a plain form.
        status = came(browser.client.post(target, data=urlencode([*fields, *planted]), content_type=FORM))
        assert status < 500 or status == 501, target
        posted += 1
    assert posted > 3
    assert everywhere(ward.world.space.database, MARK) == []


def asked_by_page(browser, target):
    """What the button or a text field of this form sends: these are asked for, though no browser fills them by itself."""
    return {"reason", "text", "name", "why", "answer", "code", "number", "email", "q", "typed"}


def everywhere(database, mark):
    """The tables in which a text stands."""
    with database.read() as connection:
        return [
            table.name for table in METADATA.sorted_tables
            if any(mark in str(value) for row in connection.execute(table.select()) for value in row)
        ]  # fmt: skip


@pytest.mark.parametrize("row", ["__proto__", "constructor", "prototype", "toString"])
def test_rows_and_fields_that_scripts_would_take_for_something_else_are_nobodys(calm, row):
    """Keys of objects in the browser are ids of definitions, which begin with a letter and are no such words, or of rows that are there."""
    anna = calm.world.browser("anna").get(f"/ward/patients/{calm.who}/forms/{calm.spot}")
    planted = {f"visitors.{row}.visitor": MARK, f"{row}.x": MARK, row: MARK, f"visitors.{row}": MARK, "__do": "save"}
    anna.post(planted, "forms")
    assert anna.status in (200, 400, 403)
    assert MARK not in anna.get(f"/ward/patients/{calm.who}/forms/{calm.spot}").text
    state = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', anna.text, re.DOTALL)
    assert state
    assert f'"{row}"' not in "".join(state)


# Too much, and too long


@pytest.mark.parametrize(
    ("headers", "path"),
    [
        ({"Cookie": "ecrf=" + "x" * 60_000}, "/ward/patients"), ({"Accept-Language": "pl," * 20_000}, "/sign-in"), ({"Referer": "x" * 60_000}, "/sign-in"),
        ({"X-Forwarded-For": "x, " * 20_000}, "/sign-in"), ({"Accept": "text/html;q=" + "9" * 5000}, "/ward/patients"),
        ({"Range": "bytes=0-,0-"}, "/static/ui.css"),
        ({"If-Modified-Since": "never"}, "/static/ui.css"), ({"Host": "elsewhere.example"}, "/sign-in"), ({"Content-Type": "multipart/form-data"}, "/sign-in"),
        ({}, "/sign-in?next=" + "/x" * 30_000), ({}, "/" + "x/" * 5000), ({"X-Requested-With": "fetch", "Accept": "application/json"}, "/nowhere"),
    ],
)  # fmt: skip
def test_headers_and_addresses_that_are_too_long_or_odd_do_not_break(ward, headers, path):
    assert came(ward.world.app.test_client().get(path, headers=headers)) < 500


@pytest.mark.parametrize("login", ["", "kora"])
def test_a_post_that_is_too_large_is_refused_everywhere(ward, login):
    browser = ward.world.browser(login)
    body = b"text=" + b"x" * 12_500_000
    for where in (
        "/sign-in",
        "/password",
        "/ward/patients/search",
        "/account/pin",
        f"/ward/patients/{ward.who}/forms/{ward.spot}",
        "/help/requests",
    ):
        answer = browser.client.post(where, data=body, content_type=FORM)
        assert came(answer) in (303, 400, 403, 413, 419), where


@pytest.mark.parametrize(
    "kind",
    ["application/json", "text/plain", "application/xml", "multipart/form-data; boundary=", "multipart/form-data", ""],
)
def test_bodies_of_other_kinds_are_read_as_nothing(ward, kind):
    browser = ward.world.browser("kora")
    for where in (
        "/account/pin",
        f"/ward/patients/{ward.who}/own-number",
        f"/ward/patients/{ward.who}/forms/{ward.spot}/draft",
    ):
        for body in (
            b'{"number": {"a": [1]}}',
            b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>",
            b"\xff\xfe\x00",
        ):
            assert came(browser.client.post(where, data=body, content_type=kind)) in (
                303,
                400,
                403,
                404,
                413,
                415,
                419,
                422,
            ), where


# What nobody is served


@pytest.mark.parametrize(
    "path",
    ["/.git/HEAD", "/.git/config", "/.svn/entries", "/.env", "/static/", "/static", "/assets/", "/static/vendor/", "/static/../web.py", "/static/%2e%2e/app.py",
     "/assets/..%2f..%2fpyproject.toml", "/static//etc/passwd", "/pyproject.toml", "/metrics", "/debug", "/console", "/docs", "/openapi.json",
     "/static/.git/HEAD"],
)  # fmt: skip
def test_no_folder_and_no_file_beside_the_assets_is_served(ward, path):
    for login in ("", "ada"):
        answer = ward.world.browser(login).client.get(path)
        assert came(answer) in (303, 308, 404), path
        assert answer.status_code == 404 or answer.headers["Location"].startswith(
            ("/sign-in", "http://localhost/static/")
        )


# Text that means something to somebody else

TEXTS = [
    "%3Cb%3E",
    "&lt;b&gt; &amp;amp;",
    "\\u003cb\\u003e",
    "{{7*7}} {% raw %} ${7*7}",
    "%s %d %n {0} {0.__class__} {name}",
    "50% _x_ [a-z]* (?:x)+",
    "=1+1",
    "'; DROP TABLE account; --",
]


@pytest.mark.parametrize("text", TEXTS)
def test_what_was_typed_comes_back_as_it_was_typed(calm, text):
    """Decoded once, not run as a template, a format, a pattern or a statement."""
    from html import unescape

    anna = calm.world.browser("anna")
    where = f"/ward/patients/{calm.who}/forms/{calm.spot}"
    anna.get(where).post({"plan": text, "__do": "save"}, "forms")
    assert anna.get(where).value("plan") == text
    assert anna.get(f"/ward/patients/{calm.who}").status == 200
    kora = calm.world.browser("kora")
    kora.get(f"{where}/queries?at=plan").post({"text": text}, "/queries?")
    assert text in unescape(kora.get("/ward/queries?show=all").text)
    assert "49" not in unescape(re.sub(r"<[^>]+>", " ", kora.text)).split()


@pytest.mark.parametrize(
    ("where", "plain", "patterns", "found"),
    [
        ("/ward/people?q=", "Kora", ("K%ra", "K_ra", "K.ra"), ">Kora<"),
        ("/ward/hospitals?q=", "Szpital 2", ("Szp%tal", "S_____l", "S.*l", "Szpital [12]3"), ">Szpital 2<"),
        ("/account/hospitals?q=", "Szpital 2", ("Szp%tal", "S_____l", "S.*l"), "Szpital 2"),
    ],
)
def test_signs_of_patterns_stand_for_nothing_else(calm, where, plain, patterns, found):
    ada = calm.world.browser("ada")
    assert found in ada.get(where + quote(plain)).text
    for pattern in patterns:
        assert found not in ada.get(where + quote(pattern)).text, pattern


def test_the_place_of_a_help_request_is_no_address_of_others(calm):
    kora = calm.world.browser("kora")
    for place in ("//evil.example", "javascript:alert(1)", "/" + "x" * (LONGEST + 1), "https://evil.example/x"):
        form = kora.get(f"/help/requests/new?of={quote(place)}").text.partition("<main")[2]
        assert not re.search(r"evil|javascript:|x{500}", form)
