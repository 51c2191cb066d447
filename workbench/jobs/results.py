"""What a job has made, as a version of its node's artifact: at its end, or of what there is so far."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection

from workbench.artifacts import kinds
from workbench.artifacts.placing import tell_today
from workbench.artifacts.saving import add_version
from workbench.artifacts.versions import hash_of
from workbench.db.reads import story as reads
from workbench.db.rows.story import Artifact, Input
from workbench.db.writes import story as story_writes
from workbench.db.writes import timeline
from workbench.db.writes.claims import Claim
from workbench.errors import ProgrammingError
from workbench.i18n import N_, Text
from workbench.jobs.hand_written import HandWritten
from workbench.jobs.part_prompts import PartPrompts
from workbench.jobs.part_sources import PartSources
from workbench.json_types import JsonObject
from workbench.story import replanning
from workbench.story.facts import NodeView

M = TypeVar("M", bound=BaseModel)


class Maker(Protocol):
    """What a version is told of the run that made it (see workbench.jobs.context.Context)."""

    warnings: list[Text]
    params: Any

    @property
    def node(self) -> NodeView: ...
    @property
    def inputs(self) -> list[Input]: ...
    @property
    def prompt_version(self) -> str | None: ...
    @property
    def model(self) -> str: ...
    def keep_script(self, content: M) -> M: ...
    @property
    def sources(self) -> PartSources: ...
    @property
    def prompts(self) -> PartPrompts: ...
    @property
    def hand_written(self) -> HandWritten: ...


@dataclass(frozen=True)
class Saved:
    """A version and whether it is held: it stands beside the head until somebody takes it over."""

    artifact: Artifact
    held: bool = False


def save_result(
    conn: Connection, claim: Claim, maker: Maker, kind_name: str, result: Any, parts: Collection[str] | None = None
) -> Saved:
    """Add the version; one that a person has pinned, or saved meanwhile, goes on counting. The claim is fenced by the
    caller. `parts`: the only ones of it that were made now."""
    story_writes.lock_node(conn, maker.node.id)
    if callable(result):
        # under the lock: what has been added meanwhile is kept
        head = reads.find_head(conn, maker.node.id, kind_name)
        result = result(None if head is None else tell_today(conn, head).content)
    if not isinstance(result, BaseModel):
        raise ProgrammingError(Text("The workflow must return the content of {kind}.", kind=kind_name))
    kind = kinds.find(kind_name)
    content = kinds.validate(kind, maker.keep_script(result).model_dump(mode="json"))
    by_hand = maker.hand_written.find_saved_meanwhile(conn)
    used = maker.prompts.list_for(conn, kind, content, parts, maker.sources.kept)
    held = by_hand is None and _hides_work(conn, maker, kind.name, content)
    saved = add_version(
        conn,
        maker.node.id,
        kind,
        content,
        source="ai",
        user=claim.created_by or "local",
        job_id=claim.job_id,
        inputs=maker.inputs if parts is None else maker.sources.list_for(conn, kind, content, parts),
        warnings=[w.to_json() for w in maker.warnings],
        prompt_version=maker.prompt_version,
        model=maker.model,
        as_head=by_hand is None and not held,
    )
    story_writes.add_prompts(conn, saved.id, used)
    if by_hand is not None:
        message = Text(
            N_(
                "Version {version} stands beside version {head}, which was saved by hand meanwhile and goes on counting"
            ),
            version=saved.version,
            head=by_hand,
        )
        timeline.add_event(conn, claim.job_id, message, claim=claim.number, level="warning")
    if held:
        message = Text(
            N_("Version {version} is not shown yet: it would archive what is made. Look at it and take it over."),
            version=saved.version,
        )
        timeline.add_event(conn, claim.job_id, message, claim=claim.number, level="warning")
    head = reads.find_head(conn, maker.node.id, kind_name)
    if head is not None and head.pinned:
        message = Text(
            N_("Version {version} is not shown: version {head} is pinned"), version=saved.version, head=head.version
        )
        timeline.add_event(conn, claim.job_id, message, claim=claim.number, level="warning")
    return Saved(saved, held)


def save_so_far(
    conn: Connection,
    claim: Claim,
    maker: Maker,
    kind_name: str,
    result: BaseModel,
    parts: Collection[str] | None = None,
) -> Artifact:
    """The same while the job goes on; what it has saved already, before it was interrupted, is not saved again."""
    content = kinds.validate(kinds.find(kind_name), maker.keep_script(result).model_dump(mode="json"))
    saved = reads.find_made(conn, maker.node.id, kind_name, claim.job_id, hash_of(content))
    return saved or save_result(conn, claim, maker, kind_name, result, parts).artifact


def _hides_work(conn: Connection, maker: Maker, kind: str, content: JsonObject) -> bool:
    """A plan of a job that was asked to be looked at first, which would archive episodes or scenes that hold work."""
    asked = getattr(maker.params, "review", False)
    return bool(asked) and replanning.preview(conn, maker.node.id, kind, content).hides_work
