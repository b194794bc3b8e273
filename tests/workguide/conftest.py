"""People in front of the screens: a browser without a script for each."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orchestration.invariants import broken
from tests.cast import Cast

Browse = Callable[[User], Client]


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    yield Cast()
    assert broken() == []


@pytest.fixture
def browse() -> Browse:
    """`browse(cast.hanna).get("/inbox/")`"""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in
