"""Pictures of the pages with a long history, for docs/pictures/history:
``python -m tests.browser.history_pictures HOME [FOLDER [PAGE…]]``.

`HOME` is one that ``reelwright seed-history`` has filled. Both languages, both themes, a desk and a telephone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.screenshots import FOLDER, shoot
from tests.browser.stack import STILL, Stack, browser, stack
from workbench.api.client import Workbench

WIDTHS = {1440: 1000, 420: 900}
LOCALES = {"en": "en-US", "zh": "zh-CN"}


def pages(wb: Workbench) -> Iterator[tuple[str, str]]:
    """Those that show what has happened."""
    failed = wb.jobs.list(state="failed", limit=1)[0]
    yield "projects", "/"
    yield "jobs", "/jobs"
    yield "job", f"/job?id={failed.id}"
    yield "debug", "/debug?period=all"
    yield "analytics", "/analytics?days=90"
    yield "models", "/models"
    yield "settings", "/settings"


def take(made: Stack, chrome: Browser, folder: Path, only: list[str]) -> None:
    for lang, locale in LOCALES.items():
        for theme in ("light", "dark"):
            for width, height in WIDTHS.items():
                context = chrome.new_context(
                    viewport={"width": width, "height": height}, color_scheme=theme, locale=locale,
                    timezone_id="Asia/Shanghai", **STILL,
                )  # fmt: skip
                context.set_default_timeout(300_000)
                made.let_in(context)
                for name, path in pages(made.wb):
                    if not only or name in only:
                        page = context.new_page()
                        shoot(page, made.url + path, folder / f"{name}-{theme}-{width}-{lang}.png")
                        page.close()
                context.close()


def main() -> None:
    home, *rest = sys.argv[1:]
    folder = Path(rest[0]) if rest else FOLDER / "history"
    folder.mkdir(parents=True, exist_ok=True)
    with stack(Path(home)) as made, browser() as chrome:
        take(made, chrome, folder, rest[1:])


if __name__ == "__main__":
    main()
