"""Reading OUTGOING_ALLOWED: where the server may connect to. No Django: the settings ask this."""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Place = IPv4Address | IPv6Address

# Where clouds answer their machines with keys, beside the link-local 169.254.169.254.
_METADATA = {ip_address("100.100.100.200"), ip_address("fd00:ec2::254")}
_WITH_PORT = re.compile(r"(?P<host>\[.+\]|[^:]+):(?P<port>\d{1,5})")
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Allowed:
    """One entry of the list: a name, or the addresses of a network; on one port, or on any."""

    name: str
    network: IPv4Network | IPv6Network | None
    port: int | None

    def has_name(self, host: str, port: int) -> bool:
        return self.name == plain(host) and self.port in (None, port)

    def has_address(self, place: Place, port: int) -> bool:
        """Whether it covers an address; one that is no other machine's it must name by itself."""
        if self.network is None or self.port not in (None, port) or place not in self.network:
            return False
        return self.network.num_addresses == 1 or not is_special(place)


def allowed(said: Iterable[str]) -> tuple[Allowed, ...]:
    """Read the list: each entry is a host, an address or a network (CIDR), with `:port` or not.

    Raises:
        ValueError: an entry is none; it reads as the end of a sentence about the setting.
    """
    return tuple(_entry(one.strip()) for one in said if one.strip())


def _entry(said: str) -> Allowed:
    with suppress(ValueError):
        return Allowed("", ip_network(said), None)
    host, port = said, None
    if parts := _WITH_PORT.fullmatch(said):
        host, port = parts["host"].strip("[]"), int(parts["port"])
        with suppress(ValueError):
            return Allowed("", ip_network(host), port)
    if not _NAME.fullmatch(host) or port == 0 or (port or 0) > 65535:
        raise ValueError(f"has an entry that is no host, address or network: {said!r}.")
    return Allowed(plain(host), None, port)


def plain(host: str) -> str:
    return host.rstrip(".").lower()


def is_special(place: Place) -> bool:
    is_here = place.is_loopback or place.is_unspecified
    return is_here or place.is_link_local or place.is_multicast or place in _METADATA
