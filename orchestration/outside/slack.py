"""Posts a message to Slack: with a bot's token to a channel, or to an incoming webhook (Mattermost and others have the same)."""

from django.utils.translation import gettext as _
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from orchestration import secrecy
from orchestration.errors import Fault, Unavailable
from orchestration.models import Endpoint
from orchestration.models.outside import EndpointKind
from orchestration.outside.addresses import address
from orchestration.outside.http import send, wait_wanted

API = "https://slack.com/api/"
LONGEST = 30
"""Seconds for one post, however patient the endpoint is: another worker takes an effect up that is not delivered within a minute."""

DEFAULT_WAIT = 30.0
"""Seconds to wait when Slack says that it was too much, and not for how long."""


def post(endpoint: str, text: str) -> None:
    """Post a text, in Slack's markup. Values in it must have been escaped.

    Raises Fault when Slack refuses it for good, Unavailable (with the wait that Slack wants) when trying again may help.
    """
    found = Endpoint.objects.select_related("secret").filter(api_name=endpoint, kind=EndpointKind.SLACK).first()
    if found is None or found.secret is None:
        raise Fault(_("There is no Slack endpoint “%(name)s”.") % {"name": endpoint}, kind="endpoint")
    secret = found.secret.reveal()
    if "://" in secret:
        _post_to_webhook(found, secret, text)
    else:
        _post_as_bot(found, secret, text)


def _post_to_webhook(endpoint: Endpoint, url: str, text: str) -> None:
    where = address(url)
    reply = send(where, "POST", where.target(""), headers={}, body={"text": text}, seconds=min(endpoint.timeout, LONGEST))
    if reply.status == 429 or reply.status >= 500:
        raise Unavailable(_("Slack answered with %(status)d.") % {"status": reply.status}, after=wait_wanted(reply) or DEFAULT_WAIT)
    if not reply.is_ok:
        raise Fault(_("Slack answered with %(status)d: %(text).200s") % {"status": reply.status, "text": reply.text}, kind="slack")


def _post_as_bot(endpoint: Endpoint, token: str, text: str) -> None:
    client = WebClient(token, base_url=API, timeout=min(endpoint.timeout, LONGEST))
    try:
        client.chat_postMessage(channel=endpoint.channel, text=text, link_names=False, unfurl_links=False)
    except SlackApiError as error:
        status, headers = error.response.status_code, {name.lower(): value for name, value in error.response.headers.items()}
        said = secrecy.blotted(str(error.response.get("error") or status))
        if status == 429 or status >= 500:
            raise Unavailable(_("Slack answered: %(error)s") % {"error": said}, after=_seconds(headers.get("retry-after"))) from None
        raise Fault(_("Slack answered: %(error)s") % {"error": said}, kind="slack") from None
    except (SlackClientError, OSError) as error:
        said = secrecy.blotted(f"{type(error).__name__}: {error}")[:300]
        raise Unavailable(_("Slack could not be asked: %(error)s") % {"error": said}) from None


def _seconds(wanted: object) -> float:
    text = str(wanted[0] if isinstance(wanted, list) and wanted else wanted)
    return min(3600.0, float(text)) if text.isascii() and text.isdigit() else DEFAULT_WAIT
