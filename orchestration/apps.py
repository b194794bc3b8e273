"""Wires the app up: finds every app's flows, listens to saves, registers the system checks."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class OrchestrationConfig(AppConfig):
    name = "orchestration"
    verbose_name = _("Orchestrations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Called by Django once all models are there."""
        autodiscover_modules("flows")
        import_module("orchestration.triggers")
        import_module("orchestration.deletions")
        import_module("orchestration.checks")
