"""The settings that the victims run under: the bench's, which are production's, but in a hurry, so that a run takes minutes."""

from bench.settings import *  # noqa: F403

ORCHESTRATION_LEASE_SECONDS = 2.0
ORCHESTRATION_EFFECT_LEASE_SECONDS = 2.0
ORCHESTRATION_RETRY_SECONDS = 0.2
ORCHESTRATION_TICK_SECONDS = 0.2
ORCHESTRATION_DRAIN_SECONDS = 1.0  # an orphan goes on for that long
ORCHESTRATION_MAX_ATTEMPTS = 50  # no step is to give up because it was killed once too often
