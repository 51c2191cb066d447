"""The frame around every page: language, look, navigation."""

from __future__ import annotations

import streamlit as st

from workbench.ui import drafts, illustrations, job_links, language, live, shell
from workbench.ui.language import t


def home() -> None:
    st.switch_page("pages/projects.py", query_params=st.query_params)


def draw() -> None:
    """One run of the page that was asked for."""
    st.set_page_config(page_title="Reelwright", page_icon=str(illustrations.ASSETS / "mark.svg"), layout="wide")
    language.resolve(live.language())
    illustrations.logo()
    shell.style()
    # First of all, and so at one place of every page: what it says late must find its place on the next page, too.
    drafts.keep_rest()
    page = st.navigation(
        [
            st.Page(
                "pages/projects.py", title=t("Projects"), icon=":material/folder_open:", default=True, url_path="start"
            ),
            st.Page("pages/studio.py", title=t("Studio"), icon=":material/movie_edit:", url_path="studio"),
            st.Page("pages/cast.py", title=t("Cast and world"), icon=":material/groups:", url_path="cast"),
            st.Page("pages/launch.py", title=t("Launch"), icon=":material/rocket_launch:", url_path="launch"),
            st.Page("pages/gallery.py", title=t("Gallery"), icon=":material/photo_library:", url_path="gallery"),
            st.Page("pages/jobs.py", title=t("Jobs"), icon=":material/list_alt:", url_path="jobs"),
            st.Page("pages/debug.py", title=t("Debug"), icon=":material/bug_report:", url_path="debug"),
            st.Page("pages/analytics.py", title=t("Analytics"), icon=":material/monitoring:", url_path="analytics"),
            st.Page("pages/prompts.py", title=t("Prompts"), icon=":material/edit_note:", url_path="prompts"),
            st.Page("pages/models.py", title=t("Models"), icon=":material/neurology:", url_path="models"),
            st.Page("pages/settings.py", title=t("Settings"), icon=":material/tune:", url_path="settings"),
            # The first page lives at "/"; whoever types its name would be told in English that there is no such page.
            st.Page(home, title=t("Projects"), url_path="projects", visibility="hidden"),
            st.Page("pages/job.py", title=t("Job"), icon=":material/work:", url_path="job", visibility="hidden"),
            st.Page(
                "pages/compare.py",
                title=t("Compare"),
                icon=":material/compare_arrows:",
                url_path="compare",
                visibility="hidden",
            ),
            st.Page(
                "pages/drift.py", title=t("Drift"), icon=":material/compare:", url_path="drift", visibility="hidden"
            ),
            st.Page(
                "pages/lineage.py",
                title=t("Lineage"),
                icon=":material/account_tree:",
                url_path="lineage",
                visibility="hidden",
            ),
        ],
        position="top",
    )
    job_links.begin_page(page.url_path)
    language.switch()
    with shell.show_errors():
        page.run()
    shell.show_toast()
    live.freeze_imports()
