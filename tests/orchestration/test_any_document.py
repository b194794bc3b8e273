"""Any document: what is none is refused in words, what is one is read, written, and runs or faults; nothing else ever happens."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.errors import Invalid
from orchestration.flows import documents
from orchestration.models.flows import flow_of
from orchestration.runner.trial import try_flow
from tests.orchestration.test_flow_documents import WHOLE_ELEMENTS, WHOLE_SCREENS

pytestmark = pytest.mark.django_db

EVERYDAY = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

FAULTS = frozenset(
    {"expression", "input", "limit", "permission", "record_gone", "validation", "model_missing", "flow_missing", "flow_unfit"}
    | {"orchestration_missing", "endpoint", "output", "checkpoint", "reply", "refused", "fault", "Failure"}
)
"""What a flow may end with: words that handlers of faults know. The name of any other exception would be a defect of ours."""

words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
numbers = st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6, allow_nan=False)
plain = st.none() | st.booleans() | numbers | words
anything = st.recursive(
    plain | st.text(), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=12
)

PATHS = [
    *("record", "record.name", "inputs.a", "vars.n", "vars.t", "now", "today", "user", "each"),
    *("elements.e0.count", "elements.e1.records", "nothing"),
]
FORMULAS = [
    *("1 + 1", "vars.n + 1", "vars.n * vars.n", "vars.t + 'x'", "vars.n > 3", "is_empty(vars.t)", "today + days(vars.n)", "1 / vars.n"),
    *("len(inputs.a)", "vars.n in inputs.a", "max(vars.n, 3) > min(1, 2)", "now - days(1)", "if_(vars.n > 1, 'a', 2)", "upper(vars.t)"),
]
sources = (
    st.builds(lambda value: {"value": value}, plain | st.lists(plain, max_size=3))
    | st.builds(lambda path: {"path": path}, st.sampled_from(PATHS))
    | st.builds(lambda text: {"formula": text}, st.sampled_from(FORMULAS))
    | st.builds(lambda text: {"text": text}, st.sampled_from(["", "plain", "{{ vars.t }}!", "{{ record.name }} {{ vars.n }}"]))
)
conditions = (
    st.just({})
    | st.builds(lambda text: {"formula": text}, st.sampled_from(FORMULAS))
    | st.builds(
        lambda path, operator, value: {"rows": [{"path": path, "operator": operator, "value": value}]},
        *(st.sampled_from(PATHS), st.sampled_from(["equals", "greater", "one_of", "contains", "is_empty"]), plain),
    )
)
requirements = st.builds(
    lambda field, operator, source: {"field": field, "operator": operator} | ({} if "empty" in operator else {"source": source}),
    st.sampled_from(["name", "start_date", "manager.email", "is_ready", "pk", "no_such"]),
    st.sampled_from(["equals", "not_equals", "less", "greater_or_equal", "one_of", "contains", "starts_with", "is_empty", "is_not_empty"]),
    sources,
)


CALL = {"kind": "call", "endpoint": "helpdesk"}


def leaf() -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.builds(lambda n, t: {"kind": "assign", "set": {"n": n, "t": t}}, sources, sources),
        st.builds(
            lambda where, logic: {"kind": "find", "model": "demo.employee", "where": where, "logic": logic},
            *(st.lists(requirements, max_size=3), st.sampled_from(["all", "any"])),
        ),
        st.builds(lambda name: {"kind": "create", "model": "demo.building", "values": {"name": name}}, sources),
        st.builds(
            lambda of, values: {"kind": "update", "records": of, "values": values},
            *(
                sources,
                st.fixed_dictionaries({}, optional=dict.fromkeys(["name", "start_date", "manager", "is_ready"], sources)),
            ),
        ).filter(lambda element: element["values"]),
        st.builds(lambda to, text: {"kind": "mail", "to": to, "subject": "S {{ vars.t }}", "body": text}, sources, st.just("{{ vars.n }}")),
        st.builds(lambda seconds: {"kind": "wait", "for": seconds}, sources),
        st.builds(lambda until: {"kind": "wait", "until": until}, sources),
        st.builds(
            lambda body, wanted: {
                "kind": "call",
                "endpoint": "helpdesk",
                "body": {"a": [body]},
                "outputs": {"x": {"reply": "x.0", "type": wanted}},
            },
            *(sources, st.sampled_from(["text", "number", "date", "list", "yes_no", "datetime"])),
        ),
        st.builds(
            lambda flow, given: {"kind": "run", "flow": flow, "inputs": given},
            *(st.sampled_from(["tests.double", "tests.ask", "no.such"]), st.dictionaries(st.just("number"), sources, max_size=1)),
        ),
        st.just({"kind": "start", "orchestration": "nothing"}),
        st.just({"kind": "fail", "message": "No {{ vars.t }}"}),
    )


def inside(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    few = st.lists(inner, max_size=2)
    branch = st.fixed_dictionaries({"label": st.just("L"), "condition": conditions, "elements": few})
    decide = {"kind": st.just("decide"), "branches": st.lists(branch, min_size=1, max_size=2), "otherwise": few}
    loop = {"kind": st.just("loop"), "over": sources, "as": st.just("each"), "elements": few}
    return st.fixed_dictionaries(decide) | st.fixed_dictionaries(loop)


def named(elements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same elements with names of their own."""
    count = iter(range(1000))

    def name(element: dict[str, Any]) -> dict[str, Any]:
        mine = {**element, "name": f"e{next(count)}"}
        for inner in ("elements", "otherwise"):
            if inner in element:
                mine[inner] = [name(each) for each in element[inner]]
        if "branches" in element:
            mine["branches"] = [{**branch, "elements": [name(each) for each in branch["elements"]]} for branch in element["branches"]]
        return mine

    return [name(element) for element in elements]


flows_of_elements = st.builds(
    lambda elements, outputs: {
        "inputs": {"a": {"type": "list", "default": [1, 2]}},
        "variables": {"n": {"type": "number", "default": 0}, "t": {"type": "text", "default": ""}},
        "elements": named(elements),
        "outputs": outputs,
    },
    *(st.lists(st.recursive(leaf(), inside, max_leaves=6), min_size=1, max_size=6), st.fixed_dictionaries({}, optional={"o": sources})),
)


@EVERYDAY
@given(document=flows_of_elements, reply=anything)
def test_a_flow_of_any_elements_is_read_written_and_runs_or_faults(settings: Any, document: dict[str, Any], reply: Any) -> None:
    settings.ORCHESTRATION_WRITABLE = {"demo.building": "*", "demo.employee": "*"}
    read = documents.parse("autolaunched", document)
    assert documents.dump(read) == document
    assert all(problem.message for problem in documents.problems(read))
    replies = {element.name: reply for element in read.elements if element.kind == "call"}
    trial = try_flow(flow_of("site.any", "autolaunched", "Any", read), replies=replies)
    assert trial.is_good or trial.error["type"] in FAULTS, trial.error
    assert json.dumps([done.outputs for done in trial.elements])


def refusal_of(kind: str, document: Any) -> Invalid | None:
    """Why the document is none; None when it is one."""
    try:
        documents.parse(kind, document)
    except Invalid as invalid:
        return invalid
    return None


@EVERYDAY
@given(document=anything, kind=st.sampled_from(sorted(documents.KINDS)))
def test_anything_at_all_is_a_document_or_is_refused_in_words(document: Any, kind: str) -> None:
    if refused := refusal_of(kind, document):
        assert refused.errors
        assert all(messages for messages in refused.errors.values())


@EVERYDAY
@given(data=st.data())
def test_a_document_with_any_part_exchanged_is_a_document_or_is_refused_in_words(data: st.DataObject) -> None:
    kind, whole = data.draw(st.sampled_from([("screen", WHOLE_SCREENS), ("autolaunched", WHOLE_ELEMENTS)]))
    changed = json.loads(json.dumps(whole))
    part: Any = changed
    while True:
        key = data.draw(st.sampled_from(sorted(part) if isinstance(part, dict) else range(len(part))))
        if not (part[key] and isinstance(part[key], dict | list)) or data.draw(st.booleans()):
            break
        part = part[key]
    part[key] = data.draw(anything)
    if refused := refusal_of(kind, changed):
        assert refused.errors
    else:
        read = documents.parse(kind, changed)
        assert documents.parse(kind, documents.dump(read)) == read
        assert all(problem.message for problem in documents.problems(read))
