"""What a trial came to: today's words and the new ones side by side, shares first, then one call after another."""

from __future__ import annotations

import json

import streamlit as st

from workbench.db.rows.jobs import Job
from workbench.i18n import Text, fill_in, translate
from workbench.json_types import JsonObject
from workbench.ui import formats, labels, live
from workbench.ui.language import current, t
from workbench.ui.markup import code, hide_keys, plain
from workbench.ui.prompts.words import Chosen
from workbench.ui.studio import diff

SIDES = ("today", "new")
#: so many pairs are shown; the others are on the job
SHOWN = 20


def draw(chosen: Chosen, job: Job) -> None:
    result: JsonObject = job.result or {}
    sides: JsonObject = result.get("sides", {})
    for column, side in zip(st.columns(2, gap="small"), SIDES, strict=True):
        with column:
            _side(side, sides[side])
    for failed in result.get("failed", []):
        message = translate(Text.from_json(failed["error"]), current())
        st.markdown(f":orange[:material/warning: {plain(message)}]")
    pairs: list[JsonObject] = result.get("pairs", [])
    if not pairs:
        return
    numbers = list(range(min(len(pairs), SHOWN)))
    chosen_pair = 0
    if len(numbers) > 1:
        chosen_pair = st.selectbox(
            t("Answers to"), numbers, format_func=lambda n: _pair_title(pairs[n]), key=f"{chosen.key}_pair_{job.id}"
        )
    pair = pairs[chosen_pair]
    for column, side in zip(st.columns(2, gap="small"), SIDES, strict=True):
        with column:
            _answer(pair[side], f"{job.id}_{side}")
    _differences(chosen, pair, f"trial_{job.id}")


def _pair_title(pair: JsonObject) -> str:
    marks = " → ".join(t("valid") if pair[side]["valid"] else t("not valid") for side in SIDES)
    return t("Call {call} of job {job}: {marks}", call=pair["call"], job=pair["job"], marks=marks)


def _side(side: str, sums: JsonObject) -> None:
    """The share of valid answers, and what they took."""
    with st.container(border=True, key=f"trial_side_{side}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(
                f"**{t('Today') if side == 'today' else t('New')}** {code(sums['prompt_version'])}", width="content"
            )
            st.space("stretch")
            st.caption(plain(labels.join(sums["models"])), width="content")
        valid, answers = sums["valid"], sums["answers"]
        colour = "green" if valid == answers else "orange" if valid else "red"
        share = t(
            "{share} valid ({valid} of {answers})", share=formats.percent(valid / answers), valid=valid, answers=answers
        )
        icon = "check_circle" if valid == answers else "error"
        st.markdown(f":{colour}[:material/{icon}: **{plain(share)}**]")
        per = max(answers, 1)
        facts = [
            t("{n} tokens", n=formats.number(_plus(sums["input_tokens"], sums["output_tokens"]), current())),
            formats.price(sums["cost"], sums["unpriced"], current()),
            t(
                "{time} each",
                time=labels.duration_text(None if sums["latency_ms"] is None else sums["latency_ms"] / per),
            ),
        ]
        if sums["paid"] < answers:
            facts.append(t("{n} read from the ledger", n=answers - sums["paid"]))
        st.caption(plain(" · ".join(facts)))
        for rule in sums["rules"][:6]:
            place = f"{code(rule['place'])} " if rule["place"] else ""
            words = plain(bare(rule["rule"]))
            st.markdown(f":red[{int(rule['answers'])} ×] {place}{words}")


def bare(rule: str) -> str:
    """A check's sentence with an ellipsis for each of its values."""
    return fill_in(translate(rule, current()), _Ellipses())


class _Ellipses(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


def _plus(a: int | None, b: int | None) -> int | None:
    return None if a is None and b is None else (a or 0) + (b or 0)


def _answer(answer: JsonObject, key: str) -> None:
    with st.container(border=True, key=f"trial_answer_{key}"):
        mark = (
            f":green[:material/check_circle: {t('valid')}]"
            if answer["valid"]
            else f":red[:material/error: {t('not valid')}]"
        )
        numbers = (
            t("{n} tokens", n=formats.number(_plus(answer["input_tokens"], answer["output_tokens"]), current())),
            formats.cost(answer["cost_micros"], answer["currency"], current()),
            labels.duration_text(answer["latency_ms"]),
        )
        st.markdown(f"{mark} :gray[{plain(' · '.join(numbers))}]")
        for issue in answer["issues"][:8]:
            message = translate(Text.from_json(issue["message"]), current())
            st.markdown(f":red[{code(issue['path'] or '—')}] {plain(message)}")
        with st.popover(t("The raw answer"), icon=":material/notes:", type="tertiary", key=f"raw_{key}"):
            st.code(str(hide_keys(answer["text"] or "—")), language=None, height=420, wrap_lines=True)


def _differences(chosen: Chosen, pair: JsonObject, key: str) -> None:
    """What both answers say, where it differs, field by field."""
    contents = [_content_of(pair[side]["text"]) for side in SIDES]
    contract = live.workbench().prompts.describe_contract(chosen.name, chosen.language)
    old, new = contents
    if old is None or new is None or contract is None:
        return
    comparison = diff.compare(old, new, contract.schema)
    st.markdown(f"**{t('What they say')}** :gray[{plain(diff.count_changes(comparison))}]")
    diff.draw(comparison, key)


def _content_of(text: str) -> JsonObject | None:
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
