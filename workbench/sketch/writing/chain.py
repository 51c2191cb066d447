"""Drafts a causal chain: the brief's events, in their order, dealt to acts and beats, and who is in them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from random import Random

from workbench.artifacts.drama import Audit
from workbench.json_types import JsonObject
from workbench.sketch import books
from workbench.sketch.books import Drama
from workbench.sketch.writing.pen import Pen
from workbench.sketch.writing.planning import Share, deal_events
from workbench.sketch.writing.story import Event, Story, read_story
from workbench.story.names import fold

#: of a beat's name, without what tells that it is on the way to an event or away from it
NAME_CHARS = 80
LEAST_BEATS, MOST_BEATS = 9, 15


@dataclass(frozen=True)
class Plot:
    """A story as its chain tells it."""

    story: Story
    pen: Pen
    book: Drama
    facts: JsonObject

    @cached_property
    def people(self) -> list[str]:
        """Everybody of the library, the lead first; who the lead is where there is no library."""
        names = [p.name for p in self.story.people]
        lead = self.story.lead or self.story.book.nobody
        return list(dict.fromkeys([lead, *names]))[:40]

    @cached_property
    def events(self) -> Sequence[Event]:
        return self.story.events

    def living(self, event: Event, *, after: bool = False) -> list[str]:
        """Who can act at an event: those who are in it, else the lead or whoever is left."""
        gone = {*event.gone, *(event.dies if after else ())}
        there = [n for n in event.people if n not in gone]
        return there or [n for n in self.people if n not in gone][:1] or self.people[:1]

    def say(self, template: str, event: Event, then: Event | None = None, a: str = "", b: str = "") -> str:
        """A sentence of the book, filled."""
        text = template.format(
            a=a or self.living(event)[0],
            b=b or self.story.book.somebody,
            place=event.place.name,
            short=event.short[:300],
            next=(then or event).short[:300],
        )
        return self.pen.capitalise(text)

    def first_of(self, name: str) -> Event:
        """The first event that somebody is in, else the story's first."""
        return next((e for e in self.events if name in e.people), self.events[0])

    def last_of(self, name: str) -> Event:
        return next((e for e in reversed(self.events) if name in e.people), self.events[-1])


def read_plot(facts: JsonObject, rng: Random) -> Plot:
    story = read_story(facts)
    return Plot(story, Pen(story.book, rng), books.drama(story.language), facts)


def write_chain_step(facts: JsonObject, rng: Random) -> str:
    """The answer of one step of the chain, as JSON."""
    plot, step = read_plot(facts, rng), str(facts["step"])
    if step.startswith("act-"):
        made = _write_act(plot, step)
    else:
        made = {"phase1": _write_outline, "phase2": _write_knowledge, "beats": _write_directory, "weave": _write_weave}[
            step
        ](plot)
    return json.dumps(made, ensure_ascii=False)


def _write_outline(plot: Plot) -> JsonObject:
    book, events, pen = plot.book, plot.events, plot.pen
    first, last, mover = events[0], events[-1], plot.living(events[0])[0]
    sides = list(dict.fromkeys([mover, *plot.people]))[:3]
    steps = [plot.say(book.first_cause, first)]
    steps += [plot.say(book.necessity, event, then) for event, then in pairwise(events)]
    return {
        "outline_summary": cut(pen.join(*(pen.capitalise(e.text) for e in events)), 8000),
        "core_object_or_event": plot.say(book.core, events[len(events) // 2]),
        "stakes_by_faction": [
            {
                "faction": cut(plot.say(book.faction, first, a=name), 80),
                "stakes": plot.say(book.stakes[n % len(book.stakes)], plot.last_of(name), a=name),
            }
            for n, name in enumerate(sides)
        ],
        "first_mover": {
            "initiator": cut(mover, 200),
            "public_reason": plot.say(book.public_reason, first, a=mover),
            "hidden_intent": plot.say(book.hidden_intent, first, last, a=mover),
            "legitimacy_mask": plot.say(book.legitimacy_mask, first, a=mover),
        },
        "necessity_derivation": [cut(step, 800) for step in steps[:16]],
    }


def _write_knowledge(plot: Plot) -> JsonObject:
    """Those of the first event, those who come in later, those whom no event names."""
    book, events = plot.book, plot.events
    firsts = plot.living(events[0])
    later = [n for n in plot.people if n not in firsts and any(n in e.people for e in events)]
    rest = [n for n in plot.people if n not in firsts and n not in later]
    groups = [firsts, later, rest]
    if not later:
        # one alone knows one thing at first and another at the end
        groups = [firsts, rest or firsts]
    layers = []
    for number, roles in enumerate(groups):
        if not roles:
            continue
        known, ahead = plot.first_of(roles[0]), plot.last_of(roles[0]) if number else events[-1]
        layers.append(
            {
                "name": book.layers[number],
                "roles": roles[:30],
                "info_boundary": plot.say(book.boundary, known),
                "blind_spot": plot.say(book.blind_spot, known, ahead),
                "motivation": {
                    "gain": 8 - number,
                    "loss_avoid": 6 + number,
                    "trigger": plot.say(book.trigger, known),
                },
            }
        )
    return {"layers": layers, "character_matrix": [_write_row(plot, n, name) for n, name in enumerate(plot.people)]}


def _write_row(plot: Plot, number: int, name: str) -> JsonObject:
    book, first, last = plot.book, plot.first_of(name), plot.last_of(name)
    told: JsonObject = next((c for c in plot.facts.get("characters") or [] if c["name"] == name), {})
    identity = re.split(r"[\n。]|\.\s", str(told.get("description") or ""))[0].strip()
    return {
        "name": name,
        "identity": identity[:1000] or plot.say(book.identity, first, a=name),
        "goal": plot.say(book.goals[number % len(book.goals)], last, a=name),
        "secret": plot.say(book.secrets[number % len(book.secrets)], first, a=name),
        "vulnerability": plot.say(book.vulnerabilities[number % len(book.vulnerabilities)], first, last, a=name),
    }


def _deal(plot: Plot, beats: int) -> list[tuple[Share, Event]]:
    """For each beat its share and the event that it is about: the share's last one."""
    return [(share, share.events[-1]) for share in deal_events(plot.events, beats)]


def _write_directory(plot: Plot) -> JsonObject:
    book, count = plot.book, max(LEAST_BEATS, min(MOST_BEATS, len(plot.events)))
    dealt = _deal(plot, count)
    names = _name_beats(plot, dealt)
    acts, start = [], 0
    for number, title in enumerate(book.acts, start=1):
        end = count * number // len(book.acts)
        acts.append(
            {
                "act": number,
                "name": title,
                "beats": [
                    {"name": names[i], "escalation": _escalate(i, count), "interlock": _lock(plot, dealt, i)}
                    for i in range(start, end)
                ],
            }
        )
        start = end
    return {"act_mode": "three_act", "acts": acts}


def _name_beats(plot: Plot, dealt: Sequence[tuple[Share, Event]]) -> list[str]:
    """A name for each beat, none twice."""
    book, names, taken = plot.book, [], set[str]()
    for share, event in dealt:
        own = {"before": book.before, "after": book.after}.get(share.part, "{short}")
        short = event.short if len(event.short) <= NAME_CHARS else event.short[: NAME_CHARS - 1].rstrip() + "…"
        base = name = plot.pen.capitalise(own.format(short=short))
        number = 2
        while fold(name) in taken:
            name = book.numbered.format(short=base, number=number)
            number += 1
        taken.add(fold(name))
        names.append(name)
    return names


def _escalate(at: int, count: int) -> int:
    """Rising to 10 just before the end, and a step down from there."""
    return 8 if at == count - 1 else 2 + round(8 * at / (count - 2))


def _lock(plot: Plot, dealt: Sequence[tuple[Share, Event]], at: int) -> str:
    if at + 1 == len(dealt):
        return plot.say(plot.book.last_interlock, dealt[at][1])
    return plot.say(plot.book.interlock, dealt[at][1], dealt[at + 1][1])


def _write_act(plot: Plot, step: str) -> JsonObject:
    """The beats of an act by its directory, which another model or a person may have written."""
    act, number = plot.facts["act"], int(step.split("-")[1])
    gaps = "\n".join(plot.facts.get("gaps") or [])
    beats = []
    for place, beat in enumerate(act["beats"]):
        if gaps and f"beats.{place}." not in gaps:
            continue
        share, event = _find_share(plot, number, place)
        beats.append({"name": beat["name"], **_write_beat(plot, share, event, number)})
    return {"beats": beats}


def _find_share(plot: Plot, number: int, place: int) -> tuple[Share, Event]:
    """What of the story a beat tells: its place among all beats tells that."""
    acts = (plot.facts.get("directory") or {}).get("acts") or []
    if not acts:
        # a targeted round is told its own act alone: nine beats are the least there are
        return _deal(plot, LEAST_BEATS)[min(3 * (number - 1) + place, LEAST_BEATS - 1)]
    before = sum(len(a["beats"]) for a in acts[: number - 1])
    count = sum(len(a["beats"]) for a in acts)
    return _deal(plot, count)[min(before + place, count - 1)]


def _write_beat(plot: Plot, share: Share, event: Event, act: int) -> JsonObject:
    book, pen = plot.book, plot.pen
    there = plot.living(event, after=share.part == "after")
    told = {"before": book.approach, "after": book.aftermath}.get(share.part)
    seen = plot.say(told, event, a=there[0]) if told else pen.close(pen.capitalise(event.text))
    if told is None and len(share.events) > 1:
        seen = pen.join(*(pen.capitalise(e.text) for e in share.events))
    together = len(there) > 1
    flow = plot.say(book.shared if together else book.alone, event, a=there[0], b=there[1] if together else "")
    return {
        "surface_event": cut(seen, 2000),
        "info_flow": cut(flow, 1000),
        "learners": there[1:2] if together else there[:1] if share.part == "during" else [],
        "location": cut(event.place.name, 400),
        "characters": there[:30],
        "visual_hook": cut(plot.say(book.hooks[act % len(book.hooks)], event, a=there[0]), 1000),
        "emotional_tone": book.tones[min(act - 1, len(book.tones) - 1)],
        "estimated_scenes": 1 + len(share.events[:4]),
    }


def _write_weave(plot: Plot) -> JsonObject:
    """The lead's line, and the line of whoever else is in most beats; everything is checked by what the beats say."""
    book = plot.book
    beats = [b for a in plot.facts["beats"]["acts"] for b in a["beats"]]
    peak = max(beats, key=lambda b: b["escalation"])["name"]
    busy = Counter(n for b in beats for n in b["characters"])
    lead = plot.people[0] if busy[plot.people[0]] else busy.most_common(1)[0][0]
    other = next((n for n, _ in busy.most_common() if n != lead), lead)
    kinds = ("main", "sub1")
    lines = []
    for kind, driver in zip(kinds, (lead, other), strict=True):
        own = [b["name"] for b in beats if driver in b["characters"]] or [peak]
        lines.append(
            {
                "line_type": kind,
                "driver": driver,
                "stated_goal": plot.say(book.stated_goal, plot.first_of(driver), a=driver),
                "true_goal": plot.say(book.true_goal, plot.first_of(driver), plot.last_of(driver), a=driver),
                "key_interlocks": own[:4],
                "point_of_no_return": peak if peak in own or kind == "main" else own[-1],
            }
        )
    audit = _audit(plot, beats, {lead, other})
    return {
        "plot_lines": lines,
        "audit": audit,
        "notes": [book.notes[name] for name, holds in audit.items() if not holds],
    }


def _audit(plot: Plot, beats: Sequence[JsonObject], drivers: Collection[str]) -> dict[str, bool]:
    """What can be counted is answered as it is."""
    knowledge, outline = plot.facts["knowledge"], plot.facts["outline"]
    busy = {n for b in beats for n in (*b["characters"], *b["learners"])} | set(drivers)
    return {
        **dict.fromkeys(Audit.model_fields, True),
        "two_information_shifts": sum(bool(b["learners"]) for b in beats) >= 2,
        "three_way_tension": len(outline["stakes_by_faction"]) > 2,
        "irreversible_ending": len(set(drivers)) > 1,
        "no_redundant_role": all(row["name"] in busy for row in knowledge["character_matrix"]),
    }


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
