"""Who and where: the tree of areas, organisations, users, and rights of (role x subtree).

``tanlin.community.queries`` hands out an area only to a user who may read it; ``services`` holds the verbs.
The pure part, the table of roles and rights, is in ``rights``.
"""
