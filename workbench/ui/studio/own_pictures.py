"""Bring pictures and clips of one's own into a scene: dropped, each beside the shot it is for, put in their places."""

from __future__ import annotations

import re

import streamlit as st

from workbench.artifacts.storyboard import frame_key
from workbench.json_types import JsonObject
from workbench.ui import live, media, shell, uploads
from workbench.ui.language import t
from workbench.ui.markup import plain, shorten
from workbench.ui.studio import storyboard

KEYS = [frame_key(order) for order in range(1, 10)]
#: set when frames were saved from here: the dialog's page is drawn anew
CHANGED = "_frames_changed"
#: of the whole scene, where a shot could stand
SCENE = "scene"
#: as the gallery names what it packs: 03-MLS.webp; cameras' numbers (IMG_2041) say nothing
_NUMBER = re.compile(r"(?:^|[^0-9])0?([1-9])(?![0-9])")


def guess_shots(names: list[str], taken: set[str]) -> list[str]:
    """A shot for each file: the number in its name where it has one, else the first that nobody has; over nine, the
    last."""
    numbers = [found[1] if (found := _NUMBER.match(name) or _NUMBER.search(name)) else None for name in names]
    clear = [n for n in numbers if n is not None and numbers.count(n) == 1]
    guessed = [frame_key(int(n)) if n in clear else None for n in numbers]
    free = iter(dict.fromkeys(k for k in [*(k for k in KEYS if k not in taken), *KEYS] if k not in guessed))
    return [key or next(free, KEYS[-1]) for key in guessed]


def draw(node_id: int, shots: list[JsonObject], taken: set[str]) -> None:
    """A popover with a place to drop files for the scene. `taken`: the frames that have a picture."""
    with st.popover(t("Bring your own"), icon=":material/add_photo_alternate:", key=f"own_{node_id}", type="tertiary"):
        st.markdown(f"**{t('Your own pictures and clips')}**")
        st.caption(t("Each takes the place of a shot. Nothing that runs replaces it; what was there stays beside it."))
        _form(node_id, f"own_{node_id}", shots, taken)


def draw_for_shot(node_id: int, key: str, shots: list[JsonObject]) -> None:
    """The same for one shot, in the dialog of its frame."""
    with st.expander(t("Bring your own picture or clip"), icon=":material/upload:", key=f"own_open_{node_id}_{key}"):
        _form(node_id, f"own_{node_id}_{key}", shots, set(KEYS) - {key}, only=key)


def _form(node_id: int, slot: str, shots: list[JsonObject], taken: set[str], only: str | None = None) -> None:
    brought = uploads.offer(slot, t("Pictures or MP4 clips"), several=only is None, clips=True)
    if not brought:
        return
    guessed = [only] * len(brought) if only else guess_shots([b.name for b in brought], taken)
    places: list[str] = []
    for number, (item, guess) in enumerate(zip(brought, guessed, strict=True)):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{slot}_row_{number}"):
            media.picture(item.media.sha256, item.name, small=True, width=96)
            if only:
                places.append(only)
                st.markdown(plain(shorten(item.name, 60)), width="stretch")
                continue
            is_clip = item.media.kind == "video"
            options = [*([SCENE] if is_clip else []), *KEYS]
            places.append(
                st.selectbox(
                    plain(shorten(item.name, 60)), options, index=options.index(SCENE if is_clip else guess),
                    format_func=lambda key: _title(key, shots), key=f"{slot}_for_{item.media.sha256[:12]}_{number}",
                )
            )  # fmt: skip
    doubled = {key for key, item in zip(places, brought, strict=True) if _count(key, places, brought) > 1}
    if doubled:
        named = ", ".join(_title(key, shots) for key in KEYS if key in doubled)
        sentence = t("Two pictures for {shots}: the last one is shown.", shots=named)
        st.markdown(f":orange[:material/warning:] :gray[{plain(sentence)}]")
    st.button(
        t("Put it in its place") if len(brought) == 1 else t("Put {n} in their places", n=len(brought)),
        key=f"{slot}_place", type="primary", icon=":material/check:", on_click=_place,
        args=(node_id, slot, list(zip(places, brought, strict=True))),
    )  # fmt: skip


def _count(key: str, places: list[str], brought: list[uploads.Brought]) -> int:
    return sum(k == key and item.media.kind == "image" for k, item in zip(places, brought, strict=True))


def _title(key: str, shots: list[JsonObject]) -> str:
    if key == SCENE:
        return t("The whole scene")
    return storyboard.shot_name(shots[KEYS.index(key)])


def _place(node_id: int, slot: str, placed: list[tuple[str, uploads.Brought]]) -> None:
    artifacts = live.workbench().artifacts
    with shell.show_refusals():
        # of two pictures for one shot both are candidates, the last one chosen
        rounds: list[dict[str, tuple[str, str]]] = []
        for key, item in placed:
            if item.media.kind == "video":
                artifacts.place_clip(
                    node_id, item.media.sha256, item.name, None if key == SCENE else key, shell.user()
                )  # fmt: skip
                continue
            later = next((r for r in rounds if key not in r), None)
            if later is None:
                rounds.append(later := {})
            later[key] = (item.media.sha256, item.name)
        for pictures in rounds:
            artifacts.place_pictures(node_id, pictures, shell.user())
        uploads.clear(slot)
        shell.toast(t("In place: {n}", n=len(placed)))
    st.session_state[CHANGED] = True
    live.invalidate()
