"""System checks: what a developer should know before the deploy."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError

from orchestration import conf, flows, outside
from orchestration.bulk import TellingQuerySet
from orchestration.flows import documents
from orchestration.models import Step, Version
from orchestration.models.definitions import StartType
from orchestration.models.records import model_named
from orchestration.states import LIVE, VersionStatus


@register(Tags.compatibility)
def check_middleware(app_configs: Any = None, **_options: Any) -> list[CheckMessage]:
    """Without the middleware nobody is named as the starter of an instance."""
    if "orchestration.middleware.StarterMiddleware" in settings.MIDDLEWARE:
        return []
    return [
        Warning(
            "Instances that a saved record starts will not know who started them.",
            hint="Add orchestration.middleware.StarterMiddleware to MIDDLEWARE, after AuthenticationMiddleware.",
            id="orchestration.W001",
        )
    ]


@register(Tags.security)
def check_trusted_origins(app_configs: Any = None, **_options: Any) -> list[CheckMessage]:
    """An origin that cannot be read is trusted by nobody, and its owner wonders why."""
    return [
        Error(
            f"ORCHESTRATION_TRUSTED_ORIGINS has “{origin}”, which is no origin.",
            hint="Write scheme, host and port alone: http://helpdesk.intranet:8080",
            id="orchestration.E002",
        )
        for origin in conf.TRUSTED_ORIGINS
        if not outside.is_origin(origin)
    ]


@register(Tags.models)
def check_writable(app_configs: Any = None, **_options: Any) -> list[CheckMessage]:
    """What ORCHESTRATION_WRITABLE names, and no flow could ever write."""
    named = [(label, name) for label, fields in conf.WRITABLE.items() for name in (fields if fields != "*" else ["*"])]
    wrong = [documents.why_not_write(label, name) if name != "*" else documents.why_not_write_any(label) for label, name in named]
    return [Warning(message, hint="Correct ORCHESTRATION_WRITABLE.", id="orchestration.W002") for message in wrong if message]


@register(Tags.database)
def check_flows_exist(app_configs: Any = None, databases: Any = None, **_options: Any) -> list[CheckMessage]:
    """Flows that active versions or live instances need, and that no installed app has (R9.3). `check --database default`."""
    if not databases or not apps.is_installed("orchestration"):
        return []
    in_use = Step.objects.filter(version__status=VersionStatus.ACTIVE) | Step.objects.filter(version__instances__status__in=LIVE)
    try:
        known = {flow.key for flow in flows.all_flows()}
        needed = set(in_use.values_list("flow", flat=True))
        known = {flow.key for flow in flows.all_flows()}
    except DatabaseError:  # not migrated yet
        return []
    return [
        Error(
            f"The flow “{key}” is used by an active version or a live instance, and no installed app has it.",
            hint="Bring the function back, or move the steps that use it to another flow before you deploy.",
            id="orchestration.E001",
        )
        for key in sorted(needed - known)
    ]


@register(Tags.database)
def check_bulk_changes_are_told(app_configs: Any = None, databases: Any = None, **_options: Any) -> list[CheckMessage]:
    """Models whose bulk changes nobody hears of, although their saves start something (R2.2). `check --database default`."""
    if not databases or not apps.is_installed("orchestration"):
        return []
    watching = Version.objects.filter(status=VersionStatus.ACTIVE, orchestration__start_type=StartType.RECORD_TRIGGERED)
    try:
        models = {model_named(label) for label in watching.values_list("orchestration__record_model", flat=True)} - {None}
    except DatabaseError:  # not migrated yet
        return []
    deaf = [model for model in models if model and not isinstance(model._default_manager.all(), TellingQuerySet)]
    return [
        Warning(
            f"{model._meta.label}.objects.update() and bulk_create() start nothing, although an orchestration watches the model.",
            hint=(
                "Give it `objects = orchestration.bulk.TellingQuerySet.as_manager()`, or let what changes many records at once call "
                "`orchestration.triggers.notify(queryset)` in the same transaction, and silence this check."
            ),
            obj=model,
            id="orchestration.W002",
        )
        for model in sorted(deaf, key=lambda model: model._meta.label)
    ]
