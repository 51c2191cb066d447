"""A table whose rows are known by their ids: ticked, opened as a whole, sorted by its headings.

The browser tells which job was meant, not which row: a click on rows that have changed on their way here still means
the job that was seen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st


@dataclass(frozen=True)
class Column:
    """`kind`: text, number, badge, bar or link. `width` in pixels. `sort`: what a click on the heading asks for."""

    name: str
    title: str
    width: int
    kind: str = "text"
    sort: bool = True


@dataclass(frozen=True)
class Row:
    """`cells`: by column name; a badge is [word, colour, icon], a bar a percentage or None, the rest is text."""

    id: int
    label: str
    href: str
    cells: dict[str, Any]


_CSS = """
.scroll { overflow: auto; border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius); }
table { border-collapse: separate; border-spacing: 0; width: 100%; table-layout: fixed; font-family: var(--st-font);
  font-size: 0.875rem; color: var(--st-text-color); }
th, td { height: 34px; padding: 0 0.55rem; border-bottom: 1px solid var(--st-border-color); text-align: left;
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; box-sizing: border-box; }
tbody tr:last-child td { border-bottom: 0; }
th { position: sticky; top: 0; z-index: 1; background: var(--st-secondary-background-color); font-weight: 500; }
th button { all: unset; cursor: pointer; display: inline-flex; align-items: center; gap: 0.15rem; max-width: 100%; }
th button:focus-visible, td a:focus-visible, input:focus-visible { outline: 2px solid var(--st-primary-color);
  outline-offset: 2px; }
.icon { font-family: "Material Symbols Rounded"; font-weight: 400; font-size: 1rem; line-height: 1; user-select: none; }
.right { text-align: right; font-variant-numeric: tabular-nums; }
tbody tr { cursor: pointer; }
tbody tr:hover td { background: var(--st-secondary-background-color); }
tbody tr[aria-selected="true"] td { background: var(--st-violet-background-color); }
.tick { width: 2.3rem; text-align: center; padding: 0; }
.tick label { display: flex; align-items: center; justify-content: center; height: 100%; cursor: pointer; }
input { accent-color: var(--st-primary-color); width: 1rem; height: 1rem; margin: 0; cursor: pointer; }
.badge { display: inline-flex; align-items: center; gap: 0.2rem; padding: 0.05rem 0.4rem; border-radius: 0.3rem;
  font-size: 0.8rem; max-width: 100%; overflow: hidden; box-sizing: border-box; }
a { color: inherit; text-decoration: none; }
tr:hover a { text-decoration: underline; }
.bar { display: flex; align-items: center; gap: 0.4rem; }
.bar i { flex: 1; height: 0.35rem; border-radius: 0.2rem; background: var(--st-border-color); overflow: hidden; }
.bar i b { display: block; height: 100%; background: var(--st-primary-color); }
.bar span { width: 2.4rem; text-align: right; font-size: 0.8rem; font-variant-numeric: tabular-nums; }
"""

_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  // ticks that the server has not told back yet
  const own = parentElement.grid ??= { pending: new Map(), held: false };
  own.draw = draw;
  const told = new Set(data.selected ?? []);
  for (const [id, on] of own.pending) if (told.has(id) === on) own.pending.delete(id);
  const isTicked = (id) => own.pending.get(id) ?? told.has(id);

  const make = (name, className, text) => {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const tick = (ids, on) => {
    for (const id of ids) own.pending.set(id, on);
    const entries = [...own.pending];
    setTriggerValue('ticked', {
      on: entries.filter(([, value]) => value).map(([id]) => id),
      off: entries.filter(([, value]) => !value).map(([id]) => id),
    });
    draw();
  };
  const open = (id) => setTriggerValue('opened', id);
  const ticker = (label, checked, change) => {
    const [around, box] = [make('label'), make('input')];
    box.type = 'checkbox';
    box.checked = checked;
    box.setAttribute('aria-label', label);
    box.onchange = () => change(box.checked);
    around.append(box);
    around.onclick = (event) => event.stopPropagation();
    return around;
  };

  function head() {
    const row = make('tr');
    if (data.selected) {
      const cell = make('th', 'tick');
      const ids = data.rows.map((r) => r.id);
      const all = ticker(data.words.all, ids.length > 0 && ids.every(isTicked), (on) => tick(ids, on));
      all.firstChild.dataset.focus = 'all';
      all.firstChild.indeterminate = !all.firstChild.checked && ids.some(isTicked);
      cell.append(all);
      row.append(cell);
    }
    for (const column of data.columns) {
      const cell = make('th', ['number', 'link'].includes(column.kind) ? 'right' : '');
      cell.style.width = column.width + 'px';
      cell.scope = 'col';
      if (column.sort && data.sort) {
        const button = make('button', '', column.title);
        button.type = 'button';
        button.dataset.focus = 'sort ' + column.name;
        if (data.sort.column === column.name) {
          cell.setAttribute('aria-sort', data.sort.descending ? 'descending' : 'ascending');
          const arrow = make('span', 'icon', data.sort.descending ? 'arrow_downward' : 'arrow_upward');
          arrow.setAttribute('aria-hidden', 'true');
          button.append(arrow);
        }
        button.onclick = () => setTriggerValue('sorted', column.name);
        cell.append(button);
      } else cell.textContent = column.title;
      row.append(cell);
    }
    const part = make('thead');
    part.append(row);
    return part;
  }

  function fill(cell, column, row) {
    const value = row.cells[column.name];
    if (column.kind === 'badge') {
      const [word, colour, icon] = value;
      const badge = make('span', 'badge');
      badge.style.background = 'var(--st-' + colour + '-background-color)';
      badge.style.color = 'var(--st-' + colour + '-text-color)';
      const sign = make('span', 'icon', icon);
      sign.setAttribute('aria-hidden', 'true');
      badge.append(sign, word);
      cell.append(badge);
    } else if (column.kind === 'bar') {
      if (value === null) return;
      const [bar, line, done] = [make('div', 'bar'), make('i'), make('b')];
      done.style.width = value + '%';
      line.append(done);
      bar.append(line, make('span', '', Math.round(value) + '%'));
      cell.append(bar);
    } else if (column.kind === 'link') {
      const link = make('a', '', value);
      link.href = row.href;
      link.setAttribute('aria-label', row.label);
      link.dataset.focus = 'open ' + row.id;
      link.onclick = (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) { event.stopPropagation(); return; }
        event.preventDefault();
      };
      cell.append(link);
    } else {
      cell.textContent = value;
      cell.title = value;
    }
  }

  function line(row) {
    const node = make('tr');
    node.dataset.job = row.id;
    if (data.selected) {
      node.setAttribute('aria-selected', isTicked(row.id));
      const cell = make('td', 'tick');
      const box = ticker(data.words.tick + ' ' + row.id, isTicked(row.id), (on) => tick([row.id], on));
      box.firstChild.dataset.focus = 'tick ' + row.id;
      cell.append(box);
      node.append(cell);
    }
    for (const column of data.columns) {
      const cell = make('td', ['number', 'link'].includes(column.kind) ? 'right' : '');
      fill(cell, column, row);
      node.append(cell);
    }
    node.onclick = (event) => {
      // words of a row can be marked and copied
      if (event.metaKey || event.ctrlKey || event.shiftKey || String(window.getSelection())) return;
      open(row.id);
    };
    return node;
  }

  function draw() {
    const focused = parentElement.activeElement?.dataset?.focus;
    const table = make('table');
    table.setAttribute('aria-label', data.label);
    const body = make('tbody');
    body.append(...data.rows.map(line));
    table.append(head(), body);
    const scroll = parentElement.querySelector('.scroll');
    const [left, top] = [scroll.scrollLeft, scroll.scrollTop];
    scroll.style.maxHeight = data.height + 'px';
    table.style.minWidth = data.columns.reduce((sum, column) => sum + column.width, 0) + 'px';
    scroll.replaceChildren(table);
    [scroll.scrollLeft, scroll.scrollTop] = [left, top];
    if (focused) parentElement.querySelector('[data-focus="' + CSS.escape(focused) + '"]')?.focus();
  }
  const scroll = parentElement.querySelector('.scroll');
  // Nothing moves under a pressed button: the click would fall on another row, or on none.
  scroll.onpointerdown = () => { own.held = true; };
  own.release ??= () => setTimeout(() => { if (own.held) { own.held = false; own.draw(); } });
  window.addEventListener('pointerup', own.release);
  window.addEventListener('pointercancel', own.release);
  if (!own.held) draw();
  return () => {
    window.removeEventListener('pointerup', own.release);
    window.removeEventListener('pointercancel', own.release);
  };
}
"""

_component = st.components.v2.component(
    "reelwright_job_table", html="<div class='scroll' tabindex='-1'></div>", css=_CSS, js=_JS
)


def draw(
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    key: str,
    label: str,
    height: int,
    words: dict[str, str],
    sort: tuple[str, bool] | None = None,
    selected: Collection[int] | None = None,
    on_tick: Callable[[list[int], list[int]], None] | None = None,
    on_sort: Callable[[str], None] | None = None,
) -> int | None:
    """Draw the table; the id of the row just opened.

    `sort`: the column and whether it descends; None: it cannot be sorted. `selected`: None: nothing can be ticked.
    `on_tick` is told the ids that were ticked and those that were not any more. `words`: what screen readers hear:
    all, tick.
    """

    def told(event: str) -> Any:
        return st.session_state.get(key, {}).get(event)

    def ticked() -> None:
        if on_tick is not None and isinstance(message := told("ticked"), dict):
            on_tick([int(i) for i in message["on"]], [int(i) for i in message["off"]])

    def sorted_by() -> None:
        names = {column.name for column in columns if column.sort}
        if on_sort is not None and (name := told("sorted")) in names:
            on_sort(name)

    data = {
        "columns": [asdict(column) for column in columns],
        # they hold JSON alone: a copy of each cell would take longer than all the rest
        "rows": [vars(row) for row in rows],
        "selected": None if selected is None else list(selected),
        "sort": None if sort is None else {"column": sort[0], "descending": sort[1]},
        "label": label,
        "height": height,
        "words": words,
    }
    result = _component(
        data=data, key=key, on_ticked_change=ticked, on_sorted_change=sorted_by, on_opened_change=lambda: None
    )
    return int(result.opened) if result.opened is not None else None
