"""What nobody should write into an expression: refused when it is saved, or the fault of the step that comes to it; never more."""

import time

import pytest

from orchestration import engine, expressions, flow_builder
from orchestration.errors import ExpressionError, Fault, Invalid
from orchestration.flows import Context, documents
from orchestration.models import StepInstance
from orchestration.runner import run_autolaunched
from orchestration.states import StepStatus
from tests import flows as test_flows
from tests.cast import Cast
from tests.stories import active, background, built, drain, hire

pytestmark = pytest.mark.django_db

SAVED = "refused when saved"
REACHED = "a fault when reached"
NULL = "null, by the rule for null"

CORPUS: dict[str, tuple[str, str]] = {
    "empty": ("", SAVED),
    "spaces": ("   ", SAVED),
    "2,001 characters": ("1 + " * 500 + "1", SAVED),
    "a megabyte": ("a" * 1_000_000, SAVED),
    "half an if": ("1 if", SAVED),
    "half an assignment": ("a =", SAVED),
    "half a comparison": ("a ==", SAVED),
    "an open bracket": ("(1 + 2", SAVED),
    "300 brackets": ("(" * 300 + "1" + ")" * 300, SAVED),
    "400 nots": ("not " * 400 + "True", SAVED),
    "an unknown name": ("nothing_of_this_name > 1", REACHED),
    "an unknown field": ("record.nothing == 1", REACHED),
    "an undeclared relation": ("record.it_tickets.summary == 'a'", REACHED),
    "a class": ("().__class__", SAVED),
    "a dunder": ("record.__init__", SAVED),
    "getattr": ("getattr(record, 'name')", SAVED),
    "an import": ("__import__('os')", SAVED),
    "open": ("open('/etc/passwd')", SAVED),
    "eval": ("eval('1')", SAVED),
    "a lambda": ("(lambda: 1)()", SAVED),
    "a list comprehension": ("[x for x in record]", SAVED),
    "a generator": ("any(x for x in record)", SAVED),
    "a width in an f-string": ("f'{1:999999999}'", SAVED),
    "a width in a text": ("'%999999999d' % 1", REACHED),
    "a long text": ("'a' * 1000000000", REACHED),
    "a tower of powers": ("9 ** 9 ** 9", SAVED),
    "a shift": ("1 << 1000000000", SAVED),
    "a large number": ("1" + "0" * 400 + " * 1.0 > 0", SAVED),
    "a division by nothing": ("1 / 0 > 0", REACHED),
    "a text below a number": ("'a' < 1", REACHED),
    "null and one": ("None + 1", NULL),
    "not a number": ("float('nan') == float('nan')", SAVED),
    "5,000 digits": ("1" * 1999 + " > 0", SAVED),
    "an invisible character": ("1 == 1\0", SAVED),
    "letters from the right and look-alikes": ("rec\u202eord == 1", SAVED),
    "a look-alike name": ("rеcord.name == 'a'", SAVED),  # the second letter is Cyrillic
    "a walrus": ("(a := 1)", SAVED),
    "await": ("await record", SAVED),
    "a star": ("[*record]", SAVED),
}
"""Each with what is done about it. Null is no error: arithmetic with it is null, and null does not hold (R3.9)."""


@pytest.fixture(params=CORPUS.values(), ids=CORPUS)
def case(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param


def test_as_an_expression(case: tuple[str, str], cast: Cast) -> None:
    formula, verdict = case
    scope = {"record": hire(cast)}
    began = time.process_time()
    if verdict == NULL:
        assert expressions.source({"formula": formula}).value(scope) is None
    elif verdict == SAVED:
        with pytest.raises(ExpressionError):
            expressions.source({"formula": formula})
    else:
        source = expressions.source({"formula": formula})
        with pytest.raises(ExpressionError):
            source.value(scope)
    assert time.process_time() - began < 0.25


def test_as_a_condition_of_a_step(case: tuple[str, str], cast: Cast) -> None:
    formula, verdict = case
    test_flows.calls.clear()
    step = background("only", "tests.note", only_if={"formula": formula})
    if verdict == SAVED or "nothing" in formula or "it_tickets" in formula:  # activation knows the record's model
        with pytest.raises(Invalid):
            active([step], record_model="demo.employee")
        return
    active([step], record_model="demo.employee")
    engine.start("trial", record=hire(cast))
    drain()
    stood = StepInstance.objects.get(step__api_name="only")
    assert stood.status == (StepStatus.ERROR if verdict == REACHED else StepStatus.SKIPPED)
    assert verdict == NULL or stood.error["type"] == "expression"
    assert test_flows.calls == []


def test_in_a_built_flow(case: tuple[str, str], cast: Cast) -> None:
    """Where the model of the record is known, what is not there is refused when it is saved, too."""
    formula, verdict = case
    elements = [
        {"kind": "decide", "name": "d", "branches": [{"label": "a", "condition": {"formula": formula}, "elements": []}]},
        {"kind": "assign", "name": "a", "set": {"x": {"formula": formula}}},
    ]
    document = {"variables": {"x": {"type": "text"}}, "elements": elements}
    if verdict == SAVED or "nothing_of" in formula:
        with pytest.raises(Invalid) as refused:
            built("odd", "autolaunched", document)
        assert len(formula) > 10_000 or "elements.1.set.x" in str(refused.value)
        return
    flow, context = built("odd", "autolaunched", document).as_flow(), Context(record=hire(cast))
    if verdict == NULL:
        assert run_autolaunched(flow, context).outputs == {}
    else:
        with pytest.raises(Fault) as caught:
            run_autolaunched(flow, context)
        assert caught.value.kind == "expression"


@pytest.mark.parametrize("formula", [formula for formula, verdict in CORPUS.values() if verdict == REACHED and "record" in formula])
def test_unknown_fields_are_refused_when_saved_where_the_model_is_known(formula: str) -> None:
    document = {"record_model": "demo.employee", "condition": {"formula": formula}}
    with pytest.raises(Invalid, match=r"there is no field|cannot be read"):
        flow_builder.activate(flow_builder.new_flow("odd", "Odd", "evaluation", document=document))


def test_in_a_text(case: tuple[str, str]) -> None:
    """Texts take paths alone, so that every formula is refused."""
    formula, _verdict = case
    if "nothing_of" in formula:
        return
    message = {"kind": "fail", "name": "f", "message": f"{{{{ {formula} }}}}"}
    with pytest.raises(Invalid):
        documents.parse("autolaunched", {"elements": [message]})
