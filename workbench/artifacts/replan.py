"""Re-planning keeps what survives: existing nodes are matched by title, then by position; what is gone is archived."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.artifacts.declared import Child


@dataclass(frozen=True)
class Existing:
    id: int
    position: int
    title: str
    archived: bool


@dataclass
class Replan:
    keep: dict[int, Child] = field(default_factory=dict)
    create: list[Child] = field(default_factory=list)
    archive: list[int] = field(default_factory=list)


def match(existing: list[Existing], wanted: list[Child]) -> Replan:
    """Decide which node becomes which child.

    Order of preference: same title and position, same title, same position (live only: the episode was renamed).
    An archived node comes back only under its own title, so that restoring an old plan undoes a re-plan.
    """
    plan = Replan()
    free = {e.id: e for e in existing}
    open_children = list(wanted)

    def take(same: object, live_only: bool) -> None:
        for child in list(open_children):
            fits = [e for e in free.values() if same(e, child) and not (live_only and e.archived)]  # type: ignore[operator]
            if fits:
                best = min(fits, key=lambda e: (e.archived, abs(e.position - child.position), e.id))
                plan.keep[best.id] = child
                del free[best.id]
                open_children.remove(child)

    take(lambda e, c: e.title == c.title and e.position == c.position, live_only=True)
    take(lambda e, c: e.title == c.title, live_only=True)
    take(lambda e, c: e.title == c.title, live_only=False)
    take(lambda e, c: e.position == c.position, live_only=True)
    plan.create = open_children
    plan.archive = [e.id for e in free.values() if not e.archived]
    return plan
