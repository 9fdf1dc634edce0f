"""Long work of the readings."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop as _

from tanlin.readings import services

_("readings.compact")  # the kind, as lists of jobs show it


def compact(run: Any) -> dict[str, Any]:
    """Merge small files and delete unused ones; ``run`` is the job, which may be stopped between months."""
    done = services.compact(run.progress)
    return {"months": done.months, "files": done.files}
