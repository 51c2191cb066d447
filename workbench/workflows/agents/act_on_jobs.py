"""act_on_jobs: cancel, retry or set the priority of any number of jobs, by id or by filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from workbench.i18n import N_
from workbench.json_types import JsonObject
from workbench.workflows import registry

if TYPE_CHECKING:
    from workbench.jobs.context import Context


class Params(registry.Params):
    act: Literal["cancel", "retry", "priority", "restore"] = Field(title=N_("Act"))
    #: None: by `filters`, up to the job `last`
    ids: list[int] | None = Field(None, title=N_("Jobs"))
    filters: dict[str, Any] = Field(default_factory=dict, title=N_("Filters"))
    last: int = Field(0, title=N_("Last job"))
    priority: int = Field(0, ge=-100, le=100, title=N_("Priority"))
    replace_newer: bool = Field(False, title=N_("Also where a version was saved by hand"))
    #: how many there were when it was asked for
    total: int = Field(0, title=N_("Jobs in all"))
    #: the bulk job that is undone, and what that one did
    undo_of: int | None = Field(None, title=N_("Undoes"))
    undone: Literal["cancel", "retry", "priority"] = Field("cancel", title=N_("What is undone"))
    #: of which group, and how another retry than a plain one is done; `wb.jobs.act_on_many` fills it
    how: SkipJsonSchema[dict[str, Any]] = Field(default_factory=dict)


@registry.workflow(
    "act_on_jobs",
    title=N_("Act on many jobs"),
    scope="any",
    params=Params,
    queue="system",
    deadline_s=86_400,
    by_hand=True,
    typical=registry.Typical(calls=0),
)
async def run(ctx: Context, params: Params) -> JsonObject:
    """Cancel, retry or set the priority of any number of jobs; what came of each stands beside it."""
    return await ctx.act_on_jobs(params)
