"""Queues: many who may do a piece of work. Who is in one is read live."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

Person = Any
"""A row of whatever model AUTH_USER_MODEL names."""


class Queue(models.Model):
    """A named pile of work items with members, who are users or whole groups."""

    label = models.CharField(_("label"), max_length=100, unique=True)
    api_name = models.SlugField(_("API name"), max_length=60, unique=True)
    is_fallback = models.BooleanField(
        _("fallback"), default=False, help_text=_("Takes the work whose own assignee cannot be found. At most one queue.")
    )

    class Meta:
        verbose_name = _("queue")
        verbose_name_plural = _("queues")
        ordering = ["label"]
        constraints = [
            models.UniqueConstraint(fields=["is_fallback"], condition=Q(is_fallback=True), name="one_fallback_queue"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def has_active_member(self) -> bool:
        """Whether anybody who is in it, alone or with a group, has an active account."""
        return self.members.filter(Q(user__is_active=True) | Q(group__user__is_active=True)).exists()


class QueueMember(models.Model):
    """A user, or everybody in a group, as a member of a queue."""

    queue = models.ForeignKey(Queue, models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="queue_memberships")
    group = models.ForeignKey(Group, models.CASCADE, null=True, blank=True, related_name="queue_memberships")

    class Meta:
        verbose_name = _("queue member")
        verbose_name_plural = _("queue members")
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, group__isnull=True) | Q(user__isnull=True, group__isnull=False),
                name="queue_member_is_user_or_group",
                violation_error_message=_("Name either a user or a group."),
            ),
            models.UniqueConstraint(fields=["queue", "user"], name="user_once_in_queue"),
            models.UniqueConstraint(fields=["queue", "group"], name="group_once_in_queue"),
        ]

    def __str__(self) -> str:
        return str(self.user or self.group)
