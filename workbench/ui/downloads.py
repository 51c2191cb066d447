"""The calls behind what is shown, as a file in one of three forms; written when it is asked for."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import streamlit as st

from workbench.json_types import JsonObject
from workbench.ui import live
from workbench.ui.language import current, t
from workbench.usage.export import FormName

_KINDS: dict[FormName, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}


def draw(scope: JsonObject, since: int, until: int, time_zone: str = "UTC") -> None:
    with st.popover(t("Download"), icon=":material/download:", key="download"):
        st.caption(t("Every call of this view, with titles, profiles and the parts of its price"), width=240)
        for form, kind in _KINDS.items():
            st.download_button(
                {"xlsx": "Excel (XLSX)", "csv": "CSV", "parquet": "Parquet"}[form],
                partial(_write, form, scope, since, until, time_zone),
                f"reelwright-calls.{form}",
                kind,
                key=f"download_{form}",
                on_click="ignore",
                width="stretch",
            )


def _write(form: FormName, scope: JsonObject, since: int, until: int, time_zone: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"calls.{form}"
        usage = live.workbench().usage
        usage.export(file, form, since=since, until=until, time_zone=time_zone, language=current(), **scope)
        return file.read_bytes()
