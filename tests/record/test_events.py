"""The event chain: whole, tamper-evident, append-only, and never forked by writers at once."""

import pytest
from django.db import DatabaseError, connection, transaction

from tanlin.kernel.errors import Conflict, Forbidden, NotFound
from tanlin.record import guards, queries
from tanlin.record.models import Event, Fact
from tanlin.record.services import add_facts, report_event
from tests.support.world import World


def test_the_chain_is_whole_and_keeps_what_was_said(world: World):
    before = queries.verify_chain().length
    said = report_event(
        "meter.edited", actor=world.users["engineer"], area=world.a, subject="表 1", data={"kW": 1.5e20}
    )
    chain = queries.verify_chain()
    assert (chain.whole, chain.length, chain.head) == (True, before + 1, said.hash)
    assert Event.objects.get(pk=said.pk).data == {"kW": 1.5e20}


def without_guards(statement: str) -> None:
    """What a person with the keys of the database could do."""
    with connection.cursor() as cursor:
        for step in (*guards.remove(connection.vendor), statement, *guards.install(connection.vendor)):
            cursor.execute(step)


@pytest.mark.parametrize(
    "change",
    [
        "subject = 'x'",
        "verb = 'x'",
        "actor_id = 999",
        "at = '2020-01-01 00:00:00+00:00'",
        "body = '{\"data\":{}}'",
        "body = 'x'",
    ],
)
def test_a_changed_row_is_found(world: World, change: str):
    first, second = (report_event("a.b", area=world.a, subject=str(n)) for n in range(2))
    without_guards(f"UPDATE tanlin_record_event SET {change} WHERE id = {first.pk}")
    assert queries.verify_chain().broken == [first.pk]
    assert second.previous == first.hash


def test_a_row_taken_out_is_found_even_at_the_end(world: World):
    rows = [report_event("a.b", subject=str(n)) for n in range(3)]
    without_guards(f"DELETE FROM tanlin_record_event WHERE id = {rows[1].pk}")
    assert queries.verify_chain().broken == [rows[2].pk, 0]
    without_guards(f"DELETE FROM tanlin_record_event WHERE id = {rows[2].pk}")
    assert queries.verify_chain().broken == [0]


@pytest.mark.parametrize("table", guards.TABLES)
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_the_database_refuses_to_change_a_row(world: World, factor, table: str, statement: str):
    report_event("a.b")
    add_facts([factor()])
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))
    assert Event.objects.exists() and Fact.objects.exists()


@pytest.mark.parametrize("model", [Event, Fact])
def test_the_model_refuses_to_change_a_row(world: World, factor, model):
    report_event("a.b")
    add_facts([factor()])
    row = model.objects.first()
    for act in (row.save, row.delete, model.objects.all().delete, lambda: model.objects.update(id=1)):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "record.append_only"


@pytest.mark.django_db(transaction=True)
def test_a_flush_empties_the_tables_and_puts_the_guards_back():
    from django.core.management import call_command

    report_event("a.b")
    call_command("flush", interactive=False, verbosity=0)
    assert not Event.objects.exists()
    report_event("a.c")
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM tanlin_record_event")


def test_only_who_may_replay_there_reads_the_log(world: World):
    report_event("a.b", area=world.areas["home-a"], subject="below")
    assert queries.events(world.users["auditor"], world.a)[0].subject == "below"
    assert queries.events(world.users["other"], world.b) is not None
    with pytest.raises(NotFound):
        queries.events(world.users["other"], world.a)
    with pytest.raises((NotFound, Forbidden)):
        queries.events(world.users["operator"], None)


def test_an_event_outlives_its_place_and_actor(world: World):
    row = report_event("a.b", actor=world.users["nobody"], area=world.areas["home-a"])
    ids = (world.users["nobody"].pk, world.areas["home-a"].pk)
    world.users["nobody"].delete()
    type(world.a).objects.filter(pk=ids[1]).delete()
    assert queries.verify_chain().whole
    shown = next(e for e in queries.events(queries.community.SYSTEM, None) if e.pk == row.pk)
    assert (shown.actor_id, shown.area_id) == ids and shown.actor is None and shown.area is None
