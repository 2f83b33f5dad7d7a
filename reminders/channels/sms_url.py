"""Reading `SMS_URL`: who takes our SMS. Knows nothing but the text, so that settings can ask."""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

LOCAL = {"localhost", "127.0.0.1", "::1"}
E164 = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True)
class Webhook:
    """A gateway of the house's own, which takes what we sign with a secret that both know."""

    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Twilio:
    """An account at Twilio, and the number or messaging service that its SMS come from."""

    sid: str
    token: str = field(repr=False)
    sender: str
    api: str = "https://api.twilio.com"


def sms_gateway(url: str) -> Webhook | Twilio | None:
    """Return whom an `SMS_URL` names; None for an empty one.

    A ValueError says how to mend it, as the end of a sentence that begins with "SMS_URL".
    It does not repeat the address, which holds a secret.
    """
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("is no address: write special characters as %40 and the like.") from error
    match parts.scheme:
        case "webhook+https":
            return _webhook(parts, host)
        case "webhook+http" if host in LOCAL:
            return _webhook(parts, host)
        case "webhook+http":
            raise ValueError("must begin with webhook+https://: http is for this machine alone.")
        case "twilio":
            return _twilio(parts, host)
        case _:
            raise ValueError("must begin with twilio:// or webhook+https://, or be empty.")


def _webhook(parts: SplitResult, host: str | None) -> Webhook:
    if not host or not parts.password:
        raise ValueError("must hold a secret and a host: webhook+https://:SECRET@host/path.")
    if parts.username:
        raise ValueError("has a user name, and needs none: webhook+https://:SECRET@host/path.")
    address = parts.netloc.rpartition("@")[2]
    url = parts._replace(scheme=parts.scheme.removeprefix("webhook+"), netloc=address, fragment="")
    return Webhook(url.geturl(), unquote(parts.password))


def _twilio(parts: SplitResult, host: str | None) -> Twilio:
    # In a query "+" means a space; in a telephone number it does not.
    [sender] = parse_qs(parts.query.replace("+", "%2B")).get("from", [""])[:1]
    if host or not parts.username or not parts.password or not sender:
        raise ValueError("must be twilio://SID:TOKEN@/?from=NUMBER.")
    return Twilio(unquote(parts.username), unquote(parts.password), sender)
