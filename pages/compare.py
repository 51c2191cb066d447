"""Compare: a job and its replay side by side, /compare?a=42&b=57."""

from __future__ import annotations

import streamlit as st

from workbench.errors import NotFound, ReelwrightError
from workbench.plain_text import whole_number
from workbench.ui import illustrations, job_links, labels, live, shell
from workbench.ui.debug import compare
from workbench.ui.language import t
from workbench.ui.markup import plain

wb = live.workbench()


def choose() -> None:
    with illustrations.empty(t("Choose a job and its replay to see what changed."), "compare"):
        if st.button(t("All jobs"), key="compare_to_jobs", type="primary", icon=":material/list_alt:"):
            st.switch_page("pages/jobs.py")


def say_same(job_id: int) -> None:
    sentence = t("Both are job {id}. Choose a job and its replay to see what changed.", id=job_id)
    with illustrations.empty(sentence, "compare_same"):
        if st.button(
            t("Open job {id}", id=job_id), key="compare_to_job", type="primary", icon=":material/arrow_outward:"
        ):
            st.switch_page(job_links.PAGE, query_params=job_links.query(job_id))


def main() -> None:
    ids = [whole_number(st.query_params.get(name, "")) for name in ("a", "b")]
    if ids[0] is None or ids[1] is None:
        choose()
        return
    try:
        first, second = (live.query(wb.jobs.get_detail, number) for number in ids if number is not None)
    except NotFound:
        choose()
        return
    except ReelwrightError as error:
        st.error(plain(labels.error_text(error)), icon=":material/error:")
        return
    if first.job.id == second.job.id:
        say_same(first.job.id)
        return
    shell.title(t("Compare"), t("job {a} and job {b}", a=first.job.id, b=second.job.id))
    compare.draw(first, second)


main()
