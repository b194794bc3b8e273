"""A form for each kind of part of a flow: what it shows of the document, and the piece of document that it makes.

`form_for(kind)` finds the form. A form knows its `Place`: what can be read there, and what the site has to offer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Field as ModelField
from django.db.models import Model
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orchestration.admin.building.fields import (
    FORMULA,
    NOT_SET,
    OPERATORS,
    PATH,
    TEXT,
    VALUE,
    WORDS,
    ConditionField,
    DeclarationField,
    Known,
    PathField,
    RowsField,
    SourceField,
    TextField,
    literal,
    typed_text,
)
from orchestration.expressions.readable import Readable, Readables, fields_of, type_of
from orchestration.flows import editing
from orchestration.models.records import model_named

About = Mapping[str, Any]


@dataclass
class Around:
    """What the site has to offer: choices as (value, label), and the inputs of what can be called."""

    models: Sequence[tuple[str, str]] = ()
    writable: Mapping[str, Sequence[str]] = field(default_factory=dict)
    http: Sequence[tuple[str, str]] = ()
    slack: Sequence[tuple[str, str]] = ()
    orchestrations: Sequence[tuple[str, str]] = ()
    flows: Sequence[tuple[str, str]] = ()
    evaluations: Sequence[tuple[str, str]] = ()
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass
class Place:
    """Where a part stands: its flow's kind and document, its name ("" for a new one), what it is in, and what can be read there."""

    kind: str
    document: About
    name: str
    inside: str
    known: Readables
    around: Around

    @property
    def record_model(self) -> str:
        """The "app.model" of the flow's record."""
        return str(self.document.get("record_model") or "")


class PartForm(forms.Form):
    """What all parts have. A subclass says its `kind`, and how its fields become a piece of document where names are not enough."""

    do_not_call_in_templates: ClassVar[bool] = True  # templates show the classes too: what can be added
    kind: ClassVar[str] = ""
    called: ClassVar[Any] = ""
    explained: ClassVar[Any] = ""
    icon: ClassVar[str] = "cog"
    has_name: ClassVar[bool] = True
    groups: ClassVar[Sequence[tuple[Any, Sequence[str]]]] = ()
    """Headings, each with the fields that are folded away under it."""

    label = forms.CharField(
        label=gettext_lazy("Label"), max_length=200, required=False, help_text=gettext_lazy("What people see in lists and in the history.")
    )
    name = forms.CharField(
        label=gettext_lazy("Name in expressions"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("Small letters, digits and underscores. Made from the label when left empty."),
    )

    use_required_attribute = False
    _errors: Any

    def __init__(self, place: Place, about: About | None = None, data: Any = None) -> None:
        self.place, self.about = place, about or {}
        super().__init__(data, initial=self.initial_of(self.about))
        if not self.has_name:
            del self.fields["name"]
        self.prepare()
        for form_field in self.fields.values():
            if isinstance(form_field, Known) and form_field.known is None:
                form_field.known = place.known
            if isinstance(form_field, ConditionField):
                form_field.widget.flows = place.around.evaluations
            form_field.widget.says = str(form_field.label or "")
        if "name" in self.fields:
            self.fields["name"] = self.fields.pop("name")  # last

    def leave_unchecked(self) -> None:
        """Show what was typed as it is: it is about to be gone on with, not to be saved."""
        self._errors = forms.utils.ErrorDict()

    def prepare(self) -> None:
        """Fill choices, and add fields that depend on the place."""

    def initial_of(self, about: About) -> dict[str, Any]:
        """What the fields show of a piece of document."""
        return dict(about)

    def to_document(self) -> dict[str, Any]:
        """The piece of document that the cleaned fields are, without what is empty."""
        return {"kind": self.kind, "name": self.cleaned_data.get("name"), **self.settings()}

    def settings(self) -> dict[str, Any]:
        """Every field under its own name, without what is empty."""
        return {name: value for name, value in self.cleaned_data.items() if name != "name" and not _is_nothing(value)}

    def clean_name(self) -> str:
        """A name of its own, made from the label when none was given."""
        taken = editing.names(self.place.kind, self.place.document) - {self.place.name}
        name: str = self.cleaned_data["name"].strip()
        if not name:
            return self.place.name or editing.free_name(self.words(), taken, fallback=self.kind)
        if not editing.is_name(name):
            raise ValidationError(_("Use small letters, digits and underscores, beginning with a letter."))
        if name in taken:
            raise ValidationError(_("Another part of the flow has this name."))
        return name

    def words(self) -> str:
        """What the name is made from."""
        return str(self.data.get("label") or self.data.get("title") or "")

    def show(self, place: str) -> str:
        """The id of the control that a problem at `place` (as `choices.2.label`) is about; "" when this form has none."""
        first, *rest = place.split(".")
        for name in (self.showing().get(first, first), *(f"{first}-{part}" for part in rest)):
            if name in self.fields:
                return f"id_{name}"
        return ""

    def showing(self) -> dict[str, str]:
        """Keys of the document that fields of another name show."""
        return {}

    def folded(self) -> list[tuple[Any, list[forms.BoundField], bool]]:
        """The groups of fields under a heading: open when one of them says something, or is wrong."""
        found = []
        for heading, names in self.groups:
            fields = [self[name] for name in names if name in self.fields]
            is_open = any(field.errors or not _is_nothing(self.about.get(name)) for field, name in zip(fields, names, strict=False))
            if fields:
                found.append((heading, fields, is_open))
        return found

    def shown(self) -> list[forms.BoundField]:
        """The fields that stand open."""
        hidden = {name for _heading, names in self.groups for name in names}
        return [field for field in self.visible_fields() if field.name not in hidden]


def _is_nothing(value: Any) -> bool:
    return value is None or value in ("", [], {}) or value is False


# Sources by name: the fields of a record, the inputs of a flow ----------------------------------------------------------


class NamedSources:
    """Adds a source for each of some names, and collects them: `values-discount` → {"discount": source}."""

    def add_sources(self: Any, key: str, wanted: Iterable[tuple[str, Any, str, bool, Sequence[tuple[str, str]]]], *, given: About) -> None:
        """A field for each (name, label, type, whether it is required, choices), and for each name that is given and no longer wanted."""
        rows = list(wanted)
        known = {row[0] for row in rows}
        rows += [(name, _("%(name)s (no longer there)") % {"name": name}, "", False, ()) for name in given if name not in known]
        for name, label, kind, is_required, choices in rows:
            made = SourceField(label=label, type=kind, with_text=kind in ("text", ""), required=False)
            made.is_wanted = is_required  # type: ignore[attr-defined]
            made.widget.choices = tuple(choices)
            made.group = key  # type: ignore[attr-defined]
            self.fields[f"{key}-{name}"] = made
            self.initial[f"{key}-{name}"] = given.get(name)

    def sources(self: Any, key: str) -> dict[str, Any]:
        """Those that are set."""
        return {
            name.removeprefix(f"{key}-"): value
            for name, value in self.cleaned_data.items()
            if name.startswith(f"{key}-") and value is not None
        }

    def without_sources(self: Any, key: str) -> dict[str, Any]:
        """The other settings."""
        return {name: value for name, value in PartForm.settings(self).items() if not name.startswith(f"{key}-")}


def fields_to_write(label: str, around: Around) -> list[tuple[str, Any, str, bool, Sequence[tuple[str, str]]]]:
    """The fields of a model that this site lets flows write, as `add_sources` takes them."""
    model = model_named(label)
    if model is None:
        return []
    return [_to_write(model, name) for name in around.writable.get(label, ())]


def _to_write(model: type[Model], name: str) -> tuple[str, Any, str, bool, Sequence[tuple[str, str]]]:
    found = model._meta.get_field(name)
    assert isinstance(found, ModelField)
    kind = type_of(found)
    choices = tuple((str(value), str(words)) for value, words in found.flatchoices)
    needed = not (found.blank or found.has_default() or found.null)
    return (
        name,
        capfirst(str(found.verbose_name)),
        kind if kind in ("text", "number", "yes_no", "date", "datetime") else "",
        needed,
        choices,
    )


def wanted_inputs(declared: Mapping[str, Any]) -> list[tuple[str, Any, str, bool, Sequence[tuple[str, str]]]]:
    """The inputs of a flow, as `add_sources` takes them."""
    return [
        (name, about.get("label") or capfirst(name.replace("_", " ")), about.get("type", ""), bool(about.get("required")), ())
        for name, about in declared.items()
    ]


# Screens ---------------------------------------------------------------------------------------------------------------


def show_when() -> ConditionField:
    """When a screen or an item is shown."""
    return ConditionField(label=gettext_lazy("Shown"), always=gettext_lazy("Always"))


class ScreenForm(PartForm):
    kind = "screen"
    called = gettext_lazy("Screen")
    explained = gettext_lazy("One page of questions.")
    icon = "list-checks"
    label = None  # type: ignore[assignment]

    intro = TextField(
        label=gettext_lazy("Introduction"), required=False, help_text=gettext_lazy("A sentence under the title. Type {{ to put a value in.")
    )
    show_when = show_when()

    def prepare(self) -> None:
        self.fields = {"title": forms.CharField(label=_("Title"), max_length=200), **self.fields}

    def to_document(self) -> dict[str, Any]:
        return {"name": self.cleaned_data["name"], **self.settings()}


FIELD_TYPES = {
    "text": gettext_lazy("Text, one line"),
    "long_text": gettext_lazy("Long text"),
    "number": gettext_lazy("Number"),
    "money": gettext_lazy("Money"),
    "date": gettext_lazy("Date"),
    "datetime": gettext_lazy("Date and time"),
    "checkbox": gettext_lazy("Checkbox"),
    "choice": gettext_lazy("Choice (list)"),
    "radio": gettext_lazy("Choice (radio buttons)"),
    "multiple_choice": gettext_lazy("Several choices"),
    "email": gettext_lazy("E-mail"),
    "phone": gettext_lazy("Phone"),
    "url": gettext_lazy("Web address"),
    "user": gettext_lazy("Person"),
    "record": gettext_lazy("Record (lookup)"),
    "file": gettext_lazy("File"),
}

ANSWER_TYPES = {
    "number": "number",
    "money": "number",
    "date": "date",
    "datetime": "datetime",
    "checkbox": "yes_no",
    "multiple_choice": "list",
}

FITS = {
    "min": {"number", "money", "date", "datetime"},
    "max": {"number", "money", "date", "datetime"},
    "places": {"number", "money"},
    "min_length": {"text", "long_text", "email", "phone", "url"},
    "max_length": {"text", "long_text", "email", "phone", "url"},
    "pattern": {"text", "long_text", "email", "phone", "url"},
    "pattern_message": {"text", "long_text", "email", "phone", "url"},
    "choices": {"choice", "radio", "multiple_choice"},
    "model": {"record"},
}
"""Settings of a field that only some types have."""


class FieldForm(PartForm):
    kind = "field"
    called = gettext_lazy("Field")
    explained = gettext_lazy("A question with one answer.")
    icon = "pencil"
    groups = (
        (
            gettext_lazy("Check the answer"),
            ("min", "max", "places", "min_length", "max_length", "pattern", "pattern_message", "check_formula", "check_message"),
        ),
    )

    label = forms.CharField(label=gettext_lazy("Label"), max_length=200, help_text=gettext_lazy("The question, as people read it."))
    type = forms.ChoiceField(label=gettext_lazy("Type"), choices=list(FIELD_TYPES.items()))
    choices = RowsField(
        {
            "label": forms.CharField(label=gettext_lazy("Choice"), max_length=200),
            "value": forms.CharField(label=gettext_lazy("Stored as"), max_length=100, required=False),
        },
        label=gettext_lazy("Choices"),
        add=gettext_lazy("Add choice"),
        required=False,
    )
    model = forms.ChoiceField(label=gettext_lazy("Which records"), required=False)
    required = forms.BooleanField(label=gettext_lazy("An answer is required"), required=False)
    help = forms.CharField(label=gettext_lazy("Help"), required=False, max_length=2000, help_text=gettext_lazy("A hint under the label."))
    default = SourceField(label=gettext_lazy("Filled in beforehand with"), with_text=True, required=False)
    min = forms.CharField(label=gettext_lazy("At least"), required=False, max_length=40)
    max = forms.CharField(label=gettext_lazy("At most"), required=False, max_length=40)
    places = forms.IntegerField(label=gettext_lazy("Decimal places"), required=False, min_value=0, max_value=6)
    min_length = forms.IntegerField(label=gettext_lazy("Fewest characters"), required=False, min_value=0, max_value=10_000)
    max_length = forms.IntegerField(label=gettext_lazy("Most characters"), required=False, min_value=1, max_value=10_000)
    pattern = forms.CharField(
        label=gettext_lazy("Pattern"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("What the whole answer must look like: [A-Z]{2}[0-9]{4}"),
    )
    pattern_message = forms.CharField(label=gettext_lazy("Said when the pattern does not fit"), required=False, max_length=200)
    check_formula = SourceField(label=gettext_lazy("Formula that must hold"), modes=[FORMULA], required=False)
    check_message = forms.CharField(label=gettext_lazy("Said when it does not hold"), required=False, max_length=200)
    show_when = show_when()

    def prepare(self) -> None:
        self.fields["model"].choices = [("", _("Choose…")), *self.place.around.models]  # type: ignore[attr-defined]
        for name in ("choices", "model"):  # shown only for the types that need them
            self.fields[name].is_wanted = True  # type: ignore[attr-defined]
        for name, types in FITS.items():
            self.fields[name].widget.attrs["data-orc-for"] = " ".join(sorted(types))
        kind = ANSWER_TYPES.get(self.data.get("type") or self.about.get("type") or "text", "text")
        self.fields["default"].type = kind if kind != "list" else ""  # type: ignore[attr-defined]
        row = "item" if _is_in_group(self.place) else "answers"
        name = self.place.name or "new"
        formula = self.fields["check_formula"]
        formula.known = Readables([*self.place.known, Readable(f"{row}.{name}", _("This answer"), kind)])  # type: ignore[attr-defined]
        formula.help_text = _("For example %(example)s") % {"example": f"{row}.{name} <= 30"}
        if not self.place.name:
            # The name is not settled before it is saved: what is typed now may be it.
            made = editing.free_name(
                str(self.data.get("name") or self.data.get("label") or ""), editing.names(self.place.kind, self.place.document)
            )
            formula.known += [Readable(f"{row}.{made}", _("This answer"), kind)]  # type: ignore[attr-defined]

    def initial_of(self, about: About) -> dict[str, Any]:
        pattern, check = about.get("pattern") or {}, about.get("check") or {}
        return {
            "type": "text",
            **about,
            "min": typed_text(about.get("min")),
            "max": typed_text(about.get("max")),
            "pattern": pattern.get("pattern", ""),
            "pattern_message": pattern.get("message", ""),
            "check_formula": {"formula": check["formula"]} if check else None,
            "check_message": check.get("message", ""),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        kind = cleaned.get("type", "text")
        for name, types in FITS.items():
            if kind not in types:
                self.errors.pop(name, None)
                cleaned[name] = None
        for name in ("min", "max"):
            if cleaned.get(name):
                try:
                    cleaned[name] = literal(cleaned[name], ANSWER_TYPES[kind])
                except ValidationError as error:
                    self.add_error(name, error)
        if kind in FITS["choices"] and not cleaned.get("choices") and "choices" not in self.errors:
            self.add_error("choices", _("Add at least one choice."))
        if kind == "record" and not cleaned.get("model"):
            self.add_error("model", _("Choose which records can be looked up."))
        if kind == "file" and _is_in_group(self.place):
            self.add_error("type", _("A file stands by itself, not in a repeating group."))
        for what, message in (("pattern", "pattern_message"), ("check_formula", "check_message")):
            if cleaned.get(what) and not cleaned.get(message):
                self.add_error(message, _("Say in words what is wrong, for the person who answers."))
        return cleaned

    def settings(self) -> dict[str, Any]:
        made = super().settings()
        # 0 is a limit and not nothing.
        made |= {
            name: self.cleaned_data[name]
            for name in ("min", "max", "places", "min_length")
            if self.cleaned_data.get(name) not in (None, "")
        }
        pattern, message = made.pop("pattern", None), made.pop("pattern_message", "")
        formula, said = made.pop("check_formula", None), made.pop("check_message", "")
        if pattern:
            made["pattern"] = {"pattern": pattern, "message": message}
        if formula:
            made["check"] = {"formula": formula["formula"], "message": said}
        if "choices" in made:
            made["choices"] = _with_values(made["choices"])
        return made

    def showing(self) -> dict[str, str]:
        return {"check": "check_formula"}


def _with_values(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Choices, those without a value with one made from their label."""
    taken = {row["value"] for row in rows if row["value"]}
    made = []
    for row in rows:
        value = row["value"] or editing.free_name(row["label"], taken, fallback="choice")
        taken.add(value)
        made.append({"value": value, "label": row["label"]})
    return made


def _is_in_group(place: Place) -> bool:
    part = editing.find(place.kind, place.document, place.inside)
    return part is not None and part.kind == "group"


class DisplayTextForm(PartForm):
    kind = "text"
    called = gettext_lazy("Text")
    explained = gettext_lazy("Words on the screen, with values in them.")
    icon = "info"
    label = None  # type: ignore[assignment]

    text = TextField(label=gettext_lazy("Text"), help_text=gettext_lazy("Type {{ to put a value in: Quote of {{ record.name }}"))
    show_when = show_when()

    def words(self) -> str:
        return "text"


class SectionForm(PartForm):
    kind = "section"
    called = gettext_lazy("Section")
    explained = gettext_lazy("A heading with fields and texts under it.")
    icon = "folder"

    label = forms.CharField(label=gettext_lazy("Heading"), max_length=200)
    show_when = show_when()


class GroupForm(PartForm):
    kind = "group"
    called = gettext_lazy("Repeating group")
    explained = gettext_lazy("Fields that are answered once for each of several rows.")
    icon = "rotate-cw"

    label = forms.CharField(label=gettext_lazy("What one row is called"), max_length=200, help_text=gettext_lazy("For example: Line"))
    help = forms.CharField(label=gettext_lazy("Help"), required=False, max_length=2000)
    least = forms.IntegerField(label=gettext_lazy("Fewest rows"), min_value=0, max_value=100, initial=0)
    most = forms.IntegerField(label=gettext_lazy("Most rows"), min_value=1, max_value=100, initial=20)
    show_when = show_when()

    def initial_of(self, about: About) -> dict[str, Any]:
        return {"least": 0, "most": 20, **about}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if (cleaned.get("least") or 0) > (cleaned.get("most") or 100):
            self.add_error("most", _("This is fewer than the fewest."))
        return cleaned


# Elements --------------------------------------------------------------------------------------------------------------


class ElementForm(PartForm):
    """What all elements have: a label that is theirs to leave out."""

    def words(self) -> str:
        return str(self.data.get("label") or self.kind)

    def prepare(self) -> None:
        self.fields["label"].widget.attrs["placeholder"] = str(self.called)


class AssignForm(ElementForm):
    kind = "assign"
    called = gettext_lazy("Set variables")
    explained = gettext_lazy("Gives variables of the flow a value.")
    icon = "pencil"

    def prepare(self) -> None:
        super().prepare()
        declared = self.place.document.get("variables") or {}
        choices = [("", _("Choose…")), *((name, about.get("label") or name) for name, about in declared.items())]
        self.fields["set"] = RowsField(
            {"name": forms.ChoiceField(label=_("Variable"), choices=choices), "source": SourceField(label=_("Value"), with_text=True)},
            label=_("Variables"),
            unique="name",
            help_text="" if declared else _("The flow has no variables yet. Declare one under “Variables” first."),
        )
        self.initial["set"] = [{"name": name, "source": source} for name, source in (self.about.get("set") or {}).items()]

    def settings(self) -> dict[str, Any]:
        made = super().settings()
        return {**made, "set": {row["name"]: row["source"] for row in made["set"]}}


class CreateForm(NamedSources, ElementForm):
    kind = "create"
    called = gettext_lazy("Create record")
    explained = gettext_lazy("Makes a record of a model that this site lets flows write.")
    icon = "plus"

    model = forms.ChoiceField(label=gettext_lazy("Model"), help_text=gettext_lazy("Its fields appear once it is chosen."))

    def prepare(self) -> None:
        super().prepare()
        labels = dict(self.place.around.models)
        self.fields["model"].choices = [("", _("Choose…")), *((label, labels.get(label, label)) for label in self.place.around.writable)]  # type: ignore[attr-defined]
        self.fields["model"].widget.attrs["data-orc-refresh"] = ""
        if not self.place.around.writable:
            self.fields["model"].help_text = _("This site lets flows write no model yet. The setting ORCHESTRATION_WRITABLE names them.")
        model = self.data.get("model") or self.about.get("model") or ""
        given = (self.about.get("values") or {}) if model == self.about.get("model") else {}
        self.add_sources("values", fields_to_write(model, self.place.around), given=given)

    def settings(self) -> dict[str, Any]:
        return {**self.without_sources("values"), "values": self.sources("values")}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("model") and not self.sources("values") and not self.errors:
            first = next((name for name in self.fields if name.startswith("values-")), None)
            self.add_error(first, _("Give at least one field a value."))
        for name, form_field in self.fields.items():
            if getattr(form_field, "is_wanted", False) and cleaned.get(name) is None and name not in self.errors:
                self.add_error(name, _("The model needs a value here."))
        return cleaned


class UpdateForm(NamedSources, ElementForm):
    kind = "update"
    called = gettext_lazy("Update records")
    explained = gettext_lazy("Changes the flow's record, one that was found or made, or all that were found.")
    icon = "pencil"

    def prepare(self) -> None:
        super().prepare()
        around = self.place.around
        choices = [
            (readable.path, f"{readable.label} ({readable.path})")
            for readable in self.place.known.all()
            if (readable.model in around.writable and readable.type == "record") or readable.of in around.writable
        ]
        path = self.data.get("records") or (self.about.get("records") or {}).get("path") or (choices[0][0] if choices else "")
        if path and path not in dict(choices):
            choices.append((path, path))
        self.fields["records"] = forms.ChoiceField(
            label=_("Which"),
            choices=choices,
            help_text="" if choices else _("Nothing that can be read here is a record that flows may write."),
        )
        self.fields["records"].widget.attrs["data-orc-refresh"] = ""
        self.initial["records"] = path
        found = self.place.known.find(path) if path else None
        given = (self.about.get("values") or {}) if path == (self.about.get("records") or {}).get("path") else {}
        self.add_sources("values", fields_to_write(found.model or found.of, around) if found else [], given=given)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not self.sources("values"):
            first = next((name for name in self.fields if name.startswith("values-")), None)
            self.add_error(first, _("Give at least one field a value."))
        return cleaned

    def settings(self) -> dict[str, Any]:
        made = self.without_sources("values")
        return {**made, "records": {"path": made["records"]}, "values": self.sources("values")}


class FindForm(ElementForm):
    kind = "find"
    called = gettext_lazy("Find records")
    explained = gettext_lazy("Looks for records; the elements below can use them.")
    icon = "search"

    model = forms.ChoiceField(label=gettext_lazy("Model"))
    most = forms.IntegerField(label=gettext_lazy("At most"), min_value=1, max_value=1000, initial=100)

    def prepare(self) -> None:
        super().prepare()
        self.fields["model"].choices = [("", _("Choose…")), *self.place.around.models]  # type: ignore[attr-defined]
        self.fields["model"].widget.attrs["data-orc-refresh"] = ""
        model = model_named(self.data.get("model") or self.about.get("model") or "")
        own = [(f.name, capfirst(str(f.verbose_name))) for f in fields_of(model)] if model else []
        beyond = [
            (f"{f.name}.{g.name}", f"{capfirst(str(f.verbose_name))} › {capfirst(str(g.verbose_name))}")
            for f in (fields_of(model) if model else [])
            if f.is_relation and f.related_model
            for g in fields_of(f.related_model)
        ]
        if model:
            self.fields["where"] = RowsField(
                {
                    "field": forms.ChoiceField(label=_("Field"), choices=[("", _("Choose…")), *own, *beyond]),
                    "operator": forms.ChoiceField(label=_("Comparison"), choices=list(OPERATORS.items())),
                    "source": SourceField(label=_("Value"), required=False),
                },
                label=_("Where"),
                required=False,
                add=_("Add requirement"),
                help_text=_("Without a requirement all records are found."),
            )
            self.fields["logic"] = forms.ChoiceField(
                label=_("Must hold"), choices=[("all", _("all requirements")), ("any", _("any of the requirements"))], required=False
            )
            order = [("", _("Any order")), *own, *((f"-{name}", _("%(label)s, largest first") % {"label": label}) for name, label in own)]
            self.fields["order"] = forms.ChoiceField(label=_("In the order of"), choices=order, required=False)
        self.fields["most"] = self.fields.pop("most")

    def initial_of(self, about: About) -> dict[str, Any]:
        return {"most": 100, **about, "order": (about.get("order") or [""])[0]}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for number, row in enumerate(cleaned.get("where") or [], start=1):
            asks_empty = row["operator"] in ("is_empty", "is_not_empty")
            if not asks_empty and row["source"] is None:
                self.add_error("where", _("Row %(row)d: say what the field is compared with.") % {"row": number})
        return cleaned

    def settings(self) -> dict[str, Any]:
        made = super().settings()
        where = [
            {"field": r["field"], "operator": r["operator"], **({"source": r["source"]} if r["source"] else {})}
            for r in made.pop("where", [])
        ]
        for row in where:
            if row["operator"] in ("is_empty", "is_not_empty"):
                row.pop("source", None)
        order = made.pop("order", "")
        return {**made, **({"where": where} if where else {}), **({"order": [order]} if order else {})}


class DecideForm(ElementForm):
    kind = "decide"
    called = gettext_lazy("Decision")
    explained = gettext_lazy("Goes one way or another. The first branch whose condition holds is taken, else “Otherwise”.")
    icon = "workflow"

    first_label = forms.CharField(label=gettext_lazy("First branch"), max_length=200, initial=gettext_lazy("Yes"))
    first_condition = ConditionField(label=gettext_lazy("Taken"), always=gettext_lazy("Always"))

    def prepare(self) -> None:
        super().prepare()
        if self.place.name:
            del self.fields["first_label"], self.fields["first_condition"]

    def settings(self) -> dict[str, Any]:
        made = super().settings()
        if self.place.name:
            return made
        branch = {"label": made.pop("first_label"), "condition": made.pop("first_condition", {}), "elements": []}
        return {**made, "branches": [branch], "otherwise": []}


class BranchForm(PartForm):
    kind = "branch"
    called = gettext_lazy("Branch")
    explained = gettext_lazy("What is done when its condition holds and no branch above it was taken.")
    icon = "arrow-right"
    has_name = False

    label = forms.CharField(label=gettext_lazy("Label"), max_length=200)
    condition = ConditionField(label=gettext_lazy("Taken"), always=gettext_lazy("Always"))

    def to_document(self) -> dict[str, Any]:
        return {"label": self.cleaned_data["label"], "condition": self.cleaned_data["condition"]}


class LoopForm(ElementForm):
    kind = "loop"
    called = gettext_lazy("Loop")
    explained = gettext_lazy("Does the same for each of a list.")
    icon = "rotate-cw"

    over = PathField(
        label=gettext_lazy("For each of"), max_length=200, help_text=gettext_lazy("For example the records that were found above.")
    )
    each = forms.CharField(
        label=gettext_lazy("One of them is called"),
        max_length=60,
        initial="each",
        help_text=gettext_lazy("Elements in the loop read it by this name."),
    )

    def prepare(self) -> None:
        super().prepare()
        lists = [readable for readable in self.place.known.all() if readable.type in ("list", "")]
        self.fields["over"].widget.attrs["data-orc-only"] = "list"
        if not self.about and len(lists) == 1:
            self.initial["over"] = lists[0].path

    def initial_of(self, about: About) -> dict[str, Any]:
        return {
            "each": "each",
            **{name: value for name, value in about.items() if name != "as"},
            **({"each": about["as"]} if "as" in about else {}),
        }

    def clean_each(self) -> str:
        """A name that nothing else has."""
        name: str = self.cleaned_data["each"].strip()
        if not editing.is_name(name):
            raise ValidationError(_("Use small letters, digits and underscores, beginning with a letter."))
        return name

    def settings(self) -> dict[str, Any]:
        made = super().settings()
        return {**{name: value for name, value in made.items() if name != "each"}, "as": made["each"]}

    def showing(self) -> dict[str, str]:
        return {"as": "each"}


class MailForm(ElementForm):
    kind = "mail"
    called = gettext_lazy("Send e-mail")
    explained = gettext_lazy("Sends a mail once the step is committed; nothing leaves if it fails.")
    icon = "inbox"

    to = SourceField(label=gettext_lazy("To"), type="text", with_text=True, help_text=gettext_lazy("One address, or a list of them."))
    subject = TextField(label=gettext_lazy("Subject"), is_line=True, max_length=1000)
    body = TextField(label=gettext_lazy("Text"), help_text=gettext_lazy("Type {{ to put a value in: Dear {{ record.name }}"))
    attach = PathField(
        label=gettext_lazy("Attach"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("A file: of a document made above, or an answer."),
    )

    def prepare(self) -> None:
        super().prepare()
        self.fields["attach"].widget.attrs["data-orc-only"] = "file"


class SlackForm(ElementForm):
    kind = "slack"
    called = gettext_lazy("Post to Slack")
    explained = gettext_lazy("Posts to a channel once the step is committed.")
    icon = "users"

    endpoint = forms.ChoiceField(label=gettext_lazy("Channel"))
    text = TextField(label=gettext_lazy("Text"))

    def prepare(self) -> None:
        super().prepare()
        _offer(self, "endpoint", self.place.around.slack, _("No Slack endpoint is set up. An administrator adds one under “Endpoints”."))


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class CallForm(ElementForm):
    kind = "call"
    called = gettext_lazy("Call out (HTTP)")
    explained = gettext_lazy("Calls a named endpoint and reads its reply. Stands at the top level of the flow.")
    icon = "arrow-right"

    endpoint = forms.ChoiceField(label=gettext_lazy("Endpoint"))
    method = forms.ChoiceField(label=gettext_lazy("Method"), choices=[(name, name) for name in METHODS], initial="POST")
    path = TextField(
        label=gettext_lazy("Path"),
        is_line=True,
        required=False,
        max_length=1000,
        help_text=gettext_lazy("Added to the endpoint's address: tickets/{{ record.pk }}"),
    )
    body = RowsField(
        {
            "key": forms.CharField(label=gettext_lazy("Name"), max_length=200),
            "source": SourceField(label=gettext_lazy("Value"), with_text=True),
        },
        label=gettext_lazy("What is sent"),
        required=False,
        unique="key",
        add=gettext_lazy("Add value"),
        help_text=gettext_lazy("Sent as JSON. A dot makes an object in an object: ticket.subject"),
    )
    outputs = RowsField(
        {
            "name": forms.CharField(label=gettext_lazy("Output"), max_length=60),
            "reply": forms.CharField(label=gettext_lazy("In the reply"), max_length=200),
            "type": forms.ChoiceField(
                label=gettext_lazy("Type"),
                choices=[(name, WORDS[name]) for name in ("text", "number", "yes_no", "date", "datetime", "list")],
            ),
        },
        label=gettext_lazy("What is read from the reply"),
        required=False,
        unique="name",
        add=gettext_lazy("Add output"),
        help_text=gettext_lazy("ticket.id is the id in the object ticket. Later elements read it as an output of this one."),
    )
    timeout = forms.IntegerField(label=gettext_lazy("Seconds until it counts as failed"), min_value=1, max_value=10, initial=10)

    def prepare(self) -> None:
        super().prepare()
        _offer(self, "endpoint", self.place.around.http, _("No HTTP endpoint is set up. An administrator adds one under “Endpoints”."))

    def initial_of(self, about: About) -> dict[str, Any]:
        return {
            "method": "POST",
            "timeout": 10,
            **about,
            "body": [{"key": key, "source": source} for key, source in flattened(about.get("body"))],
            "outputs": [{"name": name, **output} for name, output in (about.get("outputs") or {}).items()],
        }

    def clean_outputs(self) -> dict[str, Any]:
        """Outputs by their names."""
        for row in self.cleaned_data["outputs"]:
            if not editing.is_name(row["name"]):
                raise ValidationError(
                    _("“%(name)s”: use small letters, digits and underscores, beginning with a letter.") % {"name": row["name"]}
                )
        return {row["name"]: {"reply": row["reply"], "type": row["type"]} for row in self.cleaned_data["outputs"]}

    def clean_body(self) -> dict[str, Any]:
        """The body as the tree that its dotted names describe."""
        body: dict[str, Any] = {}
        for row in self.cleaned_data["body"]:
            *above, last = row["key"].split(".")
            at = body
            for name in above:
                at = at.setdefault(name, {})
                if not isinstance(at, dict) or "value" in at or "path" in at:
                    raise ValidationError(_("“%(key)s” is both a value and an object.") % {"key": row["key"]})
            if not all([*above, last]) or last in at:
                raise ValidationError(_("“%(key)s” cannot stand here.") % {"key": row["key"]})
            at[last] = row["source"]
        return body


def flattened(body: Any, before: str = "") -> list[tuple[str, Any]]:
    """A body of objects in objects as dotted names with their sources."""
    if not isinstance(body, Mapping):
        return []
    found: list[tuple[str, Any]] = []
    for name, inner in body.items():
        key = f"{before}.{name}" if before else name
        if isinstance(inner, Mapping) and len(inner) == 1 and next(iter(inner)) in (VALUE, PATH, FORMULA, TEXT):
            found.append((key, inner))
        elif isinstance(inner, Mapping):
            found += flattened(inner, key)
        else:
            found.append((key, {"value": inner}))
    return found


class DocumentForm(ElementForm):
    kind = "document"
    called = gettext_lazy("Make a PDF")
    explained = gettext_lazy("Makes a PDF from a text with values, and attaches it to a record.")
    icon = "folder"

    body = TextField(
        label=gettext_lazy("Text"), help_text=gettext_lazy("Lines beginning with # are headings, with - a list. Type {{ to put a value in.")
    )
    file_name = TextField(label=gettext_lazy("Name of the file"), is_line=True, max_length=1000, initial="document.pdf")
    attach_to = PathField(
        label=gettext_lazy("Attach to"), required=False, max_length=200, help_text=gettext_lazy("A record; empty: to none.")
    )

    def prepare(self) -> None:
        super().prepare()
        title = TextField(label=_("Title"), is_line=True, max_length=1000)
        self.fields = {"label": self.fields["label"], "title": title, **{k: v for k, v in self.fields.items() if k != "label"}}
        self.fields["attach_to"].widget.attrs["data-orc-only"] = "record"


UNITS = {60: gettext_lazy("minutes"), 3600: gettext_lazy("hours"), 86400: gettext_lazy("days"), 1: gettext_lazy("seconds")}


class WaitForm(ElementForm):
    kind = "wait"
    called = gettext_lazy("Wait")
    explained = gettext_lazy("Waits for a time, until a date, or for a call from outside. Stands at the top level of the flow.")
    icon = "clock"

    how = forms.ChoiceField(
        label=gettext_lazy("Wait"),
        choices=[
            ("for", gettext_lazy("for a time")),
            ("until", gettext_lazy("until a date")),
            ("callback", gettext_lazy("for a callback")),
        ],
        widget=forms.RadioSelect,
    )
    amount = forms.IntegerField(label=gettext_lazy("How long"), min_value=1, max_value=10**6, required=False)
    unit = forms.TypedChoiceField(label=gettext_lazy("Unit"), choices=list(UNITS.items()), coerce=int, required=False, initial=3600)
    seconds = SourceField(label=gettext_lazy("Or calculated, in seconds"), modes=[NOT_SET, PATH, FORMULA], required=False)
    until = SourceField(label=gettext_lazy("Until"), type="datetime", required=False)

    def prepare(self) -> None:
        super().prepare()
        for name, how in (("amount", "for"), ("unit", "for"), ("seconds", "for"), ("until", "until")):
            self.fields[name].widget.attrs["data-orc-how"] = how

    def initial_of(self, about: About) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "how": "until" if "until" in about else "callback" if about.get("callback") else "for",
            "unit": 3600,
            **about,
        }
        wait = about.get("for") or {}
        if isinstance(wait.get("value"), int | float):
            unit = max((size for size in UNITS if wait["value"] % size == 0), default=1)
            return shown | {"amount": int(wait["value"] / unit), "unit": unit}
        return shown | {"seconds": wait or None}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("how") == "for" and not cleaned.get("amount") and not cleaned.get("seconds") and not self.errors:
            self.add_error("amount", _("Say how long."))
        if cleaned.get("how") == "until" and not cleaned.get("until") and "until" not in self.errors:
            self.add_error("until", _("Say until when."))
        return cleaned

    def settings(self) -> dict[str, Any]:
        made = super().settings()
        how, amount, unit = made.pop("how"), made.pop("amount", None), made.pop("unit", 1)
        seconds, until = made.pop("seconds", None), made.pop("until", None)
        if how == "callback":
            return {**made, "callback": True}
        if how == "until":
            return {**made, "until": until}
        return {**made, "for": seconds or {"value": amount * unit}}

    def showing(self) -> dict[str, str]:
        return {"for": "amount", "callback": "how"}


class CallsFlow(NamedSources, ElementForm):
    """An element that starts or runs something with inputs of its own."""

    names: ClassVar[str]
    offered: ClassVar[str]
    nothing: ClassVar[Any]

    def prepare(self) -> None:
        super().prepare()
        _offer(self, self.names, getattr(self.place.around, self.offered), str(self.nothing))
        self.fields[self.names].widget.attrs["data-orc-refresh"] = ""
        chosen = self.data.get(self.names) or self.about.get(self.names) or ""
        given = (self.about.get("inputs") or {}) if chosen == self.about.get(self.names) else {}
        self.add_sources("inputs", wanted_inputs(self.place.around.inputs.get(chosen, {})), given=given)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, form_field in self.fields.items():
            if getattr(form_field, "is_wanted", False) and cleaned.get(name) is None and name not in self.errors:
                self.add_error(name, _("This input needs a value."))
        return cleaned

    def settings(self) -> dict[str, Any]:
        made = self.without_sources("inputs")
        inputs = self.sources("inputs")
        return {**made, **({"inputs": inputs} if inputs else {})}


class StartForm(CallsFlow):
    kind = "start"
    called = gettext_lazy("Start orchestration")
    explained = gettext_lazy("Starts an autolaunched orchestration; this flow goes on at once.")
    icon = "workflow"
    names, offered = "orchestration", "orchestrations"
    nothing = gettext_lazy("No autolaunched orchestration is active.")

    orchestration = forms.ChoiceField(label=gettext_lazy("Orchestration"))
    record = PathField(label=gettext_lazy("For the record"), required=False, max_length=200)


class RunForm(CallsFlow):
    kind = "run"
    called = gettext_lazy("Run flow or action")
    explained = gettext_lazy("Runs another autolaunched flow, or an action in code; its outputs are this element's.")
    icon = "cog"
    names, offered = "flow", "flows"
    nothing = gettext_lazy("There is no flow that could be run.")

    flow = forms.ChoiceField(label=gettext_lazy("Flow"))
    record = PathField(
        label=gettext_lazy("On the record"), required=False, max_length=200, help_text=gettext_lazy("Empty: the record of this flow.")
    )


class FailForm(ElementForm):
    kind = "fail"
    called = gettext_lazy("Fail")
    explained = gettext_lazy("Gives up with a message; the step's fault path takes over.")
    icon = "circle-x"

    message = TextField(label=gettext_lazy("Message"))


def _offer(form: PartForm, name: str, choices: Sequence[tuple[str, str]], nothing: str) -> None:
    """Choices, the one that is set and no longer there among them."""
    offered = list(choices)
    chosen = form.about.get(name)
    if chosen and chosen not in dict(offered):
        offered.append((chosen, _("%(name)s (no longer there)") % {"name": chosen}))
    form.fields[name].choices = [("", _("Choose…")), *offered]  # type: ignore[attr-defined]
    if not choices:
        form.fields[name].help_text = nothing


# What belongs to the whole flow ----------------------------------------------------------------------------------------


class SettingForm(PartForm):
    """One thing of the whole flow: `key` of the document."""

    key: ClassVar[str] = ""
    has_name = False
    label = None  # type: ignore[assignment]
    icon = "settings"

    def to_values(self) -> dict[str, Any]:
        """The keys of the document that it sets."""
        raise NotImplementedError

    def place_key(self) -> str:
        return self.key


class DeclarationForm(SettingForm):
    """Inputs or variables."""

    has_required: ClassVar[bool] = True

    def prepare(self) -> None:
        self.fields[self.key] = DeclarationField(
            models=self.place.around.models, has_required=self.has_required, label=self.called, help_text=self.explained
        )
        self.initial[self.key] = self.place.document.get(self.key) or {}

    def to_values(self) -> dict[str, Any]:
        return {self.key: self.cleaned_data[self.key]}


class InputsForm(DeclarationForm):
    kind, key = ":inputs", "inputs"
    called = gettext_lazy("Inputs")
    explained = gettext_lazy("What a step hands to the flow. Expressions read them as inputs.name.")


class VariablesForm(DeclarationForm):
    kind, key, has_required = ":variables", "variables", False
    called = gettext_lazy("Variables")
    explained = gettext_lazy("Values that elements of the flow set and read, as vars.name.")


class OutputsForm(SettingForm):
    kind, key = ":outputs", "outputs"
    called = gettext_lazy("Outputs")
    explained = gettext_lazy("What the flow hands back to its step.")

    outputs = RowsField(
        {
            "name": forms.CharField(label=gettext_lazy("Name"), max_length=60),
            "source": SourceField(label=gettext_lazy("Value"), with_text=True),
        },
        label=gettext_lazy("Outputs"),
        required=False,
        unique="name",
        add=gettext_lazy("Add output"),
    )

    def prepare(self) -> None:
        self.fields["outputs"].help_text = (
            _("Besides these, every answer is an output under its own name, with the decision and the comment.")
            if self.place.kind == "screen"
            else self.explained
        )
        self.initial["outputs"] = [{"name": name, "source": source} for name, source in (self.place.document.get("outputs") or {}).items()]

    def clean_outputs(self) -> dict[str, Any]:
        """Sources by name."""
        for row in self.cleaned_data["outputs"]:
            if not editing.is_name(row["name"]):
                raise ValidationError(
                    _("“%(name)s”: use small letters, digits and underscores, beginning with a letter.") % {"name": row["name"]}
                )
        return {row["name"]: row["source"] for row in self.cleaned_data["outputs"]}

    def to_values(self) -> dict[str, Any]:
        return {"outputs": self.cleaned_data["outputs"]}


class OutcomesForm(SettingForm):
    kind, key = ":outcomes", "outcomes"
    called = gettext_lazy("Decision buttons")
    explained = gettext_lazy("Buttons that end the flow, like Approve and Reject. Without any there is one button, Complete.")

    outcomes = RowsField(
        {
            "label": forms.CharField(label=gettext_lazy("Button"), max_length=200),
            "tone": forms.ChoiceField(
                label=gettext_lazy("Looks"),
                choices=[("primary", gettext_lazy("Main")), ("danger", gettext_lazy("Danger")), ("plain", gettext_lazy("Plain"))],
            ),
            "comment": forms.ChoiceField(
                label=gettext_lazy("Comment"),
                choices=[("no", gettext_lazy("None")), ("optional", gettext_lazy("Optional")), ("required", gettext_lazy("Required"))],
            ),
            "value": forms.CharField(label=gettext_lazy("Stored as"), required=False, max_length=60),
        },
        label=gettext_lazy("Buttons"),
        required=False,
        add=gettext_lazy("Add button"),
        help_text=gettext_lazy("Expressions read the one that was pressed as outcome."),
    )

    def prepare(self) -> None:
        self.initial["outcomes"] = [{"tone": "plain", "comment": "no", **outcome} for outcome in self.place.document.get("outcomes") or []]

    def clean_outcomes(self) -> list[dict[str, Any]]:
        """Buttons, each with a value."""
        made: list[dict[str, Any]] = []
        for row in self.cleaned_data["outcomes"]:
            taken = {outcome["value"] for outcome in made}
            value = row["value"].strip() or editing.free_name(row["label"], taken, fallback="outcome")
            if not editing.is_name(value) or value in taken:
                raise ValidationError(_("“%(value)s” is no name, or is given twice.") % {"value": value})
            made.append({"value": value, "label": row["label"], "tone": row["tone"], "comment": row["comment"]})
        return made

    def to_values(self) -> dict[str, Any]:
        return {"outcomes": self.cleaned_data["outcomes"]}


class WritesForm(NamedSources, SettingForm):
    kind, key = ":writes", "writes"
    called = gettext_lazy("Saves to the record")
    explained = gettext_lazy("Fields of the record that are written when the flow is completed.")

    as_system = forms.BooleanField(
        label=gettext_lazy("Written by the system"),
        required=False,
        help_text=gettext_lazy("Otherwise the person who completes it needs the permission to change the record."),
    )

    def prepare(self) -> None:
        wanted = fields_to_write(self.place.record_model, self.place.around)
        self.add_sources("writes", [(*row[:3], False, row[4]) for row in wanted], given=self.place.document.get("writes") or {})
        self.initial["as_system"] = self.place.document.get("as_system", False)
        self.fields["as_system"] = self.fields.pop("as_system")
        self.nothing = "" if wanted else self._nothing()

    def _nothing(self) -> str:
        if not self.place.record_model:
            return _("Choose the record's model under “About” first.")
        return _("This site lets flows write no field of this model. The setting ORCHESTRATION_WRITABLE names them.")

    def to_values(self) -> dict[str, Any]:
        return {"writes": self.sources("writes"), "as_system": self.cleaned_data["as_system"]}


class ConditionForm(SettingForm):
    kind, key = ":condition", "condition"
    called = gettext_lazy("Condition")
    explained = gettext_lazy("The flow says yes when this holds. What cannot be told counts as no.")
    icon = "workflow"

    condition = ConditionField(label=gettext_lazy("Says yes"), always=gettext_lazy("Always"))

    def initial_of(self, about: About) -> dict[str, Any]:
        return {"condition": self.place.document.get("condition") or {}}

    def to_values(self) -> dict[str, Any]:
        return {"condition": self.cleaned_data["condition"]}


class AboutForm(SettingForm):
    kind, key = ":about", "record_model"
    called = gettext_lazy("About")
    explained = gettext_lazy("What the flow is for.")
    icon = "info"

    record_model = forms.ChoiceField(
        label=gettext_lazy("The record is"),
        required=False,
        help_text=gettext_lazy("Then its fields are offered wherever a value can be chosen."),
    )

    def prepare(self) -> None:
        self.fields["record_model"].choices = [("", _("Any record, or none")), *self.place.around.models]  # type: ignore[attr-defined]
        self.initial["record_model"] = self.place.record_model

    def to_values(self) -> dict[str, Any]:
        return {"record_model": self.cleaned_data["record_model"]}


FORMS: Mapping[str, type[PartForm]] = {
    form.kind: form
    for form in (
        *(ScreenForm, FieldForm, DisplayTextForm, SectionForm, GroupForm),
        *(AssignForm, CreateForm, UpdateForm, FindForm, DecideForm, BranchForm, LoopForm, MailForm, SlackForm, CallForm),
        *(DocumentForm, WaitForm, StartForm, RunForm, FailForm),
        *(AboutForm, InputsForm, VariablesForm, OutputsForm, OutcomesForm, WritesForm, ConditionForm),
    )
}

SETTINGS: Mapping[str, Sequence[type[SettingForm]]] = {
    "screen": (AboutForm, InputsForm, OutcomesForm, WritesForm, OutputsForm),
    "autolaunched": (AboutForm, InputsForm, VariablesForm, OutputsForm),
    "evaluation": (AboutForm, InputsForm, ConditionForm),
}

ADDABLE: Mapping[str, Sequence[str]] = {
    "screen": ("field", "text", "section", "group"),
    "section": ("field", "text"),
    "group": ("field",),
    "elements": (
        *("assign", "create", "update", "find", "decide", "loop", "mail", "slack", "call"),
        *("document", "wait", "start", "run", "fail"),
    ),
}


def addable(flow_kind: str, holder: editing.Part | None) -> list[type[PartForm]]:
    """The kinds of part that can be put into another one, or (None) at the outermost level."""
    if holder is None:
        return [ScreenForm] if flow_kind == "screen" else [FORMS[kind] for kind in ADDABLE["elements"]]
    if holder.kind == "decide":
        return [BranchForm]
    kinds = ADDABLE.get(holder.kind, ADDABLE["elements"])
    return [FORMS[kind] for kind in kinds if (holder.depth == 0 and holder.kind == "screen") or kind not in ("call", "wait")]
