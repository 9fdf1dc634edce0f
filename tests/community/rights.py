from tests.support.world import Row, World


def revocable(world: World) -> dict[str, int]:
    return {"grant": world.users["worker"].grants.get().pk}


ROWS = [
    Row("community:people"),
    Row("community:grant", "POST", right="users", data=lambda w: {"username": "nobody", "role": "auditor"}),
    Row("community:revoke", "POST", right="users", data=revocable),
    *(
        Row(f"community:{verb}", "POST", right="users", ok=(422,))
        for verb in ("user", "password", "organisation", "area", "attribute")
    ),
    Row("api:places", right="any", scope="site"),
    Row("api:place"),
]
