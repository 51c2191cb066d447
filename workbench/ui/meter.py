"""Counts characters while they are typed, before the page hears of them: “62 of 100 characters, 38 more”."""

from __future__ import annotations

import streamlit as st

from workbench.ui.language import t

_CSS = """
.meter { display: flex; align-items: center; gap: 0.6rem; font-family: var(--st-font); font-size: 0.82rem;
  color: var(--st-gray-text-color); height: 1.3rem; }
.bar { flex: 0 0 7rem; height: 4px; border-radius: 2px; background: var(--st-secondary-background-color);
  overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--st-orange-color); transition: width 0.15s; }
.enough .bar i { background: var(--st-green-color); }
.enough .said { color: var(--st-green-text-color); }
"""

_JS = """
export default function (component) {
  const { data, parentElement } = component;
  const meter = parentElement.querySelector('.meter');
  const said = meter.querySelector('.said');
  const fill = meter.querySelector('i');
  const field = () => document.querySelector('.st-key-' + CSS.escape(data.field) + ' textarea');
  const count = () => {
    const area = field();
    if (!area) return;
    const have = [...area.value.trim()].length;
    const missing = data.need - have;
    meter.classList.toggle('enough', missing <= 0);
    fill.style.width = Math.min(100, (100 * have) / data.need) + '%';
    said.textContent = (missing > 0 ? data.short : data.enough)
      .replace('{have}', have).replace('{need}', data.need).replace('{missing}', missing);
  };
  const typed = (event) => { if (event.target === field()) count(); };
  document.addEventListener('input', typed, true);
  count();
  const later = setTimeout(count, 300);
  return () => { clearTimeout(later); document.removeEventListener('input', typed, true); };
}
"""

_component = st.components.v2.component(
    "reelwright_meter",
    html="<div class='meter' role='status'><span class='bar'><i></i></span><span class='said'></span></div>",
    css=_CSS,
    js=_JS,
)


def draw(field_key: str, need: int, key: str) -> None:
    """Count what is in the text area of that widget key against the `need`."""
    # Streamlit makes a class of the key with every other character replaced.
    css_key = "".join(c if c.isalnum() or c in "-_" else "-" for c in field_key)
    words = {
        "short": t(
            "{have} of {need} characters, {missing} more to plan from",
            have="{have}",
            need="{need}",
            missing="{missing}",
        ),
        "enough": t("{have} characters, enough to plan from", have="{have}"),
    }
    _component(data={"field": css_key, "need": need, **words}, key=key)
