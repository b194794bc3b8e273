"""Fixtures of the engine's stories; after each of them the rows are looked over for anything that must never be."""

from collections.abc import Iterator

import pytest

import tests.flows  # noqa: F401  # registers the flows that stories name by their keys
from orchestration.invariants import broken
from tests.cast import Cast


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    yield Cast()
    assert broken() == []
