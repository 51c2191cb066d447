"""What people search jobs by: any part of a title, payload, error, prompt or answer, in any language; titles and errors
in each language that pages say them in.

An ended job's words are written into an index of groups of three characters (SQLite: FTS5's trigrams; PostgreSQL: a
tsvector whose lexemes are these groups, see ADR 0047); of the few that are at work the words themselves are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select, column, func, select, table
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from workbench.db.schema import job_text
from workbench.errors import InvalidInput, Issue
from workbench.i18n import N_, Text
from workbench.json_types import Json
from workbench.plain_text import storable

#: the index's own table, of another kind on each database; `job_words_*` are its parts
INDEX = "job_words"
#: a longer needle is refused: neighbouring parts of a text share no more
LONGEST = 400
#: PostgreSQL's index takes so many characters at a time; two neighbours share `LONGEST` of them
_PART = 16_000
#: behind a text's end, so that its last one and two characters begin a group of three as well
END = "\n\n"
#: a needle that more groups begin with is in so many texts that these are read one after the other
_MOST_GROUPS = 300
#: of so many of the newest texts, one in so many: PostgreSQL's index would collect all that say it before the first
_ASKED, _COMMON = 400, 20
_BLANKS = re.compile(r"[ \t\r\n\f\v\u00a0\u3000]+")

#: on SQLite
trigrams = table(INDEX, column("rowid"), column(INDEX), column("body"))
_terms = table("job_words_terms", column("term"))
#: on PostgreSQL
lexemes = table(INDEX, column("job_id"), column("part"), column("grams"))


def index_statements(dialect: str) -> list[str]:
    """What makes the index; `schema` declares everything else."""
    if dialect == "sqlite":
        return [
            f"CREATE VIRTUAL TABLE {INDEX} USING fts5(body, content='', columnsize=0, tokenize='trigram')",
            f"CREATE VIRTUAL TABLE job_words_terms USING fts5vocab({INDEX}, 'row')",
        ]
    return [
        f"CREATE TABLE {INDEX} (job_id BIGINT NOT NULL, part INTEGER NOT NULL, grams TSVECTOR NOT NULL, "
        "PRIMARY KEY (job_id, part))",
        f"CREATE INDEX ix_job_words_grams ON {INDEX} USING gin (grams)",
    ]


def fold(words: str) -> str:
    """Without the difference of capitals, with one blank for any number of blanks and line ends."""
    return _BLANKS.sub(" ", storable(words)).casefold()


def needle_of(typed: str | None) -> str:
    """What to look for; empty: nothing was typed. Raises InvalidInput for more than can be looked for."""
    needle = fold(typed or "").strip()
    if len(needle) > LONGEST:
        text = Text(
            N_("Search for at most {n} characters; these are {count}."), n=LONGEST, count=f"{len(needle):,}"
        )  # fmt: skip
        raise InvalidInput(text, [Issue("text", text)])
    return needle


def body_of(titles: Iterable[str], payload: str, errors: Iterable[str], calls: list[tuple[Json, str | None]]) -> str:
    """All that a job is found by, folded, a line each. `titles`, `errors`: in each language; `payload`: as JSON text;
    `calls`: (prompt, answer)."""
    parts = [*titles, *_with_decoded(payload), *errors]
    said: dict[str, None] = {}
    for prompt, answer in calls:
        # a repair repeats the conversation
        said.update(dict.fromkeys(_strings(prompt)))
        parts += _with_decoded(answer or "")
    return "\n".join(fold(part) for part in (*parts, *said) if part)


def _with_decoded(words: str) -> Iterator[str]:
    """A text, and what stands in it in JSON's escapes as people read it."""
    yield words
    if "\\" in words:
        try:
            decoded = json.loads(words)
        except ValueError:
            return
        yield "\n".join(_strings(decoded))


def _strings(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            if key != "role":
                yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)


def parts_of(body: str, dialect: str) -> list[str]:
    """A body as the index takes it."""
    if dialect == "sqlite":
        return [body]
    return [body[at : at + _PART + LONGEST] for at in range(0, max(1, len(body)), _PART)]


def grams_of(words: str) -> list[str]:
    """Its groups of three characters, each once."""
    return list({words[at : at + 3] for at in range(len(words) - 2)})


def lexemes_of(part: str) -> str:
    """A part of a body as a tsvector's text."""
    return " ".join(map(_lexeme, grams_of(part + END)))


class says_it(FunctionElement[int]):
    """says_it(body, needle): 1 when the needle stands in it, else 0."""

    type = sa.Integer()
    inherit_cache = True


@compiles(says_it, "sqlite")
def _sqlite_says(element: Any, compiler: Any, **kw: Any) -> str:
    return f"reelwright_says({', '.join(compiler.process(clause, **kw) for clause in element.clauses)})"


@compiles(says_it, "postgresql")
def _postgres_says(element: Any, compiler: Any, **kw: Any) -> str:
    return f"sign(strpos({', '.join(compiler.process(clause, **kw) for clause in element.clauses)}))"


def stream(conn: Connection, needle: str) -> ColumnElement[bool] | None:
    """On SQLite, what `trigrams` is asked for a needle, by row id: a job's id; read newest first it stops when a page
    is full. None on PostgreSQL, and for so short and common a needle that its groups are too many."""
    phrases = _phrases(conn, needle) if conn.dialect.name == "sqlite" else None
    return None if phrases is None else sa.literal_column(INDEX).op("MATCH", is_comparison=True)(phrases)


def matching_ids(conn: Connection, needle: str, lowest: int = 0) -> Select[tuple[int]]:
    """The ended jobs from an id on that are filed and in whose words a needle stands."""
    # in figures: a plan that PostgreSQL has made for any id looks at all jobs that ever said it
    first = sa.literal(lowest, sa.BigInteger(), literal_execute=True)
    if conn.dialect.name == "sqlite":
        matches = stream(conn, needle)
        if matches is None:
            own = select(job_text.c.job_id).where(job_text.c.job_id >= first)
            return own.where(says_it(job_text.c.body, needle) == 1)
        return select(trigrams.c.rowid).where(matches, trigrams.c.rowid >= first)
    same_part = (lexemes.c.job_id == job_text.c.job_id) & (lexemes.c.part == job_text.c.part)
    has_grams = lexemes.c.grams.op("@@")(sa.cast(_query(needle), TSQUERY))
    return (
        select(job_text.c.job_id)
        .join(lexemes, same_part)
        .where(has_grams, lexemes.c.job_id >= first, func.strpos(job_text.c.body, needle) > 0)
    )


def says(job_id: ColumnElement[int], needle: str) -> ColumnElement[bool]:
    """The same, asked of one job after the other: for a needle that so many say that a page is soon full."""
    has = says_it(job_text.c.body, needle)
    # an aggregate: PostgreSQL makes no join of it
    return select(func.max(has)).where(job_text.c.job_id == job_id).scalar_subquery() == 1


def is_common(conn: Connection, needle: str) -> bool:
    """Whether so many say it that they are better asked one after the other, newest first."""
    if conn.dialect.name == "sqlite":
        return _phrases(conn, needle) is None
    newest = select(job_text.c.body).order_by(job_text.c.job_id.desc()).limit(_ASKED).subquery()
    said = conn.execute(select(func.count()).where(func.strpos(newest.c.body, needle) > 0)).scalar_one()
    return bool(said * _COMMON > _ASKED)


def _phrases(conn: Connection, needle: str) -> str | None:
    """FTS5's words for it. Of fewer than three characters: any group that begins with them; None: of too many."""
    if len(needle) > 2:
        return _quoted(needle)
    begins = (_terms.c.term >= needle) & (_terms.c.term < needle + "\U0010ffff")
    terms = conn.scalars(select(_terms.c.term).where(begins).limit(_MOST_GROUPS + 1)).all()
    if len(terms) > _MOST_GROUPS:
        return None
    # of none: what no text has
    return " OR ".join(map(_quoted, terms)) or _quoted(needle + "\x01")


def _quoted(words: str) -> str:
    return '"' + words.replace('"', '""') + '"'


def _query(needle: str) -> str:
    """PostgreSQL's words for it: all of its groups, or any group that begins with it."""
    if len(needle) < 3:
        return f"{_lexeme(needle)}:*"
    return " & ".join(map(_lexeme, grams_of(needle)))


def _lexeme(words: str) -> str:
    return "'" + words.replace("\\", "\\\\").replace("'", "''") + "'"
