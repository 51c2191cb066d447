"""Memoised paid steps: nothing that was paid for and kept is paid for again.

A step is committed as `sent`, with its ledger row, before the call; its output and the call's outcome are committed
together. A resumed job reuses `done` steps, and goes on from answers that were paid but rejected.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection

from workbench import crash
from workbench.db.writes import ledger, steps
from workbench.db.writes import profiles as profile_writes
from workbench.errors import Issue, OutputError, ProviderError, all_of
from workbench.i18n import N_, Text
from workbench.jobs.conversation import Conversation
from workbench.jobs.tried_call import TriedCall
from workbench.json_types import Json, JsonObject
from workbench.media.pictures import encode_jpeg
from workbench.profiles.model_call import CallResult, CallSpec, ModelCall, nothing_more, write_with_retry
from workbench.profiles.routing import BoundProvider
from workbench.prompts import Prompt
from workbench.providers.base import (
    PICTURE_TOKENS,
    Message,
    Mode,
    Profile,
    TextReply,
    TextRequest,
    Usage,
    estimate_tokens,
)
from workbench.providers.reading import read_model
from workbench.usage import money
from workbench.usage.prices import clock_ms, cost_of
from workbench.validation import REJECTED

if TYPE_CHECKING:
    from workbench.jobs.session import ClaimSession

M = TypeVar("M", bound=BaseModel)
Check = Callable[[Any], list[Issue]]
#: what a repair is told besides its issues; empty for nothing
Guide = Callable[[list[Issue]], str]
MAX_REPAIRS = 3
#: so many of what is wrong with an answer are kept
MOST_ISSUES = 40
PLAIN: Mode = "plain"
#: tokens of an answer whose length nobody capped
USUAL_ANSWER = 1_500


@dataclass(frozen=True, slots=True)
class Answer:
    """A text and the call that brought it; `call` None: it was paid in an earlier run of the job."""

    text: str
    call: ModelCall | None
    model: str = ""
    mode: Mode = PLAIN
    finish_reason: str = ""


class TextSteps:
    """The text steps of one claim of one job."""

    def __init__(self, session: ClaimSession) -> None:
        self._session = session

    def _begin(self, name: str, input_hash: str) -> Json:
        """The memoised output if this step is done for this very input, else None and the step stands as `sent`."""
        session = self._session
        session.new_step(name)
        with session.write() as conn:
            step = steps.find_step(conn, session.job_id, name)
            if step is not None and step.input_hash == input_hash and step.state == "done":
                session.add_event(conn, Text(N_("Step {step} reused, nothing paid"), step=name))
                return step.output
            position = len(session.step_names)
            steps.begin_step(conn, session.job_id, name, position, input_hash, session.claim, again=step is not None)
        crash.point("step_sent")
        return None

    async def generate(
        self,
        name: str,
        prompt: Prompt,
        schema: type[M],
        checks: Sequence[Check],
        draft: Callable[[], str] | None,
        pictures: Sequence[str] = (),
        guide: Guide | None = None,
    ) -> M:
        """One answer that has the schema and passes every check, after at most three repairs that name the issues.

        `pictures`: SHA-256 in the media store of what the model is shown.
        """
        with self._session.name_origin(name, "text"):
            shown = [(sha, await asyncio.to_thread(self._read_jpeg, sha)) for sha in pictures]
            return await self._generate(name, Conversation.about(prompt, schema, shown), schema, checks, draft, guide)

    def _read_jpeg(self, sha: str) -> bytes:
        return encode_jpeg(self._session.media.read(sha))

    async def _generate(
        self,
        name: str,
        conversation: Conversation,
        schema: type[M],
        checks: Sequence[Check],
        draft: Callable[[], str] | None,
        guide: Guide | None,
    ) -> M:
        session = self._session
        input_hash = conversation.input_hash
        stored = self._begin(name, input_hash)
        if stored is not None:
            return schema.model_validate(stored)
        if session.job.answers_from is not None:
            return self._read_again(session.job.answers_from, name, schema, checks)
        with session.database.read() as conn:
            paid = ledger.list_paid_answers(conn, session.job_id, name, input_hash)
        before: list[Issue] = []
        for round_number in range(MAX_REPAIRS + 1):
            if round_number < len(paid):
                answer = Answer(paid[round_number], None)
            else:
                answer = await self._ask(
                    name, input_hash, conversation, draft, "repair" if round_number else "generate"
                )
            kind, issues, model = judge(answer.text, schema, checks)
            if model is not None:
                self._finish(name, model.model_dump(mode="json"), answer)
                return model
            failed = list_failed_checks(issues, schema)
            self._reject(name, answer, issues, failed, last=round_number == MAX_REPAIRS)
            if round_number == MAX_REPAIRS or (round_number and same(issues, before)):
                break
            before = issues
            conversation.reject(answer.text, issues, guide(issues) if guide is not None else "")
        useless = OutputError(
            kind,
            Text(
                N_("The answer could not be used after {rounds} tries: {issues}"),
                rounds=round_number + 1,
                issues=all_of(issues[:12]),
            ),
            issues=issues,
            raw=answer.text,
        )
        useless.places = places_of(issues, schema)
        raise useless

    def _read_again(self, source: int, name: str, schema: type[M], checks: Sequence[Check]) -> M:
        """Today's parser and checks on the answers that the job `source` has stored; no model is called."""
        answers = self._list_raw_answers(source, name)
        if not answers:
            raise OutputError("empty_output", Text(N_("no answer is stored for step {step}"), step=name))
        model = read_answers(answers, schema, checks)
        self._finish(name, model.model_dump(mode="json"), Answer("", None))
        return model

    def _list_raw_answers(self, source: int, name: str) -> list[str]:
        """What the job that is parsed again has stored for this step, newest first."""
        with self._session.database.read() as conn:
            return ledger.list_raw_answers(conn, source, name)

    async def chat(self, name: str, messages: Sequence[Message], draft: Callable[[], str] | None) -> TextReply:
        """One plain answer without schema."""
        with self._session.name_origin(name, "text"):
            return await self._chat(name, messages, draft)

    async def _chat(self, name: str, messages: Sequence[Message], draft: Callable[[], str] | None) -> TextReply:
        session = self._session
        if session.job.answers_from is not None:
            answers = self._list_raw_answers(session.job.answers_from, name)
            if not answers:
                raise OutputError("empty_output", Text(N_("no answer is stored for step {step}"), step=name))
            return TextReply(text=answers[0], usage=Usage(), model=session.profile.text_model)
        conversation = Conversation(tuple(messages))
        input_hash = conversation.input_hash
        stored = self._begin(name, input_hash)
        if stored is not None:
            # of before they were kept: unknown, which is not none
            tokens = stored.get("tokens") or {}
            return TextReply(text=stored["text"], usage=Usage(**tokens), model=stored["model"])
        answer = await self._ask(name, input_hash, conversation, draft, "generate")
        usage = answer.call.result.usage if answer.call and answer.call.result else Usage()
        tokens = {"input": usage.input, "output": usage.output}
        self._finish(name, {"text": answer.text, "model": answer.model, "tokens": tokens}, answer)
        return TextReply(text=answer.text, usage=usage, model=answer.model)

    async def try_format(self, name: str, conversation: Conversation, draft: Callable[[], str] | None) -> JsonObject:
        """What the model makes of a wanted format, whatever that is: {"text", "model", "mode", "finish_reason",
        "duration_ms", "tokens"}."""
        with self._session.name_origin(name, "text"):
            input_hash = conversation.input_hash
            stored = self._begin(name, input_hash)
            if isinstance(stored, dict):
                return stored
            if self._session.job.answers_from is not None:
                answers = self._list_raw_answers(self._session.job.answers_from, name)
                if not answers:
                    raise OutputError("empty_output", Text(N_("no answer is stored for step {step}"), step=name))
                answer = Answer(answers[0], None, self._session.profile.text_model)
            else:
                answer = await self._ask(name, input_hash, conversation, draft, "generate")
            result = answer.call.result if answer.call else None
            usage = result.usage if result else Usage()
            output: JsonObject = {
                "text": answer.text,
                "model": answer.model,
                "mode": answer.mode,
                "finish_reason": answer.finish_reason,
                "duration_ms": answer.call.latency_ms if answer.call else None,
                "tokens": {"input": usage.input, "output": usage.output},
            }
            self._finish(name, output, answer)
            return output

    async def try_prompt(self, name: str, tried: TriedCall, prompt: Prompt) -> JsonObject:
        """One answer to a past call's values, judged and not repaired (see Context.try_prompt)."""
        with self._session.name_origin(name, "text"):
            shown = [(sha, await asyncio.to_thread(self._read_jpeg, sha)) for sha in tried.pictures]
            conversation = Conversation.about(prompt, tried.schema, shown)
            conversation.as_is = True
            stored = self._begin(name, conversation.input_hash)
            if isinstance(stored, dict):
                return stored
            output = _read_past(tried, prompt, self._session.find_provider("text").profile.text_model)
            if output is not None:
                self._finish(name, output, Answer(output["text"], None))
                return output
            answer = await self._ask(name, conversation.input_hash, conversation, tried.draft, "trial")
            result = answer.call.result if answer.call else None
            usage = result.usage if result else Usage()
            output = _describe_answer(answer.text, tried, prompt) | {
                "model": answer.model,
                "mode": answer.mode,
                "input_tokens": usage.input,
                "output_tokens": usage.output,
                "cost_micros": result.cost.cost_micros if result else None,
                "currency": result.cost.currency if result else None,
                "latency_ms": answer.call.latency_ms if answer.call else None,
                "paid": True,
            }
            self._settle(answer, valid=output["valid"], also=partial(finish_step, self._session.job_id, name, output))
            return output

    async def _ask(
        self, name: str, input_hash: str, conversation: Conversation, draft: Callable[[], str] | None, purpose: str
    ) -> Answer:
        """Call the model; where its service cannot answer, the profile's next one."""
        while True:
            bound = self._session.find_provider("text")
            try:
                return await self._ask_one(bound, name, input_hash, conversation, draft, purpose)
            except ProviderError as error:
                if not self._session.fall_back("text", bound, error):
                    raise

    async def _ask_one(
        self,
        bound: BoundProvider,
        name: str,
        input_hash: str,
        conversation: Conversation,
        draft: Callable[[], str] | None,
        purpose: str,
    ) -> Answer:
        """Step down a structured mode that the service refuses, ask once more after an empty answer."""
        modes = list(modes_of(bound, conversation.modes)) if conversation.json_schema is not None else [PLAIN]
        empty_before = False
        while True:
            mode = modes[0]
            try:
                answer, reply = await self._call(bound, name, input_hash, conversation, mode, draft, purpose)
            except ProviderError as error:
                if error.adapted:
                    # the service refused a detail of the request and the provider has learned to leave it out
                    continue
                if error.mode_unsupported and len(modes) > 1:
                    modes.pop(0)
                    if not conversation.modes:
                        self._remember_mode(bound.profile, modes[0])
                    continue
                raise
            if conversation.as_is:
                return answer
            if reply.finish_reason == "length":
                self._settle(answer, valid=False)
                raise OutputError(
                    "truncated_output",
                    Text(N_("The answer was cut off at {tokens} tokens."), tokens=reply.usage.output or "?"),
                    raw=reply.text,
                )
            if reply.text.strip():
                return answer
            self._settle(answer, valid=False)
            if empty_before:
                raise OutputError("empty_output", Text(N_("The model answered with nothing, twice.")))
            empty_before, purpose = True, "retry"

    async def _call(
        self,
        bound: BoundProvider,
        name: str,
        input_hash: str,
        conversation: Conversation,
        mode: Mode,
        draft: Callable[[], str] | None,
        purpose: str,
    ) -> tuple[Answer, TextReply]:
        """One paid call. Its answer is not settled yet: that waits until it is judged."""
        session, profile = self._session, bound.profile
        messages = conversation.messages(mode)
        request = TextRequest(
            model=profile.text_model,
            messages=messages,
            call_id=uuid.uuid4().hex,
            mode=mode,
            params={**profile.params, **conversation.params},
            draft=draft,
            schema=conversation.json_schema,
            strict=conversation.strict,
            schema_name=conversation.schema_name,
        )
        expected = estimate_usage(request)
        tokens = (expected.input or 0) + (expected.output or 0)
        taken_at = time.monotonic()
        await session.admit(bound, tokens)
        spec = CallSpec(
            call_id=request.call_id,
            capability="text",
            model=request.model,
            purpose=purpose,
            price=lambda usage: cost_of(profile, request.model, usage, clock_ms()),
            tokens=tokens,
            taken_at=taken_at,
            expected=cost_of(profile, request.model, expected, clock_ms()),
            step=name,
            input_hash=input_hash,
            mode=mode,
            prompt=[
                {"role": m.role, "content": m.content, **({"pictures": list(conversation.shown)} if m.pictures else {})}
                for m in messages
            ],
            prompt_version=conversation.prompt_version or None,
            prompt_name=conversation.prompt_name or None,
            template=conversation.template if purpose in ("generate", "retry") else None,
        )
        call = ModelCall.open(session, bound, spec)
        session.begin_preview()
        reply = await call.send(lambda: bound.text.text(request, session.preview))
        call.result = CallResult(
            model=reply.model,
            usage=reply.usage,
            cost=cost_of(profile, reply.model, reply.usage, clock_ms()),
            request_id=reply.request_id,
            finish_reason=reply.finish_reason,
            ttft_ms=reply.ttft_ms,
            raw_output=reply.text,
        )
        session.unjudged.append(call)
        return Answer(reply.text, call, request.model, mode, reply.finish_reason), reply

    def _remember_mode(self, profile: Profile, mode: Mode) -> None:
        if profile.id is not None:
            with self._session.database.write() as conn:
                profile_writes.remember_mode(conn, profile.id, profile.text_model, mode)
        profile.modes[profile.text_model] = mode

    def _finish(self, name: str, output: JsonObject, answer: Answer) -> None:
        """Memoise the output, in the commit that settles its call."""
        self._settle(answer, valid=True, also=partial(finish_step, self._session.job_id, name, output))
        crash.point("step_done")

    def _reject(
        self, name: str, answer: Answer, issues: list[Issue], failed: list[tuple[str, str]], *, last: bool
    ) -> None:
        message = Text(
            REJECTED,
            step=name,
            count=len(issues),
            first=all_of(issues[:1]),
            # not said, but counted for the prompt
            failed=[{"rule": Text(rule).to_json(), "place": place} for rule, place in failed],
        )
        level = "error" if last else "warning"
        self._settle(answer, valid=False, also=lambda conn: self._session.add_event(conn, message, level))

    def _settle(self, answer: Answer, *, valid: bool, also: Callable[[Connection], None] = nothing_more) -> None:
        """What came of an answer, and what follows from it, in one commit. Raises LostClaim."""
        call = answer.call
        if call is not None and call.result is not None:
            call.settle(replace(call.result, valid=valid), also)
            return

        def commit(again: bool) -> None:
            with self._session.write() as conn:
                also(conn)

        write_with_retry(commit)


def finish_step(job_id: int, name: str, output: JsonObject, conn: Connection) -> None:
    """Memoise what a step came to, and what it cost."""
    steps.finish_step(conn, job_id, name, output)
    money.price_step(conn, job_id, name)


def modes_of(bound: BoundProvider, wanted: Sequence[Mode] = ()) -> Sequence[Mode]:
    """Structured-output modes to try, strongest first, from the one that worked for this model before. `wanted`: of
    these alone, whatever worked before."""
    offered = bound.text.modes
    if wanted:
        return [m for m in offered if m in wanted] or [PLAIN]
    known = bound.profile.modes.get(bound.profile.text_model)
    return offered[offered.index(known) :] if known in offered else offered


def estimate_usage(request: TextRequest) -> Usage:
    """What a call will probably use: the prompt, and the answer up to its cap or a usual length."""
    answer = int(request.params.get("max_tokens") or USUAL_ANSWER)
    asked = sum(estimate_tokens(m.content) + PICTURE_TOKENS * len(m.pictures) for m in request.messages)
    return Usage(input=asked, output=answer)


def judge(text: str, schema: type[M], checks: Sequence[Check]) -> tuple[str, list[Issue], M | None]:
    """(error kind, issues, model): the model when shape and every semantic check hold."""
    try:
        model = read_model(text, schema)
    except OutputError as error:
        return error.kind, error.issues or [Issue("", error.text)], None
    issues = [issue for check in checks for issue in check(model)]
    return ("invalid_output", issues, None) if issues else ("", [], model)


def read_answers(answers: Sequence[str], schema: type[M], checks: Sequence[Check]) -> M:
    """The first of these answers that today's parser and checks let pass. Raises OutputError with what is wrong with
    the last one."""
    kind, issues = "empty_output", list[Issue]()
    for text in answers:
        kind, issues, model = judge(text, schema, checks)
        if model is not None:
            return model
    listed = all_of(issues[:12])
    useless = OutputError(kind, Text(N_("No stored answer can be used: {issues}"), issues=listed), issues=issues)
    useless.places = places_of(issues, schema)
    raise useless


def _describe_answer(text: str, tried: TriedCall, prompt: Prompt) -> JsonObject:
    """{"valid", "kind", "issues", "text", "prompt_version"}; `kind` says how it failed, empty when it did not.

    `rule` of an issue: its sentence without values, which names the check; `place`: where, without numbers.
    """
    kind, issues, _ = judge(text, tried.schema, tried.checks) if text.strip() else ("empty_output", [], None)
    return {
        "valid": not kind,
        "kind": kind,
        "issues": [
            {
                "path": issue.path,
                "rule": _rule(issue),
                "place": ", ".join(places_of([issue], tried.schema)),
                "message": issue.message.to_json(),
            }
            for issue in issues[:MOST_ISSUES]
        ],
        "text": text,
        "prompt_version": prompt.version,
    }


def _read_past(tried: TriedCall, prompt: Prompt, model: str | None) -> JsonObject | None:
    """The answer that a past call got, where it was asked in these words and of this model."""
    call = tried.call
    if call.prompt_version != prompt.version or call.model != model or call.raw_output is None:
        return None
    kept = ("model", "mode", "input_tokens", "output_tokens", "cost_micros", "currency", "latency_ms")
    answer = _describe_answer(call.raw_output, tried, prompt)
    return answer | {name: getattr(call, name) for name in kept} | {"paid": False}


def places_of(issues: Sequence[Issue], schema: type[BaseModel]) -> tuple[str, ...]:
    """Where the issues are, in the names of the schema: “scenes.#.title”. What only the answer knows is “*”."""
    known = _names_in(schema)
    return tuple(sorted({".".join(_place(part, known) for part in issue.path.split(".")) for issue in issues}))


def list_failed_checks(issues: Sequence[Issue], schema: type[BaseModel]) -> list[tuple[str, str]]:
    """(rule, place) of each check that failed, once: its sentence without values, and where, without numbers."""
    each = ((_rule(issue), ", ".join(places_of([issue], schema))) for issue in issues[:MOST_ISSUES])
    return list(dict.fromkeys(each))


def _rule(issue: Issue) -> str:
    """The check's sentence without its values."""
    message = issue.message
    while isinstance(message.params.get("message"), Text):
        # what was found stands behind it
        message = message.params["message"]
    return message.msgid


def _place(part: str, known: frozenset[str]) -> str:
    return "#" if part.isdecimal() else part if part in known or not part else "*"


@cache
def _names_in(schema: type[BaseModel]) -> frozenset[str]:
    declared = schema.model_json_schema()
    shapes = [declared, *declared.get("$defs", {}).values()]
    return frozenset(name for shape in shapes for name in shape.get("properties", ()))


def same(a: list[Issue], b: list[Issue]) -> bool:
    """A repair that leaves the very same issues will leave them again."""
    return sorted(map(str, a)) == sorted(map(str, b))
