"""What holds for every test."""

from collections.abc import Iterator

import hypothesis
import pytest
from django.conf import settings
from django.utils import translation


def pytest_configure() -> None:
    # The demo's people sign in often; a slow hash would only cost time here.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


# How long an example takes says how busy the machine is, not whether the code is right.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    """A request leaves its language behind in the thread; the next test starts without."""
    yield
    translation.deactivate()
