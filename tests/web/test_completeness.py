"""How complete the hospitals are: as a drawing with its table, of one's own hospitals, or of all for who belongs to none."""

import re

from storage.accounts import add_membership, create_account

HOME = "/lead_extraction/completeness"


def overseer(world, login, site):
    database, now = world.space.database, world.clock()
    account = create_account(database, login, login.title(), "correct horse battery", who="office", at=now)
    add_membership(database, account, "lead_extraction", "monitor", site_id=site, who="office", at=now)
    return world.browser(login)


def rows(browser, key):
    part = browser.text.partition(f'<h2 id="{key}"')[2].partition("</section>")[0]
    return [re.findall(r"<t[hd][^>]*>([^<]*)<", row) for row in re.findall(r"<tr>(.*?)</tr>", part)][1:]


def test_completeness_of_hospitals_forms_and_months(world, anna):
    keeper, local = overseer(world, "otto", None), overseer(world, "lena", world.sites[0])
    assert "Nie ma jeszcze formularzy" in local.get(HOME).text
    who = anna.register()
    anna.open(who, "admission").post({"unit_code": "100", "__do": "save"}, "forms")
    world.browser("jan").register()
    keeper.get(HOME)
    assert rows(keeper, "sites-t") == [["Szpital 1", "1", "2", "50"], ["Szpital 2", "1", "1", "100"]]
    assert ["Pacjent", "2", "2", "100"] in rows(keeper, "forms-t")
    assert "gotowe są 2 z 3 rozpoczętych formularzy: 67%" in keeper.text
    assert re.search(
        r'<th scope="row">2025-07</th><td class="num">2</td><td class="num">3</td><td class="num">67</td>', keeper.text
    )
    assert keeper.text.count('<rect class="a1"') == 1
    assert "Szpital 2" not in local.get(HOME).text
    assert rows(keeper.get(f"{HOME}?site={world.sites[1]}&form=patient"), "sites-t") == [["Szpital 2", "1", "1", "100"]]
    assert keeper.get(f"{HOME}?site=x&form=none").status == 200
    with world.space.database.counted() as sent:
        keeper.get(HOME)
    assert len(sent) <= 5
    assert anna.get(HOME).status == 403
