"""Wires the app up: finds every app's `records.py`."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class WorkGuideConfig(AppConfig):
    name = "workguide"
    verbose_name = _("Work Guide")

    def ready(self) -> None:
        """Called by Django once all models are there."""
        autodiscover_modules("records")
