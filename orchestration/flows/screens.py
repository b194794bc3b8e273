"""A screen of a screen flow: a Django form with a title, filled beforehand from the context. And a flow's screens, being filled in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.utils.functional import Promise

from orchestration.flows.context import Context

Answers = Mapping[str, Sequence[str]]
"""What was typed: for each field the list of raw texts, as a browser sends them."""


@dataclass
class Part:
    """One thing on a screen, as a template shows it: a field, or (on a screen built without code) a text, section, group or row.

    `key` is unique on the screen; of a row `text` is the name of its group and `row` its own key there. `state` tells whether its words
    have changed since it was shown; `controls` says that other parts depend on it, so that the page follows when it changes.
    """

    kind: str
    key: str
    label: str = ""
    text: str = ""
    row: str = ""
    bound: BoundField | None = None
    parts: Sequence["Part"] = ()
    state: str = ""
    controls: bool = False
    may_add: bool = False
    may_remove: bool = False


class Screen(forms.Form):
    """One screen. Subclass it as any form; set `title`, and `intro` where a sentence helps.

    `context` is the flow's Context: use it in `initial_answers`, or in `__init__` to narrow choices.
    """

    title: str | Promise = ""
    intro: str | Promise = ""
    is_built = False  # without code
    use_required_attribute = False  # errors come from one place, the server, in one wording

    def __init__(self, *args: Any, context: Context, **kwargs: Any) -> None:
        self.context = context
        kwargs["initial"] = {**self.initial_answers(context), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)

    def initial_answers(self, context: Context) -> dict[str, Any]:
        """Values that the fields show before anybody has answered."""
        return {}

    def parts(self) -> Sequence[Part]:
        """What the screen shows, in order."""
        return [Part("field", bound.name, bound=bound) for bound in self.visible_fields()]

    def asked(self) -> Iterator[tuple[str, BoundField]]:
        """Each visible question with the words that people know it by."""
        for bound in self.visible_fields():
            yield str(bound.label), bound

    def takes_files(self) -> bool:
        """Whether something can be uploaded here."""
        return False

    def say(self, name: str, message: str) -> None:
        """Show a message at a field, as an error, whether or not the answers were checked."""
        self.errors[name] = self.error_class([message], renderer=self.renderer)


class Filling:
    """The screens of one flow while somebody fills them in: which are asked, and what each of them shows.

    `answers` are raw. What is not among them was not asked yet, and is shown with its default.
    """

    def __init__(self, screens: Sequence[type[Screen]], answers: Answers, context: Context) -> None:
        self.screens, self.answers, self.context = screens, answers, context

    @property
    def places(self) -> Sequence[int]:
        """The screens that are asked, by their index in the flow."""
        return range(len(self.screens))

    def bound(self, place: int) -> Screen:
        """The screen at `place` with the answers, to be checked."""
        return self.screens[place](as_query(self.answers), context=self.context)

    def drafted(self, place: int) -> Screen:
        """The screen at `place` as a draft shows it, valid or not."""
        screen, data = self.screens[place](None, context=self.context), as_query(self.answers)
        for name, field in screen.fields.items():
            if name in self.answers:
                screen.initial[name] = field.widget.value_from_datadict(data, {}, name)
        return screen

    def decision(self, *, bound: bool = False) -> Screen | None:
        """The buttons that end the flow, with their comment; None when there is only one way to end it."""
        return None

    def kept(self) -> dict[str, list[str]]:
        """The answers that count: those to questions that are asked."""
        return {name: list(values) for name, values in self.answers.items()}

    def unseen(self, place: int, sent: Answers) -> Sequence[str]:
        """The questions of a screen that its page did not show: an answer on it has brought them up."""
        return ()

    def after(self, place: int) -> int:
        """The screen that is asked next; one beyond the last is the review."""
        return next((other for other in self.places if other > place), len(self.screens))

    def before(self, place: int) -> int | None:
        """The screen that is asked before; None before the first."""
        return next((other for other in reversed(self.places) if other < place), None)


class Screens:
    """All screens of one flow, ready to be filled in any number of times."""

    takes_files = False

    def __init__(self, screens: Sequence[type[Screen]]) -> None:
        self._screens = screens

    def __len__(self) -> int:
        return len(self._screens)

    def fill(self, answers: Answers, context: Context, *, final: bool = False) -> Filling:
        """The screens as they are for these answers. Raises Conflict when they cannot be shown at all."""
        return Filling(self._screens, answers, context)

    def own_answers(self, sent: Answers) -> dict[str, list[str]]:
        """Of what was sent, the answers to the flow's own questions."""
        return {name: list(sent[name]) for screen in self._screens for name in screen.base_fields if name in sent}

    def answers_to(self, place: int, sent: Answers) -> dict[str, list[str]]:
        """What the page of one screen answered. A box that was shown and left unticked is an empty list."""
        return {name: list(sent.get(name, ())) for name in self._screens[place].base_fields}


def as_query(answers: Answers) -> QueryDict:
    """Raw answers as a form takes them."""
    data = QueryDict(mutable=True)
    for name, values in answers.items():
        data.setlist(name, list(values))
    return data
