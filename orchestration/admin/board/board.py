"""An orchestration's draft as its board shows it: columns of stages, cards of steps grouped by when they start, each in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from orchestration import editing, expressions
from orchestration.errors import ExpressionError
from orchestration.expressions.readable import Readables
from orchestration.models.definitions import ExitRule, Handles, StartsOn, StartType, StepKind
from orchestration.references import Problem, Site

Document = Mapping[str, Any]


@dataclass
class Card:
    """A step on the board."""

    part: editing.Part
    flow: str
    who: str
    notes: list[str]
    problems: Sequence[Problem]
    handles: str = ""

    @property
    def about(self) -> Document:
        """What the document says of it."""
        return self.part.about

    @property
    def is_interactive(self) -> bool:
        """Whether a person does it."""
        return bool(self.about["kind"] == StepKind.INTERACTIVE)


@dataclass
class Group:
    """Steps of a stage that begin at the same moment; `after` is empty for those that begin with the stage."""

    after: str
    cards: list[Card] = field(default_factory=list)


@dataclass
class RouteLine:
    """A route in words."""

    part: editing.Part
    when: str
    to: str
    goes_back: bool
    problems: Sequence[Problem]


@dataclass
class Column:
    """A stage on the board. `others` are its handlers of faults."""

    part: editing.Part
    only_if: str
    ends_when: str
    groups: list[Group]
    handlers: list[Card]
    routes: list[RouteLine]
    problems: Sequence[Problem]

    @property
    def count(self) -> int:
        """How many steps it has."""
        return sum(len(group.cards) for group in self.groups) + len(self.handlers)


class Board:
    """The whole of it."""

    def __init__(self, document: Document, problems: Iterable[Problem], site: Site, known: Readables) -> None:
        self.document, self.site, self.known = document, site, known
        self._problems: dict[str, list[Problem]] = {}
        for problem in problems:
            self._problems.setdefault(problem.part, []).append(problem)

    @cached_property
    def columns(self) -> list[Column]:
        """The stages in order."""
        parts = list(editing.parts(self.document))
        return [self._column(part, parts) for part in parts if part.kind == "stage"]

    @property
    def count(self) -> int:
        """How many steps there are."""
        return sum(len(stage["steps"]) for stage in self.document["stages"])

    def problems_of(self, address: str) -> Sequence[Problem]:
        """What is wrong with one part."""
        return self._problems.get(address, ())

    def in_words(self, condition: Any) -> str:
        """A condition as a clause with its labels marked; empty when it always holds."""
        try:
            return expressions.in_words(condition, self.known, marked=True) if condition else ""
        except ExpressionError:
            return _("a condition that cannot be read")

    def start_in_words(self) -> str:
        """What starts it, as a sentence."""
        head, said = self.document["orchestration"], self.document
        if head["start_type"] != StartType.RECORD_TRIGGERED:
            return _("By code, another flow, or by hand")
        words = str(StartsOn(said.get("starts_on", StartsOn.CREATED)).label)
        return words[:1].upper() + words[1:]

    def _column(self, part: editing.Part, parts: Sequence[editing.Part]) -> Column:
        inside = [other for other in parts if other.inside == part.address]
        cards = [self._card(step) for step in inside if step.kind == "step"]
        labels = {card.about["api_name"]: card.part.label for card in cards}
        groups: dict[tuple[str, ...], Group] = {(): Group("")}
        for card in cards:
            if not card.handles:
                after = tuple(card.about.get("after") or ())
                group = groups.setdefault(after, Group(get_text_list([labels.get(name, name) for name in after], _("and"))))
                group.cards.append(card)
        names = [stage["api_name"] for stage in self.document["stages"]]
        return Column(
            part=part,
            only_if=self.in_words(part.about.get("entry_condition")),
            ends_when=self._ends(part.about),
            groups=[group for group in groups.values() if group.cards],
            handlers=[card for card in cards if card.handles],
            routes=[self._route(route, names) for route in inside if route.kind == "route"],
            problems=self.problems_of(part.address),
        )

    def _ends(self, about: Document) -> str:
        rule = about.get("exit_rule", ExitRule.ALL_STEPS)
        when = self.in_words(about.get("exit_condition"))
        if rule == ExitRule.CONDITION:
            return _("Ends as soon as %(when)s") % {"when": when or "…"}
        if rule == ExitRule.ALL_AND_CONDITION:
            return _("Ends when all steps are finished and %(when)s") % {"when": when or "…"}
        return _("Ends when all steps are finished")

    def _card(self, part: editing.Part) -> Card:
        about = part.about
        flow = self.site.flows.get(about["flow"])
        notes = [
            words % {"when": when}
            for words, key in ((_("only if %(when)s"), "only_if"), (_("waits until %(when)s"), "wait_until"))
            if (when := self.in_words(about.get(key)))
        ]
        return Card(
            part=part,
            flow=str(flow.label) if flow else self.site.drafts.get(about["flow"], about["flow"]) or _("No flow yet"),
            who=self._who(about.get("assignee") or {}) if about["kind"] == StepKind.INTERACTIVE else "",
            notes=notes,
            problems=self.problems_of(part.address),
            handles=str(Handles(about["handles"]).label) if about.get("handles") else "",
        )

    def _who(self, assignee: Document) -> str:
        match assignee:
            case {"queue": name}:
                return _("%(name)s queue") % {"name": self.site.queues.get(name, name)}
            case {"path": path}:
                found = self.known.find(path) if isinstance(path, str) else None
                return found.label if found else str(path)
            case {**one} if len(one) == 1:
                return str(next(iter(one.values())))
        return _("Nobody yet")

    def _route(self, part: editing.Part, names: Sequence[str]) -> RouteLine:
        to, here = part.about.get("to"), part.inside.partition(":")[2]
        target = editing.find(self.document, editing.stage_address(to)) if to else None
        return RouteLine(
            part=part,
            when=self.in_words(part.about.get("condition")),
            to=target.label if target else str(to) if to else _("End"),
            goes_back=bool(to) and to in names and names.index(to) <= names.index(here),
            problems=self.problems_of(part.address),
        )
