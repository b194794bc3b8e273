"""The document of an autolaunched flow: its elements, and how they stand in each other."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, Self

from django.utils.translation import gettext as _
from pydantic import AfterValidator, ConfigDict, StringConstraints, model_validator
from pydantic import Field as Bounds

from orchestration import expressions
from orchestration.flows.documents.parts import (
    MOST_NAMES,
    Condition,
    Declaration,
    Document,
    Key,
    Label,
    Line,
    ModelName,
    Name,
    Part,
    Source,
    Sources,
    Text,
    Values,
    a_source,
    join,
    refusal,
)


class Element(Part):
    """One thing that an autolaunched flow does. Its `label` is for people."""

    name: Name
    label: Annotated[str, StringConstraints(max_length=200)] = ""


class Assign(Element):
    """Give variables a value."""

    kind: Literal["assign"]
    set: Annotated[Sources, Bounds(min_length=1, max_length=MOST_NAMES)]


class Create(Element):
    """Make a record. Outputs: `record`, `id`."""

    kind: Literal["create"]
    model: ModelName
    values: Values


class Update(Element):
    """Change one record, or all that were found. Output: `count`."""

    kind: Literal["update"]
    records: Source
    values: Values


class Requirement(Part):
    """A field of the records that are looked for, compared with a value."""

    field: Annotated[str, StringConstraints(pattern=r"^[a-z][a-zA-Z0-9_]*(\.[a-z][a-zA-Z0-9_]*){0,3}$", max_length=200)]
    operator: str
    source: Source | None = None

    @model_validator(mode="after")
    def _operator_is_known(self) -> Self:
        if self.operator not in expressions.OPERATORS:
            raise refusal(_("There is no operator “%(name)s”.") % {"name": self.operator[:60]})
        if (self.source is None) != (self.operator in ("is_empty", "is_not_empty")):
            raise refusal(_("Give a value to compare with, unless it is asked whether the field is empty."))
        return self


class Find(Element):
    """Look for records. Outputs: `records`, `first`, `count`."""

    kind: Literal["find"]
    model: ModelName
    where: Annotated[list[Requirement], Bounds(max_length=50)] = []
    logic: Literal["all", "any"] = "all"
    order: Annotated[list[Annotated[str, StringConstraints(pattern=r"^-?[a-z][a-zA-Z0-9_]*$", max_length=100)]], Bounds(max_length=5)] = []
    most: Annotated[int, Bounds(ge=1, le=1000)] = 100


class Branch(Part):
    """What is done when a condition holds."""

    label: Label
    condition: Condition
    elements: list["AnyElement"] = []


class Decide(Element):
    """Do the first branch whose condition holds, otherwise something else. Output: `branch`, its label."""

    kind: Literal["decide"]
    branches: Annotated[list[Branch], Bounds(min_length=1, max_length=20)]
    otherwise: list["AnyElement"] = []


class Loop(Element):
    """Do the same for each of a list. Output: `count`."""

    model_config = ConfigDict(validate_by_name=True)

    kind: Literal["loop"]
    over: Source
    each: Name = Bounds(alias="as")
    elements: list["AnyElement"] = []


class SendMail(Element):
    """Send a mail, to one address or a list of them, once the step is committed."""

    kind: Literal["mail"]
    to: Source
    subject: Line
    body: Text
    attach: Source | None = None


class Slack(Element):
    """Post to a channel, once the step is committed."""

    kind: Literal["slack"]
    endpoint: Name
    text: Text


class Reply(Part):
    """Where in the reply an output stands, and its type."""

    reply: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){0,11}$", max_length=200)]
    type: Literal["text", "number", "yes_no", "date", "datetime", "list"] = "text"
    required: bool = False


def _a_body(value: Any) -> Any:
    for _place, inner in sources_in(value):
        a_source(inner)
    return value


class Call(Element):
    """Call a named endpoint over HTTP. Outputs: `status`, and what is mapped from the reply."""

    kind: Literal["call"]
    endpoint: Name
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    path: Line = ""
    body: Annotated[Any, AfterValidator(_a_body)] = None
    timeout: Annotated[int, Bounds(ge=1, le=10)] = 10
    outputs: Annotated[dict[Name, Reply], Bounds(max_length=50)] = {}


class MakeDocument(Element):
    """Make a PDF from a text, and attach it to the record, or to the one that is named. Output: `file`."""

    kind: Literal["document"]
    title: Line
    body: Text
    file_name: Line
    attach_to: Source | None = None


class Wait(Element):
    """Wait until a time, for some seconds, or for a call from outside; exactly one of them. Output: `body`, what the call brought."""

    model_config = ConfigDict(validate_by_name=True)

    kind: Literal["wait"]
    until: Source | None = None
    seconds: Source | None = Bounds(None, alias="for")
    callback: bool = False

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if sum((self.until is not None, self.seconds is not None, self.callback)) != 1:
            raise refusal(_("Say one of: until when, for how long, or for a callback."))
        return self


class Start(Element):
    """Start an autolaunched orchestration. Output: `request`, the number of the start request."""

    kind: Literal["start"]
    orchestration: Name
    record: Source | None = None
    inputs: Sources = {}


class Run(Element):
    """Run another flow: one without call-outs and waits, or an action in code. Its outputs are this element's."""

    kind: Literal["run"]
    flow: Key
    record: Source | None = None
    inputs: Sources = {}


class Fail(Element):
    """Give up with a message."""

    kind: Literal["fail"]
    message: Text


AnyElement = Annotated[
    Assign | Create | Update | Find | Decide | Loop | SendMail | Slack | Call | MakeDocument | Wait | Start | Run | Fail,
    Bounds(discriminator="kind"),
]
Branch.model_rebuild()
Decide.model_rebuild()
Loop.model_rebuild()

SEGMENTING = (Call, Wait)
"""Elements that end a transaction: they stand at the top level, where a checkpoint is a number."""


class AutolaunchedDocument(Document):
    """Elements that are done one after the other, by no person."""

    variables: Declaration = {}
    elements: Annotated[list[AnyElement], Bounds(min_length=1)]
    outputs: Annotated[Sources, Bounds(max_length=MOST_NAMES)] = {}

    @property
    def is_segmented(self) -> bool:
        """Whether it has call-outs or waits, and so is not one transaction."""
        return any(isinstance(element, SEGMENTING) for _place, element, _depth in walk(self.elements))


def walk(elements: Sequence[Any], place: str = "elements", depth: int = 1) -> Iterator[tuple[str, Any, int]]:
    """Every element with its place and its depth, in the order in which they are done."""
    for number, element in enumerate(elements):
        here = f"{place}.{number}"
        yield here, element, depth
        for inner, name in inner_elements(element):
            yield from walk(inner, f"{here}.{name}", depth + 1)


def inner_elements(element: Any) -> Iterator[tuple[Sequence[Any], str]]:
    """The lists of elements in an element, each with its place in it."""
    if isinstance(element, Loop):
        yield element.elements, "elements"
    elif isinstance(element, Decide):
        for number, branch in enumerate(element.branches):
            yield branch.elements, f"branches.{number}.elements"
        yield element.otherwise, "otherwise"


def sources_in(body: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The sources in a JSON body: every object that has one of their shapes."""
    if isinstance(body, dict):
        if len(body) == 1 and next(iter(body)) in expressions.SOURCE_KINDS:
            yield place, body
            return
        for name, inner in body.items():
            yield from sources_in(inner, join(place, name))
    elif isinstance(body, list):
        for number, inner in enumerate(body):
            yield from sources_in(inner, join(place, number))
