"""The list of shipped questions is whole: what the equivalence test leaves out would be found here."""

import pytest

from tests.readings import shipped

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_sql_text_and_every_mapped_function_of_the_source_is_asked(tmp_path, monkeypatch) -> None:
    recorder = shipped.record(tmp_path / "kept", monkeypatch)
    shipped.use_everything()
    asked = {shipped.normal(text) for text in recorder.asked}
    texts = list(shipped.shipped())
    assert len(texts) > 30
    assert [place for place, pattern in texts if not any(pattern.search(text) for text in asked)] == []
    assert len({question.text for question in recorder.questions if question.fn}) >= shipped.calls_of_map()
