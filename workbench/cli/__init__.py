"""The command line. One file per command group, imported when its command is used.

stdout carries results, and JSON alone under --json; everything said along the way goes to stderr.
Exit codes: 0 done, 1 the work failed, 2 usage or refused input, with the reason in one line.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
from typing import Any

import click

from workbench.cli import console
from workbench.errors import ReelwrightError, Refused
from workbench.i18n import N_, Text

#: command → (module below workbench.cli, what it does)
COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("up", N_("Start everything and print the address.")),
    "worker": ("worker", N_("Run one worker process.")),
    "web": ("web", N_("Run the web pages alone.")),
    "doctor": ("doctor", N_("Say what is wrong with this installation and what to do.")),
    "logs": ("logs", N_("Show what the parts of this installation printed.")),
    "demo": ("demo", N_("Make the first episode of a sample story in the terminal.")),
    "projects": ("projects", N_("Create, list and look into projects.")),
    "workflows": ("workflows", N_("List what can be made.")),
    "submit": ("submit", N_("Ask for one job.")),
    "jobs": ("jobs", N_("List, show, watch, cancel, retry and replay jobs.")),
    "bundles": ("bundles", N_("Make a file of a failed job, and run it again offline.")),
    "artifacts": ("artifacts", N_("Show what was made.")),
    "handoff": ("handoff", N_("Write a storyboard, a shot list, a screenplay or subtitles into a file.")),
    "profiles": ("profiles", N_("Add, change, test and list model services.")),
    "keys": ("keys", N_("Replace the master key that seals the stored keys.")),
    "media": ("media", N_("Sweep pictures and clips that nothing refers to.")),
    "prune": ("prune", N_("Remove whole old jobs; what they made and cost stays.")),
    "seed-history": ("seed_history", N_("Make up a history, to try the pages with a million jobs.")),
    "budgets": ("budgets", N_("Set and show what may be spent.")),
    "alerts": ("alerts", N_("Be told of a day's spending, failures, queues and workers.")),
    "usage": ("usage", N_("Export what was used and what it cost.")),
    "webhooks": ("webhooks", N_("Tell another program or a chat of jobs and budgets.")),
    "new-workflow": ("new_workflow", N_("Write a new workflow with its prompts and its test.")),
}


class _Commands(click.Group):
    """Imports a command's module only when it is called, so that commands which read start fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"workbench.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(console.localize(N_("Commands"))):
            formatter.write_dl([(name, console.localize(what)) for name, (_, what) in COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="reelwright", prog_name="reelwright")
def root() -> None:
    """Reelwright: from a story brief to episodes, scenes and anchors."""


def main(arguments: list[str] | None = None) -> None:
    """The console script; always ends the process with one of the exit codes above."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Like `main`, but returns the exit code."""
    try:
        returned: Any = root.main(args=arguments, prog_name="reelwright", standalone_mode=False)
        return returned if isinstance(returned, int) else 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        told = io.StringIO()
        error.show(told)
        console.print_plain(told.getvalue().rstrip("\n"), err=True)
        return 2
    except (KeyboardInterrupt, click.Abort):
        return 130
    except BrokenPipeError:
        # The reader (head, less) has seen enough; the interpreter must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ReelwrightError as error:
        console.complain(error)
        return 2 if isinstance(error, Refused) else 1
    except Exception as error:
        if os.environ.get("REELWRIGHT_LOG_LEVEL", "").lower() == "debug":
            raise
        from workbench.security.redact import redactor

        where = redactor.text(f"{type(error).__name__}: {str(error).strip() or '—'}").splitlines()[0]
        console.say(Text("Bug in Reelwright: {error}. REELWRIGHT_LOG_LEVEL=debug shows the traceback.", error=where))
        return 1
