"""What the data commands share: the facade, input from files, JSON options, and how a job is said."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.cli import console
from workbench.db.rows.jobs import Job
from workbench.errors import InvalidInput, Issue, Unavailable
from workbench.i18n import N_, Text, translate

if TYPE_CHECKING:
    from workbench.api.client import Workbench

Row = dict[str, Any]

JOB_COLUMNS = ("id", "kind", "title", "state", "progress", "message", "error_kind")
#: how long a waiting command lets every worker be gone (one may be restarting) before it gives up
NO_WORKER_S = 30.0


def workbench() -> Workbench:
    """The workbench of the environment's settings; a context manager."""
    from workbench.api.client import Workbench

    return Workbench.open()


def reading() -> Workbench:
    """The same for commands that only ask: without the way to Redis, the engine and the migrations."""
    from workbench.api.client import Workbench

    return Workbench.open_reading()


def variable(name: str, option: str) -> str:
    """What a secret is handed over in: the command line of a process can be read by others. Raises InvalidInput."""
    value = os.environ.get(name, "")
    if not value.strip():
        if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name, re.IGNORECASE):  # a key itself: it is not repeated
            text = Text(N_("This is no variable's name. Put the secret into a variable and name that one here."))
            raise InvalidInput(text, [Issue(option, text)])
        text = Text(N_("The variable {name} is empty."), name=name)
        raise InvalidInput(text, [Issue(option, text)])
    return value


class JsonObject(click.ParamType[Row]):
    """An option whose value is a JSON object."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Row:
        if isinstance(value, dict):
            return value
        try:
            parsed = json.loads(value)
        except ValueError as error:
            self.fail(console.said(Text("not JSON: {reason}", reason=str(error))), param, ctx)
        if not isinstance(parsed, dict):
            self.fail(
                console.said(Text("a JSON object is needed, such as {example}", example='{"scene_count_hint": 8}')),
                param,
                ctx,
            )
        return parsed


def read_brief(path: Path) -> Row:
    """A brief out of a JSON or YAML file. Raises InvalidInput; the facade checks the fields."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidInput(Text("{path} cannot be read: {reason}", path=str(path), reason=reason)) from error
    try:
        brief = json.loads(text) if path.suffix.lower() == ".json" else _yaml(text)
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise InvalidInput(Text("{path} is neither JSON nor YAML: {reason}", path=str(path), reason=reason)) from error
    if not isinstance(brief, dict):
        raise InvalidInput(Text("{path} holds no brief: a mapping of fields is needed.", path=str(path)))
    return brief


def _yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def show_jobs(jobs: Iterable[Job], as_json: bool) -> None:
    rows = list(jobs)
    if as_json:
        console.emit(rows)
    else:
        console.table([{**row.as_json(), "message": said_message(row)} for row in rows], JOB_COLUMNS)


def show_job(job: Job, as_json: bool) -> None:
    if as_json:
        console.emit(job)
    else:
        show_jobs([job], as_json=False)


def said_message(job: Job) -> str:
    """A job's message, or its error, in the reader's language."""
    return console.told(job, "error") or console.told(job, "message") or ""


def why_failed(job: Job) -> str:
    """What happened and what to do, in one line."""
    from workbench.errors import KINDS

    kind = KINDS.get(job.error_kind or "")
    remedy = f" → {translate(kind.remedy, console.language())}" if kind else ""
    return f"{job.title or job.kind} ({job.id}, {job.state}): {said_message(job)}{remedy}"


class WorkerWatch:
    """Notices that every worker has been gone for a while, so that nobody waits for ever."""

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench
        self._last_alive = self._looked = time.monotonic()

    def check(self) -> None:
        """Raises Unavailable; looks at most once a second."""
        now = time.monotonic()
        if now - self._looked < 1.0:
            return
        self._looked = now
        if self._workbench.queues.count_live_workers():
            self._last_alive = now
        elif now - self._last_alive > NO_WORKER_S:
            raise Unavailable(
                Text(N_("No worker has been alive for {seconds} s; the jobs stay queued."), seconds=int(NO_WORKER_S))
            )
