"""Ready steps stand in the lane of their orchestration, so that workers can go round among orchestrations."""

from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery


def put_in_lanes(apps, schema_editor):
    instances, steps = apps.get_model("orchestration", "Instance"), apps.get_model("orchestration", "StepInstance")
    lane = Subquery(instances.objects.filter(pk=OuterRef("instance"), status="in_progress").values("orchestration"))
    steps.objects.filter(ready_at__isnull=False).update(lane=lane)


class Migration(migrations.Migration):
    dependencies = [("orchestration", "0002_conditions_starts_and_operating")]

    operations = [
        migrations.AddField("stepinstance", "lane", models.BigIntegerField(blank=True, null=True, verbose_name="lane")),
        migrations.RunPython(put_in_lanes, migrations.RunPython.noop),
        migrations.AddConstraint(
            "stepinstance",
            models.CheckConstraint(condition=Q(lane__isnull=True) | Q(ready_at__isnull=False), name="step_in_a_lane_is_ready"),
        ),
        migrations.RemoveIndex("stepinstance", "step_ready"),
        migrations.AddIndex(
            "stepinstance", models.Index(fields=["lane", "ready_at", "id"], name="step_by_lane", condition=Q(lane__isnull=False))
        ),
    ]
