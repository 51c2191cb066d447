"""A copy's title, which its brief says too: otherwise its next edit and what is handed off would say the original's."""

from __future__ import annotations

from workbench.artifacts import kinds
from workbench.artifacts.models import TITLE_CHARS
from workbench.artifacts.versions import hash_of, pick
from workbench.db.rows.story import Artifact
from workbench.errors import InvalidInput, all_of
from workbench.json_types import JsonObject


def check_title(title: str) -> str:
    """The title as a brief has it. Raises InvalidInput where a brief could not."""
    try:
        return str(kinds.validate(kinds.find("brief"), {"title": title})["title"])
    except InvalidInput as error:
        raise InvalidInput(all_of(error.issues), error.issues) from None


def name_copy(title: str, language: str | None) -> str:
    """What a copy is called unless somebody says otherwise; a long title is cut for it."""
    mark = "（副本）" if language == "zh" else " (copy)"
    return f"{title[: TITLE_CHARS - len(mark)].rstrip()}{mark}"


def retitle(rows: list[JsonObject], brief: Artifact, title: str) -> list[JsonObject]:
    """The rows of a project's artifacts with another title in the brief that counts and in its versions of the same
    title. What was made from these is made from what they say then: it stays as fresh or as stale as it was."""
    own = (brief.node_id, brief.kind, brief.content["title"])
    briefs = {r["id"]: r["content"] for r in rows if (r["node_id"], r["kind"], r["content"].get("title")) == own}
    return [_retitle_row(row, briefs, title) for row in rows]


def _retitle_row(row: JsonObject, briefs: dict[int, JsonObject], title: str) -> JsonObject:
    """`briefs`: the contents that say the title, by their ids."""
    now = row | {"inputs": [_retitle_input(made_from, briefs, title) for made_from in row["inputs"]]}
    if row["id"] in briefs:
        now["content"] = row["content"] | {"title": title}
        now["content_hash"] = hash_of(now["content"])
    return now


def _retitle_input(made_from: JsonObject, briefs: dict[int, JsonObject], title: str) -> JsonObject:
    content = briefs.get(made_from["artifact_id"])
    if content is None:
        return made_from
    told, now = content | {"title": title}, dict(made_from)
    # one that was another already stays stale
    if now["content_hash"] == hash_of(content):
        now["content_hash"] = hash_of(told)
    fields = now.get("fields")
    if fields and now.get("fields_hash") == hash_of(pick(content, fields)):
        now["fields_hash"] = hash_of(pick(told, fields))
    return now
