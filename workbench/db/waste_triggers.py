"""What tells the waste of a call that it may have become another, beside the tails of the rollups.

A call that went leaves its number. A new version leaves its own: it may have replaced one that nobody had used, or use
one that was taken for replaced.
"""

from __future__ import annotations

_TRIGGERS = {
    "waste_tail_deleted": ("model_call", "DELETE", "waste_tail (call_id) VALUES (OLD.id)", "OLD"),
    "version_tail_added": ("artifact", "INSERT", "version_tail (artifact_id) VALUES (NEW.id)", "NEW"),
}


def waste_trigger_statements(dialect: str) -> list[str]:
    """Batch migrations on SQLite drop triggers silently and must run these again."""
    statements: list[str] = []
    for name, (table, event, row, given) in _TRIGGERS.items():
        body = f"INSERT INTO {row} ON CONFLICT DO NOTHING"
        statements.append(f"DROP TRIGGER IF EXISTS {name}" + ("" if dialect == "sqlite" else f" ON {table}"))
        if dialect == "sqlite":
            statements.append(f"CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN {body}; END")
            continue
        statements += [
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN {body}; RETURN {given}; END $$",
            f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
        ]
    return statements
