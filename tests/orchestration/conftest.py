"""Fixtures of the engine's stories; after each of them the rows are looked over for anything that must never be."""

from collections.abc import Iterator

import pytest

from tests.cast import Cast
from tests.stories import broken_invariants


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    yield Cast()
    assert broken_invariants() == []
