"""A lineage as a line from the brief down to the frames: a card for each kind, with versions, jobs, cost, reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from workbench.db.rows.usage import Spending
from workbench.story.lineage import Lineage, Relative
from workbench.ui import formats, job_links, labels, live, shell, states, story_links
from workbench.ui.language import current, t
from workbench.ui.markup import plain
from workbench.ui.studio import reasons

PAGE = "pages/lineage.py"
#: of one kind; the others open below
SHOWN = 4
#: of those that open below
MOST = 60
REASONS = 3


def query(node_id: int, kind: str) -> dict[str, str]:
    """The query of the page of what a node has of one kind."""
    return {"node": str(node_id), "kind": kind}


@dataclass(frozen=True)
class Rank:
    """What a lineage has of one kind on one side; `side`: above, here or below."""

    kind: str
    side: str
    relatives: list[Relative]

    @property
    def stale(self) -> int:
        return sum(r.stale for r in self.relatives)

    @property
    def partial(self) -> int:
        return sum(r.state == "partial" for r in self.relatives)

    @property
    def direct(self) -> bool:
        return any(abs(r.distance) == 1 for r in self.relatives)


def rank(seen: Lineage, order: Sequence[str]) -> list[Rank]:
    """A rank for each kind, in the order of a story's making; kinds that are not in `order` come last."""
    ranks = []
    for side, relatives in (("above", seen.above), ("here", [seen.of]), ("below", seen.below)):
        by_kind: dict[str, list[Relative]] = {}
        for relative in relatives:
            by_kind.setdefault(relative.kind, []).append(relative)
        place = {kind: at for at, kind in enumerate(order)}
        names = sorted(by_kind, key=lambda k: (place.get(k, len(place)), k))
        ranks += [Rank(kind, side, by_kind[kind]) for kind in names]
    return ranks


def order_of_making() -> list[str]:
    """The kinds that people bring, then those that workflows write, each after what it is made from."""
    written = [str(w.writes) for w in live.workbench().workflows.list() if w.writes]
    return list(dict.fromkeys(["source", "brief", "world_element", "character", *written]))


def draw(seen: Lineage, project: int) -> None:
    """The line itself; `project`: whose story it is in."""
    ranks = rank(seen, order_of_making())
    jobs = sorted({r.job_id for own in ranks for r in own.relatives if r.job_id is not None})
    spent = live.query(live.workbench().usage.of_jobs, tuple(jobs)) if jobs else {}
    for own in ranks:
        _card(own, spent, project)
    if seen.truncated:
        st.caption(t("More was made from it than is listed here."))


def _card(own: Rank, spent: Mapping[int, Spending], project: int) -> None:
    here = own.side == "here"
    with st.container(border=True, key=f"lineage_{own.side}_{own.kind}", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            count = f" × {len(own.relatives)}" if len(own.relatives) > 1 else ""
            st.markdown(f"**{plain(labels.kind_title(own.kind))}**{count}", width="content")
            for state, number in (("stale", own.stale), ("partial", own.partial)):
                if number:
                    states.badge(state, int(number) if len(own.relatives) > 1 else None)
            if not own.stale and not own.partial:
                states.badge("fresh")
            if not here:
                word = t("directly") if own.direct else t("through others")
                st.caption(word, width="content")
            st.space("stretch")
            st.caption(formats.spent(_sum(own, spent), current()), width="content")
        # what is stale or not whole first: it is what somebody looks for
        listed = sorted(own.relatives, key=lambda r: ("stale", "partial", "fresh").index(r.state))
        for relative in listed[:SHOWN]:
            _line(relative, project)
        _explain(listed[:SHOWN])
        if len(listed) > SHOWN:
            with st.expander(t("{n} more", n=len(listed) - SHOWN), key=f"lineage_more_{own.side}_{own.kind}"):
                for relative in listed[SHOWN:MOST]:
                    _line(relative, project)
                if len(listed) > MOST:
                    st.caption(t("and {n} more", n=len(listed) - MOST))


def _sum(own: Rank, spent: Mapping[int, Spending]) -> Spending:
    """What the jobs behind a rank took together, each counted once."""
    parts = [spent[job] for job in {r.job_id for r in own.relatives if r.job_id is not None} if job in spent]
    cost: dict[str, int] = {}
    for part in parts:
        for currency, micros in part.cost.items():
            cost[currency] = cost.get(currency, 0) + micros
    return Spending(sum(p.calls for p in parts), None, cost, sum(p.unpriced for p in parts))


def _line(relative: Relative, project: int) -> None:
    """One artifact: the way to its own lineage, its version, who made it and when, its job, its place in the Studio."""
    key = f"{relative.distance}_{relative.node_id}_{relative.kind}"
    icon = None if relative.state == "fresh" else f":material/{states.find(relative.state).icon}:"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"lineage_line_{key}"):
        st.page_link(
            PAGE, label=plain(labels.place(relative.place)), query_params=query(relative.node_id, relative.kind),
            width="content", icon=icon,
        )  # fmt: skip
        by = relative.model or t(labels.SOURCES.get(relative.source, relative.source))
        shell.small(f"{_version(relative)} · {by} · {labels.age_text(relative.created_at)}",
                    labels.time_text(relative.created_at))  # fmt: skip
        st.space("stretch")
        if relative.job_id is not None:
            st.page_link(
                job_links.PAGE, label=t("job {id}", id=relative.job_id), width="content",
                query_params=job_links.query(relative.job_id),
            )  # fmt: skip
        _way(relative, project)


def _way(relative: Relative, project: int) -> None:
    """To where it is worked on: the Cast for who and what is in the story, else the Studio."""
    kind = story_links.ELEMENTS.get(relative.place.kind)
    where = {"project": str(project), "node": str(relative.node_id)}
    if kind is not None:
        st.page_link(
            story_links.CAST, label=t("Cast and world"), icon=":material/groups:", width="content",
            query_params={**where, "kind": kind},
        )  # fmt: skip
        return
    st.page_link(
        story_links.STUDIO, label=t("Studio"), icon=":material/movie_edit:", width="content", query_params=where
    )


def _explain(relatives: Sequence[Relative]) -> None:
    """Why they are stale; one change makes many stale, and is said once."""
    wb = live.workbench()
    stale = [r for r in relatives if r.stale]
    found = [x for r in stale for x in live.query(wb.artifacts.list_stale_reasons, r.node_id, r.kind)]
    for reason in reasons.distinct(found)[:REASONS]:
        st.markdown(f":orange[:material/update:] :gray[{reasons.sentence(reason)}]")


def _version(relative: Relative) -> str:
    """“v2”, or “v1 used, v3 now” where another one counts by now."""
    if relative.version == relative.head:
        return f"v{relative.version}"
    return t("v{used} used, v{now} now", used=relative.version, now=relative.head)
