import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import orchestration.clock


class Migration(migrations.Migration):
    dependencies = [
        ("orchestration", "0005_outside_the_database"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Revision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("document", models.JSONField(verbose_name="document")),
                ("says", models.CharField(max_length=200, verbose_name="what was changed")),
                ("by_label", models.CharField(blank=True, max_length=200, verbose_name="by")),
                ("at", models.DateTimeField(default=orchestration.clock.now, verbose_name="at")),
                ("is_undone", models.BooleanField(default=False, verbose_name="undone")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="revisions", to="orchestration.flowversion"
                    ),
                ),
            ],
            options={
                "verbose_name": "revision",
                "verbose_name_plural": "revisions",
                "ordering": ["version", "number"],
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("version", "number"), name="revision_number_once")],
            },
        ),
    ]
