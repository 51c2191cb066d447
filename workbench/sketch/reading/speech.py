"""Who has words in a story: people and machines; an animal or a thing where it is given any."""

from __future__ import annotations

import re

from workbench.json_types import JsonObject
from workbench.sketch.reading.people import Person
from workbench.sketch.reading.words import either

_TALES = either(
    r"童话|寓言|动画|儿童|神话",
    r"fables?|fairy[- ]?tales?|children(?:'s)?|animated|animation|cartoon|bedtime|talking animals?",
)


_TALKS = either(
    r"会说话|能言|学舌|话多|说人话",
    r"talk(?:s|ing|ative)?|speak(?:s|ing)?|chatty|repeats everything|tells stories|eloquent",
)


_SAYS_EN = (
    r"says|asks|tells|whispers|answers|praises|sings|questions|calls out|replies|begs|promises|shouts|"
    r"cries out|explains|warns|confesses"
)


_SAYS_ZH = r"说|问|答应|回答|唱|喊|告诉|劝|求|笑道|道："


def can_speak(name: str, person: Person, description: str, whole: JsonObject) -> bool:
    """Whether somebody has words: people and machines do; an animal or a thing where the story gives it any."""
    if person.being.shape in ("person", "robot", "screen"):
        return True
    # a fish or a flower is silent in a tale, too, unless it is given words
    silent = person.being.shape in ("fish", "bug", "plant")
    if (_TALES.search(f"{whole.get('genre') or ''}") and not silent) or _TALKS.search(description):
        return True
    sign = re.escape(name)
    told = rf"\b{sign}\s+(?:\w+ly\s+)?(?:{_SAYS_EN})\b|{sign}[^，。；]{{0,4}}(?:{_SAYS_ZH})"
    return re.search(told, str(whole.get("summary") or ""), re.IGNORECASE) is not None
