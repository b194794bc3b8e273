"""R6.1, R6.3: what a path can read, and what it never can."""

import pytest

from orchestration import expressions
from orchestration.errors import ExpressionError
from orchestration.models.records import reference, snapshot
from tests.cast import Cast
from tests.stories import hire


def test_a_path_follows_fields_and_foreign_keys(cast: Cast) -> None:
    scope = {"record": hire(cast), "steps": {"ask": {"outputs": {"size": 4}, "status": "completed"}}}
    assert expressions.read("record.manager.email", scope) == "marta@segue.example"
    assert expressions.read("record.building.name", scope) == "Headquarters"
    assert expressions.read("record.pk", scope) == scope["record"].pk
    assert expressions.read("steps.ask.outputs.size", scope) == 4


def test_what_is_not_there_yet_is_null() -> None:  # R6.2
    scope = {"record": None, "steps": {"ask": {"outputs": {}}}}
    assert expressions.read("record.manager.email", scope) is None
    assert expressions.read("steps.ask.outputs.size", scope) is None
    assert expressions.read("steps.later.outputs.size", scope) is None


@pytest.mark.parametrize(
    "path",
    [
        "record.delete",
        "record.__class__",
        "record._state",
        "record.objects",
        "record._meta.app_config",
        "record.it_tickets",
        "record.manager.password",
        "record.manager.check_password",
        "record.manager.groups",
        "record.name.upper",
        "record.pk.bit_length",
        "settings.SECRET_KEY",
        "record.",
        "record..name",
        "",
        ".",
        "record.save()",
        "__builtins__",
    ],
)
def test_a_path_never_calls_and_never_leaves_the_fields(cast: Cast, path: str) -> None:  # R6.3
    with pytest.raises(ExpressionError):
        expressions.read(path, {"record": hire(cast)})


@pytest.mark.parametrize("source", [{}, {"formula": 1}, {"path": 3}, {"path": None}, {"path": "1 + 1"}, {"value": 1, "path": "a"}])
def test_a_mapping_is_a_value_or_a_path(source: dict[str, object]) -> None:
    with pytest.raises(ExpressionError, match=r"neither a value nor a path|is not the path"):
        expressions.value_of(source, {})


def test_a_snapshot_is_plain_and_holds_no_password(cast: Cast) -> None:
    kept = snapshot(cast.hanna)
    assert kept["username"] == "hanna"
    assert "password" not in kept
    assert snapshot(hire(cast))["manager"] == cast.marta.pk
    assert snapshot(None) == {}


def test_a_record_is_named_by_text(cast: Cast) -> None:
    employee = hire(cast)
    assert reference(employee) == {"record_model": "demo.employee", "record_id": str(employee.pk), "record_label": "Sam Lee"}
