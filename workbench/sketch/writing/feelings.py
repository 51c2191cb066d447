"""What an event's people feel by its words, and which faces lead to a feeling and answer it."""

from __future__ import annotations

from workbench.artifacts.storyboard import Expression
from workbench.sketch import books

#: the way to a feeling: what the face shows before
APPROACH: dict[Expression, tuple[Expression, Expression]] = {
    "afraid": ("neutral", "surprised"),
    "angry": ("neutral", "determined"),
    "sad": ("tender", "neutral"),
    "surprised": ("neutral", "determined"),
    "happy": ("neutral", "tender"),
    "tender": ("sad", "neutral"),
    "determined": ("sad", "neutral"),
    "neutral": ("tender", "determined"),
}
#: what somebody else's face answers
ANSWERS: dict[Expression, Expression] = {
    "afraid": "determined",
    "angry": "afraid",
    "sad": "tender",
    "surprised": "neutral",
    "happy": "happy",
    "tender": "happy",
    "determined": "surprised",
    "neutral": "determined",
}


def feeling_of(text: str) -> Expression | None:
    """What the people of an event feel; None when its words do not tell."""
    return next((f.face for f in books.feelings().feelings if f.words.search(text)), None)
