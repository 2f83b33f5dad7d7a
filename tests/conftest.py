"""What holds for every test."""

import hypothesis
from django.conf import settings


def pytest_configure() -> None:
    # The demo's people sign in often; a slow hash would only cost time here.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


# How long an example takes says how busy the machine is, not whether the code is right.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")
