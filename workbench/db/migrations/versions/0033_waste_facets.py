"""Wasted calls know their node, profile, person and capability, and are summed up by these, too."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: the key behind facet, hours and time, and what stands for none
_KEY = {
    "workflow": "''", "project_id": "0", "node_id": "0", "model": "''", "profile_id": "0", "created_by": "''",
    "capability": "''", "cause": "''", "currency": "''",
}  # fmt: skip
_WORK = ("workflow", "model", "profile_id", "capability")
_FACETS = {
    "all": ((), (8,)),
    "work": (_WORK, (8, 192)),
    "who": (("project_id", "created_by"), (8, 192)),
    "project": ((*_WORK, "project_id"), (24, 192)),
    "node": (("project_id", "node_id"), (24, 192)),
    "full": ((*_WORK, "project_id", "node_id", "created_by"), (192,)),
}


#: what there was before: hours and what a facet's rows told apart
_FACETS_BEFORE = {
    "cause": (24, ("workflow", "cause")),
    "cause_project": (24, ("project_id", "workflow", "cause")),
    "cause_model": (24, ("model", "workflow", "cause")),
    "all": (8, ()),
    "project": (8, ("project_id",)),
    "workflow": (8, ("workflow",)),
    "model": (8, ("model",)),
}
_KEY_BEFORE = {name: _KEY[name] for name in ("project_id", "model", "workflow", "cause", "currency")}
_COLUMNS: dict[str, Any] = {
    "node_id": _Id,
    "profile_id": _Id,
    "created_by": sa.String(120),
    "capability": sa.String(20),
}
_STRINGS = {"workflow": 80, "model": 200, "created_by": 120, "capability": 20, "cause": 12, "currency": 3}
_SUMS = (("calls", sa.Integer), ("cost_micros", sa.BigInteger), ("unpriced", sa.Integer))


def upgrade() -> None:
    for name, kind in _COLUMNS.items():
        op.add_column("wasted_call", sa.Column(name, kind))
    # of a pruned job's call these stand in the call
    op.execute(
        "UPDATE wasted_call SET (node_id, profile_id, created_by, capability) = "
        "(SELECT COALESCE(c.node_id, j.node_id), c.profile_id, COALESCE(c.created_by, j.created_by), c.capability "
        "FROM model_call c LEFT JOIN job j ON j.id = c.job_id WHERE c.id = wasted_call.call_id)"
    )
    op.create_index("ix_wasted_call_node", "wasted_call", ["node_id", "started_at"])
    op.drop_table("waste_sum")
    _create_sums("facet", "hours", "at", *_KEY, with_rowid=False)
    for facet, (dimensions, spans) in _FACETS.items():
        for hours in spans:
            given = {"facet": f"'{facet}'", "hours": str(hours)}
            op.execute(_sum_up(given, hours, _KEY, {*dimensions, "cause", "currency"}))


def downgrade() -> None:
    op.drop_index("ix_wasted_call_node", "wasted_call")
    for name in _COLUMNS:
        op.drop_column("wasted_call", name)
    op.drop_table("waste_sum")
    _create_sums("facet", "project_id", "model", "at", "workflow", "cause", "currency", with_rowid=True)
    for facet, (hours, dimensions) in _FACETS_BEFORE.items():
        op.execute(_sum_up({"facet": f"'{facet}'"}, hours, _KEY_BEFORE, {*dimensions, "currency"}))


def _create_sums(*key: str, with_rowid: bool) -> None:
    kinds: dict[str, Any] = {"facet": sa.String(16), "hours": sa.Integer(), "at": sa.BigInteger()}
    kinds |= {name: sa.String(length) for name, length in _STRINGS.items()}
    op.create_table(
        "waste_sum",
        *(sa.Column(name, kinds.get(name, _Id), nullable=False, autoincrement=False) for name in key),
        *(sa.Column(name, kind(), nullable=False) for name, kind in _SUMS),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_waste_sum")),
        sqlite_with_rowid=with_rowid,
    )


def _sum_up(given: dict[str, str], hours: int, key: dict[str, str], shown: set[str]) -> str:
    """From the narrow rows, which hold what the sums do: nobody settles a call anew."""
    at = f"started_at - started_at % {hours * 3_600_000}"
    values = {name: f"COALESCE({name}, {none})" if name in shown else none for name, none in key.items()}
    groups = ", ".join([at, *(value for name, value in values.items() if name in shown)])
    row = given | {"at": at} | values
    return (
        f"INSERT INTO waste_sum ({', '.join(row)}, calls, cost_micros, unpriced) "
        f"SELECT {', '.join(row.values())}, COUNT(*), SUM(cost_micros), SUM(unpriced) "
        # in the key's order, so that PostgreSQL finds what belongs together on few pages
        f"FROM wasted_call WHERE cause IS NOT NULL GROUP BY {groups} ORDER BY {groups}"
    )
