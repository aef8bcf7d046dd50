"""The search of the audit shows what may be seen: of one's own subjects, or of the one episode that was shared."""

from dataclasses import replace
from decimal import Decimal

from engine.records.form_data import FormData
from storage.audit_search import Sought, search_audit, walk_audit
from storage.instances import open_instance
from storage.sharing import Share, share


def found(ward, actor, **sought):
    entries = search_audit(ward.database, actor, Sought(subject=ward.subject, **sought), at=ward.now, size=100)
    return [(each.kind, each.form) for each in entries]


def test_a_site_that_was_given_one_episode_finds_that_one_alone(new_ward, small):
    ward, other = new_ward(), new_ward()
    second = open_instance(
        ward.database, small.REGISTRY, ward.actor, ward.subject, "episode", ward.patient, at=ward.now
    )
    ward.save(FormData({"v_text": "first"}))
    ward.save(FormData({"fu_text": "second"}), replace_place(ward.visit, second))
    assert found(ward, other.actor) == []
    share(ward.database, ward.actor, ward.subject, Share(other.actor.site, second, "shared"), at=ward.now)
    assert found(ward, other.actor) == [("open_form", "follow_up"), ("open", "")]
    assert ("open_form", "visit") in found(ward, ward.actor)
    keeper = replace(ward.actor, site=None)
    assert set(found(ward, ward.actor)) == set(found(ward, keeper))
    assert found(ward, replace(keeper, registry="another")) == []


def replace_place(place, instance):
    return place._replace(instance=instance, form="follow_up")


def test_items_are_found_in_lists_and_a_file_reads_on_where_a_page_ends(new_ward, monkeypatch):
    ward = new_ward()
    for text in "abc":
        ward.save(FormData({"v_text": text}))
    ward.save(FormData({"v_text": "c", "v_integer": Decimal(7)}))
    assert len(found(ward, ward.actor, items=("v_text",))) == 3
    assert len(found(ward, ward.actor, items=("v_text", "v_integer"))) == 4
    assert found(ward, ward.actor, items=("v_date",)) == []
    monkeypatch.setattr("storage.audit_search.AT_ONCE", 2)
    entries = list(walk_audit(ward.database, ward.actor, Sought(subject=ward.subject), at=ward.now))
    assert len({each.mark for each in entries}) == len(entries) == 6
