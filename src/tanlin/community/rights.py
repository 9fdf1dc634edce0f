"""Roles and rights as one table. A grant is (user, role, area) and reaches the whole subtree of the area."""

from typing import Final

RIGHTS: Final = ("view", "import", "undo", "meters", "factors", "derive", "replay", "users")

# view: read everything of the place; import: bring readings in; undo: void an import; meters: edit the registry;
# factors: edit dated factors and tariffs; derive: ask for figures to be computed; replay: recompute a receipt;
# users: areas, organisations, users and grants. The auditor reads everything and changes nothing.
ROLE_RIGHTS: Final[dict[str, frozenset[str]]] = {
    "operator": frozenset(RIGHTS),
    "district": frozenset({"view", "derive", "replay", "users"}),
    "street": frozenset({"view", "import", "undo", "meters", "derive", "replay", "users"}),
    "worker": frozenset({"view", "import", "undo", "derive", "replay"}),
    "engineer": frozenset({"view", "import", "undo", "meters", "factors", "derive", "replay"}),
    "auditor": frozenset({"view", "replay"}),
}
ROLES: Final = tuple(ROLE_RIGHTS)

# Which roles a role may give and take within its own area. Nobody gives a role to himself.
GRANTABLE: Final[dict[str, frozenset[str]]] = {
    "operator": frozenset(ROLES),
    "district": frozenset({"district", "street", "worker", "engineer", "auditor"}),
    "street": frozenset({"street", "worker", "engineer", "auditor"}),
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
