"""Assembly of the rooms into one site, one API and one command.

Settings, URLs, navigation, error pages and the ``tanlin`` command live here; no domain logic does.
"""
