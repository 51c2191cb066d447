"""Unpacks a home of 0.3.0 as if it had been left a minute ago."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

from sqlalchemy import BigInteger, create_engine, inspect, text

FOLDER = Path(__file__).parent
#: what each row of the homes is, by id
NAMES: dict[str, int] = json.loads((FOLDER / "names.json").read_text("utf-8"))
#: the keys that their profiles seal
KEY = "sk-home-of-0-3-0-0123456789abcdef"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LEFT_MS_AGO = 60_000


def unpack(home: Path, empty_database_url: str) -> str:
    """Put the home of this database's kind at `home`; returns the address of its database."""
    kind = empty_database_url.partition(":")[0]
    with tarfile.open(FOLDER / f"{kind}.tar.gz") as packed:
        packed.extractall(home, filter="data")
    if kind == "sqlite":
        url = f"sqlite:///{home / 'reelwright.db'}"
        _move_to_today(url)
        return url
    driver = empty_database_url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(driver)
    with engine.begin() as conn:
        # a later server may not know a setting of the dump
        sql = "\n".join(line for line in _lines(home / "dump.sql") if not line.startswith("SET "))
        conn.exec_driver_sql(sql.replace("%", "%%"))
    engine.dispose()
    _move_to_today(driver)
    return empty_database_url


def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8").splitlines()


def _move_to_today(url: str) -> None:
    """Move every time by as much: otherwise deadlines pass and histories are pruned as the recording grows old."""
    engine = create_engine(url)
    with engine.begin() as conn:
        now = "CAST(strftime('%s', 'now') AS INTEGER) * 1000" if conn.dialect.name == "sqlite" else (
            "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"
        )  # fmt: skip
        newest = "(SELECT max(at) FROM job_event)"
        by = conn.execute(text(f"SELECT {now} - {newest} - {LEFT_MS_AGO}")).scalar_one()
        for table in inspect(conn).get_table_names():
            times = [
                c["name"]
                for c in inspect(conn).get_columns(table)
                if isinstance(c["type"], BigInteger) and (c["name"] == "at" or c["name"].endswith(("_at", "_until")))
            ]
            if times:
                conn.execute(text(f"UPDATE {table} SET " + ", ".join(f"{t} = {t} + :by" for t in times)), {"by": by})
    engine.dispose()
