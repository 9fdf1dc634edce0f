from tests.support.world import Row

ANY_METHOD = ("GET", "POST", "PUT", "PATCH", "DELETE")

ROWS = [
    Row("home", right="any", scope="site"),
    Row("place", right="view"),
    Row("login", right="public"),
    Row("login", "POST", right="public"),
    Row("logout", "POST", right="public"),
    *(Row("set_language", method, right="public") for method in ANY_METHOD),
    *(
        Row("api:api-root", method, right="public", ok=(404,)) for method in ANY_METHOD
    ),  # the name only anchors the addresses below it
    Row("api:openapi-json", right="any", scope="site"),
]
