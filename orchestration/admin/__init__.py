"""Definitions, flows, queues, instances, endpoints and secrets in the admin."""

from orchestration.admin import flows, instances, orchestrations, outside, queues  # noqa: F401  importing them registers them
