"""The story tree in Studio's sidebar: state, title and count of each node; arrow keys move, Enter opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from workbench.ui import states
from workbench.ui.language import t


@dataclass(frozen=True)
class Item:
    id: int
    title: str
    state: str
    depth: int
    #: shown at the right; None for nodes that have no parts
    count: int | None = None
    heading: bool = False


_CSS = """
.tree { display: flex; flex-direction: column; gap: 1px; font-family: var(--st-font); font-size: 0.9rem; }
button {
  all: unset; box-sizing: border-box; display: flex; align-items: center; gap: 0.5rem; width: 100%; cursor: pointer;
  padding: 0.28rem 0.55rem; border-radius: var(--st-base-radius); color: var(--st-text-color); line-height: 1.25;
}
button:hover { background: var(--st-secondary-background-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: -2px; }
button[aria-current="true"] { background: var(--st-violet-background-color); color: var(--st-violet-text-color);
  font-weight: 600; }
.heading { font-weight: 650; margin-top: 0.45rem; }
.part { padding-left: 1.1rem; }
.icon { font-family: "Material Symbols Rounded"; font-size: 1.05rem; line-height: 1; flex: none; font-weight: 400;
  user-select: none; }
.title { flex: 1; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.count { color: var(--st-gray-text-color); font-size: 0.8rem; font-weight: 400; }
.running { animation: turn 1.6s linear infinite; }
@keyframes turn { to { transform: rotate(360deg); } }
@media (prefers-reduced-motion: reduce) { .running { animation: none; } }
"""

_JS = """
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector('.tree');
  root.setAttribute('aria-label', data.label);
  const rows = data.items.map((item) => {
    const row = document.createElement('button');
    row.type = 'button';
    row.dataset.node = item.id;
    row.title = item.title + ' · ' + item.word;
    row.setAttribute('aria-current', item.id === data.current);
    row.className = (item.heading ? 'heading ' : '') + (item.depth > 1 ? 'part' : '');
    const icon = document.createElement('span');
    icon.className = 'icon ' + item.state;
    icon.style.color = 'var(--st-' + item.colour + '-color)';
    icon.textContent = item.icon;
    icon.setAttribute('aria-label', item.word);
    const title = document.createElement('span');
    title.className = 'title';
    title.textContent = item.title;
    row.append(icon, title);
    if (item.count !== null) {
      const count = document.createElement('span');
      count.className = 'count';
      count.textContent = item.count;
      row.append(count);
    }
    row.onclick = () => setTriggerValue('chosen', item.id);
    return row;
  });
  const focused = parentElement.activeElement && parentElement.activeElement.dataset.node;
  root.replaceChildren(...rows);
  if (focused) rows.find((row) => row.dataset.node === focused)?.focus();
  root.onkeydown = (event) => {
    const at = rows.indexOf(parentElement.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (next === undefined || !rows[next]) return;
    event.preventDefault();
    rows[next].focus();
  };
}
"""

_component = st.components.v2.component("reelwright_story_tree", html="<nav class='tree'></nav>", css=_CSS, js=_JS)


def draw(items: Sequence[Item], current: int | None, key: str, on_chosen: Callable[[], None]) -> None:
    """Draw the tree; `on_chosen` finds the node just chosen in `st.session_state[key].chosen`."""

    def describe(item: Item) -> dict[str, object]:
        state = states.find(item.state)
        return {
            "id": item.id, "title": item.title, "state": item.state, "icon": state.icon, "colour": state.colour,
            "word": state.word, "depth": item.depth, "count": item.count, "heading": item.heading,
        }  # fmt: skip

    data = {"items": [describe(i) for i in items], "current": current, "label": t("Story tree")}
    _component(data=data, key=key, on_chosen_change=on_chosen)
