"""How complete the hospitals are: as a drawing with its table, of one's own hospitals, or of all for who belongs to none."""

import re
from datetime import date

from storage.accounts import add_membership, create_account, create_site
from storage.hospitals import Change, add_participation

HOME = "/lead_extraction/completeness"


def overseer(world, login, site):
    database, now = world.space.database, world.clock()
    account = create_account(database, login, login.title(), "correct horse battery", who="office", at=now)
    add_membership(database, account, "lead_extraction", "monitor", site_id=site, who="office", at=now)
    return world.browser(login)


def rows(browser, key):
    """The rows of a table, as plain text of their cells."""
    part = browser.text.partition(f'<h2 id="{key}"')[2].partition("</section>")[0]
    found = re.findall(r"<tr>(.*?)</tr>", part.partition("<tbody>")[2])
    return [[plain(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in found]


def plain(cell):
    cell = re.sub(r'<span class="narrow-only.*?</span>', "", cell)
    return " ".join(re.sub("<[^>]+>", " ", cell).split())


def test_completeness_of_hospitals_forms_and_months(world, anna):
    keeper, local = overseer(world, "otto", None), overseer(world, "lena", world.sites[0])
    assert "Nie ma jeszcze szpitali ani formularzy" in local.get(HOME).text
    who = anna.register()
    anna.open(who, "admission").post({"unit_code": "100", "__do": "save"}, "forms")
    world.browser("jan").register()
    keeper.get(HOME)
    assert rows(keeper, "sites-t") == [
        ["Szpital 1", "niezgłoszony", "1 z 1", "1", "2", "50"], ["Szpital 2", "niezgłoszony", "1 z 1", "1", "1", "100"],
    ]  # fmt: skip
    assert "taking-t" not in keeper.text  # nobody is enrolled
    assert ["Pacjent", "2", "2", "100"] in rows(keeper, "forms-t")
    assert "gotowe są 2 z 3 rozpoczętych formularzy: 67%" in keeper.text
    assert re.search(
        r'<th scope="row">2025-07</th><td class="num">2</td><td class="num">3</td><td class="num">67</td>', keeper.text
    )
    assert keeper.text.count('<rect class="a1"') == 1
    assert "Szpital 2" not in local.get(HOME).text
    assert "Szpital 2" not in local.get(f"{HOME}?site={world.sites[1]}").text
    one = rows(keeper.get(f"{HOME}?site={world.sites[1]}&form=patient"), "sites-t")
    assert one == [["Szpital 2", "niezgłoszony", "1 z 1", "1", "1", "100"]]
    assert keeper.get(f"{HOME}?site=x&form=none&page=0").status == 200
    assert anna.get(HOME).status == 403


def test_enrolled_hospitals_are_the_denominator(world, anna):
    database = world.space.database
    idle = create_site(database, "990000000103", "Szpital bez pacjentów", who="office", at=world.clock())
    for site, first in ((world.sites[0], date(2025, 5, 20)), (idle, date(2025, 6, 1))):
        add_participation(database, site, "lead_extraction", first, Change("office", world.clock()))
    anna.register()
    keeper = overseer(world, "nadia", None).get(HOME)
    first, *_, last = rows(keeper, "sites-t")
    assert first[:3] == ["Szpital 1", "20.05.2025", "1 z 3"]
    assert last == ["Szpital bez pacjentów", "01.06.2025", "0 z 2", "0", "0", "–"]
    assert "Bez żadnego formularza w tym czasie: 1 szpital." in keeper.text
    table = keeper.text.partition('<caption class="vh">Szpitale, które prowadzą rejestr')[2].partition("</table>")[0]
    months = dict(re.findall(r'<th scope="row">2025-(\d\d)</th>(.*?)</tr>', table))
    assert [plain(months[month]) for month in ("04", "05", "06", "07")] == ["0 0 –", "0 1 0", "0 2 0", "1 2 50"]
