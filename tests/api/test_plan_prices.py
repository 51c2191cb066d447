"""A plan's price beside what its budgets have left, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import insert, update

from workbench import samples
from workbench.api.client import Workbench
from workbench.artifacts import kinds
from workbench.artifacts.saving import add_version
from workbench.db.rows.story import Input
from workbench.db.rows.usage import MeanRun
from workbench.db.schema import job, model_call, node
from workbench.errors import BudgetExceeded
from workbench.i18n import translate
from workbench.jobs.acts import Rerun, RerunPrice
from workbench.json_types import JsonObject
from workbench.providers.base import SKETCH, Profile
from workbench.settings import Settings
from workbench.usage import estimates
from workbench.workflows.image.generate_keyframe_images import KEYS
from workbench.workflows.registry import Typical

PRICES = {"prices": {"*": {"currency": "USD", "input": 100, "output": 400, "image": 0.1}}}


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as client:
        yield client


def add_story(wb: Workbench, **params: object) -> int:
    service = {"base_url": "http://127.0.0.1:9/v1", "text_model": "m", "image_model": "p", "key": "sk-canary0123456789"}
    wb.profiles.add("mine", "openai", **service, params=params or PRICES)
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    wb.projects.set_profile(project, "mine")
    return project


def test_a_plan_that_costs_more_than_is_left_starts_nothing_unless_it_is_meant(wb: Workbench) -> None:
    project = add_story(wb)
    forecast = wb.plans.build(project).forecast(grow=True)
    # the budget is in the other currency
    wb.budgets.set_exchange_rate("7")
    exactly = forecast.cost["USD"] * 7
    wb.budgets.set(exactly - 1, currency="CNY")
    with pytest.raises(BudgetExceeded) as refused:
        wb.plans.run(project, grow=True)
    assert f"{exactly / 1_000_000:,.2f} CNY" in str(refused.value)
    assert f"{exactly / 1_000_000:,.2f} CNY" in translate(refused.value.text, "zh")
    assert wb.jobs.list() == []

    assert wb.plans.run(project).kind == "run_plan"
    [alone] = wb.jobs.list()
    wb.jobs.cancel(alone.id)
    wb.budgets.set(exactly, currency="CNY")
    second = wb.plans.run(project, grow=True)
    wb.jobs.cancel(second.id)
    wb.budgets.set(1, currency="CNY")
    meant = wb.plans.run(project, grow=True, beyond_budget=True, submit_key="k")
    assert meant.id > second.id
    # sent again, it is the same request
    assert wb.plans.run(project, grow=True, submit_key="k").id == meant.id


def test_of_several_budgets_the_one_that_leaves_least_counts_and_others_stories_are_not_asked(wb: Workbench) -> None:
    project = add_story(wb)
    other = wb.create_project(samples.load("gift-of-the-magi.en"))
    wb.budgets.set(1, currency="USD", project_id=other)
    wb.budgets.set(9_000_000, currency="USD", project_id=project, period="all")
    wb.budgets.set(50_000_000, currency="CNY")
    outlooks = wb.budgets.list_outlooks(project, {"USD": 8_000_000})
    assert [(o.state.currency, o.needed_micros, o.beyond) for o in outlooks] == [
        ("CNY", 57_600_000, True),
        ("USD", 8_000_000, False),
    ]


def test_an_unknown_price_is_never_free(wb: Workbench) -> None:
    project = add_story(wb, timeout_s=60)
    plan = wb.plans.build(project)
    later = sum({"episode": 3, "scene": 36}.get(m.scope, 0) for m in wb.plans.list_makers())
    assert later >= 261
    assert (plan.unpriced, plan.growth.unpriced) == (1, later - 36)  # but the lengths of 36 scenes cost nothing
    assert plan.forecast(grow=True).unpriced == 1 + later - 36
    wb.budgets.set(5_000_000, currency="CNY")
    [fits] = wb.budgets.list_outlooks(project, plan.cost, plan.unpriced)
    assert (fits.beyond, fits.unpriced) == (False, 1)
    used_up = replace(fits, state=replace(fits.state, spent_micros=5_000_000))
    assert used_up.beyond
    assert not replace(used_up, unpriced=0).beyond
    assert "1 jobs more have no known price" in used_up.describe()


def add_nodes(wb: Workbench, project: int, kind: str, parent: int, count: int) -> list[int]:
    rows = [
        {
            "kind": kind,
            "project_id": project,
            "parent_id": parent,
            "position": n,
            "title": f"{kind} {n}",
            "created_at": 1,
        }
        for n in range(1, count + 1)
    ]
    with wb.database.write() as conn:
        return [conn.execute(insert(node).values(row).returning(node.c.id)).scalar_one() for row in rows]


def test_a_launch_costs_what_its_settings_ask_for_and_what_it_starts(wb: Workbench) -> None:
    project = add_story(wb)
    episodes = add_nodes(wb, project, "episode", project, 3)
    scenes = [scene for episode in episodes for scene in add_nodes(wb, project, "scene", episode, 2)]
    own = {name: guess.cost_micros for name, guess in wb.plans.estimate(project).items()}

    def cost(workflow: str, nodes: list[int], **params: object) -> int:
        forecast = wb.plans.price(workflow, nodes, params)
        assert forecast is not None
        assert forecast.unpriced == 0
        return forecast.cost.get("USD", 0)

    frames = own["generate_keyframe_images"]
    assert frames == 900_000
    assert cost("generate_keyframe_images", scenes[:2]) == 2 * frames
    assert cost("generate_keyframe_images", scenes[:2], keys=["KF0", "KF4"]) == 2 * 200_000
    scene = cost("refine_scene_all", scenes[:1])
    assert scene > frames
    assert cost("refine_scene_all", scenes[:1], images=False) == scene - frames
    assert cost("refine_scene_all_batch", [project]) == 6 * scene
    assert cost("refine_scene_all_batch", [project], scene_ids=scenes[:4], images=False) == 4 * (scene - frames)
    expressions = wb.plans.price("generate_episode_core_expression_batch", [project], {"episode_ids": episodes[1:]})
    assert expressions is not None
    assert (expressions.jobs, expressions.cost["USD"]) == (2, 2 * own["generate_episode_core_expression"])
    assert wb.plans.price("llm_chat", [project], {"messages": [{"role": "user", "content": "Hi"}]}) is None
    assert wb.plans.price("refine_scene_all", []) == wb.plans.price("plan_episodes", [])


def test_the_best_of_several_costs_the_pictures_that_are_missing_and_a_look_at_each(wb: Workbench) -> None:
    project = add_story(wb)
    [episode] = add_nodes(wb, project, "episode", project, 1)
    [scene] = add_nodes(wb, project, "scene", episode, 1)
    look = (70_000 * 100 + 9_000 * 400) // 36

    def cost(**params: object) -> int:
        forecast = wb.plans.price("rank_keyframe_candidates", [scene], params)
        assert forecast is not None
        return forecast.cost["USD"]

    # in a plan the frames are drawn once before
    assert wb.plans.estimate(project)["rank_keyframe_candidates"].cost_micros == pytest.approx(
        36 * look + 27 * 100_000, abs=50
    )
    assert cost() == pytest.approx(36 * look + 36 * 100_000, abs=50)
    assert cost(keys=["KF2"], candidates=3) == pytest.approx(3 * look + 3 * 100_000, abs=50)
    candidates = [{**CANDIDATE, "media": f"{n}" * 64} for n in (1, 2)]
    frame = {"key": "KF2", "chosen": "1" * 64, "candidates": candidates}
    add_frames(wb, scene, {"aspect_ratio": "16:9", "frames": [frame]})
    assert cost(keys=["KF2"], candidates=3) == pytest.approx(3 * look + 100_000, abs=50)
    assert cost(keys=["KF2"], candidates=2) == pytest.approx(2 * look, abs=50)


def test_an_update_of_frames_or_a_sheet_costs_what_it_draws_anew(wb: Workbench) -> None:
    project = add_story(wb)
    [episode] = add_nodes(wb, project, "episode", project, 1)
    scene, other = add_nodes(wb, project, "scene", episode, 2)
    [jim] = add_nodes(wb, project, "character", project, 1)
    brief = wb.artifact(project, "brief")
    assert brief is not None

    def cost(workflow: str, *nodes: int, **params: object) -> int:
        forecast = wb.plans.price(workflow, list(nodes), params)
        assert forecast is not None
        return forecast.cost["USD"]

    def add(node_id: int, kind: str, content: JsonObject, stale: list[str]) -> None:
        used: Input = {
            "node_id": project, "kind": "brief", "part": None, "artifact_id": brief.id, "version": 1,
            "content_hash": "0" * 64, "only_for": stale,
        }  # fmt: skip
        with wb.database.write() as conn:
            add_version(conn, node_id, kinds.find(kind), content, source="ai", inputs=[used] if stale else [])

    frames = [{"key": key, "chosen": "1" * 64, "candidates": [{**CANDIDATE, "media": "1" * 64}]} for key in KEYS]
    add(scene, "keyframe_images", {"aspect_ratio": "16:9", "frames": frames[:7]}, ["frame:KF1"])
    # two that are missing and a stale one; the other scene has none yet
    assert cost("generate_keyframe_images", scene) == 300_000
    assert cost("generate_keyframe_images", scene, other) == 300_000 + 900_000
    assert cost("generate_keyframe_images", scene, keys=KEYS[:2]) == 200_000
    # whatever is stale, these are drawn
    assert cost("generate_keyframe_images", scene, new_candidate=True) == 900_000
    assert cost("generate_keyframe_images", scene, source="plan") == 900_000
    add(scene, "keyframe_images", {"aspect_ratio": "16:9", "frames": frames}, [])
    assert cost("generate_keyframe_images", scene) == 900_000, "nothing is stale: nobody knows what a run would draw"

    spans: list[list[JsonObject]] = [[], [{"first": "1.2", "last": "1.2"}], [{"first": "1.3", "last": "1.3"}]]
    looks = [
        {"name": f"look {n}", "words": "", "spans": worn, "chosen": None, "candidates": []}
        for n, worn in enumerate(spans)
    ]
    add(jim, "character_sheet", {"looks": looks}, ["look:look 0", "look:look 2"])
    assert cost("generate_character_sheet", jim) == 4 * 100_000
    assert cost("generate_character_sheet", jim, candidates=1) == 2 * 100_000
    assert cost("generate_character_sheet", jim, candidates=1, look="look 1") == 100_000
    add(jim, "character_sheet", {"looks": looks}, [])
    assert cost("generate_character_sheet", jim) == 2 * 100_000


CANDIDATE = {"width": 9, "height": 9, "made_of": "0" * 64, "model": "p"}


def add_frames(wb: Workbench, scene: int, content: JsonObject) -> None:
    with wb.database.write() as conn:
        add_version(conn, scene, kinds.find("keyframe_images"), content, source="ai", inputs=[])


def test_pictures_are_priced_by_the_picture_and_reused_steps_and_unknown_costs_by_nobody(wb: Workbench) -> None:
    project = add_story(wb)
    profile = wb.profiles.id_of("mine")
    typical = wb.plans.estimate(project)
    #: kind, what is different about the job, its calls
    runs = [
        ("generate_keyframe_images", {}, [("image", 300_000, 1)] * 9),
        # one drawn again
        ("generate_keyframe_images", {}, [("image", 300_000, 1)]),
        ("plan_episodes", {"cost_micros": 50_000}, [("text", 50_000, None)]),
        # its costs are not all known
        ("plan_episodes", {"cost_micros": 10}, [("text", 10, None), ("text", None, None)]),
        # a retry that took over most steps
        ("generate_core", {"cost_micros": 1, "replay_of": 0}, [("text", 1, None)]),
    ]
    kinds = {"generate_core": "generate_episode_core_expression"}
    jobs = [wb.submit("llm_chat", params={"messages": [{"role": "user", "content": f"{n}"}]}).id for n in range(5)]
    with wb.database.write() as conn:
        for number, (kind, values, calls) in enumerate(runs):
            job_id = jobs[number]
            conn.execute(
                update(job).where(job.c.id == job_id).values(
                    kind=kinds.get(kind, kind), state="succeeded", profile_id=profile, started_at=1, finished_at=1_001,
                    currency="USD", input_tokens=1, output_tokens=1,
                    **{name: jobs[0] if name == "replay_of" else value for name, value in values.items()},
                )
            )  # fmt: skip
            for place, (capability, micros, images) in enumerate(calls):
                conn.execute(
                    insert(model_call).values(
                        call_id=f"{number}-{place}", job_id=job_id, purpose="generate", provider="openai", model="p",
                        capability=capability, outcome="ok", started_at=1, cost_micros=micros, images=images,
                        currency=None if micros is None else "USD",
                    )
                )  # fmt: skip
    known = wb.plans.estimate(project)
    # at today's prices, whatever they were then
    assert known["generate_keyframe_images"].cost_micros == 9 * 100_000
    assert known["plan_episodes"].cost_micros == 500
    expression = "generate_episode_core_expression"
    assert known[expression] == typical[expression]
    wb.profiles.update("mine", params={})
    known = wb.plans.estimate(project)
    # nobody knows today's price: what they cost then is the best guess
    assert known["generate_keyframe_images"].cost_micros == 9 * 300_000
    # but the mean over what is known and what is not is no price
    assert known["plan_episodes"].cost_micros is None


@pytest.mark.parametrize(("typical", "tokens"), [(Typical(0, 0, 0, videos=1), 0), (Typical(2, 50, 20), None)])
def test_what_draws_or_films_leaves_no_plan_without_its_tokens(typical: Typical, tokens: int | None) -> None:
    run = MeanRun(
        runs=1, input=None, cached=None, output=None, ms=900.0, micros=0, priced=1, currencies=1, currency="USD"
    )
    assert estimates._of_mean(run, typical, estimates.BoundProfiles(SKETCH, SKETCH, SKETCH)).tokens == tokens


def test_a_free_text_beside_paid_pictures_has_their_price() -> None:
    painter = Profile(
        id=1, name="p", provider="openai", base_url="http://127.0.0.1/v1", image_model="p",
        params={"prices": {"p": {"currency": "CNY", "image": 0.5}}},
    )  # fmt: skip
    guess = estimates.estimate_typical(Typical(calls=2, images=4), estimates.BoundProfiles(SKETCH, painter, SKETCH))
    assert (guess.cost_micros, guess.currency) == (2_000_000, "CNY")


@pytest.mark.parametrize(("keys", "done", "frames"), [(None, 0, 9), (None, 4, 5), ("one", 0, 1), ("three", 2, 1)])
def test_what_is_left_of_a_run_is_priced_by_what_it_was_asked_for(
    wb: Workbench, keys: str | None, done: int, frames: int
) -> None:
    add_story(wb)
    chosen = {None: None, "one": KEYS[:1], "three": KEYS[:3]}[keys]
    price = wb.jobs._price_of_rest()
    mine = wb.profiles.id_of("mine")
    asked = {} if chosen is None else {"keys": chosen}
    told = price(Rerun("generate_keyframe_images", mine, asked, done))
    assert told == RerunPrice(frames * 100_000, "USD", None), "nothing bounds what pictures cost"


def test_all_groups_cost_as_much_as_one_run_over_all_of_them_in_nine_jobs(wb: Workbench) -> None:
    """Also once single groups were measured: a run that wrote one of nine is no measure of a whole one."""
    project = add_story(wb)
    [episode] = add_nodes(wb, project, "episode", project, 1)
    [scene] = add_nodes(wb, project, "scene", episode, 1)

    def price(workflow: str, **params: object) -> tuple[int, int]:
        forecast = wb.plans.price(workflow, [scene], params)
        assert forecast is not None
        return forecast.jobs, forecast.cost["USD"]

    jobs, micros = price("generate_storyboard_groups")
    assert jobs == 9
    assert micros == pytest.approx(price("generate_storyboard_group")[1], abs=9)
    assert micros == pytest.approx(9 * price("generate_storyboard_group", group_id="KF3")[1], abs=9)
    outline = wb.plans.outline("generate_storyboard_groups", scene)
    assert [job.after for job in outline.jobs] == [(), *((n,) for n in range(8))]
    assert outline.cost == {"USD": micros}

    profile = next(p.id for p in wb.profiles.list() if p.name == "mine")
    measured = {"input_tokens": 1_000, "output_tokens": 100}
    with wb.database.write() as conn:
        for group in ("KF0", "KF1"):
            row = insert(job).values(
                kind="generate_storyboard_group", queue="text", state="succeeded", node_id=scene, profile_id=profile,
                params={"group_id": group}, params_hash=group, title="", max_attempts=2, available_at=1,
                created_at=1, started_at=1, finished_at=2_001, **measured,
            ).returning(job.c.id)  # fmt: skip
            job_id = conn.execute(row).scalar_one()
            call = insert(model_call).values(
                call_id=group, job_id=job_id, purpose="generate", provider="openai", model="m", capability="text",
                outcome="ok", started_at=1, **measured,
            )  # fmt: skip
            conn.execute(call)
    whole = wb.plans.estimate(project)["generate_storyboard_group"]
    assert price("generate_storyboard_groups")[0] == 9
    assert price("generate_storyboard_group", group_id="KF3")[1] * 9 == pytest.approx(whole.cost_micros or 0, abs=9)
    # 100 and 400 USD a million
    assert (whole.tokens, whole.cost_micros) == (9 * 1_100, 9 * (1_000 * 100 + 100 * 400))
    assert whole.seconds == pytest.approx(18.0)
