"""Large files that a browser brings: written to the home's disk as they arrive, never held whole by this process.

Streamlit's own uploader keeps a file in memory as long as its page is open, and once more for each run that reads it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from workbench.ui.files import INCOMING, incoming_path
from workbench.ui.language import t

_HTML = """<label class='drop'><input type='file'><span class='icon' aria-hidden='true'>upload_file</span>
<span class='say' role='status'></span></label><progress hidden max='1'></progress>"""
_CSS = """
.drop { position: relative; display: flex; align-items: center; gap: 0.6rem; padding: 0.85rem 1rem; cursor: pointer;
  border: 1px dashed var(--st-border-color); border-radius: var(--st-base-radius); font-family: var(--st-font);
  font-size: 0.9rem; color: var(--st-text-color); background: var(--st-secondary-background-color); }
.drop.over, .drop:hover { border-color: var(--st-primary-color); }
.drop:focus-within { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
/* the browser's own button has its own language and look; it stays what keys and screen readers reach */
input { position: absolute; inset: 0; opacity: 0; cursor: pointer; }
.icon { font-family: "Material Symbols Rounded"; font-size: 1.35rem; line-height: 1; flex: none; user-select: none;
  color: var(--st-primary-color); }
.say { overflow-wrap: anywhere; }
.wrong { color: var(--st-red-text-color); }
progress { width: 100%; height: 0.35rem; margin-top: 0.5rem; accent-color: var(--st-primary-color); }
"""
_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const drop = parentElement.querySelector('.drop');
  const input = parentElement.querySelector('input');
  const say = parentElement.querySelector('.say');
  const bar = parentElement.querySelector('progress');
  input.accept = data.accept;
  input.setAttribute('aria-label', data.label);
  bar.setAttribute('aria-label', data.coming);
  if (bar.hidden) { say.textContent = data.name || data.hint; say.className = 'say'; }
  const tell = (text, wrong) => { say.textContent = text; say.className = wrong ? 'say wrong' : 'say'; };
  const send = (file) => {
    if (!file) return;
    const request = new XMLHttpRequest();
    request.open('PUT', data.address);
    request.upload.onprogress = (event) => { if (event.lengthComputable) bar.value = event.loaded / event.total; };
    request.onload = () => {
      bar.hidden = true;
      // the page shows its name once it has heard of it: what a button does then is done with this file
      if (request.status === 204) setTriggerValue('arrived', { name: file.name, size: file.size });
      else tell(request.status === 413 ? data.full : data.failed, true);
    };
    request.onerror = () => { bar.hidden = true; tell(data.failed, true); };
    bar.value = 0;
    bar.hidden = false;
    tell(data.coming, false);
    request.send(file);
  };
  input.onchange = () => send(input.files[0]);
  drop.ondragover = (event) => { event.preventDefault(); drop.classList.add('over'); };
  drop.ondragleave = () => drop.classList.remove('over');
  drop.ondrop = (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    send(event.dataTransfer.files[0]);
  };
}
"""
_component = st.components.v2.component("reelwright_incoming", html=_HTML, css=_CSS, js=_JS)


@dataclass(frozen=True)
class Arrived:
    """A file that is on the disk. `name`: what it is called where it comes from; `ticket`: of this file alone."""

    name: str
    path: Path
    ticket: str


def offer(key: str, label: str, accept: str, folder: Path) -> Arrived | None:
    """A place to drop one file, and what has arrived. `folder`: the home. Call `take` when it has been used."""
    slot = f"_incoming_{key}"
    ticket = st.session_state.setdefault(slot, secrets.token_hex(16))
    name, _ = st.session_state.get(f"{slot}_there") or ("", "")
    drawn = f"{key}_{ticket}"

    def keep() -> None:
        """Before the page is drawn again: it shows the file's name, and the next file gets a place of its own."""
        arrived = st.session_state[drawn].arrived
        st.session_state[f"{slot}_there"] = (str(arrived["name"]), ticket)
        st.session_state[slot] = secrets.token_hex(16)

    _component(
        data={
            "address": f"{INCOMING}/{ticket}", "accept": accept, "label": label, "name": name,
            "hint": t("Choose the file, or drop it here"), "coming": t("The file is coming in"),
            "failed": t("The file did not arrive. Choose it again."),
            "full": t("There is no room for it on the disk."),
        },
        key=drawn,
        on_arrived_change=keep,
    )  # fmt: skip
    there = st.session_state.get(f"{slot}_there")
    if there is None or not (path := incoming_path(folder, there[1])).exists():
        return None
    return Arrived(there[0], path, there[1])


def take(key: str, arrived: Arrived) -> None:
    """Forget a file that has been used."""
    st.session_state.pop(f"_incoming_{key}_there", None)
    arrived.path.unlink(missing_ok=True)
