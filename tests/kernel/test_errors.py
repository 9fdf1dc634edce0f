import pytest

from tanlin.kernel import BadInput, Text, Where
from tanlin.kernel.manifest import load
from tanlin.kernel.ports import enqueue

ERROR = BadInput(
    "meter.not_a_number",
    Text("不是数字。", "Not a number."),
    remedy=Text("请填写数字。", "Enter a number."),
    where=Where(file="a.csv", row=3, column="用电量", value="abc"),
)


def test_an_error_speaks_both_languages():
    assert "第 3 行" in str(ERROR)
    assert "row 3" in str(ERROR)


def test_an_error_names_place_and_remedy():
    assert (
        ERROR.message("en")
        == "file a.csv, row 3, column “用电量”, value “abc”: Not a number. Enter a number."
    )


def test_its_json_leaves_out_what_is_not_known():
    assert ERROR.as_dict()["where"] == {
        "file": "a.csv",
        "row": 3,
        "column": "用电量",
        "value": "abc",
    }


def test_a_port_without_implementation_is_a_defect(monkeypatch):
    monkeypatch.setattr("tanlin.kernel.ports._implementations", {})
    with pytest.raises(RuntimeError, match="enqueue"):
        enqueue("x", {})


def test_a_dotted_path_loads_its_attribute():
    assert load("tanlin.kernel.errors:Text") is Text
