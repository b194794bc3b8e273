"""The elements that reach outside once the step is committed, mail and Slack, and the one that makes a document.

Call-outs are none of them: they end a segment, and are made when no transaction is open.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Model, Q
from django.utils.translation import gettext as _

from orchestration import access, origin
from orchestration.errors import Fault
from orchestration.flows import Mail, Message, escaped_for_slack
from orchestration.flows.documents import elements as parts
from orchestration.models import Attachment, Endpoint
from orchestration.models.outside import EndpointKind
from orchestration.models.records import reference
from orchestration.outside.pdf import literal, pdf, plain
from orchestration.runner.interpreter import ELEMENTS, Outputs, Work

MOST_ATTACHED = 10
LARGEST_ATTACHED = 10 * 1024 * 1024
"""Bytes of all files of one mail together."""


def _mail(work: Work, element: parts.SendMail) -> Outputs:
    to = work.value(element.to)
    addresses = [to] if isinstance(to, str) else to
    if not isinstance(addresses, list | tuple) or not all(isinstance(address, str) for address in addresses):
        raise Fault(_("%(value).100r is no address, and no list of them.") % {"value": to}, kind="input")
    files = [] if element.attach is None else _attachments(work, work.value(element.attach))
    keys = tuple(str(file.key) for file in files)
    work.context.send(Mail(tuple(addresses), work.text(element.subject), work.text(element.body), keys))
    return {"to": list(addresses)}


def _slack(work: Work, element: parts.Slack) -> Outputs:
    if not Endpoint.objects.filter(api_name=element.endpoint, kind=EndpointKind.SLACK).exists():
        raise Fault(_("There is no Slack endpoint “%(name)s”.") % {"name": element.endpoint}, kind="endpoint")
    work.context.send(Message(element.endpoint, work.text(element.text, escaped_for_slack)))
    return None


def _document(work: Work, element: parts.MakeDocument) -> Outputs:
    record = work.context.record if element.attach_to is None else work.value(element.attach_to)
    if record is not None and not isinstance(record, Model):
        raise Fault(_("%(value).100r is no record to attach a document to.") % {"value": record}, kind="input")
    user = work.context.user
    if user is not None and record is not None and not access.may_change_record(user, record):
        raise Fault(_("%(user)s may not change “%(record)s”.") % {"user": user, "record": record}, kind="permission")
    name = work.text(element.file_name).strip()
    kept = Attachment.objects.keep(
        pdf(work.text(element.title, literal), work.text(element.body, literal)),
        name=name if name.lower().endswith(".pdf") else f"{name or plain(work.text(element.title))}.pdf",
        content_type="application/pdf",
        record=record,
        instance=origin.cause(),
        by=user,
    )
    return {"file": kept.as_value()}


def _attachments(work: Work, value: Any) -> list[Attachment]:
    """The kept files that a value names; only those of this record or this instance, wherever the value came from."""
    named = [each for each in (value if isinstance(value, list | tuple) else [value]) if each is not None]
    keys = [_key(each) for each in named]
    of_this = Q(instance=origin.cause()) if origin.cause() else Q(pk__in=[])
    if work.context.record is not None:
        about = reference(work.context.record)
        of_this |= Q(record_model=about["record_model"], record_id=about["record_id"])
    found = list(Attachment.objects.filter(of_this, key__in=keys, is_draft=False).order_by("pk"))
    if len(found) != len(set(keys)):
        raise Fault(_("A file to be attached is not one of this record or this instance: %(value).200r") % {"value": value}, kind="input")
    if len(found) > MOST_ATTACHED or sum(file.size for file in found) > LARGEST_ATTACHED:
        most = {"count": MOST_ATTACHED, "size": LARGEST_ATTACHED // 1024**2}
        raise Fault(_("A mail takes at most %(count)d files, of %(size)d MB together.") % most, kind="limit")
    return found


def _key(value: Any) -> UUID:
    try:
        return UUID(str(value["attachment"] if isinstance(value, Mapping) else value))
    except (ValueError, KeyError):
        raise Fault(_("%(value).100r is no file.") % {"value": value}, kind="input") from None


ELEMENTS.update({"mail": _mail, "slack": _slack, "document": _document})
