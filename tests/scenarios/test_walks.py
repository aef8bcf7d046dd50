"""Every registry from admission to the last visit: each form of a made-up patient opens, keeps its values and is completed; axe finds nothing."""

import re
from pathlib import Path

import pytest

from engine.synthesis import Wanted, make_subject, plan_synthesis, read_distribution
from storage.access import Actor
from storage.accounts import find_account
from storage.listing import list_subjects
from tests.patience import MILLISECONDS
from tests.scenarios.form_pages import live
from tests.scenarios.page_faults import faults as faults_of
from tests.scenarios.page_faults import is_fault
from web.synthetic import Load, Target

DEFINITIONS = Path(__file__).parents[2] / "form_definitions"
REGISTRIES = sorted(file.stem for file in DEFINITIONS.glob("*.yaml"))
IN_EVERY_RUN = {"mcs"}  # with containers, grids and daily records; `make test-full` walks all
YEAR_AND_MORE = 420  # days since the treatment: the contacts of the first year are over


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=() if name in IN_EVERY_RUN else pytest.mark.slow) for name in REGISTRIES],
)
def walked(request, serve):
    """A registry with one patient: the address of the patient's page."""
    served = serve(DEFINITIONS, request.param)
    version, now = served.space.registries.current[request.param], served.clock.now
    anna = find_account(served.space.database, "anna")
    actor = Actor(anna.id, anna.name, request.param, served.site)
    target = Target(served.space.database, version.registry, version.rules, version.prefix, actor, now)
    drawn = DEFINITIONS / "examples" / f"{request.param}.distribution.yaml"
    plan = plan_synthesis(version.registry, read_distribution(drawn, version.registry))
    made = (make_subject(plan, 11, number, now, Wanted(days_ago=YEAR_AND_MORE)) for number in range(1, 13))
    longest = max(made, key=lambda each: len({node.scope.id for node in each.draft.forms()}))
    load = Load(target, longest)
    for visit in load.visits():
        load.save(visit)
    who = list_subjects(served.space.database, actor, at=now, order="number").subjects[0].pseudonym
    return served, f"{served.address}/{request.param}/patients/{who}", filled(served.record(who))


def filled(record):
    """The forms with something in them, as addresses name them."""
    held = {each.id: f".{each.event}.{each.number}" for each in record.occurrences}
    return {f"{place.instance}.{place.form}{held.get(place.occurrence, '')}" for place in record.forms}


def steps(page):
    """The forms in the order of the patient's page, of those that repeat the first and the last; and whether it is the first."""
    links = [link.get_attribute("href") for link in page.locator(".lanes a[href*='/forms/']").all()]
    kinds: dict[str, list[str]] = {}
    for link in dict.fromkeys(links):
        kinds.setdefault(re.sub(r"^.*/forms/\d+\.|\.\d+$", "", link), []).append(link)
    return [
        (link, link == several[0]) for several in kinds.values() for link in dict.fromkeys((several[0], several[-1]))
    ]


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_a_patient_from_admission_to_the_last_visit(browser, walked, width, tmp_path):
    served, address, stored = walked
    context = browser.new_context(locale="pl-PL", viewport={"width": width, "height": 900}, base_url=served.address)
    context.set_default_timeout(MILLISECONDS)
    faults, page = [], context.new_page()
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda said: faults.append(said.text) if is_fault(said.text) else None)
    page.goto("/sign-in?language=pl")
    page.fill("#login", "anna")
    page.fill("#password", "correct horse battery")
    page.keyboard.press("Enter")
    page.wait_for_url("**/day")
    page.goto(address)
    assert faults_of(page, "patient", tmp_path, width) == []
    walk = steps(page)
    assert len(stored & {link.rpartition("/")[2] for link, _ in walk}) > 9
    for link, first in walk:
        page.goto(link)
        live(page)
        name = link.rpartition("/")[2]
        if first:
            assert faults_of(page, name, tmp_path, width) == []
        if name not in stored:
            continue
        with page.expect_navigation():
            page.locator(".dock [value=complete]").click()
        assert "done=" in page.url, f"{name}: {page.locator('.summary').all_inner_texts()}"
    assert faults == []
    context.close()
