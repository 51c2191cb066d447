"""The renderer that turns a pydantic model into a form, driven through Streamlit's own test harness."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, Field
from streamlit.testing.v1 import AppTest

from workbench.artifacts.models import CoreExpression
from workbench.ui import forms


class Inner(BaseModel):
    name: str = Field(max_length=20)


class Example(BaseModel):
    title: str = Field(min_length=3, max_length=40, title="Title", description="What it is called")
    body: str = Field("", max_length=2000)
    shots: int = Field(8, ge=1, le=40, title="Shots")
    target: int | None = Field(None, ge=1)
    size: Literal["wide", "close"] = "close"
    lines: list[str] = Field(default_factory=list, max_length=3)
    inner: Inner = Field(default_factory=lambda: Inner(name="x"))
    parts: list[Inner] = Field(default_factory=list)
    force: bool = False


def page():
    import streamlit as st

    from tests.ui.test_forms import Example
    from workbench.ui import forms

    issues = st.session_state.get("issues", [])
    values = forms.fields(Example, "f", {"title": "ab", "inner": {"name": "in"}}, issues)
    if st.button("Go"):
        st.session_state["issues"] = forms.check(Example, values)
        st.rerun()  # noqa: TID251
    st.session_state["values"] = values


@pytest.fixture
def form():
    return AppTest.from_function(page).run()


def test_each_type_has_its_widget_with_title_help_and_range(form):
    assert form.text_input(key="f.title").help == "What it is called"
    assert form.text_area(key="f.body").value == ""
    assert (form.number_input(key="f.shots").min, form.number_input(key="f.shots").max) == (1, 40)
    assert form.number_input(key="f.target").value is None
    assert form.selectbox(key="f.size").value == "close"
    assert form.text_input(key="f.inner.name").value == "in"
    assert form.toggle(key="f.force").value is False


def test_an_error_stands_beside_its_field_and_what_was_typed_stays(form):
    form.text_area(key="f.body").set_value("typed and kept")
    form.text_area(key="f.lines").set_value("a\nb\nc\nd")
    form.button[-1].click().run()
    said = [m.value for m in form.markdown if ":red[" in m.value]
    assert any("1 more are needed" in s for s in said)
    assert any("At most 3 entries" in s for s in said)
    assert form.text_area(key="f.body").value == "typed and kept"


def test_values_come_back_as_plain_json(form):
    form.text_input(key="f.title").set_value("A title")
    form.text_area(key="f.lines").set_value("one\n\n two ")
    form.run()
    values = form.session_state["values"]
    assert values["lines"] == ["one", "two"]
    assert values["target"] is None
    assert Example.model_validate(values).title == "A title"


def test_rows_are_added_and_taken_out_without_losing_the_others(form):
    form.button(key="f.parts.#.add").click().run()
    form.button(key="f.parts.#.add").click().run()
    form.text_input(key="f.parts~1.name").set_value("second").run()
    form.button(key="f.parts.#0.out").click().run()
    assert form.session_state["values"]["parts"] == [{"name": "second"}]


def test_pydantic_errors_are_said_in_the_readers_language():
    error = {"type": "string_too_short", "ctx": {"min_length": 100}, "input": "x" * 62, "msg": "", "loc": ("summary",)}
    assert forms.message(error, "en") == "At least 100 characters; 38 more are needed."
    assert "38" in forms.message(error, "zh")
    assert forms.message(error, "zh") != forms.message(error, "en")


def test_every_field_that_is_wrong_is_named():
    issues = forms.check(CoreExpression, {"theme": "", "emotional_arc": ["a"], "payoff": [], "visual_motifs": ["m"]})
    assert {"theme", "emotional_arc", "payoff", "core_conflict", "ending_beat"} <= {i.path for i in issues}


def test_a_payload_that_is_not_json_names_line_and_column():
    value, wrong = forms.payload('{"a": 1,\n}', None)
    assert value is None
    assert wrong == ["Line 2, column 1: this is not JSON."]


def test_a_payload_is_checked_against_the_workflows_params():
    _, wrong = forms.payload('{"title": "ok title", "shots": 99, "inner": {"name": "n"}}', Example)
    assert wrong == ["`shots` Must be 40 or less."]
