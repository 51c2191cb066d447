"""What webhooks tell of, and how it is said: one payload for programs, with one sentence in it for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from workbench.db.rows.alerts import Alert
from workbench.db.rows.usage import Spending
from workbench.db.rows.webhooks import MarkedJob
from workbench.errors import KINDS
from workbench.i18n import N_, Text, translate
from workbench.json_types import JsonObject
from workbench.usage import alerts
from workbench.usage.budgets import State

EVENTS: dict[str, str] = {
    "job.succeeded": N_("A job succeeded"),
    "job.partial": N_("A job succeeded in part"),
    "job.failed": N_("A job failed"),
    "job.cancelled": N_("A job was cancelled"),
    "job.waiting": N_("A job waits for a decision or a budget"),
    "group.regressed": N_("A failure that was resolved has come back"),
    "budget.warning": N_("A budget is used to 80 or 95 %"),
    "budget.reached": N_("A budget is used up"),
    "alert.raised": N_("A rule has noticed something"),
}
#: what asks somebody to do something
USUAL = ("job.failed", "job.waiting", "group.regressed", "budget.warning", "budget.reached", "alert.raised")
TEST = "test"

_JOB = (
    "id", "kind", "title", "state", "waiting_for", "project_id", "node_id", "progress", "error_kind", "error",
    "cost_micros", "currency", "input_tokens", "output_tokens", "created_by", "created_at", "started_at", "finished_at",
)  # fmt: skip


@dataclass(frozen=True)
class WebhookEvent:
    """Something that webhooks are told of. `key` is the same however often it is noticed."""

    name: str
    key: str
    project_id: int | None
    data: JsonObject
    text: Text
    #: the page that shows it, below the pages' address
    page: str

    def payload(self, lang: str, page_url: str | None) -> JsonObject:
        """As a program gets it: times in epoch ms, money in micros of its currency."""
        link = None if page_url is None else f"{page_url.rstrip('/')}/{self.page}"
        return {
            "type": self.name,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "text": translate(self.text, lang),
            "url": link,
            "data": self.data,
        }


def job_event(job: MarkedJob, project: str | None, spending: Spending) -> WebhookEvent | None:
    """The event of a job that ended or waits for somebody; None when it went on meanwhile."""
    waits = job.state == "waiting" and job.waiting_for in ("decision", "budget")
    name = "job.waiting" if waits else f"job.{job.state}"
    if name not in EVENTS:
        return None
    # without a node, the title is the workflow's own
    title = Text.from_json(job.title_i18n) if job.title_i18n else Text(job.title)
    if project is not None and project not in job.title:
        title = Text(N_("{project}: {title}"), project=project, title=title)
    key = f"job:{job.id}:{name}:{job.claim}"
    if waits and job.waiting_for == "budget":
        # All jobs of a plan wait for the same one, and each is woken and waits again while others use the rest.
        key = f"job:{job.parent_id or job.id}:{name}:budget:{datetime.now(UTC):%F}"
    data = {field: getattr(job, field) for field in _JOB}
    told = {"job": data, "project": project, "spending": spending.as_json()}
    return WebhookEvent(name, key, job.project_id, told, _describe(job, title), f"job?id={job.id}")


def _describe(job: MarkedJob, title: str) -> Text:
    state = (job.waiting_for if job.state == "waiting" else None) or job.state
    if state == "failed":
        kind = KINDS.get(job.error_kind or "", KINDS["unknown"])
        return Text(
            N_("{title} failed: {error}\n{remedy}"),
            title=title,
            error=_read_stored_text(job, "error"),
            remedy=Text(kind.remedy),
        )
    if state == "partial":
        return Text(N_("{title} succeeded in part: {error}"), title=title, error=_read_stored_text(job, "error"))
    if state == "budget":
        # used up, or held ready for calls under way: the job itself says which
        return Text(N_("{title} waits for the budget. {said}"), title=title, said=_read_stored_text(job, "message"))
    return Text(_SENTENCES[state], title=title)


def regression_event(job: MarkedJob, fingerprint: str, since_ms: int, project: str | None) -> WebhookEvent:
    """A group of failures that somebody had resolved has one more, at `since_ms`."""
    kind = KINDS.get(job.error_kind or "", KINDS["unknown"])
    text = Text(
        N_("“{kind}” was resolved and has come back: {error}\n{remedy}"),
        kind=Text(kind.title),
        error=_read_stored_text(job, "error"),
        remedy=Text(kind.remedy),
    )
    if project:
        text = Text(N_("{project}: {title}"), project=project, title=text)
    group = {"fingerprint": fingerprint, "error_kind": job.error_kind, "regressed_at": since_ms}
    data = {"group": group, "job": {field: getattr(job, field) for field in _JOB}, "project": project}
    key = f"group:{fingerprint}:regressed:{since_ms}"
    return WebhookEvent("group.regressed", key, job.project_id, data, text, f"debug?group={fingerprint}&period=all")


_SENTENCES = {
    "succeeded": N_("{title} succeeded."),
    "cancelled": N_("{title} was cancelled."),
    "decision": N_("{title} waits for your decision: a call may have been charged."),
}


def _read_stored_text(job: MarkedJob, column: str) -> str:
    stored = getattr(job, f"{column}_i18n")
    return Text.from_json(stored) if stored else getattr(job, column) or ""


def budget_event(state: State, since_ms: int, project: str | None) -> WebhookEvent | None:
    """The highest mark that a budget has reached; None below the first. `since_ms`: where its period began."""
    if not state.mark:
        return None
    name = "budget.reached" if state.used_up else "budget.warning"
    amount = {
        n: getattr(state, n) for n in ("key", "project_id", "period", "amount_micros", "spent_micros", "currency")
    }
    text: Text = state.describe()
    if project:
        text = Text(N_("{project}: {title}"), project=project, title=text)
    if state.used_up:
        text = Text(N_("{said} Nothing paid begins until it is raised."), said=text)
    return WebhookEvent(
        name,
        f"{state.key}:{state.amount_micros}:{state.currency}:{since_ms}:{state.mark}",
        state.project_id,
        {"budget": {**amount, "percent": round(state.percent, 1), "mark": state.mark}, "project": project},
        text,
        "settings",
    )


def alert_event(alert: Alert, project: str | None) -> WebhookEvent:
    text: Text = alerts.describe(alert)
    if project:
        text = Text(N_("{project}: {title}"), project=project, title=text)
    told = {name: value for name, value in alert.as_json().items() if name not in ("ended_at", "dismissed_at")}
    page = "analytics" if alert.kind == "spend_day" else "debug" if alert.kind == "failure_share" else "jobs"
    return WebhookEvent(
        "alert.raised", f"alert:{alert.id}", alert.project_id, {"alert": told, "project": project}, text, page
    )


def greeting(number: int) -> WebhookEvent:
    """What a webhook is tried out with."""
    text = Text(N_("Reelwright can tell you things here."))
    return WebhookEvent(TEST, f"test:{number}", None, {}, text, "settings")
