"""``flush`` empties a database on purpose: the append-only guards stand aside for it and are put back."""

from __future__ import annotations

from typing import Any

from django.core.management.commands.flush import Command as Flush
from django.db import connections, transaction

from tanlin.record import guards


class Command(Flush):
    """Django's ``flush`` on a database with append-only tables."""

    def handle(self, **options: Any) -> None:
        connection = connections[options["database"]]
        with transaction.atomic(using=options["database"]), connection.cursor() as cursor:
            for statement in guards.remove(connection.vendor):
                cursor.execute(statement)
            super().handle(**options)
            for statement in guards.install(connection.vendor):
                cursor.execute(statement)
