"""Somebody new at the demo's company, hired by plain HTTP at the real product; and what the product's database says of them."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from demo.models import Building
from orchestration.models import Instance, Milestone, StepInstance, WorkItem
from orchestration.states import InstanceStatus
from tests.processes import Product, Visitor, wait_for, words_of


class Newcomer:
    def __init__(self, product: Product, hanna: Visitor, name: str, manager: str = "marta") -> None:
        self.product, self.hanna, self.name, self.manager = product, hanna, name, manager
        self.email = f"{name}@segue.example".lower().replace(" ", ".")
        self.start_date = timezone.localdate() + timedelta(days=40)
        status, page, self.address = hanna.post(
            "/records/demo.employee/add/",
            {
                "name": name,
                "email": self.email,
                "job_title": "Engineer",
                "department": "Engineering",
                "manager": str(User.objects.using(product.database).get(username=manager).pk),
                "building": str(Building.objects.using(product.database).get(name="Headquarters").pk),
                "start_date": self.start_date.isoformat(),
            },
        )
        assert status == 302, words_of(page)
        self.pk = int(self.address.rstrip("/").rpartition("/")[2])

    def item(self, flow: str) -> WorkItem:
        """The item for this form, as soon as it is there."""
        items = WorkItem.objects.using(self.product.database).open().filter(record_id=str(self.pk), flow=f"demo.{flow}")
        return wait_for(f"{flow} of {self.name}", items.first)

    def collect_preferences(self, by: Visitor | None = None) -> None:
        """HR completes its form."""
        answers = {"equipment": "developer", "extras": ["headset"], "start_date": self.start_date.isoformat(), "confirmed": "on"}
        self._complete(by or self.hanna, self.item("collect_preferences"), answers)

    def confirm_readiness(self) -> None:
        """The hiring manager completes theirs."""
        manager = self.product.visitor(self.manager)
        self._complete(manager, self.item("confirm_readiness"), {"desk_ready": "on", "buddy": "Paul Fischer"})

    @property
    def instances(self) -> Any:
        return Instance.objects.using(self.product.database).filter(record_id=str(self.pk))

    def is_completed(self) -> bool:
        return list(self.instances.values_list("status", flat=True)) == [InstanceStatus.COMPLETED]

    def step(self, api_name: str) -> StepInstance:
        steps = StepInstance.objects.using(self.product.database).filter(instance__record_id=str(self.pk))
        return steps.get(step__api_name=api_name)

    def milestones(self, kind: str) -> int:
        return Milestone.objects.using(self.product.database).filter(kind=kind, instance__record_id=str(self.pk)).count()

    def _complete(self, who: Visitor, item: WorkItem, answers: dict[str, Any]) -> None:
        status, page, _location = who.post(f"/work-items/{item.pk}/completion", {**answers, "orc-key": f"key-{item.pk}"})
        assert status == 302, words_of(page)
