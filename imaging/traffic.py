"""Whether DICOM works, told by what was heard: of a server that nobody asks nothing is known."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max

from imaging.models import Arrangement, Heard, Peer, Service, Step, StepState
from patients.models import Clinic

LOOKS_BACK = timedelta(days=7)
SILENT_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class PeerHeard:
    """A peer, and when it was last served with what, each in words."""

    peer: Peer
    served: list[tuple[str, datetime]]


@dataclass(frozen=True, slots=True)
class Traffic:
    """What was heard lately. `answered` is when the server last answered itself, `unfit` are scans
    that were begun and fitted no appointment."""

    answered: datetime | None
    is_silent: bool
    peers: list[PeerHeard]
    refused: list[Heard]
    unfit: list[Step]
    pacs: list[Arrangement]


def last_answered() -> datetime | None:
    """Return when the server last answered itself: the one caller that is nobody's peer."""
    itself = Heard.objects.filter(refused=False, service=Service.FIND).exclude(
        ae_title__in=Peer.objects.values("ae_title")
    )
    answered: datetime | None = itself.aggregate(last=Max("at"))["last"]
    return answered


def is_silent(at: datetime) -> bool:
    """Say whether the server has not answered itself for too long, while some clinic has peers."""
    answered = last_answered()
    late = answered is None or answered < at - SILENT_AFTER
    return late and Peer.objects.exists()


def traffic(clinics: Iterable[Clinic], at: datetime) -> Traffic:
    """Return what the peers of clinics asked for, and whom the server refused."""
    peers = list(Peer.objects.filter(clinic__in=clinics).order_by("ae_title"))
    heard = Heard.objects.filter(refused=False, ae_title__in=[peer.ae_title for peer in peers])
    served: dict[str, list[tuple[str, datetime]]] = {}
    for one in heard.order_by("-at"):
        served.setdefault(one.ae_title, []).append((one.get_service_display(), one.at))
    return Traffic(
        answered=last_answered(),
        is_silent=is_silent(at),
        peers=[PeerHeard(peer, served.get(peer.ae_title, [])) for peer in peers],
        refused=list(Heard.objects.filter(refused=True).order_by("-at")[:10]),
        # None of it names the patient.
        unfit=list(
            Step.objects.filter(clinic__in=clinics, began_at__gt=at - LOOKS_BACK)
            .exclude(said="")
            .exclude(state=StepState.DISCONTINUED)
            .order_by("-began_at")[:10]
        ),
        pacs=list(
            Arrangement.objects.filter(clinic__in=clinics)
            .exclude(pacs_url="")
            .select_related("clinic")
            .order_by("clinic__name")
        ),
    )
