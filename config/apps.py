"""Makes the composition root an app, so that `manage.py demo` and `manage.py valkey` are found."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Segue"
