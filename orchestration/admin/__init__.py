"""Definitions, queues and instances in the admin."""

from orchestration.admin import definitions, instances  # noqa: F401  importing them registers them
