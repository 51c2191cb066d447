"""Why something is stale, in one sentence that names node, versions and the words that changed."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.i18n import N_
from workbench.story.prompt_changes import ChangedPrompt
from workbench.story.studio import StaleReason
from workbench.ui import labels
from workbench.ui.language import t
from workbench.ui.markup import code, plain, shorten
from workbench.ui.studio import diff


def distinct(given: Iterable[StaleReason]) -> list[StaleReason]:
    """Each change once: a phase after the other may have used the same words."""
    told: dict[tuple[object, ...], StaleReason] = {}
    for reason in given:
        told.setdefault((reason.node_id, reason.kind, reason.part, *differing_words(reason)), reason)
    return list(told.values())


def sentence(reason: StaleReason) -> str:
    """One reason as Markdown."""
    if reason.prompt is not None:
        return _prompt_sentence(reason.prompt)
    part = labels.part_title(reason.part)
    what = labels.kind_title(reason.kind) + (f" ({part})" if part else "")
    said = t(
        "Stale because {what} of {node} moved from v{old} to v{new}",
        what=plain(what),
        node=f"**{plain(reason.node_title)}**",
        old=reason.from_version,
        new=reason.to_version,
    )
    was, now = differing_words(reason)
    return said + (t(": {was} became {now}.", was=_quote(was), now=_quote(now)) if was or now else labels.stop())


def _prompt_sentence(prompt: ChangedPrompt) -> str:
    owner = (
        N_("the shipped prompt counts again") if prompt.is_shipped else N_("all projects have a prompt of their own")
    )
    if prompt.project_id is not None:
        owner = N_("this project has a prompt of its own")
    return t(
        "Stale because it was made with prompt {was} of {prompt}, and now {owner}: {now}",
        was=code(prompt.was),
        prompt=code(prompt.name),
        owner=t(owner),
        now=code(prompt.now),
    )


def differing_words(reason: StaleReason) -> tuple[str, str]:
    """The stretch of the first changed field that differs."""
    # a picture is no words, but a hash
    told = [change for change in reason.changes if change.path.rpartition(".")[2] != "chosen"]
    if not told:
        return "", ""
    first = told[0]
    if not first.was or not first.now:
        return first.was or "—", first.now or "—"
    left, right = diff.words(first.was, first.now)
    gone = " … ".join(text.strip() for kind, text in left if kind == "removed" and text.strip())
    come = " … ".join(text.strip() for kind, text in right if kind == "added" and text.strip())
    return gone or "—", come or "—"


def _quote(text: str, limit: int = 60) -> str:
    return f"“{plain(shorten(text, limit))}”"
