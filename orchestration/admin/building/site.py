"""What the site has to offer to those who build flows: models, endpoints, flows and orchestrations, as choices."""

from collections.abc import Sequence
from dataclasses import replace

from django.apps import apps
from django.db.models import Model
from django.utils.text import capfirst

from orchestration import conf, flow_builder, flows
from orchestration.admin.building.forms import Around
from orchestration.flows import documents
from orchestration.flows.catalogue import FlowKind
from orchestration.flows.documents.problems import CLOSED_APPS
from orchestration.models import Endpoint, Flow, Version
from orchestration.models.definitions import StartType
from orchestration.models.records import model_label, model_named
from orchestration.states import VersionStatus


def around(flow: Flow | None = None) -> Around:
    """Everything that a part of `flow` may name."""
    endpoints = list(Endpoint.objects.order_by("label").values_list("kind", "api_name", "label"))
    catalogue = [other for other in flows.all_flows() if flow is None or other.key != flow.key]
    launched = {version.orchestration.api_name: version for version in _launchable()}
    background = [other for other in catalogue if other.kind == FlowKind.AUTOLAUNCHED]
    return Around(
        models=models(),
        writable=writable(),
        http=[(name, label) for kind, name, label in endpoints if kind == "http"],
        slack=[(name, label) for kind, name, label in endpoints if kind == "slack"],
        orchestrations=[(name, str(version.orchestration)) for name, version in launched.items()],
        flows=[(other.key, f"{other.label} ({other.key})") for other in background],
        evaluations=[(other.key, f"{other.label} ({other.key})") for other in catalogue if other.kind == FlowKind.EVALUATION],
        inputs={other.key: other.declared for other in catalogue} | {name: version.inputs for name, version in launched.items()},
    )


def models() -> list[tuple[str, str]]:
    """The models that a business has, as ("app.model", label): not the machinery's."""
    found = [model for model in apps.get_models() if _is_business(model)]
    return sorted(
        ((model_label(model), f"{capfirst(str(model._meta.verbose_name))}") for model in found), key=lambda choice: choice[1].lower()
    )


def _is_business(model: type[Model]) -> bool:
    label = model_label(model)
    return label == "auth.user" or model._meta.app_label not in {*CLOSED_APPS, "django_rq", "messages", "staticfiles"}


def writable() -> dict[str, list[str]]:
    """Model → its fields that flows may write, by the site's setting."""
    found = {}
    for label in conf.WRITABLE:
        model = model_named(label.lower())
        if model is not None:
            names = [field.name for field in model._meta.concrete_fields if not documents.why_not_write(label.lower(), field.name)]
            found[label.lower()] = names
    return {label: names for label, names in found.items() if names}


def surroundings(flow: Flow) -> documents.Surroundings:
    """The same for the check of a document."""
    kinds = dict(Endpoint.objects.values_list("api_name", "kind"))
    return replace(flow_builder.surroundings(flow.key), endpoints=kinds)


def _launchable() -> Sequence[Version]:
    active = Version.objects.filter(status=VersionStatus.ACTIVE, orchestration__start_type=StartType.AUTOLAUNCHED)
    return list(active.select_related("orchestration"))
