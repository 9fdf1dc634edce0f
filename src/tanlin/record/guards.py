"""Triggers that keep append-only tables append-only, whoever speaks to the database."""

from __future__ import annotations

TABLES = ("tanlin_record_event", "tanlin_record_fact")

_POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION tanlin_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only', ERRCODE = 'restrict_violation'; END $$
"""


def install(vendor: str) -> list[str]:
    """SQL statements that create the triggers on ``vendor`` ("sqlite" or "postgresql")."""
    if vendor == "postgresql":
        statements = [_POSTGRES_FUNCTION]
        for table in TABLES:
            for verb, each in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
                statements.append(
                    f"CREATE TRIGGER {_name(table, verb)} BEFORE {verb} ON {table} "
                    f"FOR EACH {each} EXECUTE FUNCTION tanlin_append_only()"
                )
        return statements
    return [
        f"CREATE TRIGGER {_name(table, verb)} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in TABLES
        for verb in ("UPDATE", "DELETE")
    ]


def remove(vendor: str) -> list[str]:
    """SQL statements that drop the triggers; used by ``flush`` and by the way back of the migration."""
    verbs = ("UPDATE OR DELETE", "TRUNCATE") if vendor == "postgresql" else ("UPDATE", "DELETE")
    on = " ON {}" if vendor == "postgresql" else ""
    return [
        f"DROP TRIGGER IF EXISTS {_name(table, verb)}{on.format(table)}" for table in TABLES for verb in verbs
    ]


def _name(table: str, verb: str) -> str:
    return f"{table}_no_{verb.split(maxsplit=1)[0].lower()}"
