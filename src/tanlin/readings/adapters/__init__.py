"""Engines behind the one SQL text."""
