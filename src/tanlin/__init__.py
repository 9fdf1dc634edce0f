"""Tanlin: from a meter file to a receipted carbon figure."""

__version__ = "0.1.0"
