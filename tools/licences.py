"""Write the table of docs/licences.md: every package of requirements.lock, what needs it, and its licence.

    .venv/bin/python tools/licences.py

Licences are read from the installed packages' metadata, as SPDX names. Where the metadata is vague, or the package is
for another platform and not installed here, CORRECTED says what its own licence file says.
"""

from __future__ import annotations

import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "licences.md"
BEGIN, END = "<!-- table: python tools/licences.py -->\n", "<!-- end of table -->\n"

#: what the metadata's words mean
WORDS = {
    "Apache 2.0": "Apache-2.0", "Apache License 2.0": "Apache-2.0", "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0", "BSD 2-Clause License": "BSD-2-Clause",
    "3-Clause BSD License": "BSD-3-Clause", "MIT License": "MIT", "The MIT License (MIT)": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
}  # fmt: skip
#: where Reelwright runs
PLACES = [
    {"sys_platform": platform, "platform_system": system, "python_version": full[:4], "python_full_version": full}
    for platform, system in (("linux", "Linux"), ("darwin", "Darwin"))
    for full in ("3.11.0", "3.12.0", "3.14.0")
]
CORRECTED = {
    "altair": "BSD-3-Clause", "anyascii": "ISC", "async-timeout": "Apache-2.0", "axe-playwright-python": "MIT",
    "colorama": "BSD-3-Clause", "defusedxml": "PSF-2.0",
    "httpx2-jsfetch": "BSD-3-Clause", "itsdangerous": "BSD-3-Clause", "jinja2": "BSD-3-Clause",
    "pyasn1-modules": "BSD-2-Clause", "pypdfium2": "BSD-3-Clause OR Apache-2.0",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause", "s3fs": "BSD-3-Clause",
    "tzdata": "Apache-2.0", "xllamacpp": "MIT",
}  # fmt: skip


def packages_of_lock() -> list[str]:
    """Every package that the lock names, for whatever platform."""
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    return sorted({canonicalize_name(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)})


def licence_of(package: str) -> str:
    """The SPDX expression. Raises LookupError when neither the metadata nor CORRECTED says."""
    if package in CORRECTED:
        return CORRECTED[package]
    told = importlib.metadata.metadata(package)
    classifiers = [c.rpartition(" :: ")[2] for c in told.get_all("Classifier") or [] if c.startswith("License ::")]
    words = [told.get("License-Expression"), *(told.get("License") or "").strip().splitlines()[:1], *classifiers]
    for word in filter(None, words):
        if word in WORDS or re.fullmatch(r"[A-Za-z0-9.\-]+( (AND|OR) [A-Za-z0-9.\-]+)*", word):
            return WORDS.get(word, word)
    raise LookupError(f"{package}: {words}; add it to CORRECTED")


def needed_to_run() -> set[str]:
    """The packages that Reelwright needs outside of tests, those of its extra `s3` among them, with all they need."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    open_ = [Requirement(r) for r in [*project["dependencies"], *project["optional-dependencies"]["s3"]]]
    needed: set[str] = set()
    seen: set[tuple[str, frozenset[str]]] = set()
    while open_:
        requirement = open_.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        needed.add(name)
        try:
            below = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # for another platform
        for text in below:
            part = Requirement(text)
            if part.marker is None or any(
                part.marker.evaluate({"extra": extra, **place}) for extra in ["", *extras] for place in PLACES
            ):
                open_.append(part)
    return needed


def render() -> str:
    """The table in Markdown."""
    needed = needed_to_run()
    rows = [(name, licence_of(name), name in needed) for name in packages_of_lock()]
    lines = ["| package | licence | needed |", "| --- | --- | --- |"]
    lines += [f"| {name} | {licence} | {'always' if always else 'tests'} |" for name, licence, always in rows]
    return "\n".join(lines) + "\n"


def main() -> int:
    page = PAGE.read_text("utf-8")
    before, rest = page.split(BEGIN)
    PAGE.write_text(before + BEGIN + render() + END + rest.split(END)[1], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
