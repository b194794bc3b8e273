"""What happens in the stories: somebody is hired, somebody fills in a form, the workers do what is ready."""

import uuid
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from demo.models import Employee
from orchestration import access, builder, clock, engine, flow_builder, jobs, origin
from orchestration.models import Flow, FlowVersion, Instance, StepInstance, Submission, Version, WorkItem
from tests.cast import Cast

READINESS = {"desk_ready": ["on"], "buddy": ["Paul Fischer"]}


def hire(cast: Cast, name: str = "Sam Lee", **columns: Any) -> Employee:
    """HR saves an employee. Nothing has been done about it yet but what the save itself does."""
    columns = {
        "email": "sam.lee@segue.example",
        "job_title": "Engineer",
        "department": "Engineering",
        "manager": cast.marta,
        "building": cast.headquarters,
        "start_date": timezone.localdate() + timedelta(days=30),
    } | columns
    with origin.signed_in(cast.hanna):
        return Employee.objects.create(name=name, **columns)


def drain() -> None:
    """The workers do all that is ready now."""
    jobs.drain()


def attempt(claim: engine.Claim) -> None:
    """A worker makes one attempt, as `jobs` does."""
    try:
        engine.run_step(claim)
    except Exception as error:
        engine.fail_step(claim, error)


def hired(cast: Cast, name: str = "Sam Lee", **columns: Any) -> Employee:
    """An employee whose onboarding waits for HR's preferences."""
    employee = hire(cast, name, **columns)
    drain()
    return employee


def provisioned(cast: Cast, name: str = "Sam Lee", **columns: Any) -> Employee:
    """An employee whose onboarding waits for the hiring manager."""
    employee = hired(cast, name, **columns)
    complete(item_of(employee), cast.hanna, preferences(employee))
    drain()
    return employee


def preferences(employee: Employee) -> dict[str, list[str]]:
    """Good answers to HR's form."""
    day = employee.start_date.isoformat()
    return {"equipment": ["developer"], "extras": ["headset", "phone"], "notes": ["left-handed"], "start_date": [day], "confirmed": ["on"]}


def complete(item: WorkItem, by: User, answers: dict[str, list[str]], key: str = "") -> Submission:
    """Somebody finishes a work item."""
    return engine.complete_work_item(item, by=by, answers=answers, submission_key=key or uuid.uuid4().hex)


def instance_of(employee: Employee) -> Instance:
    """The employee's only instance."""
    return Instance.objects.for_record(employee).get()


def item_of(employee: Employee) -> WorkItem:
    """The employee's only open work item."""
    return WorkItem.objects.open().for_record(employee).get()


def step_of(employee: Employee, api_name: str) -> StepInstance:
    """One step of the employee's only instance."""
    return StepInstance.objects.get(instance=instance_of(employee), step__api_name=api_name)


def statuses(employee: Employee) -> dict[str, str]:
    """The status of each step that the employee's instance has come to."""
    return dict(StepInstance.objects.filter(instance=instance_of(employee)).values_list("step__api_name", "status"))


def later(**time: float) -> Any:
    """Inside the block it is later: `with later(minutes=5)`."""
    return clock.moved(timedelta(**time))


def background(name: str, flow: str, **columns: Any) -> dict[str, Any]:
    """A background step, as part of a document."""
    return {"api_name": name, "label": name.replace("_", " ").capitalize(), "kind": "background", "flow": flow, **columns}


def interactive(name: str, flow: str, assignee: dict[str, Any]) -> dict[str, Any]:
    """An interactive step, as part of a document."""
    label = name.replace("_", " ").capitalize()
    return {"api_name": name, "label": label, "kind": "interactive", "flow": flow, "assignee": assignee}


def stage(steps: list[dict[str, Any]], **columns: Any) -> dict[str, Any]:
    """A stage with more to it than its steps, as part of a document."""
    return {"steps": steps, **columns}


def access_to_run(person: User) -> None:
    """The person may run any flow."""
    access.grant("orchestration.run_flow", person)


def document(*stages: list[dict[str, Any]] | dict[str, Any], **head: Any) -> dict[str, Any]:
    """The document of an orchestration with these stages, each a list of steps, or what `stage` makes."""
    of_version = {name: head.pop(name) for name in (*builder.VERSION_FIELDS, "start_offset") if name in head}
    known = {"api_name": "trial", "label": "Trial", "start_type": "autolaunched"} | head
    whole = [drawn if isinstance(drawn, dict) else stage(drawn) for drawn in stages]
    drawn = [{"api_name": f"stage_{n}", "label": f"Stage {n}", **each} for n, each in enumerate(whole, start=1)]
    return {"orchestration": known, **of_version, "stages": drawn}


def built(api_name: str, kind: str, document: dict[str, Any], label: str = "") -> FlowVersion:
    """An active flow without code, `site.<api_name>`; a new version of it when there is one already."""
    flow = Flow.objects.filter(key=f"site.{api_name}").first()
    if flow is None:
        version = flow_builder.new_flow(api_name, label or api_name.replace("_", " ").capitalize(), kind, document=document)
    else:
        version = flow_builder.copy(flow.versions.first())
        flow_builder.save_draft(version, document)
    flow_builder.activate(version)
    return version


def active(*stages: list[dict[str, Any]] | dict[str, Any], **head: Any) -> Version:
    """An active version of an orchestration with these stages."""
    version = builder.load(document(*stages, **head))
    builder.activate(version)
    return version
