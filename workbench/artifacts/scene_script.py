"""What a scene script holds: an episode as a screenplay, one entry a scene in the order of its scene list."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from workbench.artifacts.declared import Kind
from workbench.artifacts.models import Content, orders_must_run, text_of
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject

Setting = Literal["int", "ext", "int_ext"]
ElementType = Literal["action", "dialogue", "sound"]
#: where a voice comes from: somebody in the picture, near but unseen (O.S.), or from another place or time (V.O.)
Extension = Literal["none", "off_screen", "voice_over"]
Transition = Literal["none", "cut", "jump_cut", "smash_cut", "dissolve", "fade", "dip_to_black", "wipe", "other"]
#: of all scenes together
MOST_CHARS = 200_000


class Heading(Content):
    """Where and when, as it stands above the scene; `place` as the scene list has it."""

    setting: Setting = Field(title=N_("Inside or outside"))
    place: Annotated[str, text_of(200)] = Field(title=N_("Place"))
    time: Annotated[str, text_of(80, 0)] = Field("", title=N_("Time"), description=N_("Empty: not told"))


class Element(Content):
    """One paragraph of a screenplay. Only dialogue has a speaker, an extension and a parenthetical."""

    type: ElementType = Field(title=N_("Type"))
    speaker: Annotated[str, text_of(120, 0)] = Field("", title=N_("Speaker"))
    extension: Extension = Field("none", title=N_("Heard from"))
    parenthetical: Annotated[str, text_of(120, 0)] = Field(
        "", title=N_("Parenthetical"), description=N_("How it is said, in a few words")
    )
    text: Annotated[str, text_of(2000)] = Field(title=N_("Text"))

    @model_validator(mode="after")
    def _check_speaker(self) -> Element:
        if (self.type == "dialogue") != bool(self.speaker):
            raise ValueError(Text(N_("dialogue has a speaker, action and sound have none")))
        if self.type != "dialogue" and (self.parenthetical or self.extension != "none"):
            raise ValueError(Text(N_("only dialogue has a parenthetical or an extension")))
        return self


class ScriptScene(Content):
    order: int = Field(ge=1, le=24, title=N_("Order"))
    heading: Heading = Field(title=N_("Heading"))
    summary: Annotated[str, text_of(2000)] = Field(title=N_("Summary"))
    elements: list[Element] = Field(min_length=1, max_length=80, title=N_("Elements"))
    transition: Transition = Field(
        "cut", title=N_("Transition"), description=N_("How the scene passes into the next one")
    )
    seconds: float = Field(ge=1, le=900, title=N_("Seconds"), description=N_("How long the scene will run"))


class SceneScript(Content):
    title: Annotated[str, text_of(200)] = Field(title=N_("Title"))
    scenes: list[ScriptScene] = Field(min_length=1, max_length=24, title=N_("Scenes"))

    @model_validator(mode="after")
    def _check_scenes(self) -> SceneScript:
        orders = [s.order for s in self.scenes]
        if orders != list(range(1, len(orders) + 1)):
            raise ValueError(orders_must_run(orders))
        chars = sum(len(e.text) for s in self.scenes for e in s.elements)
        if chars > MOST_CHARS:
            raise ValueError(
                Text(N_("the script has {count} characters; at most {most}"), count=chars, most=MOST_CHARS)
            )
        return self


def _scene_parts(content: JsonObject) -> JsonObject:
    return {f"scene:{s['order']}": s for s in content["scenes"]}


SCENE_SCRIPT = Kind("scene_script", N_("Scene script"), "episode", SceneScript, _scene_parts, numbered_by="scene_list")

KINDS = (SCENE_SCRIPT,)
