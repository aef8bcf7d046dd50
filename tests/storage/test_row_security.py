"""The second wall, by raw SQL with the role that the application signs in with: PostgreSQL alone has it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import ProgrammingError

from engine.records.form_data import FormData, RowData
from storage.access import may_see
from storage.accounts import add_membership, create_account
from storage.audit_search import Sought, search_audit
from storage.carrying import Book
from storage.completeness import Own, completeness
from storage.episode_links import End, episodes_named, link_episodes, links_of, unlink_episodes
from storage.errors import NotFound, NotVisible
from storage.form_data import load_subject
from storage.help_requests import Notice, Said, ask, before, load_request, of_asker, take_step
from storage.help_steps import Kind, Side, Team
from storage.history import subject_history
from storage.hospitals import Change, add_unit
from storage.identity import erase, page_identities
from storage.instances import open_instance
from storage.listing import list_subjects
from storage.merges import merge_of, merged_into
from storage.merging import Merge, merge, unmerge
from storage.my_day import hospital_days
from storage.opened_forms import Deed
from storage.sharing import Share, grants_of, share, take_back
from storage.subjects import enrol_subject, register_subject
from storage.tables import METADATA, episode_link
from storage.takeovers import ask_takeover, decide_takeover, takeovers_to_decide
from storage.wards import ToWard, give_to_ward
from storage.working_copy import keep_working_copy, working_copy_of

# Rows of people that everybody at work may find: keyed hashes, which tell that something is taken and nothing else.
HASHES = {"identity_hash", "unique_key"}
OF_SUBJECT = [t.name for t in METADATA.sorted_tables if "subject_id" in t.columns]
OF_FORM = [t.name for t in METADATA.sorted_tables if "form_id" in t.columns and "subject_id" not in t.columns]


@pytest.fixture(scope="module")
def two(new_ward):
    """Two hospitals with a patient each, of whom something stands in every table."""
    found = []
    for name in ("Lis", "Wilk"):
        ward = new_ward()
        person = {"last_name": name, "pesel": f"{name}-1", "sex": "a"}
        ward.save(FormData(person), ward.person)
        ward.save(
            FormData(
                {"v_text": name, "v_integer": Decimal(200), "v_decimal": Decimal(1)},
                {"bc": (RowData(f"r-{name}", {}),)},
            )
        )
        ward.save(FormData({"v_text": name, "v_file": ward.upload(b"%PDF-1.7 " + name.encode())}))
        keep_working_copy(
            ward.database, ward.actor, ward.subject, ward.visit, {"x": name}, revision=1, at=ward.now
        )  # fmt: skip
        found.append(ward)
    return found


def rows(database, query, **given):
    with database.read() as connection:
        return connection.execute(text(query), given).all()


def forms_of(ward):
    return [one for (one,) in rows(ward.database, "SELECT id FROM form_instance WHERE subject_id = :s", s=ward.subject)]


def test_every_table_with_rows_of_subjects_is_behind_the_wall(application):
    protected = {name for (name,) in rows(application, "SELECT relname FROM pg_class WHERE relrowsecurity")}
    wanted = {"subject", *OF_SUBJECT, *OF_FORM}
    assert wanted <= protected, "give these tables a policy by a migration, like 0015: see docs/security.md"
    (owned,) = rows(application, "SELECT count(*) FROM pg_class WHERE relowner = CURRENT_USER::regrole")
    assert owned[0] == 0


@pytest.mark.parametrize("table", ["subject", *OF_SUBJECT, *OF_FORM])
def test_nobody_sees_nothing(application, two, table):
    assert two
    about = " WHERE subject_id IS NOT NULL" if table == "audit_entry" else ""
    assert rows(application, f"SELECT 1 FROM {table}{about} LIMIT 1") == []


@pytest.mark.parametrize("table", ["subject", *OF_SUBJECT, *OF_FORM])
def test_a_hospital_sees_its_own_and_nothing_of_another(act_as, two, table):
    mine, theirs = two
    if table == "subject":
        query, of_mine, of_theirs = "SELECT id FROM subject WHERE id = ANY(:of)", [mine.subject], [theirs.subject]
    elif table in OF_SUBJECT:
        query, of_mine, of_theirs = (
            f"SELECT 1 FROM {table} WHERE subject_id = ANY(:of)",
            [mine.subject],
            [theirs.subject],
        )
    else:
        query, of_mine, of_theirs = f"SELECT 1 FROM {table} WHERE form_id = ANY(:of)", forms_of(mine), forms_of(theirs)
    there = rows(mine.database, query, of=of_mine)
    seen = act_as(mine).database
    mine_too = rows(seen, query, of=of_mine)
    assert mine_too == there or (table == "casebook" and mine_too == there[:1])  # the other line is the keepers'
    assert bool(rows(seen, query, of=of_theirs)) == (table in HASHES and bool(there))


def test_two_walls_hide_from_a_hospital_whatever_the_first_forgets(act_as, two):
    mine, theirs = two
    seen = act_as(mine).database
    assert [name for (name,) in rows(seen, "SELECT subject_id FROM enrolment")] == [mine.subject]
    assert {value for (value,) in rows(seen, "SELECT text_value FROM item_data WHERE item = 'v_text'")} == {"Lis"}
    assert rows(seen, "SELECT 1 FROM enrolment WHERE subject_id = :s", s=theirs.subject) == []


WRITES = (
    "UPDATE enrolment SET pseudonym = 'x' WHERE subject_id = :theirs",
    "UPDATE form_instance SET status = 'x' WHERE subject_id = :theirs",
    "UPDATE item_data SET text_value = 'x' WHERE form_id = :form AND text_value IS NOT NULL",
    "UPDATE access SET ends_at = now() WHERE subject_id = :theirs",
    "DELETE FROM working_copy WHERE subject_id = :theirs",
    "DELETE FROM subject_key WHERE subject_id = :theirs",
    "DELETE FROM identity WHERE subject_id = :theirs",
    "UPDATE unique_key SET hash = NULL WHERE subject_id = :theirs",
)
REFUSED = (
    "INSERT INTO item_data (form_id, row_id, item, position, text_value) VALUES (:form, '', 'x', 0, 'x')",
    "INSERT INTO row_data (form_id, row_id, grp, parent, position, removed) VALUES (:form, 'x', 'bc', '', 0, false)",
    "INSERT INTO access (subject_id, site_id, registry, starts_at) VALUES (:theirs, :site, 'small', now())",
    "INSERT INTO enrolment (subject_id, registry, number, pseudonym, enrolled_at) VALUES (:theirs, 'x', 1, 'x', now())",
    "INSERT INTO instance (subject_id, container, registry, number, opened_at) VALUES (:theirs, 'episode', 'small', 9, now())",
    "INSERT INTO working_copy VALUES (1, 'x', :theirs, 0, '', now(), now())",
    "UPDATE form_instance SET subject_id = :theirs WHERE subject_id = :mine",
)


@pytest.mark.parametrize("statement", WRITES)
def test_writes_meet_no_row_of_another_hospital(act_as, two, statement):
    mine, theirs = two
    with act_as(mine).database.write() as connection:
        given = {"theirs": theirs.subject, "form": forms_of(theirs)[0]}
        used = {name: value for name, value in given.items() if f":{name}" in statement}
        assert connection.execute(text(statement), used).rowcount == 0


@pytest.mark.parametrize("statement", REFUSED)
def test_nothing_is_added_to_another_hospital(act_as, two, statement):
    mine, theirs = two
    given = {"theirs": theirs.subject, "mine": mine.subject, "form": forms_of(theirs)[0], "site": mine.actor.site}
    used = {name: value for name, value in given.items() if f":{name}" in statement}
    with pytest.raises(ProgrammingError, match="row-level security"), act_as(mine).database.write() as connection:
        connection.execute(text(statement), used)


def test_a_keeper_sees_the_registry_and_no_other(act_as, two):
    mine, theirs = two
    both = {mine.subject, theirs.subject}
    keeper, stranger = act_as(mine, site=None), act_as(mine, site=None, registry="other")
    for table in ("enrolment", "form_instance", "identity", "occurrence", "audit_entry"):
        query = f"SELECT DISTINCT subject_id FROM {table} WHERE subject_id IS NOT NULL"
        there = {one for (one,) in rows(mine.database, query)}
        assert {one for (one,) in rows(keeper.database, query)} == there
        assert rows(stranger.database, query) == []
    assert both <= {one.subject for one in list_subjects(keeper.database, keeper.actor, at=keeper.now).subjects}


def test_requests_to_the_help_centre_are_kept_from_other_hospitals_and_registries(act_as, two):
    mine, theirs = two
    nobody = Notice(
        {Team.LOCAL: (), Team.CENTRAL: (), Team.REGISTRY: ()}, lambda *_: None, lambda *_: None, mails=False
    )
    person = act_as(mine, registry="", site=None)  # on pages of one's own, without a registry
    asked = Said("ask", "How?", mine.actor, mine.now)
    number = ask(person.database, Kind.SUBSTANTIVE, "", asked, nobody)
    seen = "SELECT (SELECT count(*) FROM help_request WHERE id = :n) + (SELECT count(*) FROM help_message WHERE request_id = :n)"
    somebody = {"account": mine.actor.account + 1}
    own, keeper = act_as(mine, **somebody), act_as(theirs, site=None, **somebody)
    strangers = (
        act_as(theirs, **somebody), act_as(mine, registry="other", **somebody), act_as(theirs, site=None, registry="other", **somebody),
        act_as(mine, registry="", site=None, **somebody),
    )  # fmt: skip
    assert [rows(each.database, seen, n=number)[0][0] for each in (person, own, keeper)] == [2, 2, 2]
    assert [rows(each.database, seen, n=number)[0][0] for each in strangers] == [0, 0, 0, 0]
    with pytest.raises(ProgrammingError, match="row-level security"):
        ask(strangers[0].database, Kind.SUBSTANTIVE, "", asked, nobody)
    answer = Said("answer", "So.", keeper.actor, mine.now)
    take_step(keeper.database, before(keeper.actor, [Team.REGISTRY]), Side.TEAM, number, answer, nobody)
    assert load_request(person.database, of_asker(mine.actor.account), number).state == "answered"
    with pytest.raises(ProgrammingError, match="permission denied"), keeper.database.write() as connection:
        connection.execute(text("UPDATE help_message SET text = 'x'"))


def test_the_work_of_a_hospital_goes_on(act_as, new_ward, small):
    ward, second = act_as(new_ward()), act_as(new_ward())
    at = ward.now + timedelta(minutes=30)
    new = register_subject(ward.database, ward.actor, prefix="SML", at=at)
    with pytest.raises(NotVisible):
        small.replace(second, subject=new.subject).load()
    own = small.replace(ward, subject=new.subject, patient=new.patient, now=at)
    own.episode = open_instance(
        ward.database, small.REGISTRY, ward.actor, new.subject, "episode", new.patient, at=at
    )  # fmt: skip
    own.save(FormData({"last_name": "Kot", "pesel": "Kot-1", "sex": "b"}), own.person)
    own.save(FormData({"v_text": "a", "v_file": own.upload(b"%PDF-1.7")}, {"bc": (RowData("r-kot", {}),)}))
    own.save(FormData({"v_text": "b"}))
    assert own.stored().items == {"v_text": "b"}
    assert page_identities(own.database, own.actor, [new.subject], ["last_name"], own.now)[new.subject]
    share(own.database, own.actor, new.subject, Share(second.actor.site, None, "second hospital"), at=at)
    guest = small.replace(second, subject=new.subject, patient=new.patient, episode=own.episode, now=at)
    assert guest.stored().items == {"v_text": "b"}
    (given,) = [
        each for each in grants_of(own.database, own.actor, new.subject, at=at) if each.site == second.actor.site
    ]
    take_back(own.database, own.actor, new.subject, given.id, reason="back", at=at)
    assert not may_see(guest.database, guest.actor, new.subject, at)
    assert rows(guest.database, "SELECT 1 FROM instance WHERE subject_id = :s", s=new.subject) == []
    other = act_as(own, registry="second")
    assert enrol_subject(other.database, other.actor, new.subject, prefix="SEC", at=at).startswith("SEC-")
    assert (
        rows(other.database, "SELECT 1 FROM form_instance WHERE subject_id = :s AND home = 'small'", s=new.subject)
        == []
    )
    erase(own.database, own.actor, new.subject, own.now, reason="asked for")


def typed(ward, at):
    """What somebody typed about a patient as a whole."""
    copy = working_copy_of(ward.database, ward.actor, ward.subject, ward.person, at=at)
    return copy.content if copy is not None else None


def test_records_are_merged_and_parted_behind_the_wall(act_as, new_ward, small):
    """A keeper merges two hospitals' records of a person: each goes on with what it saw, and sees nothing else."""
    kept, other = new_ward(), new_ward()
    kept.save(FormData({"v_text": "kept"}))
    other.save(FormData({"v_text": "other", "v_file": other.upload(b"%PDF-1.7 other")}))
    keep_working_copy(
        other.database, other.actor, other.subject, other.person, {"x": "typed"}, revision=0, at=other.now
    )
    empty = open_instance(
        other.database, small.REGISTRY, other.actor, other.subject, "episode", other.patient, at=other.now
    )  # fmt: skip
    ends = [End(other.database, other.actor, other.subject, episode) for episode in (empty, other.episode)]
    link_episodes("related", *ends, reason="x", at=other.now)
    book = Book(small.REGISTRY, small.RULES, lambda _: (small.REGISTRY, small.RULES))
    keeper, at = act_as(other, site=None), other.now + timedelta(minutes=1)
    deed = Deed(other.subject, keeper.actor, at, "the same person")
    number = merge(keeper.database, book, deed, Merge(kept.subject))
    guest = small.replace(act_as(other), subject=kept.subject, now=at)
    texts = lambda one: [form.data.items["v_text"] for form in one.load().forms.values()]  # noqa: E731
    host = small.replace(act_as(kept), now=at)
    assert (texts(guest), texts(host)) == (["other"], ["kept"])
    guest.patient = kept.patient
    assert typed(guest, at) == {"x": "typed"}
    assert len(links_of(guest.database, guest.actor, kept.subject)) == 2
    assert links_of(host.database, host.actor, kept.subject) == ()
    assert merge_of(guest.database, guest.actor, other.subject, at=at) is not None
    assert merged_into(guest.database, guest.actor, kept.subject, at=at)

    assert merged_into(host.database, host.actor, kept.subject, at=at) == ()
    assert rows(host.database, "SELECT 1 FROM instance WHERE subject_id = :s", s=other.subject) == []
    with pytest.raises(NotVisible):
        unmerge(guest.database, book, small.replace(deed, actor=guest.actor), number)
    unmerge(keeper.database, book, small.replace(deed, at=at + timedelta(minutes=1)), number)
    own = small.replace(act_as(other), now=at + timedelta(minutes=2))
    assert texts(own) == ["other"]
    assert typed(own, at) == {"x": "typed"}
    assert typed(host, at) is None
    assert {each.instance for each in links_of(own.database, own.actor, own.subject)} == {empty, other.episode}
    assert rows(own.database, "SELECT 1 FROM instance WHERE subject_id = :s", s=kept.subject) == []


def test_a_patient_of_another_hospital_is_asked_for_and_given(act_as, new_ward, small):
    ward, second = act_as(new_ward()), act_as(new_ward())
    ward.save(FormData({"v_text": "Ryś"}))
    asked = {"prefix": "SML", "reason": "przeniesiony", "at": ward.now}
    assert ask_takeover(second.database, second.actor, ward.subject, **asked)
    assert not ask_takeover(second.database, second.actor, ward.subject, **asked)
    guest = small.replace(second, subject=ward.subject, patient=ward.patient, episode=ward.episode, now=ward.now)
    with pytest.raises(NotVisible):
        guest.load()
    (request,) = takeovers_to_decide(ward.database, ward.actor, at=ward.now)
    assert takeovers_to_decide(second.database, second.actor, at=ward.now) == ()
    decide_takeover(ward.database, ward.actor, request.id, grant=True, answer="", at=ward.now)
    assert guest.stored().items == {"v_text": "Ryś"}


def test_counts_are_told_of_ones_own_hospitals_and_wards_alone(act_as, new_ward, small):
    """Numbers of forms and of patients: of the hospitals where the person at work has a role, whichever is the present one."""
    here, there, foreign = new_ward(), new_ward(), new_ward()
    owner, change = here.database, Change("office", here.now)
    account = create_account(owner, "rita", "Rita", "correct horse battery", who="office", at=here.now)
    for one in (here, there, foreign):
        one.save(FormData({"v_text": "x"}))
    mine = (here.actor.site, there.actor.site)
    for site in mine:
        add_membership(owner, account, "small", "coordinator", site_id=site, who="office", at=here.now)
    unit, other = (add_unit(owner, one.actor.site, "w", "Oddział", change) for one in (here, foreign))
    for one, ward in ((here, unit), (foreign, other)):
        give_to_ward(owner, one.actor, one.subject, ToWard(ward, one.episode, "x"), at=one.now)
    at = here.now + timedelta(hours=2)
    rita = replace(here.actor, account=account)
    database = act_as(small.replace(here, actor=rita)).database
    counted = lambda one: {row[0] for row in rows(one, "SELECT site_id FROM form_month")}  # noqa: E731
    assert counted(database) == {*mine, -unit}
    assert counted(act_as(here, unit=unit).database) == {-unit}
    assert counted(act_as(here, site=None).database) >= {*mine, foreign.actor.site, -other}
    own = Own(frozenset(mine))
    assert [each.place for each in completeness(database, "small", own, at=at).places] == sorted(mine)
    assert completeness(database, "small", Own(frozenset({foreign.actor.site})), at=at).forms == {}
    three = (*mine, foreign.actor.site)
    days = {day.site: day for day in hospital_days(database, "small", three, at=at)}
    asked = {day.site: day for day in hospital_days(owner, "small", three, at=at)}
    assert {site: days[site] for site in mine} == {site: asked[site] for site in mine}
    assert (days[foreign.actor.site].begun, asked[foreign.actor.site].begun) == (0, 1)
    end_roles = "UPDATE membership SET ends_at = starts_at WHERE account_id = :a AND site_id = :s"
    with owner.write() as connection:
        connection.execute(text(end_roles), {"a": account, "s": mine[1]})
    assert counted(database) == {mine[0], -unit}
    assert [day.begun for day in hospital_days(database, "small", mine, at=at)] == [1, 0]


def test_who_acts_is_said_on_the_way(act_as, two):
    mine = two[0]
    own = act_as(mine)
    with mine.database.counted() as before:
        mine.load()
    with own.database.counted() as after:
        own.load()
    assert len(after) == len(before)
    with own.database.read() as connection:
        assert connection.execute(text("SELECT current_setting('ecrf.registry')")).scalar_one() == "small"
    nobody = replace(own.database, acting=None)  # by the same connections: nothing of the transaction before is left
    assert rows(nobody, "SELECT current_setting('ecrf.registry', true)") != [("small",)]


def test_links_of_episodes_are_behind_the_wall(act_as, two, small):
    mine, theirs = (act_as(ward) for ward in two)
    at = two[0].now
    other = open_instance(
        mine.database, small.REGISTRY, mine.actor, mine.subject, "episode", mine.patient, at=at
    )  # fmt: skip
    here, there = (End(mine.database, mine.actor, mine.subject, one) for one in (mine.episode, other))
    link_episodes("related", here, there, reason="x", at=at)
    assert len(links_of(mine.database, mine.actor, mine.subject)) == 2
    assert links_of(theirs.database, theirs.actor, mine.subject) == ()
    assert rows(theirs.database, "SELECT 1 FROM episode_link") == []
    (number,) = {each.number for each in links_of(mine.database, mine.actor, mine.subject)}
    unlink_episodes(number, here, there, reason="x", at=at)
    assert links_of(mine.database, mine.actor, mine.subject) == ()


def test_a_link_across_registries_is_told_in_both_to_those_who_see_its_ends(act_as, new_ward, small):
    ward, stranger = new_ward(), new_ward()
    model = replace(small.REGISTRY.model, registry="large")
    large, owner = small.SmallRegistry(model, "h2"), replace(ward.actor, registry="large")
    enrol_subject(ward.database, owner, ward.subject, prefix="LRG", at=ward.now)
    beyond = open_instance(ward.database, large, owner, ward.subject, "episode", ward.patient, at=ward.now)
    mine, theirs, guest = act_as(ward), act_as(ward, registry="large"), act_as(stranger)
    at = mine.now
    here, there = (
        End(one.database, one.actor, ward.subject, episode) for one, episode in ((mine, ward.episode), (theirs, beyond))
    )
    link_episodes("same_illness", here, there, reason="x", at=at)
    link_episodes("same_illness", there, here, reason="x", at=at)  # said from the other side it is the same one
    (seen,), (back,) = (links_of(end.database, end.actor, ward.subject) for end in (here, there))
    assert (seen.number, seen.registry, seen.other, seen.outgoing) == (back.number, "large", beyond, True)
    assert (back.registry, back.other, back.outgoing) == ("small", ward.episode, False)
    assert episodes_named(theirs.database, theirs.actor, ward.subject, [seen.other]) == {beyond: beyond}
    assert episodes_named(mine.database, mine.actor, ward.subject, [seen.other]) == {}
    for one, registry, end in ((mine, small.REGISTRY, here), (theirs, large, there)):
        record = load_subject(one.database, registry, one.actor, ward.subject, at)
        told = subject_history(one.database, registry, one.actor, record, at=at)
        assert [line.body["instance"] for line in told if line.kind == "link"] == [end.instance]
        found = search_audit(one.database, one.actor, Sought(subject=ward.subject), at=at, size=100)
        assert {"enrol", "link"}.isdisjoint(
            each.kind for each in found
        )  # what may be another registry's, or is half of it
    strange = (guest, act_as(stranger, registry="large"))
    for one in strange:
        assert links_of(one.database, one.actor, ward.subject) == ()
        assert rows(one.database, "SELECT 1 FROM episode_link") == []
        own = End(one.database, one.actor, ward.subject, ward.episode)
        for ends in ((own, there), (own, here)):
            with pytest.raises(NotVisible):
                unlink_episodes(seen.number, *ends, reason="x", at=at)
            with pytest.raises(NotVisible):
                link_episodes("related", *ends, reason="x", at=at)
    forged = {"source_id": beyond, "source_registry": "large", "target_id": ward.episode, "target_registry": "small"}
    with pytest.raises(ProgrammingError), guest.database.write() as connection:  # through the role, past our own checks
        connection.execute(insert(episode_link), {**forged, "kind": "related", "who": "x", "at": at, "reason": "x"})
    unlink_episodes(seen.number, there, here, reason="y", at=at)
    assert (
        links_of(mine.database, mine.actor, ward.subject) == links_of(theirs.database, theirs.actor, ward.subject) == ()
    )
    with pytest.raises(NotFound):
        unlink_episodes(seen.number, here, there, reason="y", at=at)
