"""The shape of the file: orchestrations, the flows that they need, queues and groups by name. Strict, and published as a JSON Schema."""

from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from orchestration import builder, expressions, values
from orchestration.errors import ExpressionError
from orchestration.flows.documents.parts import Part
from orchestration.models.definitions import ExitRule, Handles, RunAs, StartsOn, StartType

FORMAT = 1

ApiName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=100)]
FlowKey = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9_]+\.[A-Za-z0-9_]+)?$", max_length=120)]


def _refusal(message: str) -> PydanticCustomError:
    return PydanticCustomError("refused", "{message}", {"message": message})


def _a_condition(value: dict[str, Any]) -> dict[str, Any]:
    try:
        expressions.condition(value)
    except ExpressionError as error:
        raise _refusal(str(error)) from None
    return value


def _a_source(value: dict[str, Any]) -> dict[str, Any]:
    try:
        expressions.source(value)
    except ExpressionError as error:
        raise _refusal(str(error)) from None
    return value


def _a_declaration(value: dict[str, Any]) -> dict[str, Any]:
    if found := values.problems_of(value):
        raise _refusal(" ".join(found))
    return value


def _an_assignee(value: dict[str, str]) -> dict[str, str]:
    if len(value) > 1 or not value.keys() <= {"queue", "group", "user", "path"}:
        raise _refusal(_("An assignee names one of a queue, a group, a user and a path."))
    return value


Condition = Annotated[dict[str, Any], AfterValidator(_a_condition), Field(description="Requirements, a formula, or an evaluation flow.")]
Source = Annotated[dict[str, Any], AfterValidator(_a_source), Field(description="One of value, path, formula, text.")]
Declaration = Annotated[dict[str, Any], AfterValidator(_a_declaration)]
Assignee = Annotated[dict[str, str], AfterValidator(_an_assignee)]


class Step(Part):
    """One unit of work."""

    api_name: ApiName
    label: Label
    kind: Literal["background", "interactive"]
    flow: FlowKey = ""
    after: list[ApiName] = []
    fault_path: ApiName | None = None
    wait_until: Condition = {}
    only_if: Condition = {}
    complete_when: Condition = {}
    inputs: dict[str, Source] = {}
    assignee: Assignee = {}
    max_attempts: Annotated[int, Field(ge=1, le=100)] | None = None
    run_as: Literal[tuple(RunAs.values)] = "service"  # type: ignore[valid-type]
    run_as_user: Annotated[str, StringConstraints(max_length=150)] = ""
    handles: Literal[("", *Handles.values)] = ""  # type: ignore[valid-type]
    handles_types: list[Annotated[str, StringConstraints(max_length=100)]] = []


class Route(Part):
    """Where to go after a stage; without `to`, to the end."""

    condition: Condition = {}
    to: ApiName | None = None


class Stage(Part):
    """A phase, named for its outcome."""

    api_name: ApiName
    label: Label
    entry_condition: Condition = {}
    exit_rule: Literal[tuple(ExitRule.values)] = "all_steps"  # type: ignore[valid-type]
    exit_condition: Condition = {}
    routes: Annotated[list[Route], Field(max_length=50)] = []
    steps: Annotated[list[Step], Field(max_length=builder.MOST_STEPS)] = []


class Head(Part):
    """The orchestration itself."""

    api_name: ApiName
    label: Label
    description: Annotated[str, StringConstraints(max_length=5000)] = ""
    start_type: Literal[tuple(StartType.values)]  # type: ignore[valid-type]
    record_model: Annotated[str, StringConstraints(max_length=200)] = ""
    one_live_per_record: bool = True


class Orchestration(Part):
    """One orchestration with one of its versions."""

    orchestration: Head
    fingerprint: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    starts_on: Literal[tuple(StartsOn.values)] = "created"  # type: ignore[valid-type]
    entry_condition: Condition = {}
    changed_into: bool = False
    start_field: Annotated[str, StringConstraints(max_length=60)] = ""
    start_offset: Annotated[float, Field(ge=-(10**9), le=10**9)] = 0.0
    inputs: Declaration = {}
    variables: Declaration = {}
    stages: Annotated[list[Stage], Field(max_length=builder.MOST_STAGES)]

    def document(self) -> dict[str, Any]:
        """It as `builder` knows documents: everything said, without the fingerprint."""
        return self.model_dump(exclude={"fingerprint"})


class Flow(Part):
    """A flow that is built without code. What its document holds depends on its kind."""

    key: Annotated[str, StringConstraints(pattern=r"^site\.[a-z][a-z0-9_]*$", max_length=120)]
    label: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    kind: Literal["screen", "autolaunched", "evaluation"]
    description: Annotated[str, StringConstraints(max_length=5000)] = ""
    document: dict[str, Any]


class Queue(Part):
    """A queue with its members by name."""

    api_name: ApiName
    label: Label
    groups: list[Annotated[str, StringConstraints(max_length=150)]] = []
    users: list[Annotated[str, StringConstraints(max_length=150)]] = []


class Bundle(Part):
    """The whole file."""

    segue: Literal[1]
    orchestrations: Annotated[list[Orchestration], Field(max_length=100)] = []
    flows: Annotated[list[Flow], Field(max_length=500)] = []
    queues: Annotated[list[Queue], Field(max_length=500)] = []
    groups: Annotated[list[Annotated[str, StringConstraints(max_length=150)]], Field(max_length=500)] = []


def json_schema() -> dict[str, Any]:
    """The published schema of the file."""
    schema = Bundle.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Definitions of Segue"}
