"""Screens that are built without code: a document becomes forms, and the server decides what each answer brings up.

The document is walked once, from the top, with what has been answered so far: each part whose *show when* holds is asked, and its answer
can be read by what comes after it. What is not asked has no answer, whatever a browser sends.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

import orchestration.flows.fields as fields
from orchestration import clock, expressions, values
from orchestration.errors import Conflict, Fault
from orchestration.expressions import Condition, Known, Scope
from orchestration.flows.context import Context
from orchestration.flows.documents.screens import Check, DisplayText, Field, Group, Outcome, ScreenDocument, Section
from orchestration.flows.documents.screens import Screen as ScreenPart
from orchestration.flows.screens import Answers, Filling, Part, Screen, Screens, as_query

OUTCOME, COMMENT, SHOWN = "orc-outcome", "orc-comment", "orc-shown"
"""What a page sends besides answers: the decision and its comment, and the names of the questions that it showed."""

LONGEST_COMMENT = 5000


class BuiltScreens(Screens):
    """The screens of one document."""

    def __init__(self, document: ScreenDocument) -> None:
        self.document = document
        self._places = {name: place for place, screen in enumerate(document.screens) for name in _names_of(screen)}
        self._groups = {item.name: item for item in document.fields() if isinstance(item, Group)}

    def __len__(self) -> int:
        return len(self.document.screens)

    @property
    def takes_files(self) -> bool:  # type: ignore[override]
        return any(isinstance(item, Field) and item.type == "file" for item in self.document.fields())

    def fill(self, answers: Answers, context: Context, *, final: bool = False) -> "BuiltFilling":
        """The screens for these answers. On a `final` look, what is not among them was left empty and not only not asked yet."""
        return BuiltFilling(self, answers, context, final=final)

    def own_answers(self, sent: Answers) -> dict[str, list[str]]:
        own = {name: list(values) for name, values in sent.items() if self.place_of(name) is not None}
        return own | {name: list(sent[name]) for name in (OUTCOME, COMMENT) if name in sent and self.document.outcomes}

    def answers_to(self, place: int, sent: Answers) -> dict[str, list[str]]:
        own = {name: values for name, values in self.own_answers(sent).items() if self.place_of(name) in (place, None)}
        unsent: dict[str, list[str]] = {name: [] for name in shown_in(sent) if name not in own and self.place_of(name) == place}
        return unsent | own

    def place_of(self, name: str) -> int | None:
        """The screen that asks for this answer, by its name on the page; None when none does."""
        first, *rest = name.removesuffix("-words").split("-")
        match rest:
            case []:
                return self._places.get(first)
            case [row, inner] if first in self._groups and fields.rows_of([row]):
                is_asked = any(asked.name == inner for asked in self._groups[first].fields)
                return self._places[first] if is_asked else None
        return None


def shown_in(sent: Answers) -> list[str]:
    """The names of the questions that a page showed, as it says itself."""
    return [name for line in sent.get(SHOWN, ()) for name in line.split()][:2000]


def _names_of(screen: ScreenPart) -> Iterator[str]:
    return (item.name for item in screen.fields())


# Asking --------------------------------------------------------------------------------------------------------------


@dataclass
class Asked:
    """One part that is shown now. `name` is the name of its input; `value` what it says, null when that cannot be taken."""

    what: Any
    name: str
    label: str = ""
    made: forms.Field | None = None
    given: Any = None
    value: Any = None
    text: str = ""
    inner: list["Asked"] = field(default_factory=list)
    scope: Scope = field(default_factory=dict)


class BuiltFilling(Filling):
    """The screens of one document while somebody fills them in."""

    def __init__(self, screens: BuiltScreens, answers: Answers, context: Context, *, final: bool = False) -> None:
        self.screens, self.document = screens, screens.document  # type: ignore[assignment]
        self.answers, self.context, self.final = answers, context, final
        self._data = as_query(answers)
        self._records: dict[str, Records] = {}
        self._accepts = "" if context.reach is None else context.reach.accepted_files
        self._sample = "" if context.reach is None else context.reach.sample_file
        self.intros: dict[str, str] = {}
        answered = dict.fromkeys(item.name for item in self.document.fields())
        self._scope: dict[str, Any] = {
            "record": context.record,
            "inputs": Known(_typed(self.document.inputs, context.inputs)),
            "user": context.user,
            "now": clock.now(),
            "today": timezone.localdate(clock.now()),
            "answers": Known(answered),
        }
        try:
            self._asked = {
                place: asked for place, screen in enumerate(self.document.screens) if (asked := self._ask_screen(screen)) is not None
            }
        except Fault as fault:
            raise Conflict(_("This form cannot be shown: %(error)s Tell those who built it.") % {"error": fault}) from fault

    @property
    def places(self) -> Sequence[int]:
        return list(self._asked)

    @property
    def scope(self) -> Scope:
        """What expressions can read once all is answered: `answers`, `outcome` and `comment` among the rest."""
        chosen = self._data.get(OUTCOME) or None
        return {**self._scope, "outcome": chosen, "comment": self._data.get(COMMENT) or None}

    def bound(self, place: int) -> Screen:
        return BuiltScreen(self._data, filling=self, place=place, asked=self._asked.get(place, []))

    def drafted(self, place: int) -> Screen:
        return BuiltScreen(None, filling=self, place=place, asked=self._asked.get(place, []))

    def decision(self, *, bound: bool = False) -> Screen | None:
        if not self.document.outcomes:
            return None
        comment = self._data.get(COMMENT, "")
        return Decision(self._data if bound else None, outcomes=self.document.outcomes, context=self.context, comment=comment)

    def kept(self) -> dict[str, list[str]]:
        names = [name for asked in self._asked.values() for name in _input_names(asked)]
        names += [OUTCOME, COMMENT] if self.document.outcomes else []
        return {name: list(self.answers[name]) for name in names if name in self.answers}

    def unseen(self, place: int, sent: Answers) -> list[str]:
        shown = {*shown_in(sent), *sent}
        return [name for name in _input_names(self._asked.get(place, [])) if name not in shown] if SHOWN in sent else []

    # Walking

    def _ask_screen(self, screen: ScreenPart) -> list[Asked] | None:
        if not _holds(screen.show_when, self._scope):
            return None
        self.intros[screen.name] = expressions.text(screen.intro).filled(self._scope)
        return [asked for item in screen.items for asked in self._ask(item)]

    def _ask(self, item: Any) -> Iterator[Asked]:
        if not _holds(item.show_when, self._scope):
            return
        match item:
            case DisplayText():
                yield Asked(item, item.name, text=expressions.text(item.text).filled(self._scope))
            case Section():
                yield Asked(item, item.name, item.label, inner=[asked for inner in item.items for asked in self._ask(inner)])
            case Group():
                yield self._ask_group(item)
            case Field():
                asked = self._ask_field(item, item.name, item.label, self._scope)
                self._scope["answers"][item.name] = asked.value
                yield asked

    def _ask_group(self, group: Group) -> Asked:
        """Its rows; a group that was not asked yet begins with as many as there must be."""
        sent = self.answers.get(group.name)
        if sent is None and not self.final:
            sent = [str(number) for number in range(group.least)]
        asked = Asked(group, group.name, group.label, made=fields.RowsField(least=group.least, most=group.most, label=group.label))
        asked.given = fields.rows_of(sent or [], group.most + 1)  # one too many is enough to say so
        asked.value = []
        for number, key in enumerate(asked.given, start=1):
            row = Asked(group, f"{group.name}-{key}", f"{group.label} {number}", text=key)
            row.value = Known(dict.fromkeys(inner.name for inner in group.fields))
            row.scope = {**self._scope, "item": row.value}
            for inner in group.fields:
                if _holds(inner.show_when, row.scope):
                    cell = self._ask_field(inner, f"{row.name}-{inner.name}", f"{row.label} · {inner.label}", row.scope)
                    row.value[inner.name] = cell.value
                    row.inner.append(cell)
            asked.inner.append(row)
            asked.value.append(row.value)
        self._scope["answers"][group.name] = asked.value
        return asked

    def _ask_field(self, what: Field, name: str, label: str, scope: Scope) -> Asked:
        made = fields.made(what, records=self._records_of, files=self._file, accept=self._accepts, sample=self._sample)
        asked = Asked(what, name, label, made, scope=scope)
        is_given = name in self.answers or f"{name}-words" in self.answers
        if is_given or self.final:
            asked.given = made.widget.value_from_datadict(self._data, {}, name)
        elif what.default is not None:
            asked.given = _default(expressions.source(what.default).value(scope))
        try:
            value = made.clean(made.prepare_value(asked.given))
        except ValidationError:
            value = False if what.type == "checkbox" else None
        asked.value = None if value in ("", []) else value
        return asked

    # Looking things up

    def _records_of(self, what: Field) -> "Records":
        """Where a lookup looks: once for each model, however many fields and rows ask."""
        label = what.model if what.type == "record" else "people"
        if label not in self._records:
            reach = self.context.reach
            found = None if reach is None else reach.people() if what.type == "user" else reach.records(what.model)
            self._records[label] = Records(found, self._keys_of(label), reach)
        return self._records[label]

    def _keys_of(self, label: str) -> set[str]:
        """Every key that was chosen in a lookup of this model, so that one query finds them all."""
        keys: set[str] = set()
        for item in self.document.fields():
            for what in item.fields if isinstance(item, Group) else [item]:
                if what.type in ("record", "user") and (what.model if what.type == "record" else "people") == label:
                    names = [what.name] if item is what else [f"{item.name}-{row}-{what.name}" for row in self.answers.get(item.name, ())]
                    keys.update(value for name in names for value in self.answers.get(name, ()) if value)
        return keys

    def _file(self, key: str) -> Any:
        return None if self.context.reach is None else self.context.reach.files.get(key)


class Records:
    """The records that lookups of one model choose from. Each question is asked of the database once."""

    MOST = 8

    def __init__(self, found: Any, keys: set[str], reach: Any) -> None:
        self._all, self._keys, self._reach = found, keys, reach
        self._searches: dict[str, tuple[list[Any], bool]] = {}

    def get(self, key: str) -> Any:
        """The record with this key, if it can be chosen."""
        if self._all is None:
            return None
        if key not in self._keys:
            self._keys = {*self._keys, key}
            self.__dict__.pop("_chosen", None)
        return self._chosen.get(key)

    def find(self, words: str) -> tuple[list[Any], bool]:
        """The first records in which the words are found, and whether there are more. Without words: all, when they are few."""
        if self._all is None:
            return [], False
        if words not in self._searches:
            found = list(self._reach.search(self._all, words)[: self.MOST + 1]) if words else list(self._all[: self.MOST + 1])
            has_more = len(found) > self.MOST
            self._searches[words] = ([] if has_more and not words else found[: self.MOST], has_more and bool(words))
        return self._searches[words]

    def label(self, record: Any) -> str:
        """How people call a record."""
        return str(self._reach.label(record)) if self._reach is not None else str(record)

    @cached_property
    def _chosen(self) -> dict[str, Any]:
        column = self._all.model._meta.pk
        wanted = []
        for key in self._keys:
            try:
                wanted.append(column.clean(key, None))
            except (ValidationError, ValueError, TypeError, OverflowError):
                continue
        return {str(record.pk): record for record in self._all.filter(pk__in=wanted)} if wanted else {}


def _typed(declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a flow in their types; null is what was not given. Raises Conflict when one is of another type."""
    known = {name: about.get("default") if given.get(name) is None else given[name] for name, about in declared.items()}
    try:
        return values.typed(declared, known)
    except (ValueError, ArithmeticError) as error:
        raise Conflict(_("This form cannot be shown: one of its inputs is of another type. Tell those who built it.")) from error


def _holds(condition: Mapping[str, Any], scope: Scope) -> bool:
    return not condition or _condition(condition).look(scope).met


def _condition(document: Mapping[str, Any]) -> Condition:
    return expressions.condition(document)


def _default(value: Any) -> Any:
    """A default as a form takes it: a record by its key."""
    if isinstance(value, Mapping) and "id" in value:  # a reference that an earlier step returned
        return str(value["id"])
    return value


def _questions(asked: Sequence[Asked]) -> Iterator[Asked]:
    """The fields and groups among the parts, those in sections too."""
    for one in asked:
        if isinstance(one.what, Section):
            yield from _questions(one.inner)
        elif isinstance(one.what, Field | Group):
            yield one


def _cells(asked: Sequence[Asked]) -> Iterator[Asked]:
    """Every single field, those in rows too."""
    for one in _questions(asked):
        if isinstance(one.what, Group):
            yield from (cell for row in one.inner for cell in row.inner)
        else:
            yield one


def _input_names(asked: Sequence[Asked]) -> Iterator[str]:
    yield from (one.name for one in _questions(asked) if isinstance(one.what, Group))
    yield from (one.name for one in _cells(asked))


# Forms ---------------------------------------------------------------------------------------------------------------


class BuiltScreen(Screen):
    """One screen of a document, with exactly the questions that are asked now."""

    is_built = True

    def __init__(self, data: QueryDict | None, *, filling: BuiltFilling, place: int, asked: list[Asked]) -> None:
        self._filling, self._asked, self.place = filling, asked, place
        self.about = filling.document.screens[place]
        super().__init__(data, context=filling.context)
        self.title = self.about.title
        self.intro = filling.intros.get(self.about.name, "")
        for one in (*_questions(asked), *_cells(asked)):
            if one.made is not None:
                self.fields[one.name] = one.made
                if data is None:
                    self.initial[one.name] = one.given

    def clean(self) -> dict[str, Any]:
        """Look at the formulas that must hold, and put the rows of each group together."""
        cleaned = {name: value for name, value in self.cleaned_data.items() if "-" not in name}
        for cell in _cells(self._asked):
            check, is_answered = cell.what.check, cell.value is not None and cell.name not in self.errors
            if check is not None and is_answered and (wrong := self._wrong(check, cell.scope)):
                self.add_error(cell.name, wrong)
        for one in _questions(self._asked):
            if isinstance(one.what, Group):
                cleaned[one.name] = [{cell.what.name: self.cleaned_data.get(cell.name) for cell in row.inner} for row in one.inner]
        return cleaned

    def _wrong(self, check: Check, scope: Scope) -> str:
        """What is to be said when a formula does not hold, or cannot be evaluated; "" when it holds."""
        try:
            return "" if expressions.condition({"formula": check.formula}).look(scope).met else check.message
        except Fault as fault:
            return _("This cannot be checked: %(error)s Tell those who built the form.") % {"error": fault}

    def asked(self) -> Iterator[tuple[str, BoundField]]:
        for one in _questions(self._asked):
            if not isinstance(one.what, Group) or not one.inner or one.name in self.errors:
                yield one.label, self[one.name]
            for cell in _cells([one]) if isinstance(one.what, Group) else ():
                yield cell.label, self[cell.name]

    def takes_files(self) -> bool:
        return any(one.what.type == "file" for one in _cells(self._asked))

    @property
    def shown(self) -> str:
        """The names of the questions on this page, as it sends them back."""
        return " ".join(_input_names(self._asked))

    @property
    def follows(self) -> bool:
        """Whether an answer on this screen changes what else is on it."""
        return bool(self._controlling)

    def parts(self) -> Sequence[Part]:
        return [self._part(one) for one in self._asked]

    def _part(self, one: Asked) -> Part:
        match one.what:
            case DisplayText():
                return Part("text", one.name, text=one.text, state=_state(one.text))
            case Section():
                return Part("section", one.name, one.label, parts=[self._part(inner) for inner in one.inner], state=_state(one.label))
            case Group():
                return self._group(one)
        return self._field(one, controls=one.name in self._controlling)

    def _field(self, one: Asked, *, controls: bool) -> Part:
        bound = self[one.name]
        # An error that was found on sending stays until the next sending; one of an upload is new.
        said = [str(bound.label), bound.field.required, [] if self.is_bound else list(bound.errors)]
        if isinstance(one.made, fields.LookupField | fields.UploadField):
            said.append(str(bound.as_widget()))
        return Part("field", one.name, one.label, bound=bound, state=_state(said), controls=controls)

    def _group(self, group: Asked) -> Part:
        rows = []
        for row in group.inner:
            cells = [self._field(cell, controls=f"{group.name}.{cell.what.name}" in self._controlling) for cell in row.inner]
            may_remove = len(group.inner) > group.what.least
            state = _state([row.label, may_remove])
            rows.append(Part("row", row.name, row.label, text=group.name, row=row.text, parts=cells, may_remove=may_remove, state=state))
        may_add = len(rows) < group.what.most
        return Part(
            "group",
            group.name,
            group.label,
            text=group.what.help,
            bound=self[group.name],
            parts=rows,
            may_add=may_add,
            state=_state([may_add, len(rows)]),
        )

    @cached_property
    def _controlling(self) -> frozenset[str]:
        """The questions of this screen that something else on it reads."""
        own = {item.name for item in self.about.fields()}
        read: set[str] = set()
        for item in self._all_items():
            group = item.name if isinstance(item, Group) else ""
            for inner in item.fields if isinstance(item, Group) else [item]:
                for path in _reads(inner):
                    first, _dot, rest = path.partition(".")
                    name = rest.split(".")[0]
                    if first == "answers" and name in own:
                        read.add(name)
                    elif first == "item":
                        read.add(f"{group}.{name}")
            if group:
                read.update(path.split(".")[1] for path in _condition(item.show_when).reads if path.startswith("answers."))
        return frozenset(read)

    def _all_items(self) -> Iterator[Any]:
        for item in self.about.items:
            yield item
            if isinstance(item, Section):
                yield from item.items


def _reads(item: Any) -> frozenset[str]:
    """What decides whether an item is shown, and what stands in it."""
    read = _condition(item.show_when).reads
    if isinstance(item, DisplayText):
        read |= {path for path, _position in expressions.text(item.text).reads}
    if isinstance(item, Field) and item.default is not None:
        read |= expressions.source(item.default).reads
    return read


def _state(said: Any) -> str:
    """A short name for what a part shows besides what is typed into it, so that a page can tell whether it has changed."""
    return hashlib.blake2s(repr(said).encode("utf-8", "replace"), digest_size=6).hexdigest()


class Decision(Screen):
    """The buttons that end a flow, and the comment that goes with them."""

    def __init__(self, data: QueryDict | None, *, outcomes: Sequence[Outcome], context: Context, comment: str) -> None:
        super().__init__(data, context=context)
        self.outcomes = outcomes
        if any(outcome.comment != "no" for outcome in outcomes):
            self.fields[COMMENT] = fields.TextField(
                label=_("Comment"),
                required=False,
                max_length=LONGEST_COMMENT,
                widget=forms.Textarea(attrs={"rows": 3}),
                help_text=self._when_needed(),
            )
            self.fields[COMMENT].is_sometimes_required = bool(self._when_needed())  # type: ignore[attr-defined]
            self.initial[COMMENT] = comment

    def clean(self) -> dict[str, Any]:
        """Raise ValidationError when none of the buttons was pressed, or the one that was pressed needs a comment."""
        chosen = next((outcome for outcome in self.outcomes if outcome.value == self.data.get(OUTCOME)), None)
        if chosen is None:
            raise ValidationError(_("Choose one of the buttons: %(labels)s") % {"labels": ", ".join(one.label for one in self.outcomes)})
        comment = self.cleaned_data.get(COMMENT, "")
        if chosen.comment == "required" and not comment.strip() and COMMENT not in self.errors:
            self.add_error(COMMENT, _("Say why: “%(label)s” needs a comment") % {"label": chosen.label})
        return {"outcome": chosen.value, "comment": comment if chosen.comment != "no" else ""}

    def _when_needed(self) -> str:
        needing = [f"“{outcome.label}”" for outcome in self.outcomes if outcome.comment == "required"]
        return _("Needed for %(labels)s.") % {"labels": ", ".join(needing)} if needing else ""
