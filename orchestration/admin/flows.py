"""Flows in the admin: the pages of `building`, under the addresses of the stock admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path

from orchestration.admin.building import views
from orchestration.models import Flow


@admin.register(Flow)
class FlowAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Flows built without code, and those in code to look at; who may run one is given with guardian's object permissions."""

    search_fields = ("label", "key")

    def get_urls(self) -> list[Any]:
        """Our pages before the stock ones; none of the stock forms is left."""
        own = self.admin_site.admin_view
        version = "<int:pk>/versions/<int:number>"
        return [
            path("", own(views.catalogue), name="orchestration_flow_changelist"),
            path("add/", own(views.new), name="orchestration_flow_add"),
            path("<int:pk>/", own(views.detail), name="orchestration_flow_page"),
            path("<int:pk>/change/", own(views.detail), name="orchestration_flow_change"),
            path("<int:pk>/delete/", own(views.delete), name="orchestration_flow_delete"),
            path("<int:pk>/runners/", own(views.runners), name="orchestration_flow_runners"),
            path("<int:pk>/compare/", own(views.compare), name="orchestration_flow_compare"),
            path("<int:pk>/test/", own(views.test_code), name="orchestration_flow_test_code"),
            path(f"{version}/", own(views.draft), name="orchestration_flow_draft"),
            path(f"{version}/edit/", own(views.change), name="orchestration_flow_edit"),
            path(f"{version}/readable/", own(views.readable), name="orchestration_flow_readable"),
            path(f"{version}/check/", own(views.check), name="orchestration_flow_check"),
            path(f"{version}/standing/", own(views.standing), name="orchestration_flow_standing"),
            path(f"{version}/document/", own(views.document), name="orchestration_flow_document"),
            path(f"{version}/history/", own(views.history), name="orchestration_flow_history"),
            path(f"{version}/preview/", own(views.preview), name="orchestration_flow_preview"),
            path(f"{version}/test/", own(views.test), name="orchestration_flow_test"),
            path(f"{version}/activation/", own(views.activation), name="orchestration_flow_activation"),
            path(f"{version}/deactivation/", own(views.deactivation), name="orchestration_flow_deactivation"),
            path(f"{version}/copy/", own(views.copy), name="orchestration_flow_copy"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The catalogue."""
        return views.catalogue(request)
