"""What webhooks tell of, and how it is said: one payload for programs, with one sentence in it for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from workbench.errors import KINDS
from workbench.i18n import N_, Text, translate
from workbench.usage.budgets import State

Row = dict[str, Any]

EVENTS: dict[str, str] = {
    "job.succeeded": N_("A job succeeded"),
    "job.partial": N_("A job succeeded in part"),
    "job.failed": N_("A job failed"),
    "job.cancelled": N_("A job was cancelled"),
    "job.waiting": N_("A job waits for a decision or a budget"),
    "budget.warning": N_("A budget is used to 80 or 95 %"),
    "budget.reached": N_("A budget is used up"),
}
#: what asks somebody to do something
USUAL = ("job.failed", "job.waiting", "budget.warning", "budget.reached")
TEST = "test"

_JOB = (
    "id", "kind", "title", "state", "waiting_for", "project_id", "node_id", "progress", "error_kind", "error",
    "cost_micros", "currency", "input_tokens", "output_tokens", "created_by", "created_at", "started_at", "finished_at",
)  # fmt: skip


@dataclass(frozen=True)
class Happening:
    """One thing to tell. `key` is the same however often it is noticed."""

    event: str
    key: str
    project_id: int | None
    data: Row
    said: Text
    #: the page that shows it, below the pages' address
    page: str

    def payload(self, lang: str, page_url: str | None) -> Row:
        """As a program gets it: times in epoch ms, money in micros of its currency."""
        link = None if page_url is None else f"{page_url.rstrip('/')}/{self.page}"
        return {
            "type": self.event,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "text": translate(self.said, lang),
            "url": link,
            "data": self.data,
        }


def of_job(row: Row, project: str | None) -> Happening | None:
    """What a job's row has to tell; None when it went on meanwhile."""
    waits = row["state"] == "waiting" and row["waiting_for"] in ("decision", "budget")
    event = "job.waiting" if waits else f"job.{row['state']}"
    if event not in EVENTS:
        return None
    # without a node, the title is the workflow's own
    title = Text.from_json(row["title_i18n"]) if row["title_i18n"] else Text(row["title"])
    if project is not None and project not in row["title"]:
        title = Text(N_("{project}: {title}"), project=project, title=title)
    key = f"job:{row['id']}:{event}:{row['claim']}"
    if waits and row["waiting_for"] == "budget":
        # All parts of a plan wait for the same one, and each is woken and waits again while others use the rest.
        key = f"job:{row['parent_id'] or row['id']}:{event}:budget:{datetime.now(UTC):%F}"
    job = {name: row[name] for name in _JOB}
    return Happening(
        event, key, row["project_id"], {"job": job, "project": project}, _of(row, title), f"job?id={row['id']}"
    )


def _of(row: Row, title: str) -> Text:
    state = row["waiting_for"] if row["state"] == "waiting" else row["state"]
    if state == "failed":
        kind = KINDS.get(row["error_kind"] or "", KINDS["unknown"])
        return Text(
            N_("{title} failed: {error}\n{remedy}"), title=title, error=_stored(row, "error"), remedy=Text(kind.remedy)
        )
    if state == "partial":
        return Text(N_("{title} succeeded in part: {error}"), title=title, error=_stored(row, "error"))
    if state == "budget":
        # used up, or held ready for calls under way: the job itself says which
        return Text(N_("{title} waits for the budget. {said}"), title=title, said=_stored(row, "message"))
    return Text(_SAID[state], title=title)


_SAID = {
    "succeeded": N_("{title} succeeded."),
    "cancelled": N_("{title} was cancelled."),
    "decision": N_("{title} waits for your decision: a call may have been charged."),
}


def _stored(row: Row, column: str) -> str:
    stored = row[f"{column}_i18n"]
    return Text.from_json(stored) if stored else row[column] or ""


def of_budget(state: State, since_ms: int, project: str | None) -> Happening | None:
    """The highest mark that a budget has reached; None below the first. `since_ms`: where its period began."""
    if not state.mark:
        return None
    event = "budget.reached" if state.used_up else "budget.warning"
    amount = {
        n: getattr(state, n) for n in ("key", "project_id", "period", "amount_micros", "spent_micros", "currency")
    }
    said: Text = state.said()
    if project:
        said = Text(N_("{project}: {title}"), project=project, title=said)
    if state.used_up:
        said = Text(N_("{said} Nothing paid begins until it is raised."), said=said)
    return Happening(
        event,
        f"{state.key}:{state.amount_micros}:{state.currency}:{since_ms}:{state.mark}",
        state.project_id,
        {"budget": {**amount, "percent": round(state.percent, 1), "mark": state.mark}, "project": project},
        said,
        "settings",
    )


def test(number: int) -> Happening:
    said = Text(N_("Reelwright can tell you things here."))
    return Happening(TEST, f"test:{number}", None, {}, said, "settings")
