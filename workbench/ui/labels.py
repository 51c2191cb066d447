"""Titles and stored sentences in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from workbench.artifacts import kinds
from workbench.db.rows.jobs import Job
from workbench.db.rows.record import Record
from workbench.db.rows.story import Place
from workbench.db.rows.usage import Spending
from workbench.errors import KINDS, Issue, ReelwrightError
from workbench.i18n import N_, Text, translate
from workbench.json_types import JsonObject
from workbench.ui import formats, live, states
from workbench.ui.language import current, t
from workbench.ui.markup import plain, shorten

WAITING_FOR = {
    "children": N_("waits for its parts"),
    "provider": N_("waits for the provider"),
    "decision": N_("waits for your decision"),
    "budget": N_("waits for the budget"),
    "rate_limit": N_("waits for the rate limit"),
}

SOURCES = {"ai": N_("generated"), "manual": N_("edited by hand"), "import": N_("imported"), "restore": N_("restored")}


def translate_stored(row: Record | JsonObject, column: str) -> str:
    """A stored sentence, in the reader's language where it was stored in a form that allows it."""
    fields = row.as_json() if isinstance(row, Record) else row
    stored = fields.get("i18n") if column == "message" and fields.get("i18n") else fields.get(f"{column}_i18n")
    if stored:
        return translate(Text.from_json(stored), current())
    return str(fields.get(column) or "")


def waiting_texts(jobs: Sequence[Job]) -> dict[int, str]:
    """Job id → what it waits for, for those that are queued or waiting."""
    ids = tuple(sorted(j.id for j in jobs if j.state == "queued" or j.waiting_for == "children"))
    reasons = live.query(live.workbench().jobs.explain_queued, ids) if ids else {}
    texts = {job_id: translate(reason, current()) for job_id, reason in reasons.items()}
    for job in jobs:
        if job.state == "waiting" and job.id not in texts:
            texts[job.id] = translate_stored(job, "message") or t(WAITING_FOR.get(str(job.waiting_for), N_("waiting")))
    return texts


def now_text(job: Job) -> str:
    """What an active job does now, or what it waits for."""
    return waiting_texts([job]).get(job.id) or translate_stored(job, "message") or states.find(job.state).word


def error_text(error: ReelwrightError) -> str:
    return translate(error.text, current())


def issue_text(issue: Issue) -> str:
    return translate(issue.message, current())


def workflow_title(name: str) -> str:
    try:
        return t(live.workbench().workflows.get(name).title)
    except ReelwrightError:
        return name


def kind_title(name: str) -> str:
    known = kinds.all_kinds().get(name)
    return t(known.title) if known else name


def error_title(kind: str | None) -> str:
    return t(KINDS[kind].title) if kind in KINDS else (kind or "")


def failure(job: Job, limit: int = 1000) -> str:
    """What happened, whether it or its children cost anything, the one thing to do; as Markdown."""
    paid = charged(live.query(live.workbench().usage.of_jobs, [job.id])[job.id])
    title = error_title(job.error_kind) or t("Failed")
    happened = _end_sentence(shorten(translate_stored(job, "error"), limit))
    return f"**{plain(_end_sentence(title))}** {plain(happened)} {paid} **{remedy(job.error_kind)}**"


def charged(spending: Spending) -> str:
    """Whether something was charged, in a sentence. Only what is certain is called nothing."""
    if spending.free:
        return t("Nothing was charged.")
    cost = formats.sums(spending.cost)
    if not spending.unpriced:
        return t("It cost {money}.", money=cost)
    if not any(spending.cost.values()):
        return t("What it cost is not known: {n} calls have no known price.", n=spending.unpriced)
    return t("It cost {money}, and {n} calls more have no known price.", money=cost, n=spending.unpriced)


def stop() -> str:
    return "。" if current() == "zh" else "."


def join(items: Iterable[str]) -> str:
    return ("、" if current() == "zh" else ", ").join(items)


def _end_sentence(sentence: str) -> str:
    """With the full stop that many messages of services lack."""
    return sentence if not sentence or sentence[-1] in ".!?…。！？" else sentence + stop()


def remedy(kind: str | None) -> str:
    return t(KINDS[kind].remedy) if kind in KINDS else ""


def part_title(part: str | None) -> str:
    """``episode:3`` as “episode 3”."""
    if not part:
        return ""
    kind, _, number = part.partition(":")
    titles = {
        "episode": t("episode {n}", n=number),
        "scene": t("scene {n}", n=number),
        "shot": t("shot {n}", n=number),
        "group": t("group {key}", key=number),
        "text": t("panels of {key}", key=number),
        "state": t("end of {key}", key=number),
        "look": t("picture of the look “{look}”", look=number),
        "outline": t("Outline and conflict"),
        "knowledge": t("Who knows what"),
        "beats": t("Acts and beats"),
        "weave": t("Plot lines and audit"),
    }
    return titles.get(kind, part)


def item_title(item: str) -> str:
    """``bride: candidate 2``, which a reference sheet calls a step, as its reader says it."""
    before, name, number = item.rpartition("candidate ")
    return before + t("candidate {n}", n=number) if name and number.isdigit() else item


def zone() -> tzinfo | None:
    """The browser's time zone; the machine's own when the browser does not say."""
    try:
        return ZoneInfo(st.context.timezone) if st.context.timezone else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


def age_text(at_ms: int | None) -> str:
    return formats.relative(at_ms, live.clock_ms(), current(), zone())


def time_text(at_ms: int | None) -> str:
    return formats.absolute(at_ms, zone())


def duration_text(ms: float | None) -> str:
    return formats.duration(ms, current())


def node_title(kind: str, position: int, title: str) -> str:
    """A node as a heading: “Episode 2 · The dark hour”, “3 · The lamp goes out”."""
    if kind == "episode":
        return t("Episode {n} · {title}", n=position, title=title)
    return f"{position} · {title}" if kind == "scene" else title


def place(where: Place | None) -> str:
    """Where a node is, for a narrow column: “E2 · 3 The lamp goes out”; nothing when it is not known."""
    if where is None:
        return ""
    if where.kind == "scene":
        return t("E{n}", n=where.episode) + f" · {where.position} {where.title}"
    return t("E{n}", n=where.position) + f" {where.title}" if where.kind == "episode" else where.title


def drawn_from(candidate: JsonObject) -> str:
    """Whose and which places' sheets a picture was drawn from, with their looks; empty: from words alone."""
    used = [f"{r['name']} ({r['look']})" if r["look"] else r["name"] for r in candidate.get("references") or []]
    return t("drawn from: {sheets}", sheets=", ".join(used)) if used else ""


def made_by(picture: JsonObject) -> str:
    """Which model made a picture or clip; of a person's own, its file's name."""
    if picture.get("origin") == "own":
        return t("your own: {name}", name=str(picture["model"]))
    return str(picture["model"])
