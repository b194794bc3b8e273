"""People in front of the screens: a browser without a script for each."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.cast import Cast
from tests.stories import broken_invariants

Browse = Callable[[User], Client]


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    yield Cast()
    assert broken_invariants() == []


@pytest.fixture
def browse() -> Browse:
    """`browse(cast.hanna).get("/inbox/")`"""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in
