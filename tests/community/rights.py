from django.core.signing import TimestampSigner

from tanlin.community import services
from tanlin.community.rights import SYSTEM
from tests.support.world import Row, World

#: what no page may show in clear; see tests/support/privacy.py
NAME, PHONE, ADDRESS = "欧阳沙岚", "13912345678", "沙岛新村十七弄四号五〇二室"


def revocable(world: World) -> dict[str, int]:
    return {"grant": world.users["worker"].grants.get().pk}


def build(world: World) -> None:
    person = services.add_person(
        SYSTEM, area=world.a, name=NAME, phone=PHONE, birth_year=1958, purposes=["service"], channel="paper"
    )
    services.join_household(SYSTEM, person, place=world.areas["building-a"], address=ADDRESS)
    world.objects["person"] = person


def one(world: World) -> dict[str, object]:
    return {"slug": world.a.slug, "pk": world.objects["person"].pk}


def token(world: World) -> dict[str, str]:
    return {"token": TimestampSigner(salt="tanlin.community.entry").sign(str(world.objects["person"].pk))}


def contest(world: World) -> dict[str, str]:
    return {"code": "contest"}


ROWS = [
    Row("community:people"),
    Row("community:grant", "POST", right="users", data=lambda w: {"username": "nobody", "role": "auditor"}),
    Row("community:revoke", "POST", right="users", data=revocable),
    *(
        Row(f"community:{verb}", "POST", right="users", ok=(422,))
        for verb in ("user", "password", "organisation", "area", "attribute")
    ),
    *(Row("community:persons", method, right="people") for method in ("GET", "POST")),
    Row("community:person_new", right="people"),
    Row("community:person_new", "POST", right="people", data=lambda w: {"name": ""}, ok=(422,)),
    Row("community:person", right="people", kwargs=one),
    Row("community:person_edit", "POST", right="people", kwargs=one, data=lambda w: {"name": "沙岚"}),
    Row("community:person_leave", "POST", right="people", kwargs=one, data=lambda w: {"day": "2099-01-01"}),
    Row(
        "community:person_consent",
        "POST",
        right="people",
        kwargs=one,
        data=lambda w: {"purpose": "survey", "channel": "spoken"},
    ),
    Row(
        "community:person_withdraw", "POST", right="people", kwargs=one, data=lambda w: {"purpose": "service"}
    ),
    Row("community:person_erase", "POST", right="people", kwargs=one, data=lambda w: {"sure": "1"}),
    *(
        Row(f"community:person_{verb}", "POST", right="people", kwargs=one, ok=(422,))
        for verb in ("join", "merge")
    ),
    Row("community:reveal", right="people", kwargs=one),
    Row("community:reveal", "POST", right="people", kwargs=one, data=lambda w: {"reason": "电话回访意见"}),
    Row("community:person_export", "POST", right="people", kwargs=one),
    Row("community:person_link", "POST", right="people", kwargs=one),
    Row("community:processing"),
    Row("community:processing_csv"),
    Row("community:privacy", right="public"),
    Row("community:publish_notice", "POST", right="privacy", scope="site", ok=(422,)),
    # Without the session that a link opens, the resident's own pages are unknown.
    Row("community:enter", right="public", kwargs=token),
    Row("community:me", right="public", ok=(404,)),
    *(Row(f"community:{name}", "POST", right="public", ok=(404,)) for name in ("my_export", "my_erasure")),
    Row("community:my_consent", "POST", right="public", kwargs=contest, ok=(404,)),
    Row("api:places", right="any", scope="site"),
    Row("api:place"),
]
