"""Settings of the engine: `conf.LEASE_SECONDS` is the project's ORCHESTRATION_LEASE_SECONDS, or the default here."""

from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    "LEASE_SECONDS": 60.0,  # a worker that is silent for this long has lost its step
    "DRAIN_SECONDS": 10.0,  # how long one job goes on taking what is ready
    "TICK_SECONDS": 1.0,  # how often the ticker looks for what is due
    "MAX_ATTEMPTS": 3,  # how often a background step is tried before it is in error
    "RETRY_SECONDS": 2.0,  # the base of the exponential back-off between attempts
    "MAX_ITERATIONS": 50,  # how often an instance may come to the same stage
    "LOOK_SECONDS": 30.0,  # how often conditions that can come true by themselves are looked at
    "OUTPUT_BYTES": 256 * 1024,  # how large the outputs of a step may be, as JSON
    "MAIL_DOMAIN": "localhost",  # what Message-IDs end with
}


def __getattr__(name: str) -> Any:
    try:
        return getattr(settings, f"ORCHESTRATION_{name}", DEFAULTS[name])
    except KeyError:
        raise AttributeError(name) from None
