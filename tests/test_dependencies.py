"""What is imported is declared, what is declared is needed, and each package's licence is known."""

from __future__ import annotations

import ast
import importlib.metadata
import runpy
import sys
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
#: not imported by name, and needed all the same
THROUGH_OTHERS = {
    # SQLAlchemy loads it for postgresql://
    "psycopg",
}
#: part of another one, which asks for it in just the version that it needs
BELONGS_TO = {"pydantic_core": "pydantic"}
#: what a package under MIT may need, and its users pass on
PERMISSIVE = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0",
    "PSF-2.0", "Zlib",
}  # fmt: skip
#: used as libraries that anybody can replace; docs/licences.md says what that asks of images
LESSER = {"dramatiq", "fpdf2", "psycopg", "psycopg-binary", "psycopg-pool"}


def imported() -> set[str]:
    """The modules from elsewhere that what is installed imports, functions included."""
    files = [ROOT / "app.py"]
    for package in ("workbench", "actors", "pages"):
        files += (ROOT / package).rglob("*.py")
    names: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names - {"workbench", "actors", "pages", "app"}


def project() -> dict[str, Any]:
    read: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return read


def names_of(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


def declared() -> set[str]:
    return names_of(project()["dependencies"])


def extras() -> set[str]:
    """What is used where it is installed."""
    optional = project()["optional-dependencies"]
    return set().union(*(names_of(optional[extra]) for extra in optional if extra != "dev"))


def test_what_is_imported_is_a_dependency_and_every_dependency_is_needed() -> None:
    distributions = importlib.metadata.packages_distributions()
    modules = {BELONGS_TO.get(name, name) for name in imported()}
    offered = {name: {canonicalize_name(d) for d in distributions.get(name, [])} for name in modules}
    assert {name for name, own in offered.items() if not own & (declared() | extras())} == set()
    used = set().union(*offered.values())
    assert declared() - used - THROUGH_OTHERS == set()


def test_the_page_of_licences_names_every_package_of_the_lock() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "licences.py"))
    page = (ROOT / "docs" / "licences.md").read_text("utf-8")
    assert tool["BEGIN"] + tool["render"]() + tool["END"] in page, "run: python tools/licences.py"


def test_whatever_is_needed_to_run_may_be_passed_on() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "licences.py"))
    for package in tool["needed_to_run"]() & set(tool["packages_of_lock"]()):
        choices = [set(choice.split(" AND ")) for choice in tool["licence_of"](package).split(" OR ")]
        assert package in LESSER or any(choice <= PERMISSIVE for choice in choices), (package, choices)
