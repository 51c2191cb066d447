"""Drafts a core expression from one episode's entry in the plan."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from workbench.artifacts.models import CoreExpression
from workbench.sketch.writing.staging import beat_moments, event_quoted
from workbench.sketch.writing.story import read
from workbench.sketch.writing.writing import Pen, closeness, shuffled

MOTIFS = 3
PAYOFFS = 2


def core_expression(facts: dict[str, Any], rng: Random) -> CoreExpression:
    """Theme, four-part arc, conflict, payoffs, motifs the previous episode did not use, ending and hook."""
    story = read(facts)
    pen, book = Pen(story.book, rng), story.book
    moments = beat_moments(story, facts["episode"], rng)
    middle = moments[len(moments) // 2]
    upcoming = facts.get("next") or {}
    hook = None
    if upcoming:
        ahead = replace(middle, short=event_quoted(story, str(upcoming["summary"])))
        hook = pen.closed(pen.phrase(book.hooks, ahead))
    payoffs = shuffled(dict.fromkeys(pen.phrase(book.payoffs, m) for m in moments for _ in range(3)), rng)
    return CoreExpression(
        theme=pen.closed(pen.phrase(book.themes, middle))[:500],
        emotional_arc=[pen.closed(pen.phrase(pool, middle))[:200] for pool in book.arc],
        core_conflict=pen.closed(pen.phrase(book.conflicts, middle))[:2000],
        payoff=[pen.closed(p)[:500] for p in payoffs[:PAYOFFS]],
        visual_motifs=_motifs(pen, moments[-1], list(facts.get("previous_motifs") or [])),
        ending_beat=pen.closed(pen.phrase(book.endings, moments[-1]))[:2000],
        next_hook=hook[:2000] if hook else None,
    )


def _motifs(pen: Pen, moment: Any, previous: list[str]) -> list[str]:
    """Three images, unlike each other and unlike the previous episode's."""
    chosen: list[str] = []
    for template in shuffled(pen.book.motifs, pen.rng):
        motif = pen.fill(template, moment)[:200]
        if all(closeness(motif, other) < 0.5 for other in (*previous, *chosen)):
            chosen.append(motif)
        if len(chosen) == MOTIFS:
            break
    return chosen or [pen.fill(pen.book.motifs[0], moment)[:200]]
