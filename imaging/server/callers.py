"""Who may speak with the server, and when each was heard."""

import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.db import DatabaseError
from django.utils import timezone

from imaging.models import Heard, Peer, Service
from patients.models import Clinic

EVERY = 5  # seconds; what was heard since is the same news
MOST_REFUSED = 200  # strangers that are remembered: anybody can make up names
FORGOTTEN_AFTER = timedelta(days=30)

logger = logging.getLogger(__name__)
_noted: dict[tuple[str, Service, bool], float] = {}


@dataclass(frozen=True, slots=True)
class Caller:
    """A peer of a clinic, or the server itself, which has none and therefore sees nobody."""

    ae_title: str
    clinic: Clinic | None


def caller_of(ae_title: str, address: str, own: Caller, own_address: str) -> Caller | None:
    """Return who calls, if that title may call from that address: `own` from this machine alone."""
    place = _place(address)
    if ae_title == own.ae_title:
        return own if place.is_loopback or place == _place(own_address) else None
    peer = (
        Peer.objects.filter(ae_title=ae_title, address=str(place)).select_related("clinic").first()
    )
    return Caller(ae_title, peer.clinic) if peer else None


def _place(address: str) -> IPv4Address | IPv6Address:
    place = ip_address(address.partition("%")[0])
    mapped = place.ipv4_mapped if isinstance(place, IPv6Address) else None
    return mapped or place


def note(ae_title: str, service: Service, *, refused: bool = False) -> None:
    """Note that somebody was heard, every few seconds at most. Nothing else fails if this does."""
    key, now = (ae_title, service, refused), time.monotonic()
    if now - _noted.get(key, -EVERY) < EVERY:
        return
    if len(_noted) > MOST_REFUSED:
        _noted.clear()
    _noted[key] = now
    try:
        _store(ae_title, service, refused)
    except DatabaseError:
        logger.exception("That %s was heard could not be noted.", ae_title)


def _store(ae_title: str, service: Service, refused: bool) -> None:
    at = timezone.now()
    if refused and not Heard.objects.filter(ae_title=ae_title, refused=True).exists():
        strangers = Heard.objects.filter(refused=True)
        strangers.filter(at__lt=at - FORGOTTEN_AFTER).delete()
        if strangers.count() >= MOST_REFUSED:
            return
    Heard.objects.bulk_create(
        [Heard(ae_title=ae_title, service=service, refused=refused, at=at)],
        update_conflicts=True,
        unique_fields=["ae_title", "service", "refused"],
        update_fields=["at"],
    )


def forget() -> None:
    """Forget what was noted lately: the database may be another one."""
    _noted.clear()
