"""The questions of a screen that is built without code: for each type the Django field that asks it, checks it, says it in words."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any

import re2
from django import forms
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import RegexValidator, URLValidator
from django.db.models import Model
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orchestration.flows.documents.parts import PATTERN_OPTIONS
from orchestration.flows.documents.screens import Field

LONGEST = {"text": 500, "long_text": 10_000, "email": 254, "phone": 40, "url": 2000}
"""Characters of an answer, where the field does not say."""

LARGEST = Decimal(10**12)
"""Numbers beyond it are refused: with its decimal places one still fits what JSON and both databases keep exactly."""

EARLIEST, LATEST = date(1000, 1, 1), date(9999, 12, 30)

phone_number = RegexValidator(r"\A\+?[0-9][0-9 ()./-]{3,38}\Z", gettext_lazy("Enter a telephone number, like +44 20 7946 0018"))


# Lookups -------------------------------------------------------------------------------------------------------------


class Pick:
    """What came of one lookup field: the key that was chosen, and the words that were searched for."""

    def __init__(self, chosen: str, words: str = "") -> None:
        self.chosen, self.words = chosen.strip(), words.strip()

    def __str__(self) -> str:
        return self.chosen


class LookupWidget(forms.Widget):
    """A search box, and the records found as radio buttons. `found(pick)` gives (key, label) pairs and whether there are more."""

    template_name = "orchestration/lookup.html"
    use_fieldset = True
    found: Callable[[Pick], tuple[Sequence[tuple[str, str]], bool]]
    required = False

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Pick:
        return Pick(data.get(name) or "", data.get(f"{name}-words") or "")

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data and f"{name}-words" not in data

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, None, attrs)
        pick = value if isinstance(value, Pick) else Pick(str(getattr(value, "pk", value) or ""))
        found, has_more = self.found(pick)
        context["widget"] |= {"pick": pick, "found": found, "has_more": has_more, "required": self.required}
        return context


class LookupField(forms.Field):
    """One record, of those that the person may see. `records` is where they are looked up."""

    widget = LookupWidget

    def __init__(self, *, records: Any, **options: Any) -> None:
        super().__init__(**options)
        self.records = records
        self.widget.found = self._found
        self.widget.required = self.required

    def clean(self, value: Any) -> Any:
        """The record. Raises ValidationError when nothing was chosen, or something that the person may not see."""
        pick = value if isinstance(value, Pick) else Pick(str(getattr(value, "pk", value) or ""))
        if not pick.chosen:
            if pick.words:
                raise ValidationError(_("Choose one of those that were found, or empty the search"), code="unchosen")
            if self.required:
                raise ValidationError(_("Choose one"), code="required")
            return None
        record = self.records.get(pick.chosen)
        if record is None:
            raise ValidationError(_("Choose one of those that were found"), code="invalid_choice")
        return record

    def in_words(self, value: Any) -> str:
        return "" if value is None else str(self.records.label(value))

    def _found(self, pick: Pick) -> tuple[Sequence[tuple[str, str]], bool]:
        records, has_more = self.records.find(pick.words)
        chosen = self.records.get(pick.chosen) if pick.chosen else None
        if chosen is not None and chosen not in records:
            records = [chosen, *records]
        return [(str(record.pk), str(self.records.label(record))) for record in records], has_more


# Files ---------------------------------------------------------------------------------------------------------------


class FileWidget(forms.Widget):
    """The browser's own file picker, and beside it what has been uploaded already."""

    template_name = "orchestration/upload.html"
    needs_multipart_form = True
    find: Callable[[str], Any]
    accept = ""
    sample = ""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        return data.get(name) or ""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, None, attrs)
        attrs = context["widget"]["attrs"]
        said = {"described": attrs.get("aria-describedby"), "invalid": attrs.get("aria-invalid")}
        about = {"accept": self.accept, "sample": self.sample, "is_sampled": value is None or value == self.sample}
        context["widget"] |= {"file": self.find(str(value)) if value else None, **about, **said}
        return context


class UploadField(forms.Field):
    """One file, uploaded to the draft before. `find` gives the file with a key, if it was handed in with this work item.

    With `sample`, nothing is uploaded: the file with that key is handed in, or none.
    """

    widget = FileWidget

    def __init__(self, *, find: Callable[[str], Any], accept: str = "", sample: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.find = self.widget.find = find
        self.widget.accept, self.widget.sample = accept, sample

    def clean(self, value: Any) -> Any:
        """The file. Raises ValidationError when there is none with this key here."""
        if not value:
            if self.required:
                raise ValidationError(_("Choose a file"), code="required")
            return None
        found = self.find(str(value))
        if found is None:
            raise ValidationError(_("This file is no longer here. Choose it again"), code="invalid")
        return found

    def in_words(self, value: Any) -> str:
        return "" if value is None else str(value.name)


# Plain fields --------------------------------------------------------------------------------------------------------


class TextField(forms.CharField):
    """A text without characters that nobody can type."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        if "�" in text or any(0xD800 <= ord(sign) <= 0xDFFF for sign in text):
            raise ValidationError(_("There is a character in it that could not be read. Type it again"), code="unreadable")
        return text


class EmailField(TextField, forms.EmailField):
    pass


class NumberField(forms.DecimalField):
    """A decimal number within measure."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > 50:
            raise ValidationError(_("Enter a number that is not longer than 50 digits"), code="invalid")
        number = super().to_python(value)
        if number is not None and number.is_finite() and abs(number) > LARGEST:
            raise ValidationError(_("Enter a number that is smaller than %(most)s") % {"most": f"{LARGEST:,}"}, code="too_large")
        return number

    is_money = False

    def in_words(self, value: Any) -> str:
        places = self.decimal_places if self.is_money else None
        return "" if value is None else number_format(value, decimal_pos=places, use_l10n=True, force_grouping=self.is_money)


class DateField(forms.DateField):
    widget = forms.DateInput

    def to_python(self, value: Any) -> date | None:
        day = super().to_python(value)
        if day is not None and not EARLIEST <= day <= LATEST:
            raise ValidationError(_("Enter a date between the years 1000 and 9999"), code="invalid")
        return day


class MomentField(forms.DateTimeField):
    widget = forms.DateTimeInput

    def to_python(self, value: Any) -> datetime | None:
        moment = super().to_python(value)
        if moment is not None and not EARLIEST <= moment.date() <= LATEST:
            raise ValidationError(_("Enter a date between the years 1000 and 9999"), code="invalid")
        return moment


class RowsField(forms.Field):
    """The rows of a repeating group: the keys of those that are there, in order."""

    widget = forms.MultipleHiddenInput

    def __init__(self, *, least: int, most: int, **options: Any) -> None:
        super().__init__(required=False, **options)
        self.least, self.most = least, most

    def clean(self, value: Any) -> list[str]:
        rows = rows_of(value or [])
        if len(rows) < self.least:
            raise ValidationError(ngettext("Add at least %(n)d row", "Add at least %(n)d rows", self.least) % {"n": self.least})
        if len(rows) > self.most:
            raise ValidationError(ngettext("Leave at most %(n)d row", "Leave at most %(n)d rows", self.most) % {"n": self.most})
        return rows


def rows_of(sent: Sequence[str], most: int = 101) -> list[str]:
    """The keys of rows among what was sent: short numbers, each once."""
    return list(dict.fromkeys(key for key in sent if key.isascii() and key.isdecimal() and len(key) <= 4))[:most]


# From a document -----------------------------------------------------------------------------------------------------

REQUIRED = {
    "checkbox": gettext_lazy("Tick this box to continue"),
    "choice": gettext_lazy("Choose one"),
    "radio": gettext_lazy("Choose one"),
    "multiple_choice": gettext_lazy("Choose at least one"),
    "date": gettext_lazy("Enter a date"),
    "datetime": gettext_lazy("Enter a date and a time"),
    "number": gettext_lazy("Enter a number"),
    "money": gettext_lazy("Enter an amount"),
}


def made(field: Field, *, records: Callable[[Field], Any], files: Callable[[str], Any], accept: str, sample: str = "") -> forms.Field:
    """The Django field of a question. `records(field)` is where a lookup looks, `files(key)` finds what was uploaded here.

    `sample` is the key of a file that is handed in where nothing can be uploaded.
    """
    options: dict[str, Any] = {"label": field.label, "help_text": field.help, "required": field.required}
    options["error_messages"] = {"required": REQUIRED.get(field.type, gettext_lazy("Enter an answer"))}
    match field.type:
        case "record" | "user":
            return LookupField(records=records(field), **options)
        case "file":
            return UploadField(find=files, accept=accept, sample=sample, **options)
        case "checkbox":
            return forms.BooleanField(**options)
        case "choice":
            return forms.ChoiceField(choices=[("", _("Choose…")), *_choices(field)], **options)
        case "radio":
            return forms.ChoiceField(choices=_choices(field), widget=forms.RadioSelect, **options)
        case "multiple_choice":
            return forms.MultipleChoiceField(choices=_choices(field), widget=forms.CheckboxSelectMultiple, **options)
        case "date":
            return _within(DateField(**options), field)
        case "datetime":
            return _within(MomentField(**options), field)
        case "number" | "money":
            return _number(field, options)
    return _text(field, options)


def _choices(field: Field) -> list[tuple[str, str]]:
    return [(choice.value, choice.label) for choice in field.choices]


def _number(field: Field, options: dict[str, Any]) -> forms.Field:
    places = field.places if field.places is not None else (2 if field.type == "money" else 6)
    options["error_messages"] |= {"invalid": _("Enter a number, like 12.5") if places else _("Enter a whole number")}
    made = NumberField(min_value=field.limit("min"), max_value=field.limit("max"), decimal_places=places, **options)
    made.is_money = field.type == "money"
    made.widget.attrs |= {"step": "any", "inputmode": "decimal" if places else "numeric"}
    return made


def _within(made: forms.Field, field: Field) -> forms.Field:
    low, high = field.limit("min"), field.limit("max")

    def check(value: Any) -> None:
        if low is not None and value < low:
            raise ValidationError(_("Enter %(limit)s or later") % {"limit": _moment(low)})
        if high is not None and value > high:
            raise ValidationError(_("Enter %(limit)s or earlier") % {"limit": _moment(high)})

    made.validators = [*made.validators, check]
    return made


def _moment(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
    return f"{value:%Y-%m-%d}"


def _text(field: Field, options: dict[str, Any]) -> forms.Field:
    options |= {"min_length": field.min_length, "max_length": field.max_length or LONGEST[field.type]}
    match field.type:
        case "email":
            options["error_messages"] |= {"invalid": _("Enter an e-mail address, like name@example.com")}
            made: forms.Field = EmailField(**options)
            made.widget.attrs["autocomplete"] = "off"
        case "url":
            options["error_messages"] |= {"invalid": _("Enter a web address, like https://example.com")}
            made = WebAddressField(assume_scheme="https", **options)
        case "phone":
            made = TextField(validators=[phone_number], **options)
            made.widget.input_type = "tel"
        case "long_text":
            made = TextField(widget=forms.Textarea(attrs={"rows": 4}), **options)
        case _:
            made = TextField(**options)
    if field.pattern is not None:
        made.validators = [*made.validators, _patterned(field.pattern.pattern, field.pattern.message)]
    return made


class WebAddressField(TextField, forms.URLField):
    """A web address; other schemes, such as javascript:, are none."""

    default_validators = [URLValidator(schemes=["http", "https"])]


def _patterned(pattern: str, message: str) -> Callable[[str], None]:
    def check(value: str) -> None:
        if not _compiled(pattern).fullmatch(value):
            raise ValidationError(message, code="pattern")

    return check


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern, PATTERN_OPTIONS)


# Values --------------------------------------------------------------------------------------------------------------


def as_json(value: Any) -> Any:
    """An answer as an output keeps it: a number is a number, a record its reference."""
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case Model() if hasattr(value, "as_value"):  # a file
            return value.as_value()
        case Model():
            return {"model": value._meta.label_lower, "id": value.pk, "label": str(value)}
        case Mapping():
            return {name: as_json(inner) for name, inner in value.items()}
        case list() | tuple():
            return [as_json(inner) for inner in value]
        case date() | time():
            return json.loads(json.dumps(value, cls=DjangoJSONEncoder))
    return value
