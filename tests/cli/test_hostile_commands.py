"""Every command with what a shell can hand over: an exit code, a sentence, and nothing that a terminal would obey."""

from __future__ import annotations

import ast
import contextlib
import io
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import hostile
from workbench import cli
from workbench.api.client import Workbench
from workbench.settings import Settings

#: they run until they are stopped, call out, or write into the code
LASTING = {"up", "web", "worker", "demo", "logs", "new-workflow", "profiles test", "webhooks test", "keys rotate"}
ADD_PROFILE = ["profiles", "add", "x", "--text-model", "m", "--key-env"]
PRINTS = ("click.echo", "print", "sys.stdout.write", "sys.stderr.write")
STEERING = ("\x1b", "\x07", "\x9b", "\u202e")


def commands() -> list[str]:
    """Every command that answers and ends, by its words."""
    names = []
    for name in cli.COMMANDS:
        command = cli.root.get_command(click.Context(cli.root), name)
        if isinstance(command, click.Group):
            names += [f"{name} {below}" for below in command.list_commands(click.Context(command))]
        else:
            names.append(name)
    return [name for name in names if name not in LASTING]


def find(name: str) -> click.Command:
    command: Any = cli.root
    for word in name.split():
        command = command.get_command(click.Context(command), word)
    assert isinstance(command, click.Command)
    return command


@pytest.fixture
def home(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a project whose title steers terminals, and a job."""
    import shutil

    shutil.copyfile(sqlite_template, tmp_path / "reelwright.db")
    for name, value in (("REELWRIGHT_HOME", str(tmp_path)), ("REELWRIGHT_LANG", "en"), ("EMPTY", "")):
        monkeypatch.setenv(name, value)
    with Workbench.open(Settings.load(), send=lambda ids: None) as wb:
        title = "A\x1b[2J\x07\x9b\u202e"
        wb.create_project({"title": title, "language": "en", "summary": "S" * 200, "style": {"preset": "anime"}})
        wb.submit("llm_chat", None, {"messages": [{"role": "user", "content": "a\x1b]0;b\x07"}]})
    return tmp_path


def run(arguments: list[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run(arguments)
    return code, out.getvalue(), err.getvalue()


def arguments_of(command: click.Command) -> st.SearchStrategy[list[str]]:
    typed = st.sampled_from((*hostile.TEXTS, "1", "2", "{}", "mine", "brief")) | st.integers().map(str)
    typed = typed | st.just('{"a": ' + "[" * 10_000 + "]" * 10_000 + "}") | st.text(max_size=8)
    parts: list[st.SearchStrategy[list[str]]] = []
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name != "help":
            flag = max(parameter.opts, key=len)
            option = st.just([flag]) if parameter.is_flag else typed.map(lambda value, flag=flag: [flag, value])
            parts.append(option if parameter.required else st.just([]) | option)
    count = sum(isinstance(parameter, click.Argument) for parameter in command.params)
    words = st.lists(typed, min_size=count, max_size=count).map(lambda values: ["--", *values])
    return st.tuples(*parts, words).map(lambda pieces: [word for piece in pieces for word in piece])


@pytest.mark.parametrize("name", commands())
def test_no_command_ends_in_a_bug_or_steers_the_terminal(home: Path, name: str) -> None:
    @settings(max_examples=8, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(arguments_of(find(name)))
    def fuzz(arguments: list[str]) -> None:
        code, out, err = run([*name.split(), *arguments])
        assert code in (0, 1, 2), err
        assert "Bug in Reelwright" not in err
        assert "Traceback" not in err
        assert not any(mark in out + err for mark in STEERING)
        (out + err).encode()

    fuzz()


@pytest.mark.parametrize("as_json", [[], ["--json"]], ids=["table", "json"])
@pytest.mark.parametrize(
    "command", ["projects list", "projects tree 1", "jobs list", "jobs show 1", "artifacts show 1 brief"]
)
def test_what_a_story_holds_never_steers_the_terminal(home: Path, command: str, as_json: list[str]) -> None:
    code, out, err = run([*command.split(), *as_json])
    assert code == 0, err
    assert not any(mark in out + err for mark in STEERING)


@pytest.mark.parametrize(
    "typed", ["AKIAIOSFODNN7EXAMPLE", "sk_live_51Habcdefgh", "hf_abcdefghijklmnopqrst", "deadbeefdeadbeef", "Hunter2"]
)
@pytest.mark.parametrize("command", [ADD_PROFILE, ["webhooks", "add", "--url-env"]])
def test_a_secret_typed_where_its_variable_belongs_is_not_repeated(home: Path, command: list[str], typed: str) -> None:
    code, out, err = run([*command, typed])
    assert code == 2
    assert typed not in out + err


def test_a_variable_that_is_empty_is_named(home: Path) -> None:
    for name in ("EMPTY", "ARK_API_KEY"):
        assert name in run([*ADD_PROFILE, name])[2]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hush-hush@127.0.0.1:1/x",
        "postgresql://me:hush@hush@127.0.0.1:1/x",
        "postgresql://me:12/hush-hush@127.0.0.1:1/x",
        "postgresql://me@127.0.0.1:1/x?password=hush-hush",
        "mysql://me:hush-hush@h/x",
        "postgresql://me:hush-hush@127.0.0.1:99999/x",
        "postgresql:/me:hush-hush@h/x",
    ],
)
@pytest.mark.parametrize("command", [["doctor"], ["jobs", "list"], ["projects", "list", "--json"]])
def test_a_password_in_an_address_is_not_repeated(
    home: Path, monkeypatch: pytest.MonkeyPatch, url: str, command: list[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    code, out, err = run(command)
    assert code in (1, 2)
    assert "hush" not in out + err
    assert "Bug in Reelwright" not in out + err


def test_commands_print_through_the_console_alone() -> None:
    """Whatever is printed past it could be obeyed by a terminal."""
    folder = Path(cli.__file__).parent
    past = [
        f"{path.name}:{node.lineno}"
        for path in folder.glob("*.py")
        if path.name != "console.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in PRINTS
    ]
    assert past == []
