"""The environment, read once into a frozen Settings.

Each field is the variable ``REELWRIGHT_<FIELD>``, apart from the two that every host already knows by name:
``DATABASE_URL`` and ``REDIS_URL``. A field's description says what is allowed; a bad value is answered with it.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from workbench.errors import InvalidInput, Issue
from workbench.i18n import N_, Text
from workbench.plain_text import without_password

#: valkey cannot bind a longer path (sun_path holds 108 bytes on Linux, 104 on macOS, each with a closing zero)
SOCKET_PATH_MAX = 103


def _default_home() -> Path:
    return Path(platformdirs.user_data_dir("reelwright", appauthor=False))


def _default_database_url(known: dict[str, Any]) -> str:
    # `home` is missing when it was itself refused; that error is the one to show.
    return f"sqlite:///{known.get('home', _default_home()) / 'reelwright.db'}"


class Settings(BaseSettings):
    """What one installation is set to. Build with `Settings.load()`; tests pass fields by name."""

    model_config = SettingsConfigDict(
        env_prefix="REELWRIGHT_", env_ignore_empty=True, frozen=True, populate_by_name=True, extra="forbid"
    )

    home: Path = Field(
        default_factory=_default_home, description=N_("a folder that can be written, without “?” in its path")
    )
    database_url: str = Field(
        default_factory=_default_database_url,
        validation_alias=AliasChoices("DATABASE_URL", "database_url"),
        description=N_("sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"),
    )
    redis_url: str | None = Field(
        None,
        validation_alias=AliasChoices("REDIS_URL", "redis_url"),
        description=N_("redis://HOST:PORT/0, rediss://… or unix://PATH; unset: the embedded Valkey"),
    )
    threads: int = Field(8, ge=1, le=256, description=N_("a whole number from 1 to 256"))
    lease_seconds: float = Field(
        30, ge=0.2, le=3600, description=N_("seconds from 0.2 to 3600, at least three heartbeats")
    )
    heartbeat_seconds: float = Field(1.0, ge=0.05, le=60, description=N_("seconds from 0.05 to 60"))
    max_losses: int = Field(10, ge=0, le=1000, description=N_("a whole number from 0 to 1000"))
    sweep_seconds: float = Field(1.0, ge=0.05, le=60, description=N_("seconds from 0.05 to 60"))
    lock_wait_seconds: float = Field(15, ge=0.1, le=3600, description=N_("seconds from 0.1 to 3600"))
    dispatch_lost_seconds: float = Field(30, ge=0.5, le=3600, description=N_("seconds from 0.5 to 3600"))
    retry_base_ms: int = Field(1000, ge=1, le=3_600_000, description=N_("milliseconds from 1 to 3600000"))
    retry_max_ms: int = Field(
        60_000,
        ge=1,
        le=86_400_000,
        description=N_("milliseconds from 1 to 86400000, not below REELWRIGHT_RETRY_BASE_MS"),
    )
    raw_io_days: int = Field(90, ge=0, le=36_500, description=N_("days from 0 to 36500"))
    job_keep_days: int | None = Field(
        None, ge=1, le=36_500, description=N_("days from 1 to 36500; unset: kept for ever")
    )
    media_url: str | None = Field(
        None,
        description=N_(
            "file:///FOLDER, s3://BUCKET/PREFIX or what else fsspec knows, without a key in it; unset: a folder in home"
        ),
    )
    embedding_model: Path | None = Field(
        None, description=N_("an ONNX file that turns a picture into a vector; unset: likeness is measured by colours")
    )
    lang: Literal["zh", "en"] | None = Field(None, description=N_("zh or en; unset: the system's language"))
    simulate: str = Field("", description=N_("name=number pairs such as latency_ms=800,failure_rate=0.2"))
    master_key: SecretStr | None = Field(
        None,
        description=N_(
            "at least 16 characters, better 44 random ones; several with commas between; unset: the key file in home"
        ),
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description=N_("debug, info, warning or error")
    )
    metrics: str | None = Field(
        None, description=N_("PORT or HOST:PORT where workers show /metrics to Prometheus; unset: nowhere")
    )
    trust_env: bool = Field(False, description=N_("true or false (true: HTTP_PROXY and its kin are used)"))
    #: crash points armed in tests; empty everywhere else
    crash_at: str = Field("", description=N_("the name of a crash point (tests only)"))

    @classmethod
    def load(cls, **given: Any) -> Self:
        """Read the environment; fields passed by name win. Raises InvalidInput naming variable, value and what is
        allowed."""
        try:
            return cls(**given)
        except ValidationError as error:
            raise _explain(cls, error) from None

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        if "?" in str(home):
            raise ValueError("a path with “?” cannot be part of a database address")
        return Path(os.path.abspath(home.expanduser()))

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, url: str) -> str:
        scheme, separator, rest = url.partition("://")
        if separator and scheme in ("postgres", "postgresql", "postgresql+psycopg"):
            return f"postgresql+psycopg://{rest}"
        if separator and scheme == "sqlite" and len(rest) > 1 and rest.startswith("/"):
            # Absolute, since web and workers run in other folders than the shell that named a relative file.
            return f"sqlite:///{os.path.abspath(rest[1:])}"
        raise ValueError("not the address of a SQLite file or a PostgreSQL database")

    @field_validator("redis_url")
    @classmethod
    def _check_redis_url(cls, url: str | None) -> str | None:
        if url is not None and not re.match(r"(rediss?|unix)://.", url):
            raise ValueError("not the address of a Redis or Valkey server")
        return url

    @field_validator("media_url")
    @classmethod
    def _check_media_url(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        # a chain of addresses (simplecache::s3://…) could hide a key from this look
        if "@" in parts.netloc or re.search(r"[?#]|^[^/\[]*::", url):
            raise _together("media_url", "(hidden)", "there may be a key in it")
        if not re.match(r"[a-z][a-z0-9+.-]*://", url, re.IGNORECASE) or not parts.path.strip("/") + parts.netloc:
            raise ValueError("no address")
        if parts.scheme == "file" and (parts.netloc not in ("", "localhost") or not parts.path.strip("/")):
            # file://media/x would be the folder /x of a machine named media
            raise ValueError("no absolute folder")
        if parts.scheme == "s3" and not parts.netloc:
            raise ValueError("no bucket")
        return f"{parts.scheme}{url[len(parts.scheme) :]}"

    @field_validator("metrics")
    @classmethod
    def _check_metrics(cls, address: str | None) -> str | None:
        if address is None:
            return None
        host, _, port = address.strip().rpartition(":")
        if not re.fullmatch(r"[\w.-]*|\[[0-9a-fA-F:]+\]", host) or not re.fullmatch(r"[0-9]{1,5}", port):
            raise ValueError("no host and port")
        if not 1 <= int(port) <= 65_535:
            raise ValueError("no port")
        return f"{host}:{port}"

    @field_validator("embedding_model")
    @classmethod
    def _check_embedding_model(cls, path: Path | None) -> Path | None:
        if path is None:
            return None
        path = Path(os.path.abspath(path.expanduser()))
        if not path.is_file():
            raise ValueError("no file")
        return path

    @field_validator("simulate")
    @classmethod
    def _pairs(cls, simulate: str) -> str:
        if simulate and not re.fullmatch(r"\s*\w+\s*=\s*[\d.]+\s*(,\s*\w+\s*=\s*[\d.]+\s*)*", simulate):
            raise ValueError("not a list of name=number pairs")
        return simulate

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, level: Any) -> Any:
        return level.lower() if isinstance(level, str) else level

    @model_validator(mode="after")
    def _sensible_together(self) -> Self:
        # A lease that one late heartbeat can lose would take jobs from healthy workers.
        if self.lease_seconds < 3 * self.heartbeat_seconds:
            raise _together("lease_seconds", self.lease_seconds, "shorter than three heartbeats")
        if self.retry_max_ms < self.retry_base_ms:
            raise _together("retry_max_ms", self.retry_max_ms, "below the first wait")
        return self

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite:")

    @property
    def log_folder(self) -> Path:
        """What the parts of this installation print, a file for each."""
        return self.home / "logs"

    @property
    def embedded_socket(self) -> Path:
        """Where this home's embedded Valkey listens; the same answer in every process of this user."""
        return runtime_dir(self.home) / "v.sock"

    @property
    def broker_url(self) -> str:
        return self.redis_url or f"unix://{self.embedded_socket}"


def runtime_dir(home: Path) -> Path:
    """A short private folder for sockets. Not $TMPDIR or $XDG_RUNTIME_DIR: a shell, a service and a cron job of one
    user see different ones, and would each start a Valkey of their own."""
    base = Path("/tmp") if os.access("/tmp", os.W_OK) else Path(tempfile.gettempdir())
    name = hashlib.sha256(os.fsencode(os.path.realpath(home))).hexdigest()[:12]
    return base / f"reelwright-{os.getuid()}" / name


def _together(field: str, value: object, problem: str) -> ValueError:
    made = ValueError(problem)
    made.args = (problem, field, value)
    return made


def _explain(cls: type[Settings], error: ValidationError) -> InvalidInput:
    """Turn pydantic's report into one sentence per variable."""
    issues = [_issue(cls, e) for e in error.errors() if e["type"] != "default_factory_not_called"]
    return InvalidInput(Text("{issues}", issues="; ".join(str(i.message) for i in issues)), issues)


def _issue(cls: type[Settings], entry: Any) -> Issue:
    cause = entry.get("ctx", {}).get("error")
    field, value = cause.args[1:] if cause and len(cause.args) == 3 else (str(entry["loc"][0]).lower(), entry["input"])
    declared = cls.model_fields.get(field)
    if declared is None:
        return Issue(field, Text("{name} is not a setting", name=field))
    name = variable(field)
    message = Text(
        "{name} is {value}; allowed: {allowed}",
        name=name,
        value=_mask_value(field, value),
        allowed=Text(declared.description or ""),
    )
    return Issue(name, message)


def variable(field: str) -> str:
    """The environment variable of a field."""
    return field.upper() if field in ("database_url", "redis_url") else f"REELWRIGHT_{field.upper()}"


def _mask_value(field: str, value: object) -> str:
    """The value as it may be printed: no key, and no password out of a URL."""
    if field == "master_key":
        return "(hidden)"
    return repr(without_password(str(value)) if field in ("database_url", "redis_url", "media_url") else str(value))
