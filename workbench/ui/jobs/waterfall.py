"""The parts of a parent as a tree beside a time line: which ran when, how long each waited and took, and what is left.

Rows are computed apart from drawing, so that they can be tested without a browser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from workbench.db.rows.jobs import FamilyJob, Job
from workbench.db.rows.story import Place
from workbench.ui import formats, job_links, labels, live, states
from workbench.ui.language import current, t
from workbench.ui.markup import hide_keys, plain

PAGE = 100

_CSS = """
.scroll { overflow: auto; border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius);
  max-height: 480px; }
table { border-collapse: separate; border-spacing: 0; width: 100%; table-layout: fixed; min-width: 560px;
  font-family: var(--st-font); font-size: 0.875rem; color: var(--st-text-color); }
th, td { height: 32px; padding: 0 0.5rem; border-bottom: 1px solid var(--st-border-color); text-align: left;
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; box-sizing: border-box; }
tbody tr:last-child td { border-bottom: 0; }
th { position: sticky; top: 0; z-index: 1; background: var(--st-secondary-background-color); font-weight: 500; }
th.name { width: 44%; } th.took { width: 96px; text-align: right; } td.took { text-align: right;
  font-variant-numeric: tabular-nums; }
tbody tr { cursor: pointer; } tbody tr:hover td { background: var(--st-secondary-background-color); }
.icon { font-family: "Material Symbols Rounded"; font-weight: 400; font-size: 1rem; line-height: 1; user-select: none;
  vertical-align: -3px; margin-right: 0.3rem; }
button { all: unset; cursor: pointer; display: inline-block; width: 1.2rem; }
.pad { display: inline-block; width: 1.2rem; }
button:focus-visible, a:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
a { color: inherit; text-decoration: none; } tr:hover a { text-decoration: underline; }
.lane { position: relative; height: 14px; }
.lane i, .lane b { position: absolute; top: 0; height: 14px; border-radius: 3px; box-sizing: border-box; }
.lane i { background: repeating-linear-gradient(45deg, var(--st-border-color) 0 2px, transparent 2px 5px); }
.lane b { min-width: 3px; }
"""

_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const own = parentElement.tree ??= { closed: new Map() };
  const make = (name, className, text) => {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const isClosed = (row) => own.closed.get(row.id) ?? row.closed;
  const open = (id) => setTriggerValue('opened', id);

  function line(row) {
    const node = make('tr');
    node.setAttribute('role', 'row');
    node.setAttribute('aria-level', row.depth);
    const name = make('td', 'name');
    name.style.paddingLeft = (0.5 + 1.1 * (row.depth - 1)) + 'rem';
    if (row.parts) {
      node.setAttribute('aria-expanded', !isClosed(row));
      const fold = make('button', 'icon', isClosed(row) ? 'chevron_right' : 'expand_more');
      fold.type = 'button';
      fold.setAttribute('aria-label', (isClosed(row) ? data.words.show : data.words.hide) + ' ' + row.id);
      fold.dataset.focus = 'fold ' + row.id;
      fold.onclick = (event) => { event.stopPropagation(); own.closed.set(row.id, !isClosed(row)); draw(); };
      name.append(fold);
    } else name.append(make('span', 'pad'));
    const icon = make('span', 'icon', row.icon);
    icon.style.color = 'var(--st-' + row.colour + '-text-color)';
    icon.setAttribute('aria-hidden', 'true');
    const link = make('a', '', row.name);
    link.href = row.href;
    link.setAttribute('aria-label', row.label);
    link.dataset.focus = 'open ' + row.id;
    link.onclick = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) { event.stopPropagation(); return; }
      event.preventDefault();
    };
    name.title = row.label;
    name.append(icon, link);
    const cell = make('td');
    const lane = make('div', 'lane');
    lane.title = row.times;
    const [from, begun, to] = row.span;
    const wait = make('i');
    wait.style.left = from + '%';
    wait.style.width = Math.max(0, begun - from) + '%';
    lane.append(wait);
    if (to !== null) {
      const bar = make('b');
      bar.style.left = Math.min(begun, 99.5) + '%';
      bar.style.width = Math.max(0, to - begun) + '%';
      bar.style.background = 'var(--st-' + row.colour + '-color)';
      lane.append(bar);
    }
    cell.append(lane);
    node.append(name, cell, make('td', 'took', row.took));
    node.onclick = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || String(window.getSelection())) return;
      open(row.id);
    };
    return node;
  }

  function draw() {
    const focused = parentElement.activeElement?.dataset?.focus;
    const table = make('table');
    table.setAttribute('role', 'treegrid');
    table.setAttribute('aria-label', data.label);
    const head = make('thead');
    const row = make('tr');
    for (const [name, title] of [['name', data.words.part], ['', data.words.time], ['took', data.words.took]]) {
      const cell = make('th', name, title);
      cell.scope = 'col';
      row.append(cell);
    }
    head.append(row);
    const body = make('tbody');
    let below = Infinity;
    for (const row of data.rows) {
      if (row.depth > below) continue;
      below = row.parts && isClosed(row) ? row.depth : Infinity;
      body.append(line(row));
    }
    table.append(head, body);
    const scroll = parentElement.querySelector('.scroll');
    const top = scroll.scrollTop;
    scroll.replaceChildren(table);
    scroll.scrollTop = top;
    if (focused) parentElement.querySelector('[data-focus="' + CSS.escape(focused) + '"]')?.focus();
  }
  draw();
}
"""

_component = st.components.v2.component(
    "reelwright_waterfall", html="<div class='scroll' tabindex='-1'></div>", css=_CSS, js=_JS
)


def time_left_ms(job: Job, counts: Mapping[str, int], now: int) -> int | None:
    """How long what is left of a parent's parts will probably take, at the pace so far; None while nothing tells."""
    done = sum(n for state, n in counts.items() if state not in states.ACTIVE)
    left = _count_all(job, counts) - done
    if not done or left <= 0 or job.started_at is None or job.state not in states.ACTIVE:
        return None
    return round((now - job.started_at) / done * left)


def _count_all(job: Job, counts: Mapping[str, int]) -> int:
    return max(job.parts or 0, sum(counts.values()))


def summary(job: Job, counts: Mapping[str, int], now: int) -> str:
    """“7 of 12 · running 2 · failed 1 · about 4 min 10 s left”."""
    done = sum(n for state, n in counts.items() if state not in states.ACTIVE)
    told = [t("{n} of {all}", n=formats.count(done), all=formats.count(_count_all(job, counts)))]
    told += [f"{states.find(s).word} {formats.count(counts[s])}" for s in states.JOB_STATES if counts.get(s)]
    left = time_left_ms(job, counts, now)
    if left is not None:
        told.append(t("about {time} left", time=formats.duration(left, current())))
    return " · ".join(told)


def rows(family: Sequence[FamilyJob], places: Mapping[int, Place], begin: int, now: int) -> list[dict[str, Any]]:
    """A row for each part, parents before their own: when it was asked for, began and ended, as shares of the whole
    in percent."""
    end = max((one.finished_at or now for one in family), default=now)
    whole = max(1, end - begin)

    def share(at: int) -> float:
        return round(min(100.0, max(0.0, 100 * (at - begin) / whole)), 2)

    parents = {one.parent_id for one in family}
    drawn = []
    for one in family:
        state = states.find(one.state)
        until = one.finished_at or now
        began = one.started_at or until
        took = None if one.started_at is None else max(0, until - one.started_at)
        name = " · ".join(filter(None, (labels.workflow_title(one.kind), labels.place(places.get(one.node_id or 0)))))
        drawn.append(
            {
                "id": one.id,
                "depth": one.depth,
                "parts": one.id in parents,
                "closed": one.state == "succeeded",
                "icon": state.icon,
                "colour": state.colour,
                "name": hide_keys(name),
                "label": hide_keys(f"{t('Open job {id}', id=one.id)}: {name}, {state.word}"),
                "href": job_links.href(one.id),
                "took": formats.duration(took, current()),
                "times": t(
                    "waited {wait}, ran {run}",
                    wait=formats.duration(max(0, began - one.created_at), current()),
                    run=formats.duration(took, current()),
                ),
                "span": [share(one.created_at), share(began), None if one.started_at is None else share(until)],
            }
        )
    return drawn


def _turn(job_id: int, page: int) -> None:
    st.session_state["_parts_page"] = (job_id, page)


def draw(job: Job) -> None:
    """The parts of a job, a page of its own children at a time with everything below them."""
    wb = live.workbench()
    counts = live.query(wb.jobs.count_children, job.id)
    total = sum(counts.values())
    if not total:
        return
    asked, page = st.session_state.get("_parts_page", (job.id, 0))
    page = page if asked == job.id and page * PAGE < total else 0
    family = live.query(wb.jobs.list_family, job.id, offset=page * PAGE, limit=PAGE)
    nodes = sorted({one.node_id for one in family if one.node_id})
    places = live.query(wb.projects.locate, node_ids=nodes) if nodes else {}
    now = live.clock_ms()
    with st.container(horizontal=True, vertical_alignment="center", key="parts_title"):
        st.markdown(f"**{t('Parts')}** :gray[{plain(summary(job, counts, now))}]", width="content")
        if total > PAGE:
            st.space("stretch")
            for key, icon, other, possible in (
                ("parts_before", "chevron_left", page - 1, page > 0),
                ("parts_after", "chevron_right", page + 1, (page + 1) * PAGE < total),
            ):
                title = t("Previous") if other < page else t("Next")
                st.button(
                    title, key=key, type="tertiary", icon=f":material/{icon}:", disabled=not possible, on_click=_turn,
                    args=(job.id, other),
                )  # fmt: skip
    result = _component(
        data={
            "rows": rows(family, places, job.created_at, now),
            "label": t("Parts"),
            "words": {
                "show": t("Show the parts of job"), "hide": t("Hide the parts of job"), "part": t("Part"),
                "time": t("When"), "took": t("Ran"),
            },
        },
        key="parts_tree",
        on_opened_change=lambda: None,
    )  # fmt: skip
    if result.opened is not None:
        st.switch_page(job_links.PAGE, query_params=job_links.query(int(result.opened)))
