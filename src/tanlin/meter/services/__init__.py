"""Verbs of the meter room. One transaction a verb."""

from tanlin.meter.services.erase import erase_places
from tanlin.meter.services.imports import (
    SMALL,
    assign,
    check,
    confirm,
    discard,
    failed,
    import_now,
    local_day,
    repeat,
    request_check,
    run,
    set_plans,
    start_import,
    undo_import,
)
from tanlin.meter.services.latest import latest_until, rebuild_latest
from tanlin.meter.services.registry import FAR, Spec, change, exchange_device, install_device, register
from tanlin.meter.services.values import (
    add_readings,
    correct_reading,
    recovered,
    refresh,
    request_refresh,
    undo_batch,
)

__all__ = [
    "FAR",
    "SMALL",
    "Spec",
    "add_readings",
    "assign",
    "change",
    "check",
    "confirm",
    "correct_reading",
    "discard",
    "erase_places",
    "exchange_device",
    "failed",
    "import_now",
    "install_device",
    "latest_until",
    "local_day",
    "rebuild_latest",
    "recovered",
    "refresh",
    "register",
    "repeat",
    "request_check",
    "request_refresh",
    "run",
    "set_plans",
    "start_import",
    "undo_batch",
    "undo_import",
]
