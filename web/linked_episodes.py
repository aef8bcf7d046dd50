"""The drawing of linked episodes: a line for each on one scale of days, a curve for each link; as places to draw.

A curve bears a number, which the table beside tells in words; that is all that a telephone shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import dist

from engine.datatypes.words import date_text
from storage.episode_links import LinkEnd
from web.episode_links import Other
from web.overview import Glance, Lane
from web.parts import Part, parts_of
from web.timeline import LETTER, MARGIN, ROW, WIDTH, Label, days_drawn, is_held, scale_of
from web.titles import window_words
from web.words import Tongue

LINE, HEAD = 58.0, 8.0  # between the lines of two episodes; the length of an arrow's head
NAMES = 290.0  # the column of names at the left
APART = 30.0  # between the curves at an episode
DISC = 24.0  # the room that a number wants
STEPS = 100  # so many places on a curve are looked at for it

Name = tuple[str, int]  # of an episode: its registry and its instance
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Episode:
    """One that is linked: on which days something of it took place, and the way to it."""

    title: str
    days: tuple[date, ...]
    href: str
    words: str  # the days


@dataclass(frozen=True, slots=True)
class Line:
    """An episode as it is drawn: how far it reaches, and the days on which something took place."""

    y: float
    bar: Point | None  # where it begins, and how long it is
    marks: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """A link as it is drawn and told: what the first episode is to the second one."""

    number: int
    path: str
    middle: Point
    head: str  # the arrow at the second episode; '' where both are the same to each other
    first: Episode
    words: str
    second: Episode


@dataclass(frozen=True, slots=True)
class LinkedEpisodes:
    """Everything to draw, and to tell beside it."""

    height: float
    now: float
    labels: tuple[Label, ...]
    lines: tuple[Line, ...]
    curves: tuple[Curve, ...]


def linked_episodes(parts: Sequence[Part], glance: Glance, links: Mapping[LinkEnd, Other]) -> LinkedEpisodes | None:
    """The links that one sees, each drawn once; None where there is none, or no day of these episodes is known yet."""
    shown = {part.instance for part in parts}  # a container may be gone from the definition
    seen = {
        each: other for each, other in links.items()
        if each.instance in shown and (other.glance is not None or other.end.instance in shown)
    }  # fmt: skip
    once = {each.number: (each, other) for each, other in seen.items()}
    said = [_in_order(glance.version.name, *end) for end in once.values()]
    return drawing_of(dict(_episodes(parts, glance, seen)), said, glance.today, glance.tongue)


def drawing_of(
    episodes: Mapping[Name, Episode], said: Sequence[tuple[str, Name, Name]], today: date, tongue: Tongue
) -> LinkedEpisodes | None:
    """What is said of episodes, by a kind of link: the first is that to the second; None where no day is known."""
    if not any(each.days for each in episodes.values()):
        return None
    names = sorted(episodes, key=lambda name: (episodes[name].days[:1] or (date.max,), name))
    scale = scale_of([today, *(day for each in episodes.values() for day in each.days)], start=NAMES + MARGIN)
    lines = {
        name: _line(MARGIN + ROW + LINE * (place + 0.5), [scale(day) for day in episodes[name].days])
        for place, name in enumerate(names)
    }
    curves, taken, numbers = list[Curve](), Counter[Name](), list[Point]()
    for number, (kind, first, second) in enumerate(said, 1):
        here, there = _ends((lines[first], taken[first]), (lines[second], taken[second]))
        taken.update((first, second))
        numbers.append(_middle(here, there, numbers))
        words, back = (tongue.words.text(f"link_{kind}{end}") for end in ("", "_back"))
        head = _head(there, down=here[1] < there[1]) if words != back else ""
        curves.append(Curve(number, _path(here, there), numbers[-1], head, episodes[first], words, episodes[second]))
    now, text = scale(today), tongue.words.text("timeline_today", day=date_text(today, tongue.language))
    width = len(text) * LETTER
    labels = [Label(text, max(NAMES, min(now - width / 2, WIDTH - width)), MARGIN, strong=True)]
    labels += [label for name in names for label in _named(episodes[name], lines[name].y)]
    return LinkedEpisodes(MARGIN + ROW + LINE * len(names), now, tuple(labels), tuple(lines.values()), tuple(curves))


def _in_order(registry: str, link: LinkEnd, other: Other) -> tuple[str, Name, Name]:
    """The kind of a link, and of which episode it says what that is to which."""
    here, there = (registry, link.instance), other.name
    return (link.kind, here, there) if link.outgoing else (link.kind, there, here)


def _episodes(parts: Sequence[Part], glance: Glance, links: Mapping[LinkEnd, Other]) -> Iterator[tuple[Name, Episode]]:
    """Both ends of each link. What stands in another registry is evaluated there, once."""
    registry, own, beyond = glance.version.name, _lanes_by_episode(parts), dict[Name, dict[int, list[Lane]]]()
    titles = {part.instance: part.title for part in parts}
    for link, other in links.items():
        here = (registry, link.instance)
        yield here, _episode(titles[link.instance], own[link.instance], f"#part-{link.instance}", glance)
        if other.glance is not None:
            key = (other.end.actor.registry, other.end.subject)
            if key not in beyond:
                beyond[key] = _lanes_by_episode(parts_of(other.glance))
            yield other.name, _episode(other.title, beyond[key].get(other.end.instance, ()), other.href, glance)


def _lanes_by_episode(parts: Sequence[Part]) -> dict[int, list[Lane]]:
    """The events of each episode, with those of what stands in it, which follows it."""
    found, episode = dict[int, list[Lane]](), 0
    for part in parts:
        episode = part.instance if part.depth <= 1 else episode
        found.setdefault(episode, []).extend(part.lanes)
    return found


def _episode(title: str, lanes: Sequence[Lane], href: str, glance: Glance) -> Episode:
    days = tuple(sorted(days_drawn(lane)[0] for lane in lanes if is_held(lane)))
    words = window_words((days[0], days[-1]), glance.language) if days else glance.tongue.words.text("linked_undated")
    return Episode(title, days, href, words)


def _line(y: float, marks: Sequence[float]) -> Line:
    return Line(y, (marks[0], max(marks[-1] - marks[0], 4)) if marks else None, tuple(marks))


def _named(episode: Episode, y: float) -> tuple[Label, Label]:
    """Its name as far as there is room, its days below."""
    most = int(NAMES / LETTER)
    name = episode.title if len(episode.title) <= most else episode.title[: most - 1].rstrip(" ,") + "…"
    return Label(name, 0, y - 3, strong=True), Label(episode.words, 0, y + 14)


def _ends(*lines: tuple[Line, int]) -> tuple[Point, Point]:
    """Where a curve meets two episodes: at the first day of each, or beside the curves that do."""
    firsts = [line.marks[0] if line.marks else NAMES + MARGIN for line, _ in lines]
    side = APART if sum(firsts) < NAMES + WIDTH else -APART
    one, other = (
        (round(min(max(first + side * taken, NAMES), WIDTH), 1), line.y)
        for first, (line, taken) in zip(firsts, lines, strict=True)
    )
    return one, other


def _path(here: Point, there: Point) -> str:
    half = round((here[1] + there[1]) / 2, 1)
    return f"M{here[0]} {here[1]}C{here[0]} {half} {there[0]} {half} {there[0]} {there[1]}"


def _middle(here: Point, there: Point, others: Sequence[Point]) -> Point:
    """Where a curve bears its number: in the room below the upper one of its episodes, and on no other number."""
    (x0, y0), (x1, y1) = sorted((here, there), key=lambda point: point[1])
    half = (y0 + y1) / 2

    def at(step: int) -> Point:
        t = step / STEPS
        near, far = (1 - t) ** 2 * (1 + 2 * t), t**2 * (3 - 2 * t)
        return round(x0 * near + x1 * far, 1), round((1 - t) ** 3 * y0 + 3 * t * (1 - t) * half + t**3 * y1, 1)

    places = sorted(map(at, range(STEPS + 1)), key=lambda point: abs(point[1] - y0 - LINE / 2))
    return next((place for place in places if all(dist(place, other) > DISC for other in others)), places[0])


def _head(tip: Point, *, down: bool) -> str:
    """A triangle that touches the line of an episode."""
    return f"M{tip[0]} {tip[1]}l-5 {-HEAD if down else HEAD}h10z"


__all__ = ["Curve", "Episode", "Line", "LinkedEpisodes", "drawing_of", "linked_episodes"]
