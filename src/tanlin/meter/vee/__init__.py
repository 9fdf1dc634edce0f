"""Validation, estimation, editing: what may be wrong with readings, and what would stand in for them.

Pure: effective readings and dated rules in, exceptions and estimated rows out. Nothing here alters a reading.
"""

from tanlin.meter.vee.estimate import METHODS, Estimate, estimate
from tanlin.meter.vee.find import find, find_sums
from tanlin.meter.vee.rules import PARAMETERS, Rule, RuleBook, shipped
from tanlin.meter.vee.table import EXCEPTIONS, KINDS

__all__ = [
    "EXCEPTIONS",
    "KINDS",
    "METHODS",
    "PARAMETERS",
    "Estimate",
    "Rule",
    "RuleBook",
    "estimate",
    "find",
    "find_sums",
    "shipped",
]
