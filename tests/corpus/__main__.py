"""Run the corpus: how many contradictions of each kind, then each of them.

python -m tests.corpus [--kind KIND] [--sheets FOLDER] [STORY ...]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.corpus.checks import KINDS, Contradiction, check, count, place_scenes
from tests.corpus.making import Made, NotMade, Scene, make, open_engine
from tests.corpus.sheets import contact_sheet
from tests.corpus.stories import Story, load_all
from tests.engine.conftest import Engine


def main() -> int:
    """0 when nothing contradicts, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__.splitlines()[0])
    parser.add_argument("stories", nargs="*", metavar="STORY", help="names of files in tests/corpus/stories; all")
    parser.add_argument("--kind", action="append", choices=KINDS, help="list these alone")
    parser.add_argument("--sheets", type=Path, help="a folder for a contact sheet of each story")
    asked = parser.parse_args()
    stories = [s for s in load_all() if not asked.stories or s.name in asked.stories]
    begun = time.monotonic()
    found: list[Contradiction] = []
    with tempfile.TemporaryDirectory() as home, open_engine(Path(home)) as engine:
        for story in stories:
            found += _run(story, engine, asked.sheets)
    for contradiction in found:
        if not asked.kind or contradiction.kind in asked.kind:
            print(contradiction)
    print("\n" + "\n".join(f"{number:6} {kind}" for kind, number in count(found).items() if number))
    print(f"{len(found):6} contradictions in {len(stories)} stories; {time.monotonic() - begun:.0f} s")
    return 1 if found else 0


def _run(story: Story, engine: Engine, sheets: Path | None) -> list[Contradiction]:
    try:
        made = make(story, engine)
    except NotMade as failure:
        return [Contradiction("failed", story.name, "a job", str(failure))]
    if sheets is not None:
        sheets.mkdir(parents=True, exist_ok=True)
        contact_sheet(story.title, _telling(made)).save(sheets / f"{story.name}.png", optimize=True)
    found = check(made)
    print(f"{story.name}: {len(found)}", file=sys.stderr)
    return found


def _telling(made: Made) -> Scene:
    """The scene whose moment has the most facts."""
    placed = [p for p in place_scenes(made) if p.moments]
    best = max(
        placed, key=lambda p: sum(bool(v) for v in (p.moments[0].place, p.moments[0].time, p.moments[0].weather))
    )
    return best.scene


if __name__ == "__main__":
    sys.exit(main())
