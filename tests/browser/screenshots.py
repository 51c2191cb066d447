"""Pictures of every page for docs/pictures: ``python -m tests.browser.screenshots [FOLDER [PAGE…]]``.

Nothing in them is drawn by hand: the sample stories run on a real stack with the offline model (slowed down, sometimes
failing) and a scripted service with prices. Only the clock is helped: the finished jobs are spread over the last month.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page
from sqlalchemy import text

from tests.browser.stack import Stack, browser, settled, stack
from tests.conftest import until
from tests.scripted_provider import NAMED, ScriptedProvider
from workbench import samples
from workbench.api.client import Workbench
from workbench.db.rows.jobs import Job
from workbench.db.rows.story import TreeNode
from workbench.errors import ReelwrightError

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
DAY_MS = 86_400_000
STORIES = {"en": "gift-of-the-magi.en", "zh": "painted-skin.zh"}
QUESTIONS = (
    "Name three ways to light a stairwell at night.",
    "What does a lighthouse keeper carry?",
    "Suggest a quieter ending for the third episode.",
)


def run(wb: Workbench, kind: str, node: int, params: dict[str, Any] | None = None) -> Job:
    """Run a job, and again as often as the simulated service fails it."""
    job = wb.wait(wb.submit(kind, node, params or {}).id, 240)
    for _ in range(6):
        if job.state == "succeeded":
            break
        job = wb.wait(wb.jobs.retry(job.id).id, 240)
    return job


def nodes(wb: Workbench, project: int, kind: str) -> list[TreeNode]:
    return [n for n in wb.projects.tree(project).nodes if n.kind == kind]


def start_all(wb: Workbench, kind: str, targets: Sequence[int]) -> list[int]:
    ids = []
    for node in targets:
        try:
            ids.append(wb.submit(kind, node).id)
        except ReelwrightError:
            continue
    return ids


def tell(wb: Workbench, name: str) -> int:
    """One sample story, its first two episodes down to their scenes and anchors."""
    project = wb.create_project(samples.load(name))
    run(wb, "plan_episodes", project)
    episodes = nodes(wb, project, "episode")
    for episode in episodes[:2]:
        run(wb, "generate_episode_core_expression", episode.id)
        run(wb, "generate_episode_scene_list", episode.id)
    wb.wait(start_all(wb, "generate_scene_anchor", [n.id for n in nodes(wb, project, "scene")[:16]]), 240)
    return project


def storyboard(wb: Workbench, project: int) -> None:
    """Three scenes to their end, and a fourth with six of its nine frames and a shot edited since."""
    scenes = first_scenes(wb, project)
    wb.wait(start_all(wb, "generate_scene_anchor", [n.id for n in nodes(wb, project, "scene")]), 240)
    wb.wait(start_all(wb, "refine_scene_all", scenes[:3]), 240)
    fourth = scenes[3]
    run(wb, "generate_keyframe_prompt", fourth)
    run(wb, "generate_keyframe_images", fourth, {"keys": [f"KF{n}" for n in range(6)]})
    run(wb, "generate_motion_prompt", fourth)
    plan = wb.artifact(fourth, "keyframe_prompt")
    assert plan is not None
    shot = plan.content["shots"][5]
    language = wb.artifact(project, "brief")["content"]["language"]  # type: ignore[index]
    shot["composition"] = {
        "zh": "人物贴在画面左缘，右侧留给门外的光",
        "en": "the figure at the left edge, the right left to the light",
    }[language]
    wb.artifacts.save(fourth, "keyframe_prompt", plan.content, plan.version, "lin")
    panels(wb, scenes[2])
    drawn = wb.jobs.list(kind="generate_keyframe_prompt", node_id=scenes[0], state="succeeded", limit=1)[0]
    wb.wait(wb.jobs.replay(drawn.id).id, 240)


def panels(wb: Workbench, scene: int) -> None:
    """The long storyboard of a scene, with a panel edited in each language."""
    for kind in ("scene_bible", "plan", "group"):
        run(wb, f"generate_storyboard_{kind}", scene)
    run(wb, "translate_storyboard_panels", scene)
    for kind, panel, texts in (
        ("storyboard_translation", 2, {"zh": "门外传来一声响，谁也没有动。"}),
        ("storyboard_groups", 4, {"en": "Nearer still: a hand on the sill."}),
    ):
        head = wb.artifact(scene, kind)
        assert head is not None
        head.content["groups"][0]["panels"][panel] |= texts
        wb.artifacts.save(scene, kind, head.content, head.version, "lin")


def drama(wb: Workbench, project: int) -> None:
    """What holds the story together, its first episode as a screenplay, and a plan that waits to be looked at."""
    for kind in ("build_narrative_causal_chain", "generate_character_relationships", "generate_emotion_arc"):
        run(wb, kind, project)
    run(wb, "generate_scene_script", nodes(wb, project, "episode")[0].id)
    run(wb, "expand_story_characters", project)
    third = nodes(wb, project, "episode")[2].id
    wb.wait(wb.plans.run(third, "missing", only=[("generate_episode_core_expression", third)]).id, 240)
    run(wb, "plan_episodes", project, {"target_episode_count": 1})


def first_scenes(wb: Workbench, project: int) -> list[int]:
    """The scenes of the first episode, by position."""
    episode = nodes(wb, project, "episode")[0].id
    own = [n for n in nodes(wb, project, "scene") if n.parent_id == episode]
    return [n.id for n in sorted(own, key=lambda n: n.position)]


def chat(wb: Workbench, provider: ScriptedProvider) -> None:
    """Questions to a service with prices, some of which fail."""
    price = {"prices": {"*": {"currency": "CNY", "input": 400, "output": 1600}}}
    wb.profiles.add(
        "Doubao text",
        "openai",
        base_url=provider.url,
        text_model="doubao-seed-1.6",
        key="sk-canary0123456789abcdef",
        params=price,
    )
    faults = {"(7)": "auth", "(11)": "context", "(19)": "auth", "(29)": "quota"}
    provider.script(rules=[{"match": mark, **NAMED[name]} for mark, name in faults.items()])
    ids = []
    for number in range(40):
        question = " ".join([QUESTIONS[number % 3]] * (1 + number % 4))
        asked = {"messages": [{"role": "user", "content": f"({number}) {question}"}]}
        ids.append(wb.submit("llm_chat", None, asked, profile="Doubao text").id)
    wb.wait(ids, 240)


def long_plan(wb: Workbench) -> int:
    """A plan in chunks that failed once and went on with what it had paid for; its job."""
    project = wb.create_project(samples.load("moving-mountains.zh"))
    for count in range(26, 44):
        job = wb.wait(wb.submit("plan_episodes", project, {"target_episode_count": count}).id, 240)
        seen = wb.jobs.get_detail(job.id)
        if len(seen.attempts) > 1 and len(seen.steps) > 2:
            return int(job.id)
    return int(job.id)


def spread(wb: Workbench, keep: set[int]) -> None:
    """Move finished jobs and their calls back over the last 45 days, more of them lately."""
    moved = [j for j in wb.jobs.list(limit=1000) if j.id not in keep and j.finished_at]
    with wb.database.write() as conn:
        for place, job in enumerate(moved):
            back = int((place * 37 % 100 / 100) ** 1.6 * 45) * DAY_MS
            at = {"back": back, "id": job.id}
            conn.execute(
                text(
                    "UPDATE job SET created_at = created_at - :back, started_at = started_at - :back, "
                    "finished_at = finished_at - :back WHERE id = :id"
                ),
                at,
            )
            conn.execute(
                text(
                    "UPDATE attempt SET started_at = started_at - :back, ended_at = ended_at - :back WHERE job_id = :id"
                ),
                at,
            )
            conn.execute(
                text(
                    "UPDATE model_call SET started_at = started_at - :back, ended_at = ended_at - :back WHERE "
                    "job_id = :id"
                ),
                at,
            )


def edit(wb: Workbench, lang: str, project: int, episode: int) -> None:
    """A new version to compare with, and then an edit upstream that makes it stale."""
    hero = nodes(wb, project, "character")[0]
    was = wb.artifact(episode, "core_expression")
    assert was is not None
    changed = {"en": ("A locked door between two people who love each other.",
        "She closes the box and does not open it again."),
               "zh": ("体面是一张画好的皮，掀开才知道里面是谁。", "他把门重新关上，却没有上闩。")}[lang]  # fmt: skip
    wb.artifacts.save(
        episode,
        "core_expression",
        {**was.content, "theme": changed[0], "ending_beat": changed[1]},
        was.version,
        "lin",
    )
    person = wb.artifact(hero.id, "character")
    assert person is not None
    old, new = {"en": ("old brown jacket", "ochre jacket, torn cuff"), "zh": ("青布长衫", "月白长衫，袖口磨破")}[lang]
    wb.artifacts.save(
        hero.id,
        "character",
        {**person.content, "description": person.content["description"].replace(old, new)},
        person.version,
        "lin",
    )


def pages(wb: Workbench, lang: str, story: dict[str, int], episode: int, timeline: int) -> Iterator[tuple[str, str]]:
    group = max(wb.jobs.list_failures(), key=lambda g: g.count).fingerprint
    yield "projects", "/"
    yield "import", "/"
    yield "new-project", "/?new=1"
    yield "studio", f"/studio?project={story[lang]}&node={episode}"
    yield "hand-off", f"/studio?project={story[lang]}&node={episode}"
    yield "plan", f"/studio?project={story[lang]}&node={episode}"
    yield "story", f"/studio?project={story[lang]}&node={story[lang]}"
    for name in ("chain", "plot-lines", "relationships", "arc", "new-characters", "replanning"):
        yield name, f"/studio?project={story[lang]}&node={story[lang]}"
    yield "screenplay", f"/studio?project={story[lang]}&node={episode}"
    scenes = first_scenes(wb, story[lang])
    yield "lineage", f"/lineage?node={scenes[1]}&kind=keyframe_prompt"
    yield "scene", f"/studio?project={story[lang]}&node={scenes[3]}"
    yield "storyboard", f"/studio?project={story[lang]}&node={scenes[1]}"
    for name in ("panels", "bible", "storyboard-plan", "translation"):
        yield name, f"/studio?project={story[lang]}&node={scenes[2]}"
    for name in ("dialogue", "sound", "clip"):
        yield name, f"/studio?project={story[lang]}&node={scenes[0]}"
    yield "gallery", f"/gallery?project={story[lang]}"
    yield "drift", f"/drift?project={story[lang]}"
    yield "own-pictures", f"/studio?project={story[lang]}&node={scenes[1]}"
    yield "best-of-several", f"/studio?project={story[lang]}&node={scenes[1]}"
    yield "launch", f"/launch?workflow=generate_dialogue&project={story[lang]}&node={scenes[4]},{scenes[5]}"
    yield "conductor", f"/launch?workflow=run_episode_creation_agent&project={story[lang]}&node={episode}"
    yield "prompts", f"/prompts?project={story[lang]}&prompt=planning/plan_episodes"
    written = f"/prompts?project={story[lang]}&written={lang}&prompt={TRIED}"
    yield "prompts-tried", written
    with written_anew(wb, lang, story[lang]):
        yield "prompts-compared", f"{written}&view=compare"
    yield "cast", f"/cast?project={story[lang]}"
    yield "reference-sheet", f"/cast?project={story[lang]}&node={with_sheet(wb, lang, story[lang])}"
    yield "place-sheet", f"/cast?project={story[lang]}&kind=world_element&node={place_with_sheet(wb, story[lang])}"
    yield "jobs", "/jobs"
    yield "job", f"/job?id={timeline}"
    yield "forecast", f"/job?id={wb.jobs.list(kind='run_plan', state='succeeded', project=story[lang], limit=1)[0].id}"
    yield "debug", f"/debug?group={group}&period=all"
    replayed = next(j for j in wb.jobs.list(kind="generate_keyframe_prompt", limit=50) if j.replay_of)
    yield "compare", f"/compare?a={replayed.replay_of}&b={replayed.id}"
    yield "analytics", "/analytics"
    yield "models", f"/models?profile={wb.profiles.id_of('deepseek')}"
    yield "settings", "/settings"


def with_sheet(wb: Workbench, lang: str, project: int) -> int:
    """The first character, with a usual look and another."""
    node = nodes(wb, project, "character")[0].id
    if wb.artifact(node, "character_sheet") is None:
        run(wb, "generate_character_sheet", node)
        look = {"en": ("short hair", "hair cut to the chin"), "zh": ("短发", "剪到下巴的短发")}[lang]
        run(wb, "generate_character_sheet", node, {"look": look[0], "words": look[1], "scenes": "2.3–"})
    return node


@contextlib.contextmanager
def written_anew(wb: Workbench, lang: str, project: int) -> Iterator[None]:
    """A prompt in one's own words, for as long as its picture takes."""
    now = wb.prompts.get(TRIED, lang, project)
    words = now.counting["system"] + OWN_WORDS[lang]
    saved = wb.prompts.save(
        TRIED, lang, words, now.counting["user"], project_id=project, base_version=now.newest_version
    )
    yield
    wb.prompts.reset(TRIED, lang, project_id=project, base_version=saved.version)


def place_with_sheet(wb: Workbench, project: int) -> int:
    """The first place whose sheet can be drawn."""
    for node in nodes(wb, project, "world"):
        if wb.artifact(node.id, "place_sheet") is not None or start_all(wb, "generate_place_sheet", [node.id]):
            until(lambda: wb.artifact(node.id, "place_sheet") is not None, 240)  # noqa: B023
            return node.id
    raise AssertionError("no place has a sheet")


def drop_pictures(page: Page) -> None:
    """Two files of one's own on a scene, before they are put in their places."""
    page.locator("[class*='st-key-own_'] button").first.click()
    zone = page.locator("[data-testid=stFileUploaderDropzoneInput]")
    files = []
    for name, colour in (("03-MLS.png", "#40506a"), ("IMG_2041.png", "#7a4f35")):
        made = io.BytesIO()
        Image.linear_gradient("L").resize((640, 360)).convert("RGB").point(lambda n: n // 2 + 60).save(made, "PNG")
        tinted = Image.blend(Image.open(made), Image.new("RGB", (640, 360), colour), 0.5)
        made = io.BytesIO()
        tinted.save(made, "PNG")
        files.append({"name": name, "mimeType": "image/png", "buffer": made.getvalue()})
    zone.set_input_files(files)  # type: ignore[arg-type]
    page.locator("[class*='_row_1'] img").wait_for()
    page.wait_for_timeout(1500)


def open_candidates(page: Page) -> None:
    """The dialog of the frame that has several candidates, side by side."""
    page.locator("[class*='st-key-open_'][class*='_KF3'] button").first.click()
    page.locator("[class*='st-key-beside_'] label").first.click()
    page.wait_for_timeout(2500)


def open_import(page: Page) -> None:
    page.locator(".st-key-import_open button").first.click()
    page.wait_for_timeout(1500)


def open_handoff(page: Page) -> None:
    page.locator("[class*='st-key-handoff_'] button").first.click()
    page.wait_for_timeout(1500)


def open_plan(page: Page) -> None:
    """The plan of everything below, with its ticks."""
    page.locator(".st-key-run_below button").first.click()
    page.locator(".st-key-choose_dialog summary").click()
    page.wait_for_timeout(1500)


def try_words(page: Page) -> None:
    """Words of one's own beside today's, tried on what the story was asked for."""
    system = page.locator("textarea").first
    system.fill(system.input_value() + OWN_WORDS["zh" if "written=zh" in page.url else "en"])
    page.locator("[class*='st-key-p_'][class*='_to_try'] button").first.click()
    page.locator("[class*='st-key-p_'][class*='_go'] button").first.click()
    page.locator("[class*='st-key-p_'][class*='_adopt']").first.wait_for()
    page.wait_for_timeout(2500)


OPENED = {
    "prompts-tried": try_words,
    "own-pictures": drop_pictures,
    "best-of-several": open_candidates,
    "import": open_import,
    "hand-off": open_handoff,
    "plan": open_plan,
}
#: the cell that is shown, of a page that is longer
CELLS = {
    name: f"[class*='_{workflow}']"
    for name, workflow in {
        "chain": "build_narrative_causal_chain", "plot-lines": "build_narrative_causal_chain",
        "relationships": "generate_character_relationships", "arc": "generate_emotion_arc",
        "new-characters": "expand_story_characters", "replanning": "plan_episodes",
        "screenplay": "generate_scene_script", "dialogue": "generate_dialogue", "sound": "generate_sound_design",
        "clip": "generate_scene_video", "panels": "generate_storyboard_group",
        "bible": "generate_storyboard_scene_bible", "storyboard-plan": "generate_storyboard_plan",
        "translation": "translate_storyboard_panels",
    }.items()
}  # fmt: skip
#: which tabs of a page are opened first: the chain's plot lines with their graph
TABS = {"story": (1,), "plot-lines": (1,)}
TRIED = "episode/generate_episode_core_expression"
OWN_WORDS = {"en": "\nSay it as an old sailor would.", "zh": "\n用老水手的口吻来写。"}


def shoot(
    page: Page,
    url: str,
    file: Path,
    *,
    compare: int | None = None,
    tabs: Sequence[int] = (),
    opened: Callable[[Page], None] | None = None,
    element: str = "",
) -> None:
    """One page at its full height; `tabs`: those that are opened, by their place; `opened`: what is opened on it
    first, of which a window's height is shown. `element`: only that one is shown."""
    page.goto(url)
    settled(page, 300)
    page.wait_for_timeout(2500)
    if opened is not None:
        opened(page)
        page.screenshot(path=str(file), animations="disabled")
        return shrink(file)
    if compare is not None:
        page.locator(f".st-key-cell_{compare}_core_expression_versions button").first.click()
        page.locator(f".st-key-cell_{compare}_core_expression_cmp_1 button").first.click()
        page.keyboard.press("Escape")
        settled(page)
        page.wait_for_timeout(2000)
    for name in tabs:
        page.get_by_role("tab").nth(name).click()
        settled(page)
        page.wait_for_timeout(1500)
    wide = page.viewport_size["width"] > 640
    if element:
        page.set_viewport_size({"width": page.viewport_size["width"], "height": 5200})
        page.wait_for_timeout(1200)
        page.locator(element).first.screenshot(path=str(file), animations="disabled")
        return shrink(file)
    height = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size(
        {"width": page.viewport_size["width"], "height": max(720, min(height, 6400 if wide else 9000))}
    )
    page.wait_for_timeout(1200)
    page.screenshot(path=str(file), animations="disabled")
    return shrink(file)


def shrink(file: Path) -> None:
    """A palette is enough for flat pages and makes the file a third of its size."""
    Image.open(file).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)
    print(file.name, flush=True)


def gallery(made: Stack, chrome: Browser, story: dict[str, int], timeline: int, folder: Path, only: list[str]) -> None:
    wb = made.wb
    for lang, locale in (("en", "en-US"), ("zh", "zh-CN")):
        episode = nodes(wb, story[lang], "episode")[0].id
        edit(wb, lang, story[lang], episode)
        for theme in ("light", "dark"):
            context = chrome.new_context(
                viewport={"width": 1440, "height": 1000}, color_scheme=theme, locale=locale, timezone_id="Asia/Shanghai"
            )
            context.set_default_timeout(300_000)
            made.let_in(context)
            for name, path in pages(wb, lang, story, episode, timeline):
                if only and name not in only:
                    continue
                page = context.new_page()
                if name in ("studio", "jobs"):
                    working(wb, story[lang], episode)
                if name == "scene":
                    drawing(wb, story[lang])
                shoot(
                    page,
                    made.url + path,
                    folder / f"{name}-{theme}-1440-{lang}.png",
                    compare=episode if name == "studio" else None,
                    tabs=TABS.get(name, ()),
                    opened=OPENED.get(name),
                    element=CELLS.get(name, ""),
                )
                page.close()
            context.close()
        if only:
            continue
        narrow = chrome.new_context(
            viewport={"width": 420, "height": 900}, color_scheme="light", locale=locale, timezone_id="Asia/Shanghai"
        )
        made.let_in(narrow)
        page = narrow.new_page()
        working(wb, story[lang], episode)
        shoot(page, f"{made.url}/studio?project={story[lang]}&node={episode}", folder / f"studio-light-420-{lang}.png")
        page = narrow.new_page()
        shoot(
            page,
            f"{made.url}/studio?project={story[lang]}&node={first_scenes(wb, story[lang])[1]}",
            folder / f"storyboard-light-420-{lang}.png",
        )
        narrow.close()


def drawing(wb: Workbench, project: int) -> None:
    """The last three frames of the fourth scene at work."""
    job = wb.submit("generate_keyframe_images", first_scenes(wb, project)[3], {"keys": ["KF6", "KF7", "KF8"]}).id
    until(lambda: wb.jobs.get(job).progress > 0, 30)


def working(wb: Workbench, project: int, episode: int) -> None:
    """Something at work while the picture is taken."""
    start_all(wb, "generate_episode_scene_list", [episode])
    start_all(wb, "generate_scene_anchor", [n.id for n in nodes(wb, project, "scene")[12:24]])
    until(lambda: wb.jobs.list(state="running"), 30)


def services(wb: Workbench, story: dict[str, int]) -> None:
    """Two services that share the work, and budgets that are partly used."""
    prices = {"deepseek-chat": {"currency": "CNY", "input": 2, "cached": 0.2, "output": 3}}
    wb.profiles.add(
        "ark", "ark", text_model="doubao-seed-1-6-250615", image_model="doubao-seedream-4-0-250828",
        video_model="doubao-seedance-1-0-pro-250528", key="not-a-real-key-of-ark", concurrency=4,
    )  # fmt: skip
    wb.profiles.add("llama.cpp", "openai", base_url="http://127.0.0.1:8080/v1", text_model="qwen3-8b")
    wb.profiles.add(
        "deepseek", "openai", base_url="https://api.deepseek.com", text_model="deepseek-chat",
        key="not-a-real-key-at-all",
        image_profile="ark", video_profile="ark", fallback=["llama.cpp"], rpm=60, tpm=90_000,
        params={"temperature": 1.1, "prices": prices},
    )  # fmt: skip
    wb.budgets.set(500_000_000, currency="CNY")
    wb.webhooks.add("https://open.feishu.cn/open-apis/bot/v2/hook/not-a-real-one", form="feishu", lang="zh")
    wb.webhooks.add("https://films.example.com/reelwright", events=["job.succeeded", "job.failed"])
    with wb.database.read() as conn:
        spent = conn.execute(text("SELECT max(cost_micros) FROM model_call")).scalar_one() or 1_000
    for project in story.values():
        wb.budgets.set(max(int(spent) * 4, 1_000), currency="CNY", project_id=project, period="all")


def main(folder: Path, only: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="reelwright pictures ") as home,
        ScriptedProvider() as provider,
        browser() as chrome,
    ):
        with stack(Path(home), simulate="latency_ms=700,failure_rate=0.22") as made:
            story = {lang: tell(made.wb, name) for lang, name in STORIES.items()}
            chat(made.wb, provider)
            timeline = long_plan(made.wb)
            spread(made.wb, {timeline})
        with stack(Path(home)) as made:
            for project in story.values():
                storyboard(made.wb, project)
                drama(made.wb, project)
                first, second, *_ = first_scenes(made.wb, project)
                run(made.wb, "generate_scene_video", first, {"seconds": 4})
                run(made.wb, "rank_keyframe_candidates", second, {"keys": ["KF3"], "candidates": 3})
                run(made.wb, "generate_character_sheet", nodes(made.wb, project, "character")[0].id)
            services(made.wb, story)
        with stack(Path(home), simulate="latency_ms=14000") as made:
            gallery(made, chrome, story, timeline, folder, only)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER, sys.argv[2:])
