"""The flows of the use cases; one file each."""

from demo.flows import onboarding  # noqa: F401  importing it registers its flows
