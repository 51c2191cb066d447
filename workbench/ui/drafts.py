"""What is typed into a form is kept as a draft, by person and place, until it is saved or thrown away.

with drafts.keep("wizard", "wizard") as draft:
    values = forms.fields(Brief, "wizard")
    draft.show_status(on_discard=leave)

Streamlit hears of a text when its field is left, and of a widget that reruns nothing with the next run. So a part of
the page listens in the browser, and a short run of it alone brings what is typed to the database while it is being
typed. What was typed since the last of these runs waits in the browser's session storage: a reload in the middle of a
word loses nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from workbench.db.rows.drafts import FormDraft
from workbench.errors import InvalidInput, ReelwrightError
from workbench.json_types import JsonObject
from workbench.ui import labels, live, shell
from workbench.ui.language import t
from workbench.ui.markup import plain

_CSS = ":host { display: block; height: 0; }"

LISTEN_JS = """
const PAUSE_MS = 300, LONGEST_MS = 1200, AFTER_TOUCH_MS = 150, STORE = 'reelwright.draft ';

export default function ({ data, parentElement, setTriggerValue }) {
  const own = parentElement.draft ??= { typed: {}, dirty: false, last: 0 };
  own.data = data;
  own.send = setTriggerValue;
  if (own.last && data.seen === own.last && !own.dirty) { own.typed = {}; drop(data.place); }
  if (own.stop) return own.stop;

  function fieldOf(node) {
    for (let at = node; at instanceof Element; at = at.parentElement)
      for (const name of at.classList) if (own.data.fields[name] !== undefined) return name;
    return null;
  }
  function byName() {
    return Object.fromEntries(Object.entries(own.typed).map(([css, text]) => [own.data.fields[css]?.[0], text]));
  }
  function flush() {
    own.timer = own.since = null;
    own.dirty = false;
    for (const css of Object.keys(own.typed)) own.typed[css] = fieldIn(css)?.value ?? own.typed[css];
    own.last = Math.max(Date.now(), own.last + 1);
    own.send('typed', { number: own.last, turn: own.data.turn, typed: byName() });
  }
  function schedule(pause) {
    own.since ??= Date.now();
    clearTimeout(own.timer);
    own.timer = setTimeout(flush, Math.max(AFTER_TOUCH_MS, Math.min(pause, own.since + LONGEST_MS - Date.now())));
  }
  function cancel() {
    clearTimeout(own.timer);
    own.timer = own.since = null;
  }
  function onInput(event) {
    const css = fieldOf(event.target);
    if (css === null || !own.data.fields[css][1]) return;
    own.typed[css] = event.target.value;
    own.dirty = true;
    const { place, base, turn, fields } = own.data;
    const kinds = Object.fromEntries(Object.values(fields));
    keep(place, { base, turn, kinds, typed: byName(), css: own.typed });
    schedule(PAUSE_MS);
  }
  // Streamlit sends what happens at one moment as one message, for the part of the page that came first: nothing may
  // be sent from here just before a button is pressed or a page is left.
  function onTouch(event) {
    if (event.type === 'pointerdown') { clearTimeout(own.timer); return; }
    if (event.type === 'click' && event.target.closest?.('a')) { cancel(); return; }
    // lists of choices are drawn at the end of the document, outside their field
    const near = fieldOf(event.target) !== null || event.target.closest?.('[data-baseweb=popover], [role=listbox]');
    if (own.since || (near && event.type !== 'keydown')) schedule(PAUSE_MS);
  }
  const heard = [
    [document, 'input', onInput], [window, 'popstate', cancel],
    ...['pointerdown', 'click', 'keydown', 'keyup'].map((what) => [document, what, onTouch]),
  ];
  for (const [where, what, how] of heard) where.addEventListener(what, how, true);
  // Streamlit also calls this after the code was loaded, when the data had changed by then, and calls the new one
  // just before or after: who listens is stopped when it has left the page, and then alone.
  own.stop = () => {
    if (parentElement.isConnected) return;
    cancel();
    for (const [where, what, how] of heard) where.removeEventListener(what, how, true);
  };
  const left = recall(data.place);
  if (left && left.turn === data.turn) restore(left.css, 50);
  else {
    drop(data.place);
    // who is in a field by now may have typed before this code was loaded
    if (fieldOf(document.activeElement) !== null) onInput({ target: document.activeElement });
  }
  return own.stop;
}

// As if it were typed and its field left: Streamlit then takes it over. Fields may be drawn after this.
function restore(typed, tries) {
  for (const css of Object.keys(typed)) {
    const field = fieldIn(css);
    if (!field) continue;
    const kind = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(kind.prototype, 'value').set.call(field, typed[css]);
    field.dispatchEvent(new Event('input', { bubbles: true }));
    field.dispatchEvent(new FocusEvent('focusout', { bubbles: true }));
    delete typed[css];
  }
  if (Object.keys(typed).length && tries) setTimeout(restore, 100, typed, tries - 1);
}

function fieldIn(css) {
  return document.querySelector('.' + CSS.escape(css) + ' :is(textarea, input)');
}

// A browser may refuse to keep anything: then only what the server has heard of survives.
function keep(place, value) { try { sessionStorage.setItem(STORE + place, JSON.stringify(value)); } catch {} }
function recall(place) { try { return JSON.parse(sessionStorage.getItem(STORE + place)); } catch { return null; } }
function drop(place) { try { sessionStorage.removeItem(STORE + place); } catch {} }
"""

#: on every page: what was typed on another one a moment before it was left
_REST_JS = """
const STORE = 'reelwright.draft ', PAUSE_MS = 200, PATIENCE = 50;

export default function ({ data, parentElement, setTriggerValue }) {
  const own = parentElement.rest ??= { number: 0, sent: null };
  if (own.sent && data.heard === own.number) {
    for (const [key, text] of Object.entries(own.sent))
      if (sessionStorage.getItem(key) === text) sessionStorage.removeItem(key);
    own.sent = null;
  }
  clearTimeout(own.timer);
  own.timer = setTimeout(look, PAUSE_MS, PATIENCE);
  const stop = () => clearTimeout(own.timer);

  // A form that is on this page brings its own: first the page has to be there.
  function look(patience) {
    const busy = !document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]');
    if (busy && patience) { own.timer = setTimeout(look, PAUSE_MS, patience - 1); return; }
    if (own.sent) return;
    const sent = {}, left = {};
    try {
      for (const key of Object.keys(sessionStorage)) {
        const place = key.slice(STORE.length);
        const css = 'st-key-draft_' + place.replace(/[^a-zA-Z0-9_-]/g, '-') + '_keeper';
        if (!key.startsWith(STORE) || document.querySelector('.' + CSS.escape(css))) continue;
        sent[key] = sessionStorage.getItem(key);
        const { base, turn, kinds, typed } = JSON.parse(sent[key]);
        left[place] = { base, turn, kinds, typed };
      }
    } catch { return; }
    if (!Object.keys(left).length) return;
    own.sent = sent;
    own.number = Math.max(Date.now(), own.number + 1);
    setTriggerValue('left', { number: own.number, left });
  }
  return stop;
}
"""

_listen = st.components.v2.component("reelwright_draft", html="<i></i>", css=_CSS, js=LISTEN_JS)
_listen_for_rest = st.components.v2.component("reelwright_draft_rest", html="<i></i>", css=_CSS, js=_REST_JS)

_MEMORIES, _REST, _THROWN = "_drafts", "_drafts_rest", "_drafts_thrown"


@dataclass
class _Field:
    """A widget of the form. `kind`: what its text becomes, for fields that are listened to letter by letter."""

    key: str
    start: Any
    kind: str


@dataclass
class _Memory:
    """What a session knows of a draft between runs."""

    row: FormDraft | None = None
    #: what the draft held when this session last read it for its form, or wrote it; None: not looked yet
    known: JsonObject | None = None
    turn: int = 0
    #: names that this session has put into the draft, or taken out of it again
    own: set[str] = field(default_factory=set)
    #: name → what a widget began with instead of its start
    begins: JsonObject = field(default_factory=dict)
    #: name → (typed and not handed over yet, the widget's value at that time)
    ahead: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    #: number of the browser's last message
    seen: int = 0
    #: what was used, so that leaving it where it is makes no draft of it
    used: JsonObject | None = None
    trouble: str = ""


@dataclass
class Draft:
    """A form that is being drawn. `key`: what the keys of its widgets begin with; `begins_with`: before it is thrown
    away for the first time."""

    place: str
    begins_with: str
    key: str
    base: int | None
    fields: dict[str, _Field] = field(default_factory=dict)
    #: values that no widget holds
    values: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    _row_is_known: bool = False

    @property
    def memory(self) -> _Memory:
        memories: dict[str, _Memory] = st.session_state.setdefault(_MEMORIES, {})
        return memories.setdefault(self.place, _Memory())

    def stored(self) -> FormDraft | None:
        """The draft as it is in the database, asked once a run."""
        if not self._row_is_known:
            self._row_is_known = True
            memory = self.memory
            try:
                memory.row = live.workbench().drafts.find(shell.user(), self.place)
            except ReelwrightError as error:
                memory.trouble = labels.error_text(error)
            else:
                if memory.known is None:
                    memory.known, memory.turn = _fields(memory.row), _turn(memory.row)
        return self.memory.row

    def name_of(self, key: str) -> str:
        """A field's name in its form."""
        return key.removeprefix(self.key).removeprefix(".")

    def stored_value(self, name: str, start: Any) -> Any:
        """What the draft holds of a value that has no widget of its own."""
        row = self.stored()
        return start if row is None else row.fields.get(name, start)

    @property
    def has_text(self) -> bool:
        """Whether a widget holds anything else than it began with before anything was typed."""
        return bool(_typed(self))

    def set_value(self, name: str, value: Any, start: Any) -> None:
        """A value that has no widget of its own, as it is now, and as it was before anything was typed."""
        self.values[name] = (value, start)
        if self.memory.row is not None and name in self.memory.row.fields:
            self.memory.own.add(name)

    def store(self) -> None:
        """Bring what is typed so far to the database."""
        _keep(self)

    def show_status(self, *, with_button: bool = False) -> None:
        """Keep what is typed so far and from here on, and say that it is a draft. The last thing that a form draws.

        `with_button`: it can be thrown away here, since the form has no button for that.
        """
        _keep(self)

        @shell.fragment(key=f"draft_{_class_of(self.place)}")
        def status() -> None:
            _status(self, with_button)

        status()


_current: ContextVar[Draft | None] = ContextVar("form that is being drawn", default=None)


@contextmanager
def keep(place: str, key: str, base: int | None = None) -> Iterator[Draft]:
    """Widgets that begin inside belong to the draft of that place. `key`: what their keys begin with, see `form_key`.

    `base`: the artifact version that is being edited.
    """
    token = _current.set(Draft(place, key, form_key(place, key), base))
    try:
        draft = _current.get()
        assert draft is not None
        yield draft
    finally:
        _current.reset(token)


def begin(key: str, start: Any, fits: Callable[[Any], bool], kind: str = "") -> Any:
    """What a widget that is about to be drawn begins with: what was typed into it before, else its start.

    `start`: its value while nothing is typed. `fits`: whether it can still hold a value that was kept. `kind`: text,
    message, whole or real, for what is heard of letter by letter; else its choices are.
    """
    draft = _current.get()
    if draft is None:
        return start
    name, memory = draft.name_of(key), draft.memory
    draft.fields[name] = _Field(key, start, kind)
    if key not in st.session_state:
        memory.ahead.pop(name, None)
        memory.begins.pop(name, None)
        row = draft.stored()
        if row is not None and name in row.fields and fits(row.fields[name]):
            # As its default: a value that is set through the session can get lost between two runs that follow
            # each other closely, and the browser would then bring the old one back.
            memory.begins[name] = row.fields[name]
            memory.own.add(name)
        if memory.known is not None:
            memory.known.pop(name, None)
            memory.known |= {name: row.fields[name]} if row is not None and name in row.fields else {}
    return memory.begins.get(name, start)


def begin_text(key: str, start: str) -> str:
    return str(begin(key, start, lambda value: isinstance(value, str), "text"))


def begin_message(key: str) -> None:
    """A chat input that is about to be drawn: it has no value until it is sent, and then is empty again."""
    is_new = key not in st.session_state
    text = begin(key, None, lambda value: isinstance(value, str), "message")
    draft = _current.get()
    if is_new and text and draft is not None:
        st.session_state[key] = text
        draft.memory.ahead[draft.name_of(key)] = (text, None)


def begin_number(key: str, start: Any, low: float | None, high: float | None, *, whole: bool) -> Any:
    def fits(value: Any) -> bool:
        if value is None:
            return True
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            return False
        return (low is None or value >= low) and (high is None or value <= high)

    value = begin(key, start, fits, "whole" if whole else "real")
    return value if value is None or whole else float(value)


def begin_choice(key: str, start: Any, options: list[Any]) -> int:
    """The place of the choice to begin with."""
    return options.index(begin(key, start, lambda value: value in options))


def begin_choices(key: str, start: list[Any], options: list[Any]) -> list[Any]:
    return list(begin(key, start, lambda value: isinstance(value, list) and all(v in options for v in value)))


def begin_switch(key: str, start: bool) -> bool:
    return bool(begin(key, start, lambda value: isinstance(value, bool)))


def begin_rows(key: str, start: list[int]) -> list[int]:
    """The numbers of the rows of a list; they are in the session without a widget."""
    return list(begin(key, start, lambda value: isinstance(value, list) and all(isinstance(n, int) for n in value)))


def waiting(under: str = "") -> list[FormDraft]:
    """What this person has typed and not saved in the places that begin so, newest first; asked once a second."""
    return live.query(live.workbench().drafts.list, shell.user(), under)


def form_key(place: str, key: str) -> str:
    """What the keys of a form's widgets begin with: other keys each time it is thrown away.

    The browser would go on showing what was typed, and a value that is set here for it is lost when another run
    follows closely.
    """
    thrown = st.session_state.get(_THROWN, {}).get(place, 0)
    return f"{key}+{thrown}" if thrown else key


def is_waiting(place: str) -> bool:
    return any(d.place == place for d in waiting(place))


def find(place: str) -> FormDraft | None:
    """What is typed in a place, as of now; None where nothing is."""
    draft = live.workbench().drafts.find(shell.user(), place)
    return draft if draft is not None and draft.fields else None


def discard(place: str) -> None:
    """What was typed there was saved, or is thrown away; what another window has typed meanwhile stays a draft."""
    memory: _Memory | None = st.session_state.get(_MEMORIES, {}).pop(place, None)
    drafts = live.workbench().drafts
    with shell.show_refusals():
        row = drafts.find(shell.user(), place)
        left = {} if row is None or memory is None else _find_anothers(memory, row)
        drafts.discard(shell.user(), place)
        if left and row is not None:
            drafts.keep(shell.user(), place, left, base=row.base)
        live.invalidate()


def fill(place: str, fields: JsonObject) -> None:
    """Put values into a form as if they had been typed; what they do not name stays. `fields`: see `forms.as_typed`.

    Raises ReelwrightError: then nothing is changed.
    """
    live.workbench().drafts.keep(shell.user(), place, fields)
    st.session_state.get(_MEMORIES, {}).pop(place, None)
    thrown: dict[str, int] = st.session_state.setdefault(_THROWN, {})
    thrown[place] = thrown.get(place, 0) + 1
    live.invalidate()


def _fields(row: FormDraft | None) -> JsonObject:
    return {} if row is None else dict(row.fields)


def _find_anothers(memory: _Memory, row: FormDraft) -> JsonObject:
    """What another window has typed since this one looked."""
    known = memory.known
    if known is None or row.turn != memory.turn:
        return {}
    return {name: value for name, value in row.fields.items() if known.get(name, memory) != value}


def use(draft: Draft) -> None:
    """What is typed was used and may stay where it is: it is a draft again once it is changed."""
    used, begins = _typed(draft), draft.memory.begins
    discard(draft.place)
    draft.memory.used, draft.memory.begins = used, begins


def _typed(draft: Draft) -> JsonObject:
    """Name → value of every field that differs from its start."""
    memory, typed = draft.memory, {n: now for n, (now, start) in draft.values.items() if now != start}
    for name, own in draft.fields.items():
        if own.key not in st.session_state:
            continue
        value = st.session_state[own.key]
        if name in memory.ahead:
            ahead, before = memory.ahead[name]
            if value == before:
                value = ahead
            else:
                del memory.ahead[name]
        if value != own.start:
            typed[name] = value
    return typed


def _keep(draft: Draft) -> None:
    """Bring what differs from the database there."""
    memory, typed = draft.memory, _typed(draft)
    if memory.used is not None:
        if typed == memory.used:
            return
        memory.used = None
    stored = _fields(draft.stored())
    if memory.known is not None and memory.turn != _turn(memory.row):
        # another window has saved it or thrown it away: what stands here is no draft again until it is changed
        memory.known, memory.turn = dict(typed), _turn(memory.row)
    known = memory.known or {}
    drawn = {*draft.values, *(n for n, f in draft.fields.items() if f.key in st.session_state)}
    # Only what was changed here: in another window more may have been typed into the same fields since.
    fields = {
        name: value
        for name, value in typed.items()
        if stored.get(name, memory) != value and known.get(name, memory) != value
    }
    cleared = [name for name in memory.own & drawn if name not in typed and name in stored and name in known]
    if not fields and not cleared:
        return
    try:
        row = live.workbench().drafts.keep(shell.user(), draft.place, fields, cleared=cleared, base=draft.base)
    except ReelwrightError as error:
        memory.trouble = labels.error_text(error)
        return
    memory.trouble = ""
    if bool(stored) != bool(row):
        # another page lists it
        live.invalidate()
    memory.own |= {*fields, *cleared}
    memory.known = {**{name: value for name, value in known.items() if name not in cleared}, **fields}
    memory.row = row or live.workbench().drafts.find(shell.user(), draft.place)


def _hear(draft: Draft, key: str) -> None:
    """Take over what the browser has sent: texts as they stand in their fields now."""
    # Gone when the reader has left the page in the same moment: the browser says it again on the next visit.
    message = st.session_state.get(key, {}).get("typed")
    if not isinstance(message, dict):
        return
    memory: _Memory | None = st.session_state.get(_MEMORIES, {}).get(draft.place)
    if memory is None or message["turn"] != _turn(memory.row):
        # typed before the form was saved or thrown away: it must not come back as a draft
        return
    for name, text in message["typed"].items():
        own = draft.fields.get(name)
        if own is not None and own.kind and own.key in st.session_state:
            with suppress(ValueError):
                memory.ahead[name] = (_value_of(own.kind, text), st.session_state[own.key])
    _keep(draft)
    if not memory.trouble:
        memory.seen = int(message["number"])


def _value_of(kind: str, text: str) -> Any:
    """What a field holds when its text is taken over. Raises ValueError while the text is no number."""
    if kind == "text":
        return text
    if kind == "message" or not text.strip():
        return text or None
    number = int(text) if kind == "whole" else float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


@shell.fragment(key="draft_rest")
def keep_rest() -> None:
    """Bring what was typed in the moment before a page was left to the database, from whatever page comes next."""
    data = {"heard": st.session_state.get(_REST, 0), "now": live.clock_ms()}
    _listen_for_rest(data=data, key="draft_rest_keeper", on_left_change=_hear_rest)


def _hear_rest() -> None:
    message = st.session_state.get("draft_rest_keeper", {}).get("left") or {"left": {}, "number": 0}
    wb, user = live.workbench(), shell.user()
    try:
        for place, form in message["left"].items():
            # Else it was typed before the form was saved or thrown away.
            if form["turn"] == _turn(wb.drafts.find(user, place)):
                fields: JsonObject = {}
                for name, text in form["typed"].items():
                    with suppress(ValueError):
                        fields[name] = _value_of(form["kinds"].get(name, "text"), text)
                wb.drafts.keep(user, place, fields, base=form["base"])
    except InvalidInput as error:
        # kept in the browser, it would come again with each page
        st.session_state["_refused"] = labels.error_text(error)
    except ReelwrightError:
        return
    st.session_state[_REST] = message["number"]
    live.invalidate()


def _turn(row: FormDraft | None) -> int:
    return 0 if row is None else row.turn


def _class_of(key: str) -> str:
    """A widget's key as Streamlit makes a class name of it."""
    return re.sub(r"[^a-zA-Z0-9_-]", "-", key.strip())


def _throw_away(draft: Draft) -> None:
    thrown: dict[str, int] = st.session_state.setdefault(_THROWN, {})
    thrown[draft.place] = thrown.get(draft.place, 0) + 1
    discard(draft.place)


def _status(draft: Draft, with_button: bool) -> None:
    memory = draft.memory
    if draft.key != form_key(draft.place, draft.begins_with):
        live.redraw_page()
    slug = f"draft_{_class_of(draft.place)}"
    data = {
        "place": draft.place,
        "base": draft.base,
        "turn": _turn(memory.row),
        "fields": {f"st-key-{_class_of(f.key)}": [name, f.kind] for name, f in draft.fields.items()},
        "seen": memory.seen,
    }
    _listen(data=data, key=f"{slug}_keeper", on_typed_change=lambda: _hear(draft, f"{slug}_keeper"))
    if memory.trouble:
        st.markdown(f":red[:material/error: {t('This draft cannot be kept now: {why}', why=plain(memory.trouble))}]")
    row = memory.row
    if row is None or not row.fields:
        return
    if _find_anothers(memory, row):
        st.caption(f":material/tab: {t('More was typed here in another window. Reload the page to see it.')}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(t("Draft"), icon=":material/edit_note:", color="orange")
        when = t("kept {when}, not saved yet", when=labels.age_text(row.changed_at))
        shell.small(when, labels.time_text(row.changed_at))
        if with_button:
            st.button(
                t("Throw away"), key=f"{slug}_drop", icon=":material/delete:", type="tertiary", on_click=_throw_away,
                args=(draft,),
            )  # fmt: skip
