"""Drafts a core expression from one episode's entry in the plan."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from workbench.artifacts.models import CoreExpression
from workbench.json_types import JsonObject
from workbench.sketch.books import ARC
from workbench.sketch.writing.pen import Moment, Pen, closeness, fits_moment, shuffle
from workbench.sketch.writing.staging import beat_moments, quote_event
from workbench.sketch.writing.story import read_story

MOTIFS = 3
PAYOFFS = 2


def write_core_expression(facts: JsonObject, rng: Random) -> CoreExpression:
    """Theme, four-part arc, conflict, payoffs, motifs the previous episode did not use, ending and hook."""
    story = read_story(facts)
    pen, book = Pen(story.book, rng), story.book
    moments = beat_moments(story, facts["episode"], rng)
    middle = moments[len(moments) // 2]
    upcoming = facts.get("next") or {}
    hook = None
    if upcoming:
        ahead = replace(middle, short=quote_event(story, str(upcoming["summary"])))
        hook = pen.close(pen.pick(book.hooks, ahead))
    payoffs = shuffle(dict.fromkeys(pen.pick(book.payoffs, m) for m in moments for _ in range(3)), rng)
    return CoreExpression(
        theme=pen.close(pen.pick(book.themes, middle))[:500],
        emotional_arc=[pen.close(pen.pick(pool, middle))[:200] for pool in (book.arc[part] for part in ARC)],
        core_conflict=pen.close(pen.pick(book.conflicts, middle))[:2000],
        payoff=[pen.close(p)[:500] for p in payoffs[:PAYOFFS]],
        visual_motifs=_motifs(pen, moments[-1], list(facts.get("previous_motifs") or [])),
        ending_beat=pen.close(pen.pick(book.endings, moments[-1]))[:2000],
        next_hook=hook[:2000] if hook else None,
    )


def _motifs(pen: Pen, moment: Moment, previous: list[str]) -> list[str]:
    """Three images, unlike each other and unlike the previous episode's."""
    chosen: list[str] = []
    for template in shuffle(pen.book.motifs, pen.rng):
        if not fits_moment(template, moment):
            continue
        motif = pen.fill(template, moment)[:200]
        if all(closeness(motif, other) < 0.5 for other in (*previous, *chosen)):
            chosen.append(motif)
        if len(chosen) == MOTIFS:
            break
    return chosen or [pen.fill(pen.book.motifs[0], moment)[:200]]
