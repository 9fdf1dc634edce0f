"""Tables of the room: places, logins and grants; persons, households and their consents."""

from tanlin.community.models.people import (
    Consent,
    DataKey,
    DigestField,
    Household,
    Membership,
    Notice,
    Person,
    SealedField,
    Sealing,
)
from tanlin.community.models.places import (
    ROLE_TITLES,
    Area,
    AreaAttribute,
    Organisation,
    RoleGrant,
    User,
)

__all__ = [
    "ROLE_TITLES",
    "Area",
    "AreaAttribute",
    "Consent",
    "DataKey",
    "DigestField",
    "Household",
    "Membership",
    "Notice",
    "Organisation",
    "Person",
    "RoleGrant",
    "SealedField",
    "Sealing",
    "User",
]
