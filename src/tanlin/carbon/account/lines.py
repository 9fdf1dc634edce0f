"""Lines of an account: one activity, one gas, with every cause of its error. All tables of the room sum lines."""

from __future__ import annotations

import pyarrow as pa

#: A cause of error: lines that share an id err together. ``pct``: 95 % half-range of the line's tonnes in percent,
#: signed by how the tonnes follow the cause; ``shape``: ``normal``, or ``lognormal`` for what cannot fall below zero.
CAUSE = pa.struct([("cause", pa.string()), ("pct", pa.float64()), ("shape", pa.string())])

#: One row an activity, month and gas. An unknown amount is null with its ``reason``; nothing is zero for want of data.
LINES = pa.schema(
    [
        ("ref", pa.string()),  # GPC reference number such as I.1.2; "" for what the GPC does not hold
        ("level", pa.string()),  # basic, basic_plus, territorial (shown, never added) or memo
        ("scope", pa.int8()),
        ("place", pa.string()),
        ("month", pa.int32()),  # yyyymm; yyyy00 for a whole year
        ("stream", pa.string()),  # what is used, moved, treated, leaked or grown: data/streams.csv
        ("source", pa.string()),  # meter, bill, document, survey or estimate
        ("activity", pa.float64()),
        ("unit", pa.string()),
        ("gas", pa.string()),  # CO2, CH4, N2O, HFC …; CO2e where the factor does not part them
        ("mass_t", pa.float64()),  # tonnes of the gas itself
        ("tco2e", pa.float64()),
        ("factor_id", pa.string()),
        ("causes", pa.list_(CAUSE)),  # null: a cause states no error, so the line has no interval
        ("coverage", pa.float64()),
        ("estimated", pa.float64()),  # share 0..1 of the activity
        ("provisional", pa.bool_()),
        ("verified", pa.bool_()),
        ("key", pa.string()),  # notation key NO, NE, IE or C where there is no value
        ("reason", pa.string()),
    ]
)
