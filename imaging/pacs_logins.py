"""How the setting PACS_LOGINS is read. Without Django: the settings themselves ask."""

from collections.abc import Iterable


def pacs_logins(said: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return user and password by the clinic's code, of each `CLINIC=user:password`.

    Raises:
        ValueError: one is none; what it says is not repeated.
    """
    logins = {}
    for number, one in enumerate(said, start=1):
        clinic, is_there, login = one.strip().partition("=")
        user, parted, password = login.partition(":")
        if not (clinic and is_there and user and parted):
            raise ValueError(f"has no CLINIC=user:password in place {number}.")
        logins[clinic] = user, password
    return logins
