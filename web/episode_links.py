"""Links that people set between episodes of a patient: to one of this registry, or of another one in which they see the patient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine.model.text import in_language
from renderers.html.posted_data import MAX_REASON
from storage.episode_links import KINDS, End, LinkEnd, episodes_named, link_episodes, links_of, unlink_episodes
from storage.errors import Closed, NotFound, ReasonNeeded
from storage.form_data import InstanceRow, load_subject
from web.elsewhere import There, records_in
from web.entry import subject_of
from web.news import News
from web.overview import Glance
from web.pages import render
from web.parts import part_title
from web.permissions import needs
from web.posts import posted_reason
from web.roles import Permission
from web.workspace import Visit, version_of, visit, workspace

episode_links = Blueprint("episode_links", __name__, url_prefix="/<registry>/patients/<who>")


@dataclass(frozen=True, slots=True)
class Other:
    """The episode at the other end: which it is, how it is called, and the way to it."""

    end: End
    title: str
    href: str
    glance: Glance | None = None  # at the patient there, in another registry

    @property
    def name(self) -> tuple[str, int]:
        """Its registry and its instance."""
        return self.end.actor.registry, self.end.instance

    @property
    def value(self) -> str:
        """How a page names it."""
        return f"{self.end.actor.registry}.{self.end.instance}"


def other_ends(glance: Glance, who: str, links: Sequence[LinkEnd], one: Visit) -> dict[LinkEnd, Other]:
    """What the episodes of a patient are linked with, as far as one sees it. Costs a look at each other registry in which that is."""
    own, record = glance.version.name, glance.record
    here = {each.end.instance: each for each in _own(glance, who, one)}
    pairs = {(each.number, each.outgoing): each.instance for each in links if each.instance in here}
    beyond = dict[tuple[str, int], Other]()
    names = {each.other for each in links}
    for registry, records in records_in(one, record.subject, {each.registry for each in links} - {own}).items():
        for there in records:
            seen = {each.end.instance: each for each in _in_other(there, one)}
            named = episodes_named(there.database, there.actor, there.record.subject, names)
            beyond |= {(registry, name): seen[number] for name, number in named.items() if number in seen}
    found = {}
    for each in links:
        inner = here.get(pairs.get((each.number, not each.outgoing), 0))
        other = inner if each.registry == own else beyond.get((each.registry, each.other))
        if other is not None and each.instance in here:
            found[each] = other
    return found


def _own(glance: Glance, who: str, one: Visit) -> Iterator[Other]:
    """The episodes of this registry."""
    record, address = glance.record, url_for("patients.show", registry=glance.version.name, who=who)
    for row in _episodes(record.instances):
        end = End(workspace().database, one.actor, record.subject, row.id)
        yield Other(end, part_title(glance, row), f"{address}#part-{row.id}")


def _in_other(there: There, one: Visit) -> Iterator[Other]:
    """Those of another one, which is named."""
    glance = Glance(there.version, there.record, (), frozenset(), one.now, one.tongue)
    registry = in_language(there.version.registry.model.title, one.language) or there.version.name
    address = url_for("patients.show", registry=there.version.name, who=there.who)
    for row in _episodes(there.record.instances):
        end = End(there.database, there.actor, there.record.subject, row.id)
        yield Other(end, f"{part_title(glance, row)}, {registry}", f"{address}#part-{row.id}", glance)


def _episodes(rows: Sequence[InstanceRow]) -> Iterator[InstanceRow]:
    root = next((row.id for row in rows if row.parent is None), None)
    return (row for row in rows if row.parent is not None and row.parent == root)


@episode_links.get("/parts/<int:instance>/link")
@needs(Permission.REGISTER)
def show(registry: str, who: str, instance: int) -> ResponseReturnValue:
    """What an episode is, and to which other one of the patient."""
    return _page(registry, who, instance)


@episode_links.post("/parts/<int:instance>/link")
@needs(Permission.REGISTER)
def set_one(registry: str, who: str, instance: int) -> ResponseReturnValue:
    """Link it, and on to the patient's page."""
    one, kind, chosen = visit(), request.form.get("kind", ""), request.form.get("other", "")
    here, others = _find(registry, who, instance)
    there = next((each for each in others if each.value == chosen), None)
    if kind not in KINDS or there is None:
        return _page(registry, who, instance, "link_wrong")
    try:
        link_episodes(kind, here.end, there.end, reason=posted_reason(), at=one.now)
    except ReasonNeeded:
        return _page(registry, who, instance, "reason_missing")
    except Closed:
        return _page(registry, who, instance, "link_frozen")
    return _to_patient(registry, who, "link_is_set")


@episode_links.post("/links/<int:number>")
@needs(Permission.REGISTER)
def undo(registry: str, who: str, number: int) -> ResponseReturnValue:
    """Take a link back."""
    one, glance = visit(), _glance(registry, who)
    links = links_of(workspace().database, one.actor, glance.record.subject)
    found = next((pair for pair in other_ends(glance, who, links, one).items() if pair[0].number == number), None)
    if found is None:
        return _to_patient(registry, who, "link_gone")
    link, there = found
    here = End(workspace().database, one.actor, glance.record.subject, link.instance)
    try:
        unlink_episodes(number, here, there.end, reason=posted_reason(), at=one.now)
    except ReasonNeeded:
        news = News(wrong=f"link-{number}").leave()
        return redirect(url_for("patients.show", registry=registry, who=who, said=news), 303)
    except Closed:
        return _to_patient(registry, who, "link_frozen")
    except NotFound:  # a second click
        return _to_patient(registry, who, "link_gone")
    return _to_patient(registry, who, "link_is_undone")


def _glance(registry: str, who: str) -> Glance:
    one, space, version = visit(), workspace(), version_of(registry)
    subject = subject_of(space.database, one.actor, who, one.now)
    record = load_subject(space.database, version.registry, one.actor, subject, one.now)
    return Glance(version, record, (), frozenset(), one.now, one.tongue)


def _find(registry: str, who: str, instance: int) -> tuple[Other, list[Other]]:
    """An episode of a patient, and all others that one may see."""
    one, glance = visit(), _glance(registry, who)
    own = list(_own(glance, who, one))
    here = next((each for each in own if each.end.instance == instance), None)
    if here is None:
        abort(404)
    beyond = records_in(one, glance.record.subject, {each.registry for each in one.memberships} - {registry})
    there = [each for records in beyond.values() for record in records for each in _in_other(record, one)]
    return here, [*(each for each in own if each != here), *there]


def _page(registry: str, who: str, instance: int, wrong: str = "") -> ResponseReturnValue:
    here, others = _find(registry, who, instance)
    given = request.form
    return render(
        "episode_link.html", status=422 if wrong else 200, registry=registry, who=who.upper(), here=here, others=others, kinds=KINDS,
        wrong=wrong, kind=given.get("kind", ""), other=given.get("other", ""), reason=given.get("reason", "")[:MAX_REASON], most=MAX_REASON,
        address=url_for("episode_links.set_one", registry=registry, who=who, instance=instance),
    )  # fmt: skip


def _to_patient(registry: str, who: str, said: str) -> ResponseReturnValue:
    return redirect(url_for("patients.show", registry=registry, who=who, said=News((said,)).leave()), 303)


__all__ = ["Other", "episode_links", "other_ends"]
