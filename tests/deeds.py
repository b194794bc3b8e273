"""What processes of their own do in the proofs: deeds of a nursery's children, which share nothing with the test but the database."""

from datetime import timedelta

from django.contrib.auth.models import User

from orchestration import clock, conf, engine, jobs
from orchestration.models import WorkItem


def complete(item_id: int, username: str, answers: dict[str, list[str]], key: str) -> None:
    """Somebody finishes a work item."""
    by = User.objects.get(username=username)
    engine.complete_work_item(WorkItem.objects.get(pk=item_id), by=by, answers=answers, submission_key=key)


def drain() -> None:
    """Whatever is ready: all steps in one turn, however slow the machine is, so that what comes after what is known."""
    jobs.TURN = conf.RUN_SECONDS
    jobs.drain()


def tick(seconds: float) -> None:
    """One turn of the ticker, so much later."""
    with clock.moved(timedelta(seconds=seconds)):
        jobs.tick()
