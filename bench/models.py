"""The records that the works are about."""

from django.db import models
from django.db.models import Q


class Record(models.Model):
    """What an instance is about. Each step leaves one mark in `marks`: its letter, and when it ran."""

    marks = models.TextField(default="", blank=True)

    def __str__(self) -> str:
        return f"Record {self.pk}"


class FloorStep(models.Model):
    """A step of the floor: a row that is done or not."""

    record = models.ForeignKey(Record, models.CASCADE, related_name="+")
    letter = models.CharField(max_length=1)
    is_done = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="floor_next", condition=Q(is_done=False)),
            models.Index(fields=["record", "id"], name="floor_next_of_record", condition=Q(is_done=False)),
        ]

    def __str__(self) -> str:
        return self.letter


class Saved(models.Model):
    """A record as small as they get, for timing its `save()`."""

    name = models.CharField(max_length=60, default="Sam Lee")
    amount = models.IntegerField(default=0)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Unwatched(Saved):
    """A record that no orchestration is about."""


class Watched(Saved):
    """A record whose saves start an orchestration when its amount is large."""
