"""Secrets: entered, replaced and used, and shown nowhere (RELIABILITY S19)."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core import serializers
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from config.logs import OneLine
from orchestration import access, builder, engine, sealing, secrecy, timeline
from orchestration.errors import Failure, Fault, describe
from orchestration.models import Effect, Endpoint, EndpointHeader, Instance, Milestone, Secret, StepInstance, Version
from tests.cast import Cast
from tests.outside import Server, echoes, endpoint, secret, serving, slack_endpoint
from tests.stories import active, background, built, drain, hire, later
from tests.workguide.conftest import Browse, browse  # noqa: F401  a fixture

CANARY = "canary-7f3e91-do-not-tell"


@pytest.fixture
def admin(cast: Cast, client: Client) -> Client:
    client.force_login(cast.admin)
    return client


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    with serving(echoes()) as server:
        settings.ORCHESTRATION_TRUSTED_ORIGINS = [server.url]
        yield server


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """All that is logged while the test runs, as the site writes it."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(OneLine("%(levelname)s %(name)s: %(message)s"))
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel("DEBUG")
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


def dump() -> str:
    """Everything that is in the database, in every table, as text."""
    tables = connection.introspection.table_names()
    models = [model for model in apps.get_models() if model._meta.db_table in tables]
    rows: list[str] = [serializers.serialize("json", model._base_manager.all()) for model in models]
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows += [repr(row) for row in cursor.fetchall()]
    return "\n".join(rows)


CALL = {
    "kind": "call",
    "name": "c",
    "endpoint": "helpdesk",
    "path": "echo",
    "outputs": {"told": {"reply": "headers.Authorization", "type": "text"}},
}


def test_no_trace_of_a_secret_is_left_anywhere(
    cast: Cast,
    server: Server,
    written: io.StringIO,
    browse: Browse,  # noqa: F811
) -> None:  # RELIABILITY S19
    endpoint(server, token=CANARY)
    slack_endpoint(f"{server.url}/hooks/{CANARY}")
    server.will(echoes(200), echoes(200), echoes(500), echoes(400), echoes(200))
    built("careless", "autolaunched", {"elements": [CALL], "outputs": {"told": {"path": "elements.c.told"}}})
    built("chatty", "autolaunched", {"elements": [{"kind": "slack", "name": "s", "endpoint": "sales", "text": "x"}]})
    for number, flow in enumerate(
        ("site.careless", "tests.repeat_reply", "site.careless", "site.careless", "tests.blurt_out", "site.chatty")
    ):
        active([background("step", flow)], api_name=f"orchestration_{number}")
        engine.start(f"orchestration_{number}", record=hire(cast, f"Person {number}", email=f"p{number}@x.example") if number % 2 else None)
        drain()
    for _turn in range(3):
        with later(hours=_turn + 1):
            drain()
    assert len([request for request in server.requests if CANARY in json.dumps(request.headers) + request.path]) >= 5  # it was sent
    assert StepInstance.objects.filter(status="completed").count() >= 2
    assert StepInstance.objects.exclude(error={}).exists()
    everything = dump()
    assert secrecy.BLOT in everything  # what came back was kept, without the secret
    assert CANARY not in everything
    assert CANARY not in written.getvalue()
    assert "careless" in everything
    for version in Version.objects.all():
        assert CANARY not in json.dumps(builder.dump(version), default=str)
    for instance in Instance.objects.all():
        assert CANARY not in repr(timeline.of(instance))
        page = browse(cast.admin).get(f"/instances/{instance.pk}/")
        assert page.status_code == 200
        assert CANARY not in page.content.decode()
    assert Milestone.objects.exists()
    assert Effect.objects.filter(kind="slack").exists()


def test_no_page_of_the_admin_shows_a_secret(admin: Client) -> None:
    kept = secret("helpdesk_token", CANARY)
    made = Endpoint.objects.create(api_name="helpdesk", label="Helpdesk", url="https://helpdesk.example.com/", methods=["GET"])
    EndpointHeader.objects.create(endpoint=made, name="Authorization", text="Bearer", secret=kept)
    for page in (
        reverse("admin:orchestration_secret_changelist"),
        reverse("admin:orchestration_secret_change", args=[kept.pk]),
        reverse("admin:orchestration_endpoint_changelist"),
        reverse("admin:orchestration_endpoint_change", args=[made.pk]),
        reverse("admin:orchestration_secret_history", args=[kept.pk]),
        reverse("admin:orchestration_secret_delete", args=[kept.pk]),
    ):
        answer = admin.get(page)
        assert answer.status_code == 200, page
        words = answer.content.decode()
        assert CANARY not in words
        assert kept.sealed not in words


def test_a_secret_is_entered_kept_and_replaced(admin: Client) -> None:
    page = reverse("admin:orchestration_secret_add")
    assert admin.post(page, {"name": "token", "environment": "", "value": "first-value"}).status_code == 302
    kept = Secret.objects.get()
    assert kept.reveal() == "first-value"
    assert "first-value" not in kept.sealed
    change = reverse("admin:orchestration_secret_change", args=[kept.pk])
    assert admin.post(change, {"name": "token_2", "environment": "", "value": ""}).status_code == 302
    kept.refresh_from_db()
    assert (kept.name, kept.reveal()) == ("token_2", "first-value")
    assert admin.post(change, {"name": "token_2", "environment": "", "value": "second-value"}).status_code == 302
    kept.refresh_from_db()
    assert kept.reveal() == "second-value"
    assert admin.post(change, {"name": "token_2", "environment": "ORCHESTRATION_SECRET_X", "value": ""}).status_code == 302
    kept.refresh_from_db()
    assert (kept.environment, kept.sealed) == ("ORCHESTRATION_SECRET_X", "")


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"environment": "", "value": ""}, "Name an environment variable or enter a value."),
        ({"environment": "ORCHESTRATION_SECRET_X", "value": "abc"}, "and not both"),
        ({"environment": "SECRET_KEY", "value": ""}, "Its name begins with ORCHESTRATION_SECRET_"),
        ({"environment": "DATABASE_URL", "value": ""}, "Its name begins with ORCHESTRATION_SECRET_"),
        ({"environment": "", "value": "a\u00fcb"}, "Use one line of plain characters."),
    ],
)
def test_what_is_no_secret_is_refused(admin: Client, form: dict[str, str], message: str) -> None:
    answer = admin.post(reverse("admin:orchestration_secret_add"), {"name": "token", **form})
    assert answer.status_code == 200
    assert message in answer.content.decode()
    assert not Secret.objects.exists()


@pytest.mark.django_db
def test_a_secret_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Secret.objects.create(name="token", environment="ORCHESTRATION_SECRET_TOKEN")
    with pytest.raises(Fault, match="ORCHESTRATION_SECRET_TOKEN is not set"):
        kept.reveal()
    monkeypatch.setenv("ORCHESTRATION_SECRET_TOKEN", "from-the-environment")
    assert kept.reveal() == "from-the-environment"
    Secret.objects.update(environment="SECRET_KEY")  # as if somebody had gone round the form
    monkeypatch.setenv("SECRET_KEY", "the-key-of-the-site")
    with pytest.raises(Fault, match="is not set"):
        Secret.objects.get().reveal()


@pytest.mark.django_db
def test_a_secret_stands_in_one_place() -> None:  # a constraint
    for columns in ({"environment": "", "sealed": ""}, {"environment": "ORCHESTRATION_SECRET_X", "sealed": "x"}):
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            Secret.objects.create(name="token", **columns)


def test_a_key_can_be_changed_and_the_former_one_still_opens(settings: Any) -> None:
    sealed = sealing.seal("value-1")
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another-key-of-the-site-0123456789-0123456789-abcdef"
    with pytest.raises(Fault, match="sealed under another key"):
        sealing.unseal(sealed)
    settings.SECRET_KEY_FALLBACKS = [former]
    assert sealing.unseal(sealed) == "value-1"
    settings.ORCHESTRATION_SECRETS_KEY = "a key for secrets alone"
    mine = sealing.seal("value-2")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "yet-another-key-0123456789-0123456789-abcdefgh", []
    assert sealing.unseal(mine) == "value-2"


def test_whoever_may_not_change_secrets_cannot_say_where_they_are_sent(cast: Cast, client: Client) -> None:
    kept = secret("token", CANARY)
    made = Endpoint.objects.create(api_name="helpdesk", label="Helpdesk", url="https://helpdesk.example.com/", methods=["GET"])
    EndpointHeader.objects.create(endpoint=made, name="Authorization", secret=kept)
    clerk = User.objects.create_user("clerk", password="x", is_staff=True)
    for permission in ("add_endpoint", "change_endpoint", "view_endpoint", "view_secret"):
        access.grant(f"orchestration.{permission}", clerk)
    client.force_login(clerk)
    form = {"label": "H", "kind": "http", "url": "https://evil.example.com/", "methods": ["GET"], "timeout": "5"}
    form |= {"headers-TOTAL_FORMS": "0", "headers-INITIAL_FORMS": "0"}
    assert client.post(reverse("admin:orchestration_endpoint_change", args=[made.pk]), form).status_code == 403
    assert client.get(reverse("admin:orchestration_endpoint_add")).status_code == 403
    assert client.get(reverse("admin:orchestration_endpoint_change", args=[made.pk])).status_code == 200  # to read
    made.refresh_from_db()
    assert made.url == "https://helpdesk.example.com/"


def test_an_endpoint_is_saved_with_its_headers(admin: Client) -> None:
    kept = secret("token", CANARY)
    form = {
        "label": "Helpdesk",
        "api_name": "helpdesk",
        "kind": "http",
        "url": "https://helpdesk.example.com/api",
        "methods": ["GET", "POST"],
    }
    form |= {"timeout": "10", "secret": "", "channel": "", "headers-TOTAL_FORMS": "1", "headers-INITIAL_FORMS": "0"}
    form |= {"headers-0-name": "Authorization", "headers-0-text": "Bearer", "headers-0-secret": str(kept.pk)}
    answer = admin.post(reverse("admin:orchestration_endpoint_add"), form)
    assert answer.status_code == 302, answer.context["errors"]
    made = Endpoint.objects.get()
    assert (made.methods, made.revealed_headers()) == (["GET", "POST"], {"Authorization": f"Bearer {CANARY}"})
    refused = admin.post(reverse("admin:orchestration_endpoint_add"), form | {"api_name": "b", "headers-0-name": "X-A\r\nB"})
    assert "letters, digits and hyphens" in refused.content.decode()
    slack = form | {"api_name": "c", "kind": "slack", "url": "", "methods": []}
    assert "needs a secret" in admin.post(reverse("admin:orchestration_endpoint_add"), slack).content.decode()


def test_a_secret_that_is_sent_and_an_endpoint_that_is_called_cannot_be_deleted(admin: Client, server: Server) -> None:  # R9.2
    made = endpoint(server, token=CANARY)
    built("calling", "autolaunched", {"elements": [CALL]})
    answer = admin.post(reverse("admin:orchestration_endpoint_delete", args=[made.pk]), {"post": "yes"})
    assert answer.status_code == 403
    assert Endpoint.objects.exists()
    kept = Secret.objects.get()
    assert "protected" in admin.get(reverse("admin:orchestration_secret_delete", args=[kept.pk])).content.decode()


def test_what_a_flow_blurts_out_is_blotted_out() -> None:
    secrecy.remembered(CANARY)
    assert secrecy.blotted(f"Authorization: Bearer {CANARY}!") == f"Authorization: Bearer {secrecy.BLOT}!"
    assert describe(Failure(f"rejected {CANARY}"))["message"] == f"rejected {secrecy.BLOT}"
