"""What each role meets in a day, in both languages: every place its frame leads to, a patient, a form; axe finds nothing in any."""

import re

import pytest

from engine.synthesis import Wanted, make_subject, plan_synthesis
from engine.synthesis.reading import read_distribution
from storage.access import Actor
from storage.accounts import add_membership, create_account, find_account
from tests.scenarios.conftest import REGISTRY, ROOT
from tests.scenarios.page_faults import faults
from tests.web.browsing import PASSWORD
from web.roles import ROLES, Permission, allows
from web.synthetic import Load, Target

EVERYWHERE = {"registry_coordinator", "monitor", "author", "analyst", "administrator", "technical"}  # of all hospitals
IN_EVERY_RUN = {("coordinator", "en", 1280), ("administrator", "en", 1280)}
DAYS = [(role, language, width) for role in ROLES for language in ("pl", "en") for width in (1280, 390)]


@pytest.fixture(scope="module")
def staff(served):
    """A person of each role, and a patient with forms; the pseudonym is told by the list."""
    space, now = served.space, served.clock.now
    for role in ROLES:
        account = create_account(space.database, f"a-{role}", "Alina Kowal", PASSWORD, who="office", at=now)
        site = None if role in EVERYWHERE else served.site
        add_membership(space.database, account, REGISTRY, role, site_id=site, who="office", at=now)
    version, anna = space.registries.current[REGISTRY], find_account(space.database, "anna")
    target = Target(
        space.database, version.registry, version.rules, version.prefix,
        Actor(anna.id, anna.name, REGISTRY, served.site), now,
    )  # fmt: skip
    drawn = ROOT / "form_definitions" / "examples" / f"{REGISTRY}.distribution.yaml"
    plan = plan_synthesis(version.registry, read_distribution(drawn, version.registry))
    load = Load(target, make_subject(plan, 7, 3, now, Wanted(days_ago=30)))
    for visit in load.visits():
        load.save(visit)


@pytest.mark.parametrize(
    ("role", "language", "width"),
    [pytest.param(*day, marks=() if day in IN_EVERY_RUN else pytest.mark.slow) for day in DAYS],
)
def test_a_day(open_browser, served, staff, role, language, width, tmp_path):
    page = open_browser(f"a-{role}", width=width, language=language)
    page.goto("/")
    looked = faults(page, "start", tmp_path, width)
    places = page.eval_on_selector_all(
        "header nav a[href], .account a[href]", "links => links.map((link) => link.getAttribute('href'))"
    )
    pages = [place for place in dict.fromkeys(places) if re.match(r"/(?!sign-|static)(?!.*language=)", place)]
    if allows(role, Permission.READ):
        page.goto(f"/{REGISTRY}/patients")
        patient = page.locator("main a[href*='/patients/TLE']").first.get_attribute("href")
        page.goto(patient)
        pages += [patient, page.locator("a[href*='.procedure']").first.get_attribute("href")]
    for number, place in enumerate(pages):
        answer = page.goto(place)
        assert answer.status == 200, place
        assert page.locator("html").get_attribute("lang") == language
        looked += [(place, fault) for fault in faults(page, f"{role}-{language}-{number}", tmp_path, width)]
    assert looked == []
    assert len(pages) > (4 if allows(role, Permission.READ) else 0)
