"""Orchestrations in the admin: the pages of `board`, under the addresses of the stock admin."""

from typing import Any

from django.contrib import admin
from django.urls import path

from orchestration.admin.board import activating, debug, documents, starting, versions, views
from orchestration.models import Orchestration


@admin.register(Orchestration)
class OrchestrationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Orchestrations are built, tried, activated and compared on pages of our own; none of the stock forms is left."""

    search_fields = ("label", "api_name")

    def get_urls(self) -> list[Any]:
        """Our pages before the stock ones."""
        version = "<int:pk>/versions/<int:number>"
        return [
            self._path("", versions.catalogue, "changelist"),
            self._path("add/", starting.new, "add"),
            self._path("import/", documents.take_in, "import"),
            self._path("schema/", documents.schema, "schema"),
            self._path("<int:pk>/", versions.detail, "page"),
            self._path("<int:pk>/change/", versions.detail, "change"),
            self._path("<int:pk>/delete/", versions.delete, "delete"),
            self._path("<int:pk>/gate/", versions.gate, "gate"),
            self._path("<int:pk>/rights/", versions.share, "share"),
            self._path("<int:pk>/template/", versions.template, "template"),
            self._path("<int:pk>/placement/", versions.placement, "placement"),
            self._path("<int:pk>/compare/", versions.compare, "compare"),
            self._path(f"{version}/", views.show, "builder"),
            self._path(f"{version}/edit/", views.edit, "edit"),
            self._path(f"{version}/readable/", views.read, "readable"),
            self._path(f"{version}/check/", views.check, "check"),
            self._path(f"{version}/standing/", views.standing, "standing"),
            self._path(f"{version}/history/", versions.history, "history"),
            self._path(f"{version}/export/", documents.export, "export"),
            self._path(f"{version}/diagram/", documents.diagram, "diagram"),
            self._path(f"{version}/debug/", debug.debug, "debug"),
            self._path(f"{version}/activation/", activating.activation, "activation"),
            self._path(f"{version}/deactivation/", versions.deactivate, "deactivation"),
            self._path(f"{version}/copy/", versions.copy, "copy"),
        ]

    def _path(self, route: str, view: Any, name: str) -> Any:
        return path(route, self.admin_site.admin_view(view), name=f"orchestration_orchestration_{name}")
