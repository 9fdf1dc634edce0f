"""Pages of the room: the registry and the import wizard."""

from django.utils.translation import gettext_noop as _

#: Verbs and jobs of the room as the operation log and the list of jobs print them.
SPOKEN = (
    _("meter.registered"),
    _("meter.changed"),
    _("meter.device_exchanged"),
    _("meter.device_installed"),
    _("meter.places_erased"),
    _("meter.readings_added"),
    _("meter.batch_undone"),
    _("meter.import_unchanged"),
    _("meter.gateway_created"),
    _("meter.gateway_changed"),
    _("meter.gateway_enabled"),
    _("meter.gateway_disabled"),
    _("meter.gateway_token_made"),
    _("meter.gateway_token_revoked"),
    _("meter.point_mapped"),
    _("meter.point_unmapped"),
    _("meter.held_discarded"),
    _("meter.exceptions_accepted"),
    _("meter.exceptions_estimated"),
    _("meter.exceptions_edited"),
    _("meter.exceptions_reopened"),
    _("meter.rule_added"),
    _("meter.validate"),
    _("meter.check"),
    _("meter.import"),
    _("meter.refresh"),
)
