"""What somebody who fills in a form can pick from: records that they may view, active people, files handed in with the work item."""

from functools import cached_property, reduce
from operator import or_
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import CharField, Model, Q, QuerySet, TextField

from orchestration import access, uploads
from orchestration.expressions import NEVER_READ
from orchestration.models import Attachment, WorkItem
from orchestration.models.instances import name_of
from orchestration.models.people import Person
from orchestration.models.records import model_named

MOST_WORDS = 8
MOST_FIELDS = 6


class Reach:
    """The reach of one person in one work item. Without an item (a preview) no files are in it."""

    accepted_files = uploads.accepted()
    sample_file = ""
    """Where nothing can be uploaded: the key of a file that stands for whatever would be handed in."""

    def __init__(self, user: Person, item: WorkItem | None = None) -> None:
        self._user, self._item = user, item

    def records(self, label: str) -> QuerySet[Any] | None:
        """The records of a model, given as "app.model", that the person may view; None when there is no such model."""
        model = model_named(label)
        return None if model is None else access.records_for(self._user, model).order_by("pk")

    def people(self) -> QuerySet[Any]:
        """Everybody with an active account."""
        users = get_user_model()
        return users._default_manager.filter(is_active=True).order_by(users.USERNAME_FIELD)

    def search(self, records: QuerySet[Any], words: str) -> QuerySet[Any]:
        """Those records that have each of the words in one of their texts."""
        names = _searched(records.model)
        for word in words.replace("\0", "").split()[:MOST_WORDS]:
            records = records.filter(reduce(or_, (Q(**{f"{name}__icontains": word}) for name in names), Q(pk__in=[])))
        return records

    def label(self, record: Model) -> str:
        """How people call a record."""
        return name_of(record) if isinstance(record, get_user_model()) else str(record)

    @cached_property
    def files(self) -> dict[str, Attachment]:
        """The files handed in with this work item, by key."""
        if self._item is None:
            return {}
        return {str(file.key): file for file in Attachment.objects.filter(work_item=self._item)}

    def hand_in(self, keys: set[str]) -> None:
        """The item is completed: these files stay with its record, what else was uploaded on the way is thrown away."""
        drafts = Attachment.objects.filter(work_item=self._item, is_draft=True)
        drafts.filter(key__in=keys).update(is_draft=False)
        drafts.exclude(key__in=keys).delete()


def _searched(model: type[Model]) -> list[str]:
    """The columns of a model in which words are looked for: short texts first. Of people only those that others see anyway."""
    if issubclass(model, get_user_model()):
        return [name for name in ("first_name", "last_name", model.USERNAME_FIELD) if _is_column(model, name)]
    columns = [field for field in model._meta.concrete_fields if isinstance(field, CharField | TextField) and not field.choices]
    columns.sort(key=lambda field: isinstance(field, TextField))
    return [field.name for field in columns if field.name not in NEVER_READ][:MOST_FIELDS]


def _is_column(model: type[Model], name: str) -> bool:
    return any(field.name == name for field in model._meta.concrete_fields)
