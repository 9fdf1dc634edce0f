"""Roles and rights as one table. A grant is (user, role, area) and reaches the whole subtree of the area."""

from typing import Final

RIGHTS: Final = (
    *("enter", "view", "import", "undo", "meters", "factors", "derive", "replay", "users"),
    *("people", "privacy"),
)

# enter: the place is one's own, nothing of the workbench; view: read everything of the place, persons apart;
# import: bring readings in; undo: void an import; meters: edit the registry; factors: edit dated factors and tariffs;
# derive: ask for figures to be computed; replay: recompute a receipt; users: areas, organisations, users and grants;
# people: residents and households, masked, with a logged reveal; privacy: the privacy notice.
# Residents belong to those who serve them on the spot (PIPL art. 6): not to the district, nor to the operator, who
# runs the machine, nor to the auditor, who reads everything else and changes nothing.
ROLE_RIGHTS: Final[dict[str, frozenset[str]]] = {
    "operator": frozenset(RIGHTS) - {"people"},
    "district": frozenset({"enter", "view", "derive", "replay", "users", "privacy"}),
    "street": frozenset({"enter", "view", "import", "undo", "meters", "derive", "replay", "users", "people"}),
    "worker": frozenset({"enter", "view", "import", "undo", "derive", "replay", "people"}),
    "engineer": frozenset({"enter", "view", "import", "undo", "meters", "factors", "derive", "replay"}),
    "auditor": frozenset({"enter", "view", "replay"}),
    "grid": frozenset({"enter", "view", "people"}),
    # From outside the office: each gets the rights of what it does there, and sees nothing else of the place.
    "lead": frozenset({"enter"}),
    "volunteer": frozenset({"enter"}),
    "guide": frozenset({"enter"}),
    "property": frozenset({"enter"}),
    "owners": frozenset({"enter"}),
    "partner": frozenset({"enter"}),
}
ROLES: Final = tuple(ROLE_RIGHTS)
OUTSIDE: Final = frozenset({"lead", "volunteer", "guide", "property", "owners", "partner"})

# Which roles a role may give and take within its own area. Nobody gives a role to himself.
GRANTABLE: Final[dict[str, frozenset[str]]] = {
    "operator": frozenset(ROLES),
    "district": frozenset({"district", "street", "worker", "engineer", "auditor", "grid"}) | OUTSIDE,
    "street": frozenset({"street", "worker", "engineer", "auditor", "grid"}) | OUTSIDE,
}


def roles_with(right: str) -> tuple[str, ...]:
    """Roles that carry the right. Raises ValueError for a word that is no right."""
    if right not in RIGHTS:
        raise ValueError(f"unknown right {right!r}; known: {', '.join(RIGHTS)}")
    return tuple(role for role, rights in ROLE_RIGHTS.items() if right in rights)


def may_grant(held: frozenset[str], role: str) -> bool:
    """Whether someone holding these roles at a place may give or take the role there."""
    return any(role in GRANTABLE.get(own, ()) for own in held)


class System:
    """The keeper of the installation: the command line, jobs and the demonstration act in its name, with every right."""

    is_authenticated = True
    pk = None

    def __str__(self) -> str:
        return "system"


SYSTEM: Final = System()
