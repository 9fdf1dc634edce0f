"""Pages of the room: the registry and the import wizard."""

from django.utils.translation import gettext_noop

#: Verbs and jobs of the room as the operation log and the list of jobs print them.
SPOKEN = (
    gettext_noop("meter.registered"),
    gettext_noop("meter.changed"),
    gettext_noop("meter.device_exchanged"),
    gettext_noop("meter.readings_added"),
    gettext_noop("meter.batch_undone"),
    gettext_noop("meter.import_unchanged"),
    gettext_noop("meter.check"),
    gettext_noop("meter.import"),
    gettext_noop("meter.refresh"),
)
