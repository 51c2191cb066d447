"""Prompts in somebody's own words: by project or for all, in versions, one of which counts.

The project's own comes first, then the one for all, then the shipped one. Nothing is deleted: a reset is a version that
lets the text below count again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from workbench import prompts
from workbench.db.reads import prompts as reads
from workbench.db.rows.prompts import Override
from workbench.db.writes import prompts as writes
from workbench.errors import Conflict, InvalidInput, Issue, NotAllowed, NotFound, ProgrammingError, all_of
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.prompts import PromptFile
from workbench.prompts.checking import check
from workbench.prompts.guesses import list_guesses


def find_file(
    conn: Connection, project_id: int | None, name: str, language: str, at_ms: int | None = None
) -> PromptFile:
    """The prompt that counts for a project, now or at a time (epoch ms). Raises NotFound."""
    shipped = prompts.find(name, language)
    override = find_counting(conn, project_id, name, language, at_ms)
    return shipped if override is None else in_words_of(shipped, override)


def find_counting(
    conn: Connection, project_id: int | None, name: str, language: str, at_ms: int | None = None
) -> Override | None:
    """The override that counts for a project; None where the shipped prompt does."""
    for owner in dict.fromkeys((project_id, None)):
        newest = reads.find_newest(conn, name, language, owner, at_ms)
        if newest is not None and not newest.is_reset:
            return newest
    return None


def in_words_of(shipped: PromptFile, override: Override) -> PromptFile:
    sections = {"system": override.system_text or "", "user": override.user_text or ""}
    return PromptFile(
        shipped.name,
        shipped.language,
        shipped.variables,
        shipped.optional,
        sections,
        override.fingerprint or "",
        override.id,
    )


def write_anew(shipped: PromptFile, system: str, user: str, override: int | None = 0) -> PromptFile:
    """The prompt in these words, not saved; `version` is the one that they will have."""
    sections = tidy_sections({"system": system, "user": user})
    return PromptFile(
        shipped.name,
        shipped.language,
        shipped.variables,
        shipped.optional,
        sections,
        fingerprint_of(shipped, sections),
        override,
    )


def fingerprint_of(shipped: PromptFile, sections: Mapping[str, str]) -> str:
    """The prompt version of these words: the shipped one's where they are the same."""
    if all(sections[name] == _tidy(text) for name, text in shipped.sections.items()):
        return shipped.version
    text = "\0".join(sections[name] for name in prompts.SECTIONS)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:12]


def check_words(file: PromptFile, samples: Iterable[JsonObject] | None = None) -> list[Issue]:
    """What is wrong with a prompt in new words.

    `samples`: templates of calls of the past that it must be able to fill in; where there are none, it may do with a
    variable what the shipped words do. None: whether it can be filled in is seen elsewhere.
    """
    shipped = prompts.find(file.name, file.language)
    issues = check(file.sections, shipped)
    if issues or samples is None:
        return issues
    # the others are of another release
    known = [t for t in samples if file.variables - file.optional <= t["variables"].keys() <= file.variables]
    if not known:
        return list_guesses(file.sections, shipped)
    for template in known:
        needed = {name: value for name, value in template["variables"].items() if name not in file.optional}
        try:
            prompts.refill(file, template)
            # a story may have none of what is optional
            prompts.fill(file, needed)
        except ProgrammingError as error:
            return [Issue("user", Text(N_("It cannot be filled in: {problem}"), problem=str(error)[:300]))]
    return []


def save(
    conn: Connection,
    name: str,
    language: str,
    project_id: int | None,
    system: str,
    user_text: str,
    *,
    base_version: int,
    samples: Iterable[JsonObject] = (),
    user: str = "local",
) -> Override:
    """Write a prompt anew for a project, or with None for all: it counts from here on.

    `base_version`: the newest version that its author has seen, 0 when there was none. Raises InvalidInput naming each
    issue, NotFound, and Conflict when somebody else has saved meanwhile.
    """
    file = write_anew(prompts.find(name, language), system, user_text)
    issues = check_words(file, samples)
    if issues:
        raise InvalidInput(all_of(issues), issues)
    words = (file.sections["system"], file.sections["user"], file.version)
    return _append(conn, name, language, project_id, base_version, words, user)


def reset(
    conn: Connection, name: str, language: str, project_id: int | None, *, base_version: int, user: str = "local"
) -> Override:
    """Let the text below count again; every version stays. Raises NotAllowed where nothing is overridden, Conflict."""
    newest = reads.find_newest(conn, name, language, project_id)
    if newest is None or newest.is_reset:
        raise NotAllowed(Text(N_("This prompt is not overridden here.")))
    return _append(conn, name, language, project_id, base_version, (None, None, None), user)


def restore(
    conn: Connection,
    name: str,
    language: str,
    project_id: int | None,
    version: int,
    *,
    base_version: int,
    samples: Iterable[JsonObject] = (),
    user: str = "local",
) -> Override:
    """Let an older version count again, as a new one. Raises NotFound, InvalidInput when it does not fit any more."""
    old = reads.find_version(conn, name, language, project_id, version)
    if old is None or old.is_reset:
        raise NotFound(Text(N_("There is no version {version}."), version=version))
    return save(
        conn,
        name,
        language,
        project_id,
        old.system_text or "",
        old.user_text or "",
        base_version=base_version,
        samples=samples,
        user=user,
    )


def _append(
    conn: Connection,
    name: str,
    language: str,
    project_id: int | None,
    base_version: int,
    words: tuple[str | None, str | None, str | None],
    user: str,
) -> Override:
    newest = reads.find_newest(conn, name, language, project_id)
    last = newest.version if newest is not None else 0
    if last != base_version:
        raise Conflict(last)
    system_text, user_text, fingerprint = words
    added = writes.add_override(
        conn,
        name,
        language,
        project_id,
        last + 1,
        system_text=system_text,
        user_text=user_text,
        fingerprint=fingerprint,
        user=user,
    )
    if added is None:
        raise Conflict(last + 1)
    stored = reads.find_override(conn, added)
    assert stored is not None
    return stored


def tidy_sections(sections: Mapping[str, str]) -> dict[str, str]:
    """The same words as a form shows and keeps them."""
    return {name: _tidy(sections[name]) for name in prompts.SECTIONS}


def _tidy(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()
