"""A profile as people set it up: which service, models, limits, settings and prices; tried with real calls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st
from pydantic import BaseModel, Field

from workbench.db.rows.profiles import SavedProfile
from workbench.documents import parse_json
from workbench.errors import KINDS, InvalidInput, Issue, ReelwrightError
from workbench.i18n import N_, Text, translate
from workbench.json_types import JsonObject
from workbench.profiles.check import ProfileCheck, why_unchecked
from workbench.providers import params, registry
from workbench.providers.base import SKETCH
from workbench.providers.templates import OTHER, TEMPLATES, Template, of_profile
from workbench.ui import drafts, formats, forms, labels, live, media, once, shell
from workbench.ui.charts import palette
from workbench.ui.language import current, t
from workbench.ui.markup import code, plain, safe, shorten

NEW = "new"
PROVIDERS = {"openai": N_("OpenAI-compatible"), "ark": N_("Doubao Ark"), "gemini": N_("Gemini"), "sketch": N_("Sketch")}
#: settings with a field of their own; the rest is typed as JSON
COMMON = [name for name, param in params.PARAMS.items() if param.common]
LIMITS = {"rpm": N_("Requests a minute"), "tpm": N_("Tokens a minute"), "concurrency": N_("Calls at once")}
WORDS = {"yes": N_("yes"), "no": N_("no")}
CHECKS = {"text": N_("Text"), "structured": N_("Answer in a schema"), "image": N_("Picture")}


class ProfileFields(BaseModel):
    """The name, the address and the models of a profile."""

    name: str = Field(title=N_("Name"), max_length=80)
    base_url: str = Field(
        "",
        title=N_("Address"),
        description=N_(
            "As the service's documentation gives it, such as https://api.example.com/v1; empty: the provider's own."
        ),
    )
    text_model: str = Field("", title=N_("Text model"))
    image_model: str = Field("", title=N_("Picture model"))
    video_model: str = Field("", title=N_("Video model"))


# -- the list ----------------------------------------------------------------------------------------------------------


def listing(rows: Sequence[SavedProfile], chosen: str) -> None:
    """Every profile at the left: name, service, models, the end of its key."""
    colours = palette()
    with st.container(gap=None, key="svc_list"):
        for row in rows:
            with st.container(gap=None, key=f"svcrow_{'open_' if str(row.id) == chosen else ''}{row.id}"):
                with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"svcname_{row.id}"):
                    st.button(
                        plain(row.name),
                        key=f"svc_open_{row.id}",
                        type="tertiary",
                        on_click=choose,
                        args=(row.id,),
                    )
                    st.space("stretch")
                    if row.archived_at is not None:
                        st.badge(t("Archived"), icon=":material/inventory_2:", color="gray")
                    elif not row.has_key and not _local(row):
                        st.badge(t("no key"), icon=":material/key_off:", color="orange")
                st.html(_line(row, colours.muted))


def _local(row: SavedProfile) -> bool:
    template = of_profile(row.provider, row.base_url)
    address = str(row.base_url or "")
    sketched = row.provider == "sketch"
    return sketched or (template is not None and template.local) or "127.0.0.1" in address or "localhost" in address


def _line(row: SavedProfile, muted: str) -> str:
    template = of_profile(row.provider, row.base_url)
    service = (
        t(template.title) if template and template.base_url else t(PROVIDERS.get(str(row.provider), str(row.provider)))
    )
    models = " · ".join(m for m in (row.text_model, row.image_model, row.video_model) if m)
    return (
        f"<div "
        f"style='color:{muted};font-size:.84rem;line-height:1.4;white-space:nowrap;overflow:hidden;text-overflow:ellipsis'>"
        f"{safe(service)} — {safe(models)}</div>"
    )


def choose(profile: int | str) -> None:
    st.query_params["profile"] = str(profile)


# -- the sheet ---------------------------------------------------------------------------------------------------------


def templates() -> None:
    """What to begin from: one click fills the form."""
    st.markdown(f"**{t('Which service?')}**")
    with st.container(horizontal=True, gap="small", key="svc_templates"):
        for name, template in TEMPLATES.items():
            st.button(
                t(template.title), key=f"svc_template_{name}", on_click=_begin, args=(template,),
                type="primary" if st.session_state.get("svc_template") == template.title else "secondary",
            )  # fmt: skip
        # a provider needs no template to be chosen: one of another package has none
        for name in sorted({*registry.names()} - {SKETCH.provider, *(t_.provider for t_ in TEMPLATES.values())}):
            st.button(
                plain(name), key=f"svc_provider_{name}", on_click=_begin, args=(Template(name, name, ""),),
                type="primary" if st.session_state.get("svc_template") == name else "secondary",
            )  # fmt: skip


def _begin(template: Template) -> None:
    st.session_state["svc_template"] = template.title
    st.session_state["svc_provider"] = template.provider
    key = drafts.form_key(place(None), slot(None))
    forms.forget(key)
    for name, value in _start_of(template.title).items():
        st.session_state[f"{key}.{name}"] = value


def _start_of(title: str) -> JsonObject:
    """What the form of a new profile begins with."""
    template = next((t_ for t_ in TEMPLATES.values() if t_.title == title), Template(title, title, ""))
    name = "" if template is OTHER else template.title.split(" (")[0].lower()
    models = {field: getattr(template, field) for field in ("text_model", "image_model", "video_model")}
    return {"name": name, "base_url": template.base_url, **models}


def _resume(place: str) -> None:
    """Begin with the template that a draft from another visit was begun with."""
    draft = drafts.find(place)
    if draft is not None and "template" in draft.fields:
        st.session_state["svc_template"] = draft.fields["template"]
        st.session_state["svc_provider"] = draft.fields["provider"]


def place(row: SavedProfile | None) -> str:
    """Where the draft of a profile's form is kept. Its key is no part of it."""
    return f"profile/{NEW if row is None else row.id}"


def slot(row: SavedProfile | None) -> str:
    """Where a form keeps what is typed. Another one after each save: the browser would go on showing what was typed."""
    saved = st.session_state.get("_services_saved", 0)
    return (NEW if row is None else f"svc{row.id}") + (f"g{saved}" if saved else "")


def draw_profile(row: SavedProfile | None, others: Sequence[SavedProfile]) -> None:
    """The form of a profile, or of a new one; what was typed survives a refusal."""
    if row is None and "svc_template" not in st.session_state:
        _resume(place(None))
    if row is None:
        with st.container(border=True, key="svc_begin"):
            templates()
        if "svc_template" not in st.session_state:
            return
    with drafts.keep(place(row), slot(row)) as draft:
        _form(draft.key, row, others, draft)


def _form(key: str, row: SavedProfile | None, others: Sequence[SavedProfile], draft: drafts.Draft) -> None:
    issues: list[Issue] = st.session_state.get(f"{key}_issues", []) or _wanted(row)
    if f"{key}.name" not in st.session_state or f"{key}_row" not in st.session_state:
        st.session_state[f"{key}_row"] = row
    values = _identity(key, row, issues)
    if row is not None:
        _show_checks(key, row)
    values |= _bindings(key, row, others, issues)
    values |= _limits(key, row, issues)
    values["params"] = _settings(key, row, issues, draft, values)
    for issue in (i for i in issues if i.path.split(".")[0] not in {*values, "key", "params"}):
        st.error(plain(labels.issue_text(issue)), icon=":material/error:")
    label = t("Add the service") if row is None else t("Save")
    if st.button(label, key=f"{key}_save", type="primary", icon=":material/check:"):
        _refuse_if_changed(key, row, draft)
        _save(key, row, values)
    if row is None and draft.has_text:
        for name in ("template", "provider"):
            draft.set_value(name, st.session_state[f"svc_{name}"], None)
    draft.show_status(with_button=True)


#: the field that the remedy of a failure is about
FIXES = {
    "auth": "key", "permission": "key", "quota_exhausted": "key", "not_found_model": "text_model",
    "network": "base_url", "rate_limit": "rpm", "timeout": "params.timeout_s", "truncated_output": "params.max_tokens",
}  # fmt: skip


def _wanted(row: SavedProfile | None) -> list[Issue]:
    """At which field a reader who comes from a failure has something to do."""
    kind = st.query_params.get("fix", "")
    return [Issue(FIXES[kind], Text(KINDS[kind].remedy))] if row is not None and kind in FIXES else []


def _identity(key: str, row: SavedProfile | None, issues: Sequence[Issue]) -> JsonObject:
    with st.container(border=True, key=f"{key}_service"):
        provider = st.session_state.get("svc_provider", "openai") if row is None else str(row.provider)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{t('Service')}**", width="content")
            st.badge(plain(t(PROVIDERS.get(provider, provider))), color="gray")
            if row is not None:
                st.space("stretch")
                _actions(key, row)
        start = row.as_json() if row else _start_of(st.session_state["svc_template"])
        left, right = st.columns(2)
        with left:
            values = forms.fields(ProfileFields, key, start, issues, only=["name", "base_url"])
        with right:
            values["key"] = _key(key, row, provider, values["base_url"], issues)
        models = st.columns(3)
        for column, name in zip(models, ("text_model", "image_model", "video_model"), strict=True):
            with column:
                values |= forms.fields(ProfileFields, key, start, issues, only=[name])
        limit = params.find_limit(values["text_model"] or "", values["base_url"], provider)
        if limit is not None and limit.refused:
            refused = labels.join(t(params.PARAMS[n].title) for n in limit.refused)
            st.caption(plain(t("{family} models take no {params}.", family=limit.title, params=refused)))
        if row is not None:
            _show_usage(row)
    return values


def _show_usage(row: SavedProfile) -> None:
    """Who uses it, else where to choose it: a profile that was added works for nobody yet."""
    wb = live.workbench()
    chosen = {row.id} | {r.id for r in wb.profiles.list() if row.id in (r.image_profile_id, r.video_profile_id)}
    using = [str(p.title) for p in wb.projects.list_names() if p.profile_id in chosen]
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.caption(
            plain(t("Used by {stories}.", stories=labels.join(using)))
            if using
            else t("No story uses it yet. Choose it on a story's card."),
            width="content",
        )
        if not using:
            st.page_link("pages/projects.py", label=t("Projects"), icon=":material/arrow_forward:", width="content")


def _key(key: str, row: SavedProfile | None, provider: str, base_url: str | None, issues: Sequence[Issue]) -> str:
    """Write-only: what is stored is never shown, only its last characters.

    Taken over with each letter: Tab goes from a password to the eye inside its field, and Streamlit then forgets it.
    """
    stored = row is not None and row.has_key
    tail = t("stored, ends with {tail}", tail=row.key_tail) if stored and row and row.key_tail else ""
    typed = st.text_input(
        t("Key"), type="password", key=f"{key}.secret", autocomplete="new-password", on_change="ignore", live="0s",
        placeholder=tail or (t("stored") if stored else t("paste it here")),
        help=t("Sealed at once and never shown again. It is sent to this address alone."),
    )  # fmt: skip
    for issue in issues:
        if issue.path == "key":
            _wrong(labels.issue_text(issue))
    template = of_profile(provider, base_url) if base_url or row is not None else None
    if template is not None and template.keys:
        st.caption(f"[{t('Where {service} makes keys', service=t(template.title))}]({template.keys})")
    return typed


def _bindings(
    key: str, row: SavedProfile | None, others: Sequence[SavedProfile], issues: Sequence[Issue]
) -> JsonObject:
    """Who draws, who films, and who answers instead."""
    bound = {row.image_profile_id, row.video_profile_id, *(row.fallback_ids or ())} if row else set()
    names = {
        o.id: o.name for o in others if (o.archived_at is None or o.id in bound) and (row is None or o.id != row.id)
    }
    with st.container(border=True, key=f"{key}_bindings"):
        st.markdown(f"**{t('Other services')}**")
        if not names:
            st.caption(t("With a second service, pictures, clips or emergencies can be left to it."))
            return {"image_profile": None, "video_profile": None, "fallback": []}
        columns = st.columns(3)
        values: JsonObject = {}
        for column, field, title in zip(
            columns, ("image_profile", "video_profile"), (t("Pictures by"), t("Clips by")), strict=False
        ):
            with column:
                now = names.get(getattr(row, f"{field}_id")) if row else None
                options = [None, *names.values()]
                values[field] = st.selectbox(
                    title, options, index=drafts.begin_choice(f"{key}.{field}", now, options), key=f"{key}.{field}",
                    on_change="ignore",
                    format_func=lambda o: o or t("this service"), placeholder=t("this service"),
                )  # fmt: skip
        with columns[2]:
            now_instead = [names[i] for i in (row.fallback_ids or ()) if i in names] if row else []
            values["fallback"] = st.multiselect(
                t("Instead, in this order"), list(names.values()), key=f"{key}.fallback", on_change="ignore",
                default=drafts.begin_choices(f"{key}.fallback", now_instead, list(names.values())),
                help=t("Asked when this service is overloaded, out of quota or cannot be reached; nothing else."),
                placeholder=t("nobody"),
            )  # fmt: skip
        for issue in (i for i in issues if i.path in values):
            _wrong(labels.issue_text(issue))
    return values


def _limits(key: str, row: SavedProfile | None, issues: Sequence[Issue]) -> JsonObject:
    with st.container(border=True, key=f"{key}_limits"):
        st.markdown(
            f"**{t('Limits')}**",
            help=t("Held over all workers. A job that has to wait says so, and uses up no attempt."),
        )
        values: JsonObject = {}
        for column, (name, title) in zip(st.columns(3), LIMITS.items(), strict=True):
            with column:
                values[name] = _number(t(title), f"{key}.{name}", getattr(row, name) if row else None, t("no limit"))
                for issue in (i for i in issues if i.path == name):
                    _wrong(labels.issue_text(issue))
    return values


def _number(title: str, slot: str, now: Any, empty: str, whole: bool = True) -> Any:
    """Without bounds: the browser would keep a number outside them to itself, and the old one would be saved."""
    convert: Any = int if whole else float
    return st.number_input(
        title, value=None if now is None else convert(now), step=1 if whole else 0.1, key=slot, placeholder=empty,
        on_change="ignore",
    )  # fmt: skip


def _wrong(sentence: str) -> None:
    st.markdown(f":red[:material/error: {plain(sentence)}]")


def _settings(
    key: str, row: SavedProfile | None, issues: Sequence[Issue], draft: drafts.Draft, service: JsonObject
) -> JsonObject:
    """`service`: the address and the models that the form names."""
    stored = dict(row.params or {}) if row else {}
    provider = row.provider if row else st.session_state.get("svc_provider", "openai")
    wrong = {i.path.removeprefix("params."): labels.issue_text(i) for i in issues if i.path.startswith("params")}
    with st.container(border=True, key=f"{key}_params"):
        st.markdown(f"**{t('Settings of each call')}**")
        columns = [*st.columns(3), *st.columns(3)]
        values = {}
        for column, name in zip(columns, COMMON, strict=False):
            with column:
                values[name] = _param(f"{key}.param.{name}", name, stored.get(name))
                if name in wrong:
                    _wrong(wrong[name])
                set_here = {name: values[name]}
                for warning in params.list_warnings(
                    provider, set_here, service["text_model"] or "", service["base_url"]
                ):
                    st.markdown(f":orange[:material/warning: {plain(labels.issue_text(warning))}]")
        prices = _prices(key, stored.get("prices") or {}, draft)
        if "prices" in wrong:
            _wrong(wrong["prices"])
        rest = {n: v for n, v in stored.items() if n not in (*COMMON, "prices")}
        with st.expander(
            t("For those who know the service"), expanded=any(n not in (*COMMON, "prices") for n in wrong)
        ):
            typed = st.text_area(
                t("Further settings, as JSON"),
                drafts.begin_text(f"{key}.rest", json.dumps(rest, ensure_ascii=False, indent=1) if rest else ""),
                key=f"{key}.rest", height=110, on_change="ignore", placeholder='{"api": "responses"}',
                help=", ".join(n for n in params.PARAMS if n not in (*COMMON, "prices")),
            )  # fmt: skip
            for name in (n for n in wrong if n not in (*COMMON, "prices")):
                _wrong(f"{name} {wrong[name]}" if name else wrong[name])
        st.session_state[f"{key}_rest"] = typed
    return {n: v for n, v in values.items() if v is not None} | ({"prices": prices} if prices else {})


def _param(slot: str, name: str, now: Any) -> Any:
    param = params.PARAMS[name]
    if param.choices:
        options = [None, *param.choices]
        return st.selectbox(
            t(param.title), options, index=drafts.begin_choice(slot, now if now in options else None, options),
            key=slot, on_change="ignore",
            format_func=lambda o: t("the service's own") if o is None else t(WORDS.get(o, str(o))),
            placeholder=t("the service's own"),
        )  # fmt: skip
    return _number(t(param.title), slot, now, t("the service's own"), param.whole)


def _prices(key: str, stored: JsonObject, draft: drafts.Draft) -> JsonObject:
    """Prices of one's own, a row a model; where there is none the public one counts, else the cost stays unknown."""
    import pandas as pd

    titles = {
        "model": t("Model"), "currency": t("Currency"), "input": t("Input"), "cached": t("Cached"),
        "output": t("Output"),
        "image": t("Picture"), "video_second": t("Clip, 1 s"), "video_tokens": t("Clip, 1M"),
    }  # fmt: skip
    # The table holds what was changed in it since it was drawn first, and must not be given another beginning.
    if f"{key}.prices" not in st.session_state:
        st.session_state[f"{key}_prices_begin"] = draft.stored_value("prices", stored)
    begin: JsonObject = st.session_state[f"{key}_prices_begin"]
    rows = [
        {"model": model, **{n: price.get(n) for n in ("currency", *params.PRICES)}} for model, price in begin.items()
    ]
    table = pd.DataFrame(rows, columns=list(titles)).astype(dict.fromkeys(params.PRICES, "float64"))
    st.markdown(f"**{t('Prices of your own')}**")
    st.caption(
        t(
            "Per million tokens (1M), a picture or a second of video. Without one the public price counts, "
            "else the cost stays unknown."
        )
    )
    edited = st.data_editor(
        table, num_rows="dynamic", hide_index=True, key=f"{key}.prices", width="stretch", placeholder="",
        column_config={
            "model": st.column_config.TextColumn(titles["model"], help=t("* for all"), required=True, width=84),
            "currency": st.column_config.SelectboxColumn(
                titles["currency"], options=list(params.CURRENCIES), default="CNY", width=84
            ),
            **{
                n: st.column_config.NumberColumn(titles[n], min_value=0.0, width=62 if n == "input" else 80)
                for n in params.PRICES
            },
        },
    )  # fmt: skip
    prices: JsonObject = {}
    for record in edited.to_dict("records"):
        if record["model"]:
            numbers = {n: record[n] for n in params.PRICES if record[n] is not None and not pd.isna(record[n])}
            prices[str(record["model"]).strip()] = {"currency": record["currency"] or "CNY", **numbers}
    draft.set_value("prices", prices, stored)
    return prices


# -- what the buttons do -----------------------------------------------------------------------------------------------


def _refuse_if_changed(key: str, row: SavedProfile | None, draft: drafts.Draft) -> None:
    """A form saves all of its fields: what was saved in another window since it was opened would be undone. It begins
    anew on that, with what was typed here, which is a draft."""
    begun_with: SavedProfile | None = st.session_state[f"{key}_row"]
    if begun_with is None or row is None or _content(begun_with) == _content(row):
        return
    draft.store()
    forget(key)
    st.session_state["_services_saved"] = st.session_state.get("_services_saved", 0) + 1
    st.session_state["_refused"] = t(
        "{name} was changed in another window since. What you typed is here, on top of that: look at it and save "
        "again. A key has to be pasted once more.",
        name=row.name,
    )
    live.redraw_page()


def _content(row: SavedProfile) -> tuple[Any, ...]:
    """What the form is about."""
    bound = (row.image_profile_id, row.video_profile_id, row.fallback_ids)
    models = (row.text_model, row.image_model, row.video_model)
    limits = (row.concurrency, row.rpm, row.tpm)
    return row.name, row.base_url, *models, *bound, *limits, row.params, row.key_id, row.key_tail


def _save(key: str, row: SavedProfile | None, values: JsonObject) -> None:
    typed = str(st.session_state.get(f"{key}_rest") or "").strip()
    try:
        rest = parse_json(typed) if typed else {}
        if not isinstance(rest, dict):
            raise ValueError
    except ValueError:
        st.session_state[f"{key}_issues"] = [
            Issue("params.", Text(N_('This is no JSON object, such as {"api": "responses"}.')))
        ]
        live.redraw_page()
    if doubled := [n for n in rest if n in (*COMMON, "prices")]:
        message = Text(N_("{names} have fields of their own above: type them there."), names=", ".join(doubled))
        st.session_state[f"{key}_issues"] = [Issue("params.", message)]
        live.redraw_page()
    if row is None and not values["base_url"].strip() and st.session_state.get("svc_template") == OTHER.title:
        empty = ["base_url"] + ["name"] * (not (values["name"] or "").strip())
        empty += ["text_model"] * (not any(values[m] for m in ("text_model", "image_model", "video_model")))
        st.session_state[f"{key}_issues"] = [Issue(field, Text(N_("This is needed."))) for field in empty]
        live.redraw_page()
    fields = {**values, "params": {**rest, **values["params"]}}
    wb = live.workbench()
    try:
        if row is None:
            provider = st.session_state.get("svc_provider", "openai")
            add = partial(wb.profiles.add, fields.pop("name"), provider, user=shell.user(), **fields)
            saved = once.do("add profile", [values, fields, provider], add)
        else:
            saved = wb.profiles.update(str(row.name), **fields)
    except InvalidInput as error:
        st.session_state[f"{key}_issues"] = error.issues or [Issue("", error.text)]
        live.redraw_page()
    forget(key)
    drafts.discard(place(row))
    st.session_state["_services_saved"] = st.session_state.get("_services_saved", 0) + 1
    st.session_state.pop("svc_template", None)
    live.invalidate()
    choose(saved.id)
    shell.toast(t("{name} is saved.", name=saved.name))
    live.redraw_page()


def forget(key: str) -> None:
    """Let go of what was typed."""
    forms.forget(key)
    for slot in [s for s in st.session_state if str(s).startswith((f"{key}.", f"{key}_"))]:
        del st.session_state[slot]


def _actions(key: str, row: SavedProfile) -> None:
    name = str(row.name)
    away = row.archived_at is not None
    if away:
        st.badge(t("Archived"), icon=":material/inventory_2:", color="gray")
    with shell.icon_popover("more_horiz", t("More"), f"{key}_more"):
        st.button(t("Duplicate"), key=f"{key}_copy", icon=":material/content_copy:", on_click=_duplicate, args=(name,))
        if not away:
            st.button(
                t("Archive"), key=f"{key}_archive", icon=":material/archive:", on_click=_archive, args=(name, True)
            )
    if away:
        st.button(
            t("Restore"), key=f"{key}_restore", icon=":material/unarchive:", on_click=_archive, args=(name, False)
        )


def _duplicate(name: str) -> None:
    with shell.show_refusals():
        taken = {p.name for p in live.workbench().profiles.list(include_archived=True)}
        copy = next(c for c in (f"{name[:70]} {n}" for n in range(2, 1000)) if c not in taken)
        choose(live.workbench().profiles.duplicate(name, copy).id)
        live.invalidate()
        shell.toast(t("{name} is a copy of {of}, with its key.", name=copy, of=name))


def _archive(name: str, away: bool) -> None:
    with shell.show_refusals():
        live.workbench().profiles.archive(name, away)
        live.invalidate()
        shell.toast(t("{name} is archived.", name=name) if away else t("{name} is back.", name=name))


def _show_checks(key: str, row: SavedProfile) -> None:
    """A test of what is saved, and what the last one of this session found."""
    name = str(row.name)
    with st.container(border=True, key=f"{key}_test"):
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.markdown(f"**{t('Test')}**", width="content")
            st.caption(t("Two tiny real calls with what is saved: a word, and an answer in a schema."), width="content")
            st.space("stretch")
            draws = row.image_model or row.image_profile_id
            image = bool(draws) and st.checkbox(
                t("Draw a picture, too"), key=f"{key}_try_image", help=t("It costs what a picture costs.")
            )
            if st.button(t("Test it"), key=f"{key}_try_go", icon=":material/network_check:"):
                with st.spinner(t("Calling {name}…", name=plain(name))):
                    try:
                        st.session_state[f"{key}_trials"] = live.workbench().profiles.check(name, image=image)
                    except ReelwrightError as error:
                        st.session_state["_refused"] = labels.error_text(error)
                live.redraw_page()
        checks: list[ProfileCheck] | None = st.session_state.get(f"{key}_trials")
        if checks is not None and not checks:
            st.caption(plain(translate(why_unchecked(row), current())))
        for check in checks or ():
            _show_check(check)


def _show_check(check: ProfileCheck) -> None:
    mark = ":green[:material/check_circle:]" if check.ok else ":red[:material/error:]"
    facts = [formats.duration(check.latency_ms, current()), plain(shorten(check.model, 40))]
    if check.mode:
        facts.append(code(check.mode))
    if check.input_tokens is not None:
        facts.append(t("{n} + {m} tokens", n=check.input_tokens, m=check.output_tokens or 0))
    if check.ok:
        known_cost = check.cost_micros is not None
        facts.append(formats.cost(check.cost_micros, check.currency, current()) if known_cost else t("price unknown"))
    st.markdown(f"{mark} **{t(CHECKS[check.check])}** :gray[{' · '.join(facts)}]")
    if not check.ok:
        sentences = [translate(check.message, current())]
        if check.http_status and str(check.http_status) not in sentences[0]:
            sentences.append(f"HTTP {check.http_status}")
        if check.request_id:
            sentences.append(t("request {id}", id=check.request_id))
        st.markdown(f"{plain(' · '.join(sentences))}  \n:violet[:material/arrow_forward: {t(check.remedy)}]")
    for note in check.notes:
        st.caption(plain(translate(note, current())))
    if check.media:
        media.picture(check.media, t("The picture that the check drew"), width=220)
