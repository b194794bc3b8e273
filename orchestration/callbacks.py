"""The address that the outside calls when a waiting step may go on: signed, so that it cannot be guessed or altered."""

from django.core import signing

from orchestration import conf
from orchestration.models import StepInstance

SALT = "orchestration.callback"


def url_of(step: StepInstance) -> str:
    """The address for one step, absolute; empty while the step was never claimed."""
    if not step.callback_key:
        return ""
    return f"{conf.SITE_URL}{conf.CALLBACK_PATH}{signing.dumps([step.pk, step.callback_key], salt=SALT)}/"


def read(signed: str) -> tuple[int, str] | None:
    """The step's number and the key in an address; None when it is not one of ours."""
    try:
        step_id, key = signing.loads(signed, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return step_id, key
