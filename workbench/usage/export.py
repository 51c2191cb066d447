"""The ledger as a file for accounts: CSV, Parquet and XLSX with the same columns, written a batch at a time."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, NamedTuple

from workbench.db.rows.exports import LedgerEntry, amount
from workbench.i18n import N_, Text, translate
from workbench.plain_text import cell, storable
from workbench.security.redact import redactor

FormName = Literal["csv", "parquet", "xlsx"]
Kind = Literal["number", "text", "truth", "time", "money", "price"]
#: of an XLSX sheet, with its heading; further calls go on to the next one
SHEET_ROWS = 1_048_576
#: of an XLSX cell
CELL_CHARS = 32_767
#: XML knows none of these
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: what a price may have parts of (usage/prices.py); more stands in `price_other`
PRICE_PARTS = ("input", "cached", "output", "image", "video_second", "video_tokens")
_NINE_PLACES = Decimal("0.000000001")
_MOST_PRICE = Decimal(10**11)


class Column(NamedTuple):
    """One column of every form. `title` is its heading in XLSX; CSV and Parquet have the name."""

    name: str
    title: str
    kind: Kind
    width: int = 12


COLUMNS = (
    Column("id", N_("Number"), "number", 9),
    Column("started_at", N_("Started"), "time", 20),
    Column("ended_at", N_("Ended"), "time", 20),
    Column("project_id", N_("Project number"), "number"),
    Column("project", N_("Project"), "text", 24),
    Column("episode", N_("Episode"), "text", 24),
    Column("scene", N_("Scene"), "text", 24),
    Column("node_id", N_("Node number"), "number"),
    Column("node_kind", N_("Kind of node"), "text"),
    Column("node", N_("Node"), "text", 24),
    Column("job_id", N_("Job number"), "number"),
    Column("job", N_("Job"), "text", 32),
    Column("job_state", N_("State of the job"), "text"),
    Column("parent_job_id", N_("Number of the parent job"), "number"),
    Column("person", N_("Person"), "text"),
    Column("workflow", N_("Workflow"), "text", 24),
    Column("step", N_("Step"), "text", 18),
    Column("purpose", N_("Purpose"), "text"),
    Column("profile_id", N_("Profile number"), "number"),
    Column("profile", N_("Profile"), "text", 16),
    Column("fallback_from", N_("In place of profile"), "text", 16),
    Column("provider", N_("Provider"), "text", 16),
    Column("model", N_("Model"), "text", 24),
    Column("capability", N_("Capability"), "text"),
    Column("mode", N_("Mode"), "text"),
    Column("prompt", N_("Prompt"), "text", 24),
    Column("prompt_version", N_("Prompt version"), "text"),
    Column("outcome", N_("Outcome"), "text"),
    Column("valid", N_("Valid"), "truth"),
    Column("finish_reason", N_("Finish reason"), "text"),
    Column("error_kind", N_("Kind of error"), "text"),
    Column("error", N_("Error"), "text", 32),
    Column("http_status", N_("HTTP status"), "number"),
    Column("request_id", N_("Request"), "text", 18),
    Column("latency_ms", N_("Latency, ms"), "number"),
    Column("ttft_ms", N_("First token, ms"), "number"),
    Column("input_tokens", N_("Input tokens"), "number"),
    Column("cached_tokens", N_("Of these cached"), "number"),
    Column("output_tokens", N_("Output tokens"), "number"),
    Column("reasoning_tokens", N_("Of these reasoning"), "number"),
    Column("image_input_tokens", N_("Input tokens of pictures"), "number"),
    Column("image_output_tokens", N_("Output tokens of pictures"), "number"),
    Column("images", N_("Pictures"), "number"),
    Column("video_seconds", N_("Seconds of clips"), "number"),
    Column("cost", N_("Cost"), "money"),
    Column("currency", N_("Currency"), "text"),
    Column("expected_cost", N_("Expected cost"), "money"),
    Column("price_source", N_("Where the price is from"), "text", 20),
    Column("price_currency", N_("Currency of the price"), "text"),
    Column("price_input", N_("Price of a million input tokens"), "price"),
    Column("price_cached", N_("Price of a million cached tokens"), "price"),
    Column("price_output", N_("Price of a million output tokens"), "price"),
    Column("price_image", N_("Price of a picture"), "price"),
    Column("price_video_second", N_("Price of a second of a clip"), "price"),
    Column("price_video_tokens", N_("Price of a million tokens of a clip"), "price"),
    Column("price_other", N_("Further parts of the price"), "text", 20),
    Column("call_id", N_("Call"), "text", 34),
)

Row = list[Any]
Batches = Iterable[list[LedgerEntry]]


def write(batches: Batches, path: Path, form: FormName, zone: tzinfo, language: str) -> int:
    """Write every entry; returns how many there were. Times are in `zone`; headings of XLSX in `language`.

    Raises OSError where the file cannot be written; what stood there before stays until all is written.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        with _FORMS[form](beside, zone, language) as put:
            count = 0
            for batch in batches:
                put([_values(entry, zone, language) for entry in batch])
                count += len(batch)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return count


def _values(entry: LedgerEntry, zone: tzinfo, language: str) -> Row:
    """One value a column: int, str, bool, datetime, Decimal or None."""
    price = dict(entry.price or {})
    parts = {f"price_{name}": _price(price.get(name)) for name in PRICE_PARTS}
    other = {k: v for k, v in price.items() if k != "currency" and parts.get(f"price_{k}") is None}
    made = parts | {
        "started_at": _time(entry.started_at, zone),
        "ended_at": _time(entry.ended_at, zone),
        "job": translate(Text.from_json(entry.job_i18n), language) if entry.job_i18n else entry.job,
        "cost": amount(entry.cost_micros),
        "expected_cost": amount(entry.expected_micros),
        "price_currency": price.get("currency"),
        "price_other": json.dumps(other, ensure_ascii=False, sort_keys=True) if other else None,
    }
    values = [made[c.name] if c.name in made else getattr(entry, c.name) for c in COLUMNS]
    return [redactor.text(storable(v)) if isinstance(v, str) else v for v in values]


def _time(ms: int | None, zone: tzinfo) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone)


def _price(stored: Any) -> Decimal | None:
    """A price as it was stored; None for what is none."""
    if stored is None or isinstance(stored, bool | dict | list):
        return None
    try:
        price = Decimal(str(stored))
    except InvalidOperation:
        return None
    return price.quantize(_NINE_PLACES) if price.is_finite() and abs(price) < _MOST_PRICE else None


Put = Callable[[list[Row]], None]


@contextmanager
def _csv(path: Path, zone: tzinfo, language: str) -> Iterator[Put]:
    # with a byte order mark: without one Excel takes it for the machine's own encoding
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([column.name for column in COLUMNS])
        yield lambda rows: writer.writerows([_as_csv(value) for value in row] for row in rows)


def _as_csv(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    return f"{value:f}" if isinstance(value, Decimal) else cell(value)


@contextmanager
def _parquet(path: Path, zone: tzinfo, language: str) -> Iterator[Put]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "number": pa.int64(),
        "text": pa.string(),
        "truth": pa.bool_(),
        # an instant, which readers show in this zone
        "time": pa.timestamp("ms", tz=str(zone)),
        "money": pa.decimal128(20, 6),
        "price": pa.decimal128(20, 9),
    }
    schema = pa.schema([(column.name, types[column.kind]) for column in COLUMNS])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:

        def put(rows: list[Row]) -> None:
            arrays = [
                pa.array(values, field.type) for values, field in zip(zip(*rows, strict=True), schema, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

        yield put


@contextmanager
def _xlsx(path: Path, zone: tzinfo, language: str) -> Iterator[Put]:
    import xlsxwriter

    # row by row into a file: a year of calls does not fit into memory. Text is text: what looks like a formula, a
    # number or an address is none
    workbook = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_urls": False})
    sheets = _Sheets(workbook, str(zone), language)
    try:
        yield sheets.put
    finally:
        workbook.close()


class _Sheets:
    """As many sheets as the rows need."""

    def __init__(self, workbook: Any, zone: str, language: str) -> None:
        self._workbook = workbook
        self._zone = zone
        self._language = language
        font = {"font_name": "Microsoft YaHei" if language == "zh" else "Calibri", "font_size": 10}
        self._heading = workbook.add_format(font | {"bold": True, "bg_color": "#EEEBFC", "bottom": 1})
        formats = {"time": "yyyy-mm-dd hh:mm:ss", "money": "#,##0.000000", "price": "#,##0.######"}
        self._formats = {kind: workbook.add_format(font | {"num_format": f}) for kind, f in formats.items()}
        self._plain = workbook.add_format(font)
        self._number = 0
        self._row = SHEET_ROWS
        self._sheet: Any = None
        self._begin()

    def _begin(self) -> None:
        self._number += 1
        name = translate(N_("Calls"), self._language)
        self._sheet = self._workbook.add_worksheet(name if self._number == 1 else f"{name} {self._number}")
        self._sheet.freeze_panes(1, 2)
        for at, column in enumerate(COLUMNS):
            self._sheet.set_column(at, at, column.width)
            title = translate(column.title, self._language)
            self._sheet.write_string(
                0, at, f"{title} ({self._zone})" if column.kind == "time" else title, self._heading
            )
        self._row = 1

    def put(self, rows: list[Row]) -> None:
        for row in rows:
            if self._row == SHEET_ROWS:
                self._begin()
            for at, (value, column) in enumerate(zip(row, COLUMNS, strict=True)):
                self._write(at, value, self._formats.get(column.kind, self._plain))
            self._row += 1

    def _write(self, at: int, value: Any, style: Any) -> None:
        if value is None:
            return
        if isinstance(value, bool):
            self._sheet.write_boolean(self._row, at, value, style)
        elif isinstance(value, datetime):
            # a spreadsheet knows no zones; the heading names it
            self._sheet.write_datetime(self._row, at, value.replace(tzinfo=None), style)
        elif isinstance(value, int | Decimal):
            self._sheet.write_number(self._row, at, value, style)
        else:
            self._sheet.write_string(self._row, at, _UNWRITABLE.sub("", str(value))[:CELL_CHARS], style)


_FORMS = {"csv": _csv, "parquet": _parquet, "xlsx": _xlsx}
