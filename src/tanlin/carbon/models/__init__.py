"""What people enter beside readings: activities, supply contracts and certificates, and claims."""

from tanlin.carbon.models.activities import Activity, ActivitySheet
from tanlin.carbon.models.claims import Claim
from tanlin.carbon.models.instruments import Instrument
from tanlin.carbon.models.previews import FactPreview

__all__ = ["Activity", "ActivitySheet", "Claim", "FactPreview", "Instrument"]
