"""What the parts of the page of prompts share: which prompt, its title and chip, its versions, and its draft."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from workbench.api.prompts import PromptEntry, PromptText
from workbench.db.rows.prompts import Override
from workbench.errors import Conflict
from workbench.i18n import N_
from workbench.ui import drafts, labels, live, shell
from workbench.ui.language import t
from workbench.ui.markup import code, plain

#: over what is added to prompts of others
ADDED = N_("Added to others")
STATES = {
    "shipped": (N_("Shipped"), "gray", "inventory_2"),
    "all": (N_("For all projects"), "blue", "public"),
    "project": (N_("This project"), "violet", "edit_note"),
}


@dataclass(frozen=True)
class Chosen:
    """The prompt that the page is about; `project` None: as it is for all."""

    name: str
    language: str
    project: int | None

    @property
    def place(self) -> str:
        """Where what is typed and not saved is kept."""
        return f"prompt/{self.project or 'all'}/{self.name}.{self.language}"

    @property
    def key(self) -> str:
        """What the keys of widgets begin with."""
        return f"p_{self.project or 'all'}_{self.name}_{self.language}".replace("/", "_").replace(".", "_")


def title_of(entry: PromptEntry | PromptText) -> str:
    """“Episode plan · chunk”."""
    if entry.workflow is None:
        return t("Keep to what was written by hand") if entry.name == "keep_to" else entry.name
    title = labels.workflow_title(entry.workflow)
    return f"{title} · {entry.variant}" if entry.variant else title


def chip(entry: PromptEntry) -> None:
    title, colour, icon = STATES[entry.state]
    version = f" v{entry.override_version}" if entry.override_version else ""
    if not entry.fits:
        colour, icon = "red", "error"
    st.badge(plain(t(title) + version), color=colour, icon=f":material/{icon}:")  # type: ignore[arg-type]


def typed_words(chosen: Chosen, text: PromptText) -> dict[str, str]:
    """What stands in the editor: what is typed and not saved, else the words that count."""
    draft = drafts.find(chosen.place)
    fields = {} if draft is None else draft.fields
    return {name: str(fields.get(name, text.counting[name])) for name in text.counting}


def save(chosen: Chosen, words: dict[str, str], base: int) -> bool:
    """Whether it was taken; why not is said instead, and stays typed."""
    with shell.show_refusals():
        try:
            saved = live.workbench().prompts.save(
                chosen.name, chosen.language, words["system"], words["user"],
                project_id=chosen.project, base_version=base, user=shell.user(),
            )  # fmt: skip
        except Conflict as conflict:
            st.session_state[f"{chosen.key}_newer"] = conflict.head_version
            return False
        st.session_state.pop(f"{chosen.key}_newer", None)
        drafts.discard(chosen.place)
        shell.toast(saved_words(chosen, saved))
        live.invalidate()
        return True
    return False


def saved_words(chosen: Chosen, saved: Override) -> str:
    """What was saved, and what is stale because of it."""
    sentence = t("Version {n} counts from now on.", n=saved.version)
    stale = 0 if chosen.project is None else live.workbench().prompts.count_stale(chosen.project)
    if stale:
        sentence += " " + t("{n} outputs were made with another prompt: they are stale.", n=stale)
    return sentence


def reset(chosen: Chosen, base: int) -> None:
    with shell.show_refusals():
        live.workbench().prompts.reset(
            chosen.name, chosen.language, project_id=chosen.project, base_version=base, user=shell.user()
        )
        drafts.discard(chosen.place)
        shell.toast(t("The text below counts again. Your versions are kept."))
    live.invalidate()


def restore(chosen: Chosen, version: int, base: int) -> None:
    with shell.show_refusals():
        live.workbench().prompts.restore(
            chosen.name, chosen.language, version, project_id=chosen.project, base_version=base, user=shell.user()
        )
        drafts.discard(chosen.place)
        shell.toast(t("Version {n} is back, as a new version.", n=version))
    live.invalidate()


def show_versions(chosen: Chosen, text: PromptText) -> None:
    """The popover with every version of these words: who, when; take one back, or reset."""
    rows = live.workbench().prompts.list_versions(chosen.name, chosen.language, chosen.project)
    if not rows:
        return
    with st.popover(t("{n} versions", n=len(rows)), icon=":material/history:", type="tertiary", key=f"{chosen.key}_vs"):
        for row in rows[:30]:
            with st.container(horizontal=True, vertical_alignment="center", gap="small", width=430):
                kind = t("reset") if row.is_reset else str(row.fingerprint)
                st.markdown(
                    f"**v{row.version}** {code(kind)} :gray[{plain(str(row.created_by or ''))} · "
                    f"{plain(labels.age_text(row.created_at))}]",
                    width="content",
                )
                st.space("stretch")
                if row.version != rows[0].version and not row.is_reset:
                    st.button(
                        t("Restore"), key=f"{chosen.key}_back_{row.version}", type="tertiary",
                        icon=":material/restore:", on_click=restore, args=(chosen, row.version, text.newest_version),
                    )  # fmt: skip
        if not rows[0].is_reset:
            st.button(
                t("Reset to the text below it"), key=f"{chosen.key}_reset", icon=":material/undo:",
                on_click=reset, args=(chosen, text.newest_version),
            )  # fmt: skip
