"""A story in a database of its own, in a transaction that a test goes on writing in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from workbench import samples
from workbench.api.client import Workbench
from workbench.db.reads import story as reads
from workbench.settings import Settings


@pytest.fixture
def conn(settings: Settings) -> Iterator[Connection]:
    with Workbench.open(settings, send=lambda ids: None) as wb:
        wb.create_project(samples.load("gift-of-the-magi.en"))
        with wb.database.write() as conn:
            yield conn


@pytest.fixture
def project(conn: Connection) -> int:
    return reads.list_projects(conn)[0].id
