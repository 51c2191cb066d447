"""What each part of an artifact that is being made is made from: of other artifacts, and of itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from workbench.artifacts import kinds, staleness
from workbench.artifacts.declared import Kind
from workbench.artifacts.part_inputs import own_input, restrict
from workbench.artifacts.placing import tell_today
from workbench.artifacts.versions import part_of
from workbench.db.reads import story as reads
from workbench.db.rows.story import Artifact, Input
from workbench.errors import ProgrammingError
from workbench.i18n import Text
from workbench.jobs.part_prompts import PartPrompts
from workbench.jobs.session import ClaimSession
from workbench.json_types import JsonObject
from workbench.story.facts import Inputs


class PartSources:
    """Those of one run of a workflow that writes an artifact."""

    def __init__(self, session: ClaimSession, inputs: Inputs, prompts: PartPrompts) -> None:
        self._session = session
        self._inputs = inputs
        self._prompts = prompts
        #: the parts that are left alone (see `keep`)
        self.kept: Collection[str] = ()
        #: (part of what this run makes, the fields of it that are used) → the parts that it is used for
        self._own_parts: dict[tuple[str, tuple[str, ...] | None], set[str]] = {}
        self._own_contents: dict[str, JsonObject] = {}
        #: the version that this run has saved so far
        self.own: Artifact | None = None

    @property
    def _node_id(self) -> int:
        if self._session.job.node_id is None:
            raise ProgrammingError(Text("This workflow has no node."))
        return self._session.job.node_id

    def find_head(self) -> Artifact | None:
        """The version that counts of what this workflow writes."""
        with self._session.database.read() as conn:
            head = self._inputs.find_head(conn, self._node_id, str(self._session.declared.writes))
            return None if head is None else tell_today(conn, head)

    def use_own(self, part: str) -> None:
        """Count a part of what this workflow has written, in this job or before it, as an input of the part that is
        being made."""
        own = self.own or self.find_head()
        if own is not None:
            self._inputs.record(own, part, part_of(kinds.find(own.kind), own.content, part))

    def use_own_part(
        self, part: str, content: JsonObject, only_for: str, fields: tuple[str, ...] | None = None
    ) -> None:
        """Count a part of what this run makes, or these fields of it, as an input of another part of it (``state:KF2``
        for ``group:KF3``)."""
        self._own_parts.setdefault((part, fields), set()).add(only_for)
        self._own_contents[part] = content

    def list_for(self, conn: Connection, kind: Kind, content: JsonObject, made: Collection[str]) -> list[Input]:
        """What these parts of the content are made from; what the head's others are made from stays as it is."""
        head = reads.find_head(conn, self._node_id, kind.name)
        parts = [] if kind.parts is None else kind.parts(content)
        own = [
            own_input(self._node_id, kind, part, part_of(kind, content, part), only_for, fields)
            for (part, fields), only_for in self._own_parts.items()
        ]
        others = [part for part in parts if part not in made]
        return [
            *restrict(head.inputs if head else (), others),
            *restrict([*self._inputs.as_list(), *own], made),
        ]

    def has_changed(self, part: str | None, written: str) -> bool:
        """Has what a part of the artifact (`written`: ``frame:KF3``) is made from changed since it was written?

        That is the input part of its own (``shot:4``; None: every part that it uses), and every whole input that it
        uses. So has a part for which the model was asked in other words than it would be now.
        """
        if self.was_asked_otherwise(written):
            return True
        head = self.find_head()
        before = head.inputs if head else []
        for made_from in self._inputs.as_list():
            only_for = made_from.get("only_for")
            of_others = part is not None and made_from["part"] not in (None, part)
            if of_others or (only_for is not None and written not in only_for):
                continue
            known = next((i for i in before if staleness.is_same_source(i, made_from, written)), None)
            if known is None:
                # what was written before such inputs were recorded tells nothing of them
                if only_for is None:
                    return True
            elif not staleness.equals(known, made_from):
                return True
        return any(written in used_for and self._is_new(part, fields, written, before)
                   for (part, fields), used_for in self._own_parts.items())  # fmt: skip

    def was_asked_otherwise(self, written: str) -> bool:
        """Was a part of the artifact made with a prompt in other words than those that count for this run?"""
        head = self.find_head()
        with self._session.database.read() as conn:
            return head is not None and self._prompts.has_changed(conn, head.id, written)

    def _is_new(self, part: str, fields: tuple[str, ...] | None, written: str, before: Sequence[Input]) -> bool:
        """A part that this run has made differs from the one that `written` was made from."""
        kind = kinds.find(str(self._session.declared.writes))
        now = own_input(self._node_id, kind, part, self._own_contents[part], [written], fields)
        known = next((i for i in before if staleness.is_same_source(i, now, written)), None)
        # as above: an input of before tells nothing where there is none
        return known is not None and not staleness.equals(known, now)

    def keep(self, parts: Collection[str], written: Collection[str]) -> None:
        """What is left as it was stays as old as it was: it goes on counting as made from the versions of then.

        `parts`: the input parts (``shot:4``) that only the parts left alone were made from; whole inputs count for all,
        save those of which it is known for which parts of the artifact they were used. `written`: the parts left alone
        (``frame:KF3``).
        """
        head = self.find_head()
        self.kept = written
        self._inputs.forget_kept()
        for made_from in head.inputs if head else ():
            only_for = made_from.get("only_for")
            if only_for is not None:
                still = [p for p in only_for if p in written]
                if still:
                    self._inputs.keep({**made_from, "only_for": still})
            elif made_from.get("part") is None or made_from["part"] in parts:
                self._inputs.keep(made_from)
