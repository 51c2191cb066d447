"""`wb.trials`: a prompt in other words on calls of the past, priced before it is tried; nothing of it is saved."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass

from workbench import prompts
from workbench.api.jobs import Jobs
from workbench.api.projects import find_node
from workbench.arguments import check_arguments
from workbench.db.connection import Database
from workbench.db.reads import prompt_rules
from workbench.db.reads import prompts as reads
from workbench.db.rows.jobs import Job, SubmittedJob
from workbench.db.rows.prompts import PastCall, PastCallEntry, PromptRule, PromptUse
from workbench.db.rows.record import Record
from workbench.errors import InvalidInput, Issue, ProgrammingError, all_of
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.profiles.profiles import Profiles
from workbench.prompts import PromptFile, overrides
from workbench.providers.base import PICTURE_TOKENS, Profile, Usage, estimate_tokens
from workbench.usage.prices import clock_ms, cost_of

KIND = "try_prompt"
#: tokens of an answer, where the past call's own is not known
USUAL_ANSWER = 1_500


@dataclass(frozen=True, slots=True)
class TrialPrice(Record):
    """What trying a prompt will probably take. `reused`: answers that are there already and cost nothing.

    `cost`: micros by currency; `unpriced`: calls of which nobody knows the price.
    """

    answers: int
    reused: int
    tokens: int
    cost: dict[str, int]
    unpriced: int


@check_arguments
class Trials:
    """Finds what a prompt can be tried on, prices it and starts it."""

    def __init__(self, database: Database, profiles: Profiles, jobs: Jobs) -> None:
        self._database = database
        self._profiles = profiles
        self._jobs = jobs

    def list_calls(
        self,
        name: str,
        language: str,
        *,
        project_id: int | None = None,
        node_id: int | None = None,
        limit: int = 100,
    ) -> builtins.list[PastCallEntry]:
        """Past calls with this prompt whose values are kept, newest first, of a project or of one node."""
        key = prompts.find(name, language).key
        with self._database.read() as conn:
            return reads.list_past_calls(conn, key, project_id=project_id, node_id=node_id, limit=limit)

    def find_template(self, call_id: int) -> JsonObject | None:
        """What a call was filled in with: {"variables", "by_hand", "traditional"}; None once it is not kept."""
        with self._database.read() as conn:
            call = reads.find_past_call(conn, call_id)
        return None if call is None else call.template

    def fill(self, name: str, language: str, system: str, user: str, call_id: int) -> dict[str, str] | None:
        """The prompt in these words with a past call's values, as a model would get it; None when they are gone.

        Raises InvalidInput when the words ask for more than there is.
        """
        with self._database.read() as conn:
            call = reads.find_past_call(conn, call_id)
        if call is None:
            return None
        file = overrides.write_anew(prompts.find(name, language), system, user)
        issues = overrides.check_words(file, [call.template])
        if issues:
            raise InvalidInput(all_of(issues), issues)
        try:
            filled = prompts.refill(file, call.template)
        except ProgrammingError as error:
            # of another release, which asked with other values
            text = Text(N_("It cannot be filled in: {problem}"), problem=str(error)[:300])
            raise InvalidInput(text, [Issue("user", text)]) from None
        return {"system": filled.system, "user": filled.user}

    def list_uses(self, name: str, language: str, project_id: int | None = None) -> builtins.list[PromptUse]:
        """How the newest 5,000 first answers came out, by prompt version and model; trials count too."""
        with self._database.read() as conn:
            return reads.list_uses(conn, prompts.find(name, language).key, project_id)

    def list_rules(self, name: str, language: str, project_id: int | None = None) -> builtins.list[PromptRule]:
        """The checks that first answers failed, by prompt version and model, of the newest 500 that did not pass."""
        with self._database.read() as conn:
            return prompt_rules.list_rules(conn, prompts.find(name, language).key, project_id)

    def list_jobs(self, name: str, language: str, limit: int = 20) -> builtins.list[Job]:
        """The newest trials of a prompt."""
        tried = self._jobs.list(kind=KIND, limit=200)
        return [j for j in tried if (j.params["name"], j.params["language"]) == (name, language)][:limit]

    def price(
        self,
        name: str,
        language: str,
        system: str,
        user: str,
        calls: Sequence[int],
        *,
        project_id: int | None = None,
        profile: str | None = None,
    ) -> TrialPrice:
        """What a trial will probably take, for both sides together. Raises NotFound."""
        chosen = self._profile(project_id, profile)
        answers = reused = tokens = unpriced = 0
        cost: dict[str, int] = {}
        with self._database.read() as conn:
            today = overrides.find_file(conn, project_id, name, language)
            new = overrides.write_anew(prompts.find(name, language), system, user)
            past = [call for call in (reads.find_past_call(conn, i) for i in dict.fromkeys(calls)) if call]
        for call in past:
            for file in (today, new):
                answers += 1
                if _is_answered(call, file, chosen):
                    reused += 1
                    continue
                usage = _guess_usage(call, file, today)
                tokens += (usage.input or 0) + (usage.output or 0)
                priced = cost_of(chosen, chosen.text_model, usage, clock_ms())
                if priced.cost_micros is None or priced.currency is None:
                    unpriced += 1
                else:
                    cost[priced.currency] = cost.get(priced.currency, 0) + priced.cost_micros
        return TrialPrice(answers, reused, tokens, cost, unpriced)

    def start(
        self,
        name: str,
        language: str,
        system: str,
        user: str,
        calls: Sequence[int],
        *,
        project_id: int | None = None,
        profile: str | None = None,
        submit_key: str | None = None,
        started_by: str = "local",
    ) -> SubmittedJob:
        """Try a prompt in these words beside today's on past calls, as one job; many are a batch.

        Raises InvalidInput naming each issue of the words, NotFound, BudgetExceeded.
        """
        file = overrides.write_anew(prompts.find(name, language), system, user)
        issues = overrides.check_words(file)
        if issues:
            raise InvalidInput(all_of(issues), issues)
        params = {
            "name": name,
            "language": language,
            "system": file.sections["system"],
            "user": file.sections["user"],
            "calls": list(dict.fromkeys(calls)),
        }
        return self._jobs.submit(KIND, project_id, params, submit_key=submit_key, user=started_by, profile=profile)

    def _profile(self, project_id: int | None, name: str | None) -> Profile:
        if name is not None:
            return self._profiles.public(self._profiles.id_of(name))
        if project_id is None:
            return self._profiles.public(None)
        with self._database.read() as conn:
            return self._profiles.public(find_node(conn, project_id).profile_id)


def _is_answered(call: PastCall, file: PromptFile, profile: Profile) -> bool:
    same = (call.prompt_version, call.model) == (file.version, profile.text_model)
    return same and call.raw_output is not None


def _guess_usage(call: PastCall, file: PromptFile, today: PromptFile) -> Usage:
    """As the past call, with what `file` has more, or fewer, words than today's."""
    asked = call.input_tokens or 0
    words, usual = _count_words(call, file), _count_words(call, today)
    if words is None or usual is None:
        return Usage(input=asked, cached=0, output=call.output_tokens or USUAL_ANSWER)
    # pictures, and the contract that code adds to the words
    beside = max(asked - usual, PICTURE_TOKENS * call.pictures)
    return Usage(input=words + beside, cached=0, output=call.output_tokens or USUAL_ANSWER)


def _count_words(call: PastCall, file: PromptFile) -> int | None:
    """Tokens of a past call's prompt in the words of `file`, about; None: they cannot be filled in."""
    try:
        filled = prompts.refill(file, call.template)
    except ProgrammingError:
        return None
    return estimate_tokens(filled.system) + estimate_tokens(filled.user)
