"""Documents of flows that are built without code: their shape, what is refused and where, and what can be read at each place."""

import json
from typing import Any

import pytest

from orchestration.checks import check_writable
from orchestration.errors import Invalid
from orchestration.flows import documents

WHOLE_SCREENS: dict[str, Any] = {
    "record_model": "demo.employee",
    "inputs": {"limit": {"type": "number", "required": True, "label": "Most that may be asked"}},
    "screens": [
        {
            "name": "terms",
            "title": "Terms",
            "intro": "For {{ record.name }}",
            "items": [
                {"kind": "field", "name": "size", "type": "choice", "label": "Size", "choices": [{"value": "s", "label": "Small"}]},
                {
                    "kind": "field",
                    "name": "discount",
                    "type": "number",
                    "label": "Discount",
                    "required": True,
                    "min": 0,
                    "max": 100,
                    "default": {"path": "inputs.limit"},
                    "check": {"formula": "answers.discount <= inputs.limit", "message": "That is too much."},
                },
                {
                    "kind": "section",
                    "name": "delivery",
                    "label": "Delivery",
                    "items": [
                        {
                            "kind": "field",
                            "name": "code",
                            "type": "text",
                            "label": "Code",
                            "pattern": {"pattern": "[A-Z]{2}[0-9]{4}", "message": "Two letters, four digits"},
                        },
                        {"kind": "text", "name": "hint", "text": "You chose {{ answers.size }}"},
                    ],
                },
                {
                    "kind": "group",
                    "name": "lines",
                    "label": "Line",
                    "least": 1,
                    "fields": [
                        {"name": "article", "type": "text", "label": "Article"},
                        {"name": "count", "type": "number", "label": "Count", "show_when": {"formula": "not is_empty(item.article)"}},
                    ],
                },
            ],
        },
        {"name": "legal", "title": "Legal", "show_when": {"rows": [{"path": "answers.discount", "operator": "greater", "value": 15}]}},
    ],
    "outcomes": [
        {"value": "approve", "label": "Approve", "tone": "primary"},
        {"value": "reject", "label": "Reject", "comment": "required"},
    ],
    "outputs": {"twice": {"formula": "answers.discount * 2"}},
}

WHOLE_ELEMENTS: dict[str, Any] = {
    "record_model": "demo.employee",
    "variables": {"total": {"type": "number", "default": 0}},
    "elements": [
        {
            "kind": "find",
            "name": "found",
            "model": "demo.employee",
            "most": 10,
            "order": ["-name"],
            "where": [{"field": "department", "operator": "equals", "source": {"path": "record.department"}}],
        },
        {
            "kind": "loop",
            "name": "each",
            "over": {"path": "elements.found.records"},
            "as": "person",
            "elements": [
                {"kind": "assign", "name": "count", "set": {"total": {"formula": "vars.total + 1"}}},
                {
                    "kind": "decide",
                    "name": "who",
                    "branches": [
                        {
                            "label": "Engineers",
                            "condition": {"formula": "person.job_title == 'Engineer'"},
                            "elements": [
                                {
                                    "kind": "mail",
                                    "name": "tell",
                                    "to": {"path": "person.email"},
                                    "subject": "Hello",
                                    "body": "Dear {{ person.name }}",
                                },
                            ],
                        },
                    ],
                },
            ],
        },
        {
            "kind": "call",
            "name": "ask",
            "endpoint": "helpdesk",
            "body": {"who": {"path": "record.name"}, "tags": ["new", {"value": 1}]},
            "outputs": {"ticket": {"reply": "ticket.id"}},
        },
        {"kind": "wait", "name": "pause", "for": {"value": 60}},
    ],
    "outputs": {"total": {"path": "vars.total"}, "ticket": {"path": "elements.ask.ticket"}},
}


def errors_of(kind: str, document: Any) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as caught:
        documents.parse(kind, document)
    return caught.value.errors


def screen(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"screens": [{"name": "one", "title": "One", "items": list(items)}], **more}


def field(**settings: Any) -> dict[str, Any]:
    return {"kind": "field", "name": "answer", "type": "text", "label": "Answer"} | settings


def elements(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"elements": list(parts), **more}


def messages(kind: str, document: Any, around: documents.Surroundings | None = None) -> list[str]:
    return [str(problem) for problem in documents.problems(documents.parse(kind, document), around)]


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        ("screen", WHOLE_SCREENS),
        ("autolaunched", WHOLE_ELEMENTS),
        ("evaluation", {"inputs": {"amount": {"type": "number"}}, "condition": {"formula": "inputs.amount > 3"}}),
    ],
)
def test_a_whole_document_is_read_and_written_as_it_was(kind: str, document: dict[str, Any]) -> None:
    read = documents.parse(kind, document)
    assert documents.dump(read) == document
    assert documents.problems(read) == []


def test_each_mistake_is_told_in_words_at_its_place() -> None:
    told = errors_of(
        "autolaunched",
        elements(
            {"kind": "magic", "name": "a"},
            {"kind": "fail", "name": "Big Name", "message": "x"},
            {"kind": "fail", "name": "c", "message": "{{ a|upper }}", "color": "red"},
            {"kind": "decide", "name": "d", "branches": [{"label": "Yes", "condition": {"formula": "1 if"}}]},
        ),
    )
    assert set(told) == {
        "elements.0",
        "elements.1.name",
        "elements.2.message",
        "elements.2.color",
        "elements.3.branches.0.condition",
    }
    assert told["elements.0"][0].startswith("Choose as kind one of 'assign'")
    assert told["elements.2.color"] == ["There is no such setting here."]
    assert "at character" in told["elements.3.branches.0.condition"][0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"type": "choice"}, "Give at least one choice."),
        ({"choices": [{"value": "a", "label": "A"}]}, "Only a choice has choices."),
        ({"type": "radio", "choices": [{"value": "a", "label": "A"}] * 2}, "Two choices have the same value."),
        ({"min": 3}, "Only numbers and dates have a smallest and a largest value."),
        ({"type": "number", "min": 5, "max": 3}, "The smallest value is larger than the largest."),
        ({"type": "date", "min": "31.12.2026"}, "“31.12.2026” is no limit for this type of field."),
        ({"type": "number", "max_length": 3}, "Only texts have a length and a pattern."),
        ({"min_length": 9, "max_length": 3}, "The smallest length is larger than the largest."),
        ({"type": "record"}, "Name the model whose records can be looked up."),
        ({"model": "demo.employee"}, "Only a record has a model."),
        ({"places": 2}, "Only numbers have decimal places."),
    ],
)
def test_settings_that_do_not_fit_the_type_of_a_field_are_refused(settings: dict[str, Any], message: str) -> None:
    assert errors_of("screen", screen(field(**settings)))["screens.0.items.0"] == [message]


@pytest.mark.parametrize("pattern", ["(", "(?=a)b", r"(a)\1", "a{5000}"])
def test_a_pattern_that_the_engine_without_back_tracking_does_not_know_is_refused(pattern: str) -> None:
    told = errors_of("screen", screen(field(pattern={"pattern": pattern, "message": "No"})))
    assert told["screens.0.items.0.pattern.pattern"][0].startswith("This pattern cannot be used")


def test_a_name_is_given_once_in_the_whole_flow() -> None:
    assert errors_of("screen", screen(field(), field()))["screens.0.items.1.name"] == ["The name “answer” is given twice."]


@pytest.mark.parametrize(
    "document",
    [
        elements(*({"kind": "fail", "name": f"f{n}", "message": "x"} for n in range(201))),
        elements({"kind": "fail", "name": "f", "message": "x" * 20_001}),
        {"elements": [{"kind": "fail", "name": "f", "message": "x"}], "outputs": {"a": {"value": "x" * 205_000}}},
        elements({"kind": "assign", "name": "a", "set": {"x": {"value": 10**25}}}),
        elements({"kind": "assign", "name": "a", "set": {"x": {"value": float("nan")}}}),
        elements({"kind": "assign", "name": "a", "set": {"x": {"value": "a\0b"}}}),
        elements({"kind": "assign", "name": "a", "set": {"x": {"value": "\ud800"}}}),
        {"elements": []},
        {"elements": None},
        None,
        [],
        "elements",
        3,
        {},
    ],
)
def test_a_document_beyond_its_limits_or_of_no_shape_is_refused(document: Any) -> None:
    assert errors_of("autolaunched", document)


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"kind": "fail", "name": "deepest", "message": "x"}
    for number in range(depth - 1):
        inner = {"kind": "loop", "name": f"l{number}", "over": {"value": [1]}, "as": f"x{number}", "elements": [inner]}
    return elements(inner)


def test_elements_stand_in_each_other_twelve_deep_and_no_deeper() -> None:
    assert documents.parse("autolaunched", nested(12))
    assert "more than 12 deep" in str(errors_of("autolaunched", nested(13)))
    assert errors_of("autolaunched", nested(5_000))


def test_two_hundred_elements_are_allowed() -> None:
    assert documents.parse("autolaunched", elements(*({"kind": "fail", "name": f"f{n}", "message": "x"} for n in range(200))))


GROUP = {"kind": "group", "name": "g", "label": "G"}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (lambda more: {"screens": [{"name": f"s{n}", "title": "S"} for n in range(30 + more)]}, "There are more than 30."),
        (lambda more: screen(*(field(name=f"f{n}") for n in range(200 + more))), "There are 201 fields; the limit is 200."),
        (
            lambda more: screen({"kind": "group", "name": "g", "label": "G", "fields": [field(name=f"f{n}") for n in range(200 + more)]}),
            "201 fields",
        ),
        (lambda more: screen(field(choices=[{"value": str(n), "label": "L"} for n in range(200 + more)], type="radio")), "more than 200"),
        (lambda more: screen(field(label="x" * (200 + more))), "longer than 200 characters"),
        (lambda more: screen(outcomes=[{"value": f"o{n}", "label": "O"} for n in range(6 + more)]), "more than 6"),
    ],
)
def test_a_form_takes_as_much_as_is_said_and_no_more(document: Any, message: str) -> None:
    assert documents.parse("screen", document(0))
    assert message in str(errors_of("screen", document(1)))


def test_a_document_has_two_hundred_kilobytes_and_no_more() -> None:
    def of(size: int) -> dict[str, Any]:
        whole = {"elements": [{"kind": "fail", "name": "f", "message": "x"}], "outputs": {"a": {"value": ""}}}
        whole["outputs"]["a"]["value"] = "x" * (size - len(json.dumps(whole)))  # type: ignore[call-overload]
        return whole

    assert documents.parse("autolaunched", of(200 * 1024))
    assert errors_of("autolaunched", of(200 * 1024 + 1)) == {"": ["The document has 204801 bytes; the limit is 204800."]}


# What can be read


def test_an_element_reads_what_stands_before_it_and_nothing_later() -> None:
    told = messages(
        "autolaunched",
        elements(
            {"kind": "fail", "name": "early", "message": "{{ elements.found.count }}"},
            {"kind": "find", "name": "found", "model": "demo.employee"},
            {"kind": "fail", "name": "late", "message": "{{ elements.found.count }} {{ elements.found.pages }} {{ vars.x }}"},
        ),
    )
    assert told == [
        "elements.0.message: “elements.found.count”: there is no “found” here. Known: –.",
        "elements.2.message: “elements.found.pages”: there is no “pages” here. Known: count, first, records.",
        "elements.2.message: “vars.x”: there is no “x” here. Known: –.",
    ]


def test_the_fields_of_a_record_are_looked_up_where_its_model_is_known() -> None:
    reads = {
        "kind": "fail",
        "name": "f",
        "message": "{{ record.manager.email }} {{ record.manager.passport }}",
    }
    assert messages("autolaunched", elements(reads)) == []
    assert messages("autolaunched", elements(reads, record_model="demo.employee")) == [
        "elements.0.message: “record.manager.passport”: there is no field “passport”.",
    ]


def test_a_field_is_shown_by_answers_before_it_not_after_it() -> None:
    first = field(name="first", show_when={"formula": "answers.second == 'x'"})
    second = field(name="second", show_when={"formula": "answers.first == 'x'"})
    assert messages("screen", screen(first, second)) == [
        "screens.0.items.0.show_when: “answers.second”: there is no “second” here. Known: –."
    ]


def test_what_can_be_read_at_a_place_is_listed_with_its_types() -> None:
    known = dict(documents.paths(documents.readable(documents.parse("autolaunched", WHOLE_ELEMENTS), "elements.1.elements.1.branches.0")))
    assert known["person"] == "record:demo.employee"
    assert known["elements.found.first"] == "record:demo.employee"
    assert known["vars.total"] == "number"
    assert "elements.ask.ticket" not in known


def test_an_empty_document_says_what_can_be_read_in_its_first_element() -> None:
    known = documents.readable(documents.parse("screen", WHOLE_SCREENS), "screens.1.items.0")
    assert set(known["answers"]) == {"size", "discount", "code", "lines"}


# What is spoken of


def test_call_outs_and_waits_stand_at_the_top_level() -> None:
    wait = {"kind": "wait", "name": "w", "callback": True}
    loop = {"kind": "loop", "name": "l", "over": {"value": [1]}, "as": "x", "elements": [wait]}
    assert messages("autolaunched", elements(loop)) == [
        "elements.0.elements.0: A call-out or a wait stands at the top level of the flow, not inside another element."
    ]


def test_only_what_the_site_allows_is_written_and_never_rights(settings: Any) -> None:
    settings.ORCHESTRATION_WRITABLE = {"demo.Employee": ["name"], "auth.user": "*", "demo.building": "*"}
    create = {"kind": "create", "name": "c"}
    one = {"value": 1}
    closed = "This site does not let flows write %s. Its setting ORCHESTRATION_WRITABLE says what they may."
    told = messages(
        "autolaunched",
        elements(
            {**create, "name": "c1", "model": "demo.employee", "values": {"name": {"value": "Sam"}, "email": {"value": "x"}}},
            {**create, "name": "c2", "model": "auth.user", "values": {"is_superuser": {"value": True}}},
            {
                **create,
                "name": "c3",
                "model": "demo.building",
                "values": {"name": one, "id": one, "no": one},
            },
            {**create, "name": "c4", "model": "demo.nothing", "values": {"name": {"value": "x"}}},
            {**create, "name": "c5", "model": "orchestration.flow", "values": {"label": {"value": "x"}}},
        ),
    )
    assert told == [
        "elements.0.values.email: This site does not let flows write “email” of demo.employee.",
        f"elements.1.values.is_superuser: {closed % 'auth.user'}",
        "elements.2.values.id: This site does not let flows write “id” of demo.building.",
        "elements.2.values.no: demo.building has no field “no”.",
        "elements.3.values.name: No installed app has a model “demo.nothing”.",
        f"elements.4.values.label: {closed % 'orchestration.flow'}",
    ]


def test_nothing_may_be_written_unless_the_site_says_so(settings: Any) -> None:
    del settings.ORCHESTRATION_WRITABLE
    element = {"kind": "create", "name": "c", "model": "demo.employee", "values": {"name": {"value": "Sam"}}}
    assert "ORCHESTRATION_WRITABLE" in messages("autolaunched", elements(element))[0]


def test_a_check_names_what_no_flow_could_ever_write(settings: Any) -> None:
    assert check_writable() == []
    settings.ORCHESTRATION_WRITABLE = {"auth.user": "*", "demo.nothing": ["a"], "demo.building": ["name", "colour", "id"]}
    assert [(message.id, str(message.msg)) for message in check_writable()] == [
        ("orchestration.W002", "This site does not let flows write auth.user. Its setting ORCHESTRATION_WRITABLE says what they may."),
        ("orchestration.W002", "No installed app has a model “demo.nothing”."),
        ("orchestration.W002", "demo.building has no field “colour”."),
        ("orchestration.W002", "This site does not let flows write “id” of demo.building."),
    ]


def test_names_of_this_site_are_looked_up_in_its_surroundings() -> None:
    around = documents.Surroundings(
        endpoints={"helpdesk": "http", "channel": "slack"},
        orchestrations={"known"},
        why_not_run=lambda element: "" if element.flow == "demo.known" else "No such flow.",
    )
    told = messages(
        "autolaunched",
        elements(
            {"kind": "call", "name": "a", "endpoint": "helpdesk"},
            {"kind": "call", "name": "b", "endpoint": "channel"},
            {"kind": "slack", "name": "c", "endpoint": "nowhere", "text": "x"},
            {"kind": "start", "name": "d", "orchestration": "unknown"},
            {"kind": "run", "name": "e", "flow": "demo.known"},
            {"kind": "run", "name": "f", "flow": "demo.unknown"},
        ),
        around,
    )
    assert told == [
        "elements.1.endpoint: There is no endpoint “channel” of the kind http.",
        "elements.2.endpoint: There is no endpoint “nowhere” of the kind slack.",
        "elements.3.orchestration: There is no autolaunched orchestration “unknown”.",
        "elements.5.flow: No such flow.",
    ]


# Differences


def test_two_documents_differ_part_by_part_by_name() -> None:
    old = elements({"kind": "fail", "name": "a", "message": "x"}, {"kind": "fail", "name": "b", "message": "y"})
    new = elements({"kind": "fail", "name": "b", "message": "z"}, {"kind": "fail", "name": "c", "message": "new"})
    assert list(documents.changed_places(old, new)) == [
        ("elements.a", {"kind": "fail", "name": "a", "message": "x"}, None),
        ("elements.b.message", "y", "z"),
        ("elements.c", None, {"kind": "fail", "name": "c", "message": "new"}),
    ]


def test_parts_in_another_order_are_told_as_that() -> None:
    one, two = {"kind": "fail", "name": "a", "message": "x"}, {"kind": "fail", "name": "b", "message": "y"}
    assert list(documents.changed_places(elements(one, two), elements(two, one))) == [("elements.(order)", ["a", "b"], ["b", "a"])]
