"""Connecting to what people typed: where the list lets the server, nowhere else.

Whoever keeps a clinic may name any host; without a list they could have the server knock at
machines that only it can reach. What the operator's own environment names needs no list.
"""

import socket
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.utils.translation import gettext, gettext_noop
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from surveillance.outgoing.entries import Place, is_special

NOT_ALLOWED = gettext_noop(
    "This server may not connect to %(host)s, port %(port)s. Whoever runs it can allow that by "
    "the setting OUTGOING_ALLOWED."
)


class NotAllowed(Exception):
    """The list does not let the server connect there."""


def check(host: str, port: int) -> None:
    """Look whether the server may connect there, as things stand.

    Raises:
        NotAllowed: it may not; the text is for whoever typed it.
    """
    try:
        _places(host, port)
    except (OSError, UnicodeError):
        if any(entry.has_name(host, port) for entry in settings.OUTGOING_ALLOWED):
            return  # it cannot be found just now
        raise NotAllowed(_in_words(host, port)) from None


def check_url(url: str) -> None:
    """Look whether the server may ask an address of http or https.

    Raises:
        NotAllowed: it may not; the text is for whoever typed it.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:  # it is none
        port = 0
    check(parts.hostname or "", port)


def _in_words(host: str, port: int) -> str:
    return gettext(NOT_ALLOWED) % {"host": host, "port": port}


def _places(host: str, port: int) -> list[str]:
    """Return the addresses that a name has at this moment and that are allowed, in their order."""
    entries = [one for one in settings.OUTGOING_ALLOWED if one.port in (None, port)]
    if not entries:
        raise NotAllowed(_in_words(host, port))
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    is_named = any(entry.has_name(host, port) for entry in entries)
    places = [str(info[4][0]) for info in found]
    may = [
        place
        for place in dict.fromkeys(places)
        if (is_named and not is_special(_address(place)))
        or any(entry.has_address(_address(place), port) for entry in entries)
    ]
    if not may:
        raise NotAllowed(_in_words(host, port))
    return may


def _address(place: str) -> Place:
    """An address without its zone; one of IPv4 that is written as one of IPv6 is that of IPv4."""
    address = ip_address(place.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def connect(host: str, port: int, seconds: float | None) -> socket.socket:
    """Connect to the very address that was looked at, so that a name cannot mean two places.

    Raises:
        NotAllowed: the server may not connect there.
        OSError: nobody is there.
    """
    *earlier, last = _places(host, port)
    for place in earlier:
        try:
            return socket.create_connection((place, port), timeout=seconds)
        except OSError:
            continue
    return socket.create_connection((last, port), timeout=seconds)


class _Checked:
    """How a connection of urllib3 is made: by `connect`. The name stays for TLS and the server."""

    def _new_conn(self: Any) -> socket.socket:
        try:
            return connect(self._dns_host, self.port, self.timeout)
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"{self.host} timed out") from error
        except OSError as error:
            raise NewConnectionError(self, str(error)) from error


class _HTTP(_Checked, HTTPConnection): ...


class _HTTPS(_Checked, HTTPSConnection): ...


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPS


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


def guard(session: requests.Session) -> None:
    """Let a session connect to what is allowed alone, by no proxy, and be led on to nowhere."""
    session.trust_env = False  # neither a proxy nor a login from elsewhere
    session.max_redirects = 0
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter())
