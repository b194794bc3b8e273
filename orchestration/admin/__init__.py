"""Definitions, flows, queues and instances in the admin."""

from orchestration.admin import definitions, flows, instances  # noqa: F401  importing them registers them
