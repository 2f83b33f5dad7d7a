"""Settings that nobody should run with where real patients are. Without Django: they ask this."""

from collections.abc import Iterable
from urllib.parse import urlsplit

# Of letters, digits and signs, so many cannot be guessed.
KEY_LENGTH = 50
# Mail by these goes nowhere that anybody reads.
_NO_MAIL = {"consolemail", "dummymail", "filemail", "memorymail", "mailbox"}


def unsafe(
    *,
    secret_key: str,
    hosts: Iterable[str],
    origins: Iterable[str],
    site_url: str,
    email_url: str,
    second_factor_for: str,
    oidc_url: str,
) -> list[str]:
    """Return what is wrong with the settings of production, each with how to mend it."""
    wrong = []
    varied = len(secret_key) >= KEY_LENGTH and len(set(secret_key)) >= 10
    if not varied or secret_key.startswith("django-insecure-"):
        wrong.append(
            f"SECRET_KEY can be guessed: make one of {KEY_LENGTH} random characters or more."
        )
    if "*" in hosts:
        wrong.append("ALLOWED_HOSTS answers to every name: write the names of this server.")
    if any(urlsplit(origin).scheme != "https" for origin in origins):
        wrong.append("CSRF_TRUSTED_ORIGINS trusts one without TLS: let each begin with https.")
    if urlsplit(site_url).scheme != "https":
        wrong.append("SITE_URL leads people past TLS: let it begin with https.")
    if urlsplit(email_url).scheme in _NO_MAIL:
        wrong.append(
            "EMAIL_URL sends no mail: name a server, as smtp+tls://user:password@host:587."
        )
    if second_factor_for == "nobody":
        wrong.append(
            "SECOND_FACTOR_FOR lets a password alone into administration: write administrators, or"
            " everyone."
        )
    if oidc_url and urlsplit(oidc_url).scheme != "https":
        wrong.append("OIDC_URL lets anybody between say who somebody is: let it begin with https.")
    return wrong
