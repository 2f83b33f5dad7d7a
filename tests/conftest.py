"""What holds for every test."""

from django.conf import settings


def pytest_configure() -> None:
    # The demo's people sign in often; a slow hash would only cost time here.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
