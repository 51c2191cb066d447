"""Memoised paid steps: nothing that was paid for and kept is paid for again.

A step is committed as `sent`, with its ledger row, before the call; its output and the call's outcome are committed
together. A resumed job reuses `done` steps, and goes on from answers that were paid but rejected.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection

from workbench import crash
from workbench.db.writes import jobs as writes
from workbench.db.writes import ledger
from workbench.errors import Issue, LostClaim, OutputError, ProviderError, all_of
from workbench.i18n import N_, Text
from workbench.jobs.conversation import Conversation
from workbench.profiles.routing import Service
from workbench.prompts import Prompt
from workbench.providers.base import Message, Mode, TextReply, TextRequest, Usage, estimated_tokens
from workbench.providers.reading import read_model
from workbench.security.redact import redactor
from workbench.usage.prices import cost_of, now_ms

if TYPE_CHECKING:
    from workbench.jobs.session import Running

M = TypeVar("M", bound=BaseModel)
Check = Callable[[Any], list[Issue]]
MAX_REPAIRS = 3
#: tokens of an answer whose length nobody capped
USUAL_ANSWER = 1_500


@dataclass
class Answer:
    """What a call brought: the text, its ledger row, and whether it was paid in an earlier life of the job."""

    text: str
    call_row: int | None
    model: str = ""


class Steps:
    """The steps of one claim of one job."""

    def __init__(self, running: Running) -> None:
        self._run = running

    def _begin(self, name: str, input_hash: str, *, state: str = "sent") -> Any | None:
        """The memoised output if this step is done for this very input, else None and the step stands as `sent`."""
        run = self._run
        run.new_step(name)
        with run.database.write() as conn:
            writes.fence(conn, run.job_id, run.claim)
            there = ledger.find_step(conn, run.job_id, name)
            if there is not None and there["input_hash"] == input_hash and there["state"] == "done":
                writes.add_event(
                    conn, run.job_id, Text(N_("Step {step} reused, nothing paid"), step=name), claim=run.claim
                )
                return there["output"]
            ledger.begin_step(
                conn, run.job_id, name, len(run.step_names), input_hash, run.claim, again=there is not None, state=state
            )
        crash.point("step_sent")
        return None

    async def generate(
        self, name: str, prompt: Prompt, schema: type[M], checks: Sequence[Check], draft: Callable[[], str] | None
    ) -> M:
        """One answer that has the schema and passes every check, after at most three repairs that name the issues."""
        run = self._run
        conversation = Conversation.about(prompt, schema)
        input_hash = conversation.input_hash
        stored = self._begin(name, input_hash)
        if stored is not None:
            return schema.model_validate(stored)
        if run.row["answers_from"] is not None:
            return self._read_again(name, schema, checks)
        with run.database.read() as conn:
            paid = ledger.paid_answers(conn, run.job_id, name, input_hash)
        issues: list[Issue] = []
        for round_number in range(MAX_REPAIRS + 1):
            if round_number < len(paid):
                answer = Answer(paid[round_number], None)
            else:
                answer = await self._ask(
                    name, input_hash, conversation, draft, "repair" if round_number else "generate"
                )
            kind, found, model = judge(answer.text, schema, checks)
            if model is not None:
                self._finish(name, model.model_dump(mode="json"), answer)
                return model
            self._reject(name, answer, found, last=round_number == MAX_REPAIRS)
            if round_number == MAX_REPAIRS or (round_number and same(found, issues)):
                break
            issues = found
            conversation.reject(answer.text, found)
        listed = all_of(found[:12])
        raise OutputError(
            kind,
            Text(
                N_("The answer could not be used after {rounds} tries: {issues}"),
                rounds=round_number + 1,
                issues=listed,
            ),
            issues=found,
            raw=answer.text,
        )

    def _read_again(self, name: str, schema: type[M], checks: Sequence[Check]) -> M:
        """Today's parser and checks on the answers another job has stored; no model is called."""
        run = self._run
        with run.database.read() as conn:
            answers = ledger.stored_answers(conn, run.row["answers_from"], name)
        kind, issues = "empty_output", [Issue("", Text(N_("no answer is stored for step {step}"), step=name))]
        for text in answers:
            kind, issues, model = judge(text, schema, checks)
            if model is not None:
                self._finish(name, model.model_dump(mode="json"), Answer(text, None))
                return model
        listed = all_of(issues[:12])
        raise OutputError(kind, Text(N_("No stored answer can be used: {issues}"), issues=listed), issues=issues)

    def _stored_text(self, name: str) -> str:
        run = self._run
        with run.database.read() as conn:
            answers = ledger.stored_answers(conn, run.row["answers_from"], name)
        if not answers:
            raise OutputError("empty_output", Text(N_("no answer is stored for step {step}"), step=name))
        return answers[0]

    async def chat(self, name: str, messages: Sequence[Message], draft: Callable[[], str] | None) -> TextReply:
        """One plain answer without schema."""
        run = self._run
        if run.row["answers_from"] is not None:
            return TextReply(text=self._stored_text(name), usage=run.no_usage, model=run.profile.text_model)
        conversation = Conversation(tuple(messages))
        input_hash = conversation.input_hash
        stored = self._begin(name, input_hash)
        if stored is not None:
            return TextReply(text=stored["text"], usage=run.no_usage, model=stored["model"])
        answer = await self._ask(name, input_hash, conversation, draft, "generate")
        self._finish(name, {"text": answer.text, "model": answer.model}, answer)
        return TextReply(text=answer.text, usage=run.no_usage, model=answer.model)

    async def _ask(
        self, name: str, input_hash: str, conversation: Conversation, draft: Callable[[], str] | None, purpose: str
    ) -> Answer:
        """Call the model; where its service cannot answer, the profile's next one."""
        while True:
            service = self._run.service("text")
            try:
                return await self._ask_one(service, name, input_hash, conversation, draft, purpose)
            except ProviderError as error:
                if not self._run.fall_back("text", service, error):
                    raise

    async def _ask_one(
        self,
        service: Service,
        name: str,
        input_hash: str,
        conversation: Conversation,
        draft: Callable[[], str] | None,
        purpose: str,
    ) -> Answer:
        """Step down a structured mode that the service refuses, ask once more after an empty answer."""
        run = self._run
        modes = list(run.modes(service, structured=conversation.json_schema is not None))
        empty_before = False
        while True:
            mode = modes[0]
            try:
                answer, reply = await self._call(service, name, input_hash, conversation, mode, draft, purpose)
            except ProviderError as error:
                if getattr(error, "adapted", False):
                    # the service refused a detail of the request and the provider has learned to leave it out
                    continue
                if error.mode_unsupported and len(modes) > 1:
                    modes.pop(0)
                    run.remember_mode(service.profile, modes[0])
                    continue
                raise
            if reply.finish_reason == "length":
                self._useless(answer)
                raise OutputError(
                    "truncated_output",
                    Text(N_("The answer was cut off at {tokens} tokens."), tokens=reply.usage.output or "?"),
                    raw=reply.text,
                )
            if reply.text.strip():
                return answer
            self._useless(answer)
            if empty_before:
                raise OutputError("empty_output", Text(N_("The model answered with nothing, twice.")))
            empty_before, purpose = True, "retry"

    async def _call(
        self,
        service: Service,
        name: str,
        input_hash: str,
        conversation: Conversation,
        mode: Mode,
        draft: Callable[[], str] | None,
        purpose: str,
    ) -> tuple[Answer, TextReply]:
        """One request to the service, in the ledger before it is sent and after it ended, whatever happens."""
        run = self._run
        profile = service.profile
        messages = conversation.messages(mode)
        request = TextRequest(
            model=profile.text_model,
            messages=messages,
            call_id=uuid.uuid4().hex,
            mode=mode,
            params=profile.params,
            draft=draft,
            schema=conversation.json_schema,
            schema_name=conversation.schema_name,
        )
        asked, taken = time.monotonic(), expected_tokens(request)
        await run.admit(service, taken)
        asks = Usage(input=taken - _answer_tokens(request), output=_answer_tokens(request))
        expected = cost_of(profile, request.model, asks, now_ms())
        row = run.open_call(
            service,
            name,
            input_hash,
            capability="text",
            model=request.model,
            expected=expected,
            call_id=request.call_id,
            purpose=purpose,
            mode=mode,
            prompt=[{"role": m.role, "content": m.content} for m in messages],
            prompt_version=conversation.prompt_version or None,
        )
        try:
            reply, seconds = await run.called(
                row,
                request.model,
                lambda: service.provider.text(request, run.preview),
                lambda seen: cost_of(profile, request.model, seen, now_ms()),
            )
        except ProviderError as error:
            run.counted(profile, taken, error.usage, asked)
            raise
        # a service may tell the key itself, and what it tells is stored
        reply = replace(reply, text=redactor.exact(reply.text), model=redactor.exact(reply.model))
        crash.point("call_answered")
        run.counted(profile, taken, reply.usage, asked)
        run.answered(row, seconds, reply, profile)
        return Answer(reply.text, row, request.model), reply

    def _finish(self, name: str, output: Any, answer: Answer) -> None:
        """Memoise the output, in the commit that closes its call."""
        run = self._run

        def keep(conn: Connection) -> None:
            ledger.finish_step(conn, run.job_id, name, output)
            ledger.price_step(conn, run.job_id, name)

        self._commit_answer(answer, valid=True, also=keep)
        crash.point("step_done")

    def _useless(self, answer: Answer) -> None:
        """A paid answer that brings nothing is counted all the same."""
        self._commit_answer(answer, valid=False, also=lambda conn: None)

    def _reject(self, name: str, answer: Answer, issues: list[Issue], *, last: bool) -> None:
        run = self._run
        said = Text(
            N_("Step {step}: answer rejected, {count} issues: {first}"),
            step=name,
            count=len(issues),
            first=str(issues[0]),
        )
        self._commit_answer(
            answer,
            valid=False,
            also=lambda conn: writes.add_event(
                conn, run.job_id, said, claim=run.claim, level="error" if last else "warning"
            ),
        )

    def _commit_answer(self, answer: Answer, *, valid: bool, also: Callable[[Connection], None]) -> None:
        """What came of a call, and what follows from it, in one commit; a lost claim keeps its paid call as `late`."""
        run = self._run

        def commit(again: bool) -> None:
            with run.database.write() as conn:
                writes.fence(conn, run.job_id, run.claim)
                if answer.call_row is not None:
                    if again and ledger.answered(conn, answer.call_row):
                        return
                    run.commit_call(conn, answer.call_row, valid=valid)
                also(conn)

        try:
            run.insist(commit)
            crash.point("call_settled")
        except LostClaim:
            if answer.call_row is not None:
                with run.database.write() as conn:
                    run.commit_call(conn, answer.call_row, valid=valid, outcome="late")
            raise


def expected_tokens(request: TextRequest) -> int:
    """What a call will probably count in its service's minute: the prompt, and the answer up to its cap or a usual length."""
    asked = sum(estimated_tokens(m.content) for m in request.messages)
    return asked + _answer_tokens(request)


def _answer_tokens(request: TextRequest) -> int:
    return int(request.params.get("max_tokens") or USUAL_ANSWER)


def judge(text: str, schema: type[M], checks: Sequence[Check]) -> tuple[str, list[Issue], M | None]:
    """(error kind, issues, model): the model when shape and every semantic check hold."""
    try:
        model = read_model(text, schema)
    except OutputError as error:
        return error.kind, error.issues or [Issue("", error.text)], None
    issues = [issue for check in checks for issue in check(model)]
    return ("invalid_output", issues, None) if issues else ("", [], model)


def same(a: list[Issue], b: list[Issue]) -> bool:
    """A repair that leaves the very same issues will leave them again."""
    return sorted(map(str, a)) == sorted(map(str, b))
