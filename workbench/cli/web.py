"""`reelwright web`: the pages alone, and what may not be served."""

from __future__ import annotations

import errno
import os
import socket

import click

from workbench.cli.supervisor import app_path, environment, web_command
from workbench.errors import NotAllowed
from workbench.health import prepare_home
from workbench.i18n import Text
from workbench.security import door
from workbench.settings import Settings


@click.command()
@click.option("--port", default=8501, type=click.IntRange(1, 65535), show_default=True, help="Port of the page.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; this machine only.")
def command(port: int, host: str) -> int:
    """Run the web pages alone."""
    settings = Settings.load()
    door.refuse_other_machines(host)
    refuse_taken_port(host, port)
    prepare_home(settings)
    # .streamlit/config.toml is read from the folder the server starts in.
    os.chdir(app_path().parent)
    arguments = web_command(host, port)
    os.execve(arguments[0], arguments, environment(settings))


def refuse_taken_port(host: str, port: int) -> None:
    """Raises NotAllowed when another program listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise NotAllowed(
                    Text(
                        "{host}:{port} cannot be used: {reason}",
                        host=host,
                        port=str(port),
                        reason=error.strerror or str(error),
                    )
                ) from error
            raise NotAllowed(
                Text(
                    "Port {port} is in use. Stop what uses it, or choose another: --port {other}",
                    port=str(port),
                    other=str(port % 65535 + 1),
                )
            ) from error
