"""What one run is asked with beside its profile: another model, other params, a prompt in the words of a version.

Nothing of the profile or the prompts changes; children of a run are asked the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypedDict, cast

from sqlalchemy import Connection

from workbench import prompts
from workbench.artifacts.versions import hash_of
from workbench.db.reads import prompts as reads
from workbench.errors import InvalidInput, Issue, NotFound
from workbench.i18n import N_, Text
from workbench.prompts import overrides as prompt_overrides
from workbench.providers import params as known_params
from workbench.providers.base import Profile

#: params that every service knows; the others are of the service that they were given for
_ANYWHERE = ("temperature", "top_p", "max_tokens", "presence_penalty", "frequency_penalty", "seed", "stop")


class Overrides(TypedDict, total=False):
    """`prompts`: key such as planning/plan_episodes.en → id of an override, 0 for the shipped words. Laid over what a
    job was asked with, None is what its profile or today's prompts say."""

    text_model: str | None
    params: dict[str, Any]
    prompts: dict[str, int | None]


def check(given: Mapping[str, Any] | None, profile: Profile) -> Overrides | None:
    """What of it is really another than the profile has; None: nothing. Raises InvalidInput naming each field."""
    if not given:
        return None
    unknown = sorted(given.keys() - Overrides.__annotations__.keys())
    if unknown:
        text = Text(N_("is not known. Known: {known}."), known=", ".join(Overrides.__annotations__))
        raise InvalidInput(text, [Issue(unknown[0], text)])
    asked: Overrides = {}
    model = known_params.model_name(profile.provider, str(given.get("text_model") or ""))
    if model and model != profile.text_model:
        asked["text_model"] = model
    wanted = {name: value for name, value in (given.get("params") or {}).items() if value is not None}
    params = known_params.validate(profile.provider, wanted) if wanted else {}
    if params:
        asked["params"] = params
    numbers = {str(key): int(n) for key, n in (given.get("prompts") or {}).items() if n is not None}
    if numbers:
        asked["prompts"] = {**numbers}
    return asked or None


def ask_again(
    own: Mapping[str, Any] | None, given: Mapping[str, Any] | None, profile: Profile, *, is_other: bool
) -> Overrides | None:
    """What a run is asked with when it is run again: what it was asked with, and laid over that the fields that are
    given. `is_other`: by another profile than before. Raises InvalidInput."""
    own = carry_over(own) if is_other else own
    return check(_lay_over(own or {}, given), profile) if given else cast("Overrides | None", own)


def _lay_over(own: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    both = {**own, **given}
    for name in ("params", "prompts"):
        if name in both:
            both[name] = {**(own.get(name) or {}), **(given.get(name) or {})}
    return both


def carry_over(own: Mapping[str, Any] | None) -> Overrides | None:
    """What goes along when a run is asked again of another profile: not the model, whose name is its service's."""
    own = own or {}
    carried: Overrides = {}
    params = {name: value for name, value in own.get("params", {}).items() if name in _ANYWHERE}
    if params:
        carried["params"] = params
    if own.get("prompts"):
        carried["prompts"] = own["prompts"]
    return carried or None


def apply(profile: Profile, asked: Mapping[str, Any] | None) -> Profile:
    """The profile as one run is to use it."""
    if not asked:
        return profile
    model = asked.get("text_model") or profile.text_model
    return replace(profile, text_model=model, params={**profile.params, **asked.get("params", {})})


def find_prompt(
    conn: Connection, asked: Mapping[str, Any] | None, name: str, language: str
) -> prompts.PromptFile | None:
    """The prompt in the words that this run is to have; None: those that count. Raises NotFound."""
    number = (asked or {}).get("prompts", {}).get(f"{name}.{language}")
    if number is None:
        return None
    shipped = prompts.find(name, language)
    if number == 0:
        return shipped
    override = reads.find_override(conn, number)
    if override is None or override.is_reset or (override.name, override.language) != (name, language):
        raise NotFound(Text(N_("There is no version {id} of the prompt {prompt}."), id=number, prompt=name))
    return prompt_overrides.in_words_of(shipped, override)


def hash_params(params: Any, profile_id: int | None, asked: Mapping[str, Any] | None) -> str:
    """Equal for equal requests of a workflow on a node."""
    return hash_of([params, profile_id, asked] if asked else [params, profile_id])
