"""Is every interface string translated? ``python -m workbench.locale.check``; ``--update`` writes what is missing.

Strings are taken from the code without running it, the catalogue is read and written with Babel. A missing translation,
other ``{fields}`` than in the English sentence, one that is more than a name and an entry that no code uses any more
all fail.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from workbench.i18n import FIELD, LOCALE_DIR

ROOT = LOCALE_DIR.parent.parent
SOURCES = ("workbench", "pages", "app.py")
#: functions whose first argument is interface text
KEYWORDS = frozenset(("_", "N_", "Text", "t"))
LANGUAGE = "zh"
#: what `str.format` takes for a field and a sentence here does not; an example of JSON begins with a quote
_OTHER_FIELD = re.compile(r"\{[\w}]")


def catalogue_path(language: str = LANGUAGE) -> Path:
    return LOCALE_DIR / language / "LC_MESSAGES" / "reelwright.po"


def _messages(root: Path) -> Iterable[tuple[str, int, str]]:
    """File (relative to root), line and string of each message in the sources.

    Read from the syntax tree: Babel's own extractor works on tokens and misses calls inside f-strings before 3.12.
    """
    for source in SOURCES:
        place = root / source
        for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and _name(node.func) in KEYWORDS and node.args:
                    for literal in _literals(node.args[0]):
                        yield path.relative_to(root).as_posix(), literal.lineno, str(literal.value)


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _literals(argument: ast.expr) -> Iterable[ast.Constant]:
    """The string itself, or both strings of ``t("a" if x else "b")``."""
    if isinstance(argument, ast.IfExp):
        yield from _literals(argument.body)
        yield from _literals(argument.orelse)
    elif isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument


def extract_messages(root: Path = ROOT) -> dict[str, list[str]]:
    """English string → places that use it."""
    found: dict[str, list[str]] = {}
    for file, line, msgid in _messages(root):
        # "{message}" and the like carry text made elsewhere: there is nothing to say in another language.
        if msgid.strip() and not _only_fields(msgid):
            found.setdefault(msgid, []).append(f"{file}:{line}")
    return found


def _only_fields(msgid: str) -> bool:
    return not any(c.isalpha() for c in FIELD.sub("", msgid))


def fields(text: str) -> set[str]:
    """Names of the ``{fields}`` in a sentence."""
    return set(FIELD.findall(text))


def load(path: Path) -> Catalog:
    if not path.exists():
        return Catalog(locale=LANGUAGE, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=LANGUAGE)


def problems(found: dict[str, list[str]], catalogue: Catalog) -> list[str]:
    """Everything wrong with a catalogue, one line each."""
    known = {str(m.id): str(m.string) for m in catalogue if m.id}
    lines = []
    for msgid, places in sorted(found.items()):
        translation = known.get(msgid, "")
        if not translation:
            lines.append(f"{places[0]}: no translation of {msgid!r}")
        elif fields(msgid) != fields(translation):
            lines.append(f"{places[0]}: fields differ in {msgid!r}: {sorted(fields(msgid) ^ fields(translation))}")
        if _OTHER_FIELD.search(FIELD.sub("", msgid + translation)):
            lines.append(f"{places[0]}: a field is a name alone in {msgid!r}")
    lines += [f"obsolete: {msgid!r}" for msgid in sorted(set(known) - set(found))]
    return lines


def update(found: dict[str, list[str]], path: Path) -> None:
    """Write the catalogue anew: old translations kept, new strings empty, unused ones dropped."""
    known = {str(m.id): str(m.string) for m in load(path) if m.id}
    made = Catalog(locale=LANGUAGE, project="reelwright", fuzzy=False, header_comment="# Reelwright in Chinese.")
    # a date of its own for each update would be a conflict in every merge
    made.creation_date = load(path).creation_date
    for msgid in sorted(found):
        made.add(msgid, known.get(msgid, ""))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, made, width=0, sort_output=True, omit_header=False)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m workbench.locale.check", description=__doc__)
    parser.add_argument("--update", action="store_true", help="add new strings, drop unused ones")
    options = parser.parse_args(arguments)
    found, path = extract_messages(), catalogue_path()
    if options.update:
        update(found, path)
    wrong = problems(found, load(path))
    print("\n".join(wrong) or f"{len(found)} strings, all translated", file=sys.stderr if wrong else sys.stdout)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
