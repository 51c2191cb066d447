"""Drafts an episode plan: the summary's events dealt to the episodes in order, with approach and aftermath between.

All choices come from the story itself, so that chunks written by separate calls are parts of one plan.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from workbench.artifacts.models import EpisodeOutline
from workbench.json_types import JsonObject
from workbench.sketch.writing import sentences, titles
from workbench.sketch.writing.pen import Moment, Pen, fits_moment, pick_prop, shuffle, write_apart
from workbench.sketch.writing.places import is_inside, is_told
from workbench.sketch.writing.story import Event, Story, read_story

#: the model's limit is 24 beats; one is kept for the closing
MAX_EVENT_BEATS = 20
_MINOR = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "but",
        "or",
        "to",
        "of",
        "in",
        "on",
        "at",
        "by",
        "for",
        "from",
        "with",
        "into",
        "through",
        "over",
        "as",
    ]
)
_ZH_DANGLING = ("说", "把", "被", "便", "又", "却", "竟", "而", "只", "就", "吞", "埋", "派", "从", "他", "她", "一")


@dataclass(frozen=True)
class Share:
    """What of the story one episode tells."""

    part: Literal["before", "during", "after"]
    events: tuple[Event, ...]


def natural_episode_count(facts: JsonObject) -> int:
    """How many episodes the story carries by itself: about two events each, at most 12."""
    return max(1, min(12, (len(read_story(facts).events) + 1) // 2))


def explain_plan(facts: JsonObject, count: int) -> str:
    story = read_story(facts)
    return story.book.reasoning.format(events=len(story.events), count=count)


def write_episodes(facts: JsonObject, total: int, until: int | None = None) -> list[EpisodeOutline]:
    """Episodes 1..until of a plan of `total`; the first ones do not depend on how many are asked for."""
    story = read_story(facts)
    episodes: list[EpisodeOutline] = []
    hand_out = _Titles(story)
    for order, share in enumerate(deal_events(story.events, total)[: until or total], start=1):
        earlier = [e.comparison_text for e in episodes]
        episodes.append(_write_episode(story, order, total, share, hand_out.take(order, share), earlier, "plan"))
    return episodes


def rewrite_episodes(facts: JsonObject, orders: Sequence[int], plan: Sequence[JsonObject]) -> list[EpisodeOutline]:
    """New versions of the named episodes of a plan, unlike every other episode."""
    story = read_story(facts)
    shares = deal_events(story.events, len(plan))
    others = [EpisodeOutline.model_validate(e).comparison_text for e in plan if e["order"] not in orders]
    taken = [e["title"] for e in plan]
    hand_out = _Titles(story, taken)
    episodes: list[EpisodeOutline] = []
    for order in orders:
        earlier = [*others, *(e.comparison_text for e in episodes)]
        title = hand_out.take_from_book(order, shares[order - 1])
        episodes.append(_write_episode(story, order, len(plan), shares[order - 1], title, earlier, "rewrite"))
    return episodes


def deal_events(events: Sequence[Event], total: int) -> list[Share]:
    """Deal events to episodes in order: several each when there are many, else approach, event and aftermath of one."""
    count = len(events)
    if total <= count:
        return [Share("during", tuple(events[i * count // total : (i + 1) * count // total])) for i in range(total)]
    shares: list[Share] = []
    for j, event in enumerate(events):
        run = (j + 1) * total // count - j * total // count
        happens = run // 2
        for k in range(run):
            shares.append(Share("before" if k < happens else "during" if k == happens else "after", (event,)))
    return shares


def _write_episode(
    story: Story, order: int, total: int, share: Share, title: str, earlier: Sequence[str], salt: str
) -> EpisodeOutline:
    rng = story.rng(salt, order, total)
    last = order == total
    episode, _ = write_apart(
        lambda: _try_episode(story, order, share, title, last, rng), lambda e: e.comparison_text, earlier
    )
    return episode


def _try_episode(story: Story, order: int, share: Share, title: str, last: bool, rng: Random) -> EpisodeOutline:
    pen = Pen(story.book, rng)
    moment = moment_of(story, share.events, rng, after=share.part == "after")
    logline, beats = (
        _tell_events(pen, share, moment, story) if share.part == "during" else _tell_around(pen, share, moment)
    )
    gone = (*share.events[0].gone, *share.events[0].dies) if share.part == "after" else share.events[0].gone
    people = [p for e in share.events for p in e.people if p not in gone] or [
        n for n in (story.lead,) if n in _names(story)
    ]
    return EpisodeOutline(
        order=order,
        title=title[:200],
        logline=logline,
        main_characters=list(dict.fromkeys(people))[:30],
        beats=beats,
        scene_scope=pen.close(pen.pick(story.book.scopes, moment)),
        cliffhanger=None if last else pen.close(pen.pick(story.book.cliffhangers, moment)),
    )


def _tell_events(pen: Pen, share: Share, moment: Moment, story: Story) -> tuple[str, list[str]]:
    """The episode in which its events happen."""
    texts = [pen.capitalise(e.text) for e in share.events]
    first, final = texts[0], texts[-1]
    shown = [first] if first == final else [first, final]
    pressure = pen.pick(pen.book.during, moment)
    logline = pen.join(*shown, pressure)
    beats = [pen.join(*group) for group in _group(texts, MAX_EVENT_BEATS)]
    if len(beats) < 3:
        beats.insert(0, pen.close(pen.pick(pen.book.openings, moment)))
    if len(beats) < 3:
        beats.append(pen.close(pen.pick(pen.book.turns, moment)))
    beats.append(pen.close(pen.pick(pen.book.closings, _close_moment(story, share, moment))))
    return logline, beats


def _close_moment(story: Story, share: Share, moment: Moment) -> Moment:
    """The moment of an episode's last beat: of somebody who is at its last event."""
    there = [p for p in share.events[-1].people if p not in share.events[-1].dies]
    if story.sample or not there or moment.a in there:
        return moment
    return replace(moment, a=there[0], b=None, human=story.is_human(there[0]))


def _tell_around(pen: Pen, share: Share, moment: Moment) -> tuple[str, list[str]]:
    """An episode on the way to an event, or away from it."""
    book = pen.book
    pool = book.before if share.part == "before" else book.after
    logline = pen.close(pen.pick(pool, moment))
    pools = [book.openings, book.attempts, book.turns, book.closings]
    if book.space:
        # English texts share many bigrams: three sentences instead of four keep a hundred episodes apart.
        pools.pop(pen.rng.choice((0, 1, 3)))
    return logline, [pen.close(pen.pick(p, moment)) for p in pools]


def moment_of(story: Story, events: Sequence[Event], rng: Random, *, after: bool = False) -> Moment:
    """Who, where and with what, for phrases around these events, or `after` them: the dead are left out."""
    gone = (*events[-1].gone, *events[-1].dies) if after or len(events) > 1 else events[-1].gone
    people = [p for p in dict.fromkeys(p for e in events for p in e.people) if p not in gone]
    living = [n for n in _names(story) if n not in gone]
    lead = story.lead if story.lead in living or not living else living[0]
    a = lead if lead in people or not people else people[0]
    others = [p for p in people if p != a] or [p for p in living if p != a]
    event = events[-1] if len(events) == 1 else rng.choice(list(events))
    return Moment(
        a,
        rng.choice(others) if others else None,
        event.place.name,
        _prop(story, events, rng),
        event.short,
        is_inside(event.place),
        story.is_human(a),
    )


def _prop(story: Story, events: Sequence[Event], rng: Random) -> str:
    return pick_prop(story.props_until([e.text for e in events]), story.book, rng)


def _group(texts: Sequence[str], at_most: int) -> list[list[str]]:
    size = -(-len(texts) // at_most)
    groups = [list(texts[i : i + size]) for i in range(0, len(texts), size)]
    # A beat holds 500 characters.
    return [_fit(group, 480) for group in groups]


def _fit(group: list[str], limit: int) -> list[str]:
    room = max(40, limit // len(group) - 2)
    return [text if len(text) <= room else text[: room - 1] + "…" for text in group]


def _names(story: Story) -> list[str]:
    return [p.name for p in story.people]


class _Titles:
    """Hands out titles, none twice: from the events' own words first, then from the book."""

    def __init__(self, story: Story, taken: Iterable[str] = ()) -> None:
        self._story = story
        self._taken = set(taken)
        self._book = shuffle(story.book.titles, story.rng("titles"))

    def take(self, order: int, share: Share) -> str:
        if share.part == "during":
            for event in share.events:
                for title in titles_from(event, self._story):
                    if title not in self._taken:
                        self._taken.add(title)
                        return title
        return self.take_from_book(order, share)

    def take_from_book(self, order: int, share: Share) -> str:
        story = self._story
        moment = moment_of(story, share.events, story.rng("title", order), after=share.part == "after")
        for template in self._book:
            if not fits_moment(template, moment) or (
                "{place}" in template and not (story.sample or is_told(share.events[0].place))
            ):
                continue
            title = Pen(story.book, Random(0)).fill(template, moment)
            if title not in self._taken and len(title) <= 120:
                self._taken.add(title)
                return title
        number = 2
        base = Pen(story.book, Random(0)).fill(self._book[order % len(self._book)], moment)[:120]
        while (title := story.book.numbered.format(title=base, number=number)) in self._taken:
            number += 1
        self._taken.add(title)
        return title


def titles_from(event: Event, story: Story) -> list[str]:
    """Titles in the event's own words, best first."""
    if story.sample:
        own = _zh_titles(event) if story.language == "zh" else _en_titles(event, story)
    else:
        own = titles.whole_titles(event.text, event.short, story.language)
    pair = [story.book.pair.format(a=event.people[0], b=event.people[1])] if len(event.people) > 1 else []
    return [t for t in (*own, *pair) if len(t) <= 120]


def _zh_titles(event: Event) -> list[str]:
    clauses = [c for c in re.split(r"[，：；。、！？“”\s]", event.text) if c]
    good = [c for c in clauses if 4 <= len(c) <= 10 and not c.startswith(_ZH_DANGLING) and not c.endswith(("时", "后"))]
    return [*good, *([event.short] if len(event.short) <= 12 else [])]


def _en_titles(event: Event, story: Story) -> list[str]:
    words = event.short.split()
    if len(words) > 6:
        cuts = [i for i in range(3, 7) if words[i].lower() in _MINOR]
        words = words[: cuts[-1]] if cuts else []
    if not 2 <= len(words) <= 6:
        return []
    shown = [w if i and w.lower() in _MINOR else sentences.upper_first(w) for i, w in enumerate(words)]
    return [" ".join(shown)]
