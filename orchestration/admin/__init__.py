"""Definitions, flows, queues, instances, endpoints and secrets in the admin."""

from orchestration.admin import definitions, flows, instances, outside  # noqa: F401  importing them registers them
