"""What the remedy of a group says, as a button where one can act on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from workbench.db.rows.jobs import FailureGroup
from workbench.db.rows.profiles import SavedProfile
from workbench.providers.params import MOST_TOKENS, find_longest
from workbench.ui import live
from workbench.ui.debug.groups import Scope, list_left, open_group, shown
from workbench.ui.jobs import acts
from workbench.ui.jobs.changes import LOOKED_AT, Preset
from workbench.ui.language import t
from workbench.ui.markup import plain

#: what may answer instead, or is worth another model
_OTHER_SERVICE = ("overloaded", "network", "quota_exhausted", "rate_limit", "timeout", "auth", "permission")
_OTHER_MODEL = ("malformed_output", "invalid_output", "empty_output", "context_length", "content_filter")
#: whose remedy is a field of the profile (models page, ?fix=)
_OF_PROFILE = (
    "auth", "permission", "not_found_model", "network", "rate_limit", "timeout", "quota_exhausted", "bad_request",
)  # fmt: skip
#: of which answers are stored that today's reader may take
_READABLE = ("malformed_output", "invalid_output", "truncated_output")
#: where nobody has said how long an answer may be
USUAL_LENGTH = 4_096


def buttons(group: FailureGroup, wanted: Scope) -> None:
    """Those that help with this kind of failure; the profile that is meant is the newest failure's."""
    kind, key = group.error_kind or "", group.fingerprint
    profiles = {p.id: p for p in live.query(live.workbench().profiles.list)}
    own = next((profiles[i] for i in reversed(group.profiles) if i in profiles), None)
    length = _find_length(own, list_left(group, wanted, LOOKED_AT)) if kind == "truncated_output" else None
    if length is not None:
        _button(t("Allow {n} tokens and retry", n=int(length)), "open_in_full", key, _retry, group, wanted,
                Preset(max_tokens=length, is_open=True))  # fmt: skip
    fallback = _find_fallback(own, profiles)
    if kind in _OTHER_SERVICE and fallback is not None:
        label = t("Retry with {profile}", profile=plain(fallback.name))
        preset = Preset(profile=fallback.name, is_open=True)
        _button(label, "alt_route", f"fallback_{key}", _retry, group, wanted, preset)
    elif kind in (*_OTHER_SERVICE, *_OTHER_MODEL) or (kind == "truncated_output" and length is None):
        _button(t("Retry with another model"), "alt_route", f"other_{key}", _retry, group, wanted, Preset(is_open=True))
    if kind in _READABLE:
        _button(t("Read again, free"), "document_scanner", f"reparse_{key}", _read_again, group, wanted)
    if kind in ("context_length", "bad_request", "content_filter"):
        label = t("Shorten the input") if kind == "context_length" else t("Edit the payload")
        _button(label, "edit", f"edit_{key}", open_group, key)
    if kind in _OF_PROFILE and own is not None:
        _link(t("Open {profile}", profile=plain(own.name)), "tune", f"profile_{key}", "pages/models.py",
              {"profile": str(own.id), "fix": kind})  # fmt: skip
    if kind == "budget_exceeded":
        _link(t("Raise the budget"), "savings", f"budget_{key}", "pages/settings.py", {})
    if kind == "guard_unmet" and group.projects:
        _link(t("Open the Studio"), "movie_edit", f"studio_{key}", "pages/studio.py",
              {"project": str(group.projects[-1])})  # fmt: skip


def _find_length(own: SavedProfile | None, ids: Sequence[int]) -> int | None:
    """Twice what the answers that were cut off were allowed and have used, as far as their model is known to go; None:
    no further."""
    jobs = live.workbench().jobs
    asked = live.query(jobs.list_overrides, ids)
    said = [one.get("params", {}).get("max_tokens") for one in asked.values()]
    said += [own.params.get("max_tokens")] if own is not None else []
    allowed = max((int(length) for length in said if length), default=USUAL_LENGTH // 2)
    cut_off_at = max(allowed, live.query(jobs.find_longest_answer, ids) or 0)
    length = min(2 * cut_off_at, MOST_TOKENS)
    if own is not None:
        models = {asked.get(i, {}).get("text_model") or own.text_model or "" for i in ids}
        known = (find_longest(model, own.base_url, own.provider) for model in models)
        length = min([length, *(most for most in known if most is not None)])
    return length if length > cut_off_at else None


def _find_fallback(own: SavedProfile | None, profiles: dict[int, SavedProfile]) -> SavedProfile | None:
    ids: Sequence[int] = (own.fallback_ids or ()) if own is not None else ()
    return next((profiles[i] for i in ids if i in profiles), None)


def _button(label: str, icon: str, key: str, act: Callable[..., None], *args: Any) -> None:
    st.button(label, key=f"remedy_{key}", icon=f":material/{icon}:", on_click=act, args=args)


def _link(label: str, icon: str, key: str, page: str, query: dict[str, str]) -> None:
    if st.button(label, key=f"remedy_{key}", icon=f":material/{icon}:"):
        st.switch_page(page, query_params=query)


def _retry(group: FailureGroup, wanted: Scope, preset: Preset) -> None:
    acts.ask("retry", list_left(group, wanted), preset=preset, group=shown(group, wanted))


def _read_again(group: FailureGroup, wanted: Scope) -> None:
    acts.ask("reparse", list_left(group, wanted), group=shown(group, wanted))
