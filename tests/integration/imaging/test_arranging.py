"""What is arranged as it was is no change, and nothing is said to have changed."""

from typing import Any

import pytest

from imaging.arranging import arrange, keep_peer
from patients.models import Clinic
from reminders.appointments.arranging import arrange_receiver
from surveillance.accounts.models import User
from surveillance.audit.models import Event
from tests.factories import ClinicFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> Clinic:
    return ClinicFactory.create()


@pytest.fixture
def by() -> User:
    return UserFactory.create()


def acts() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("act", flat=True))


def test_images_are_arranged_once(clinic: Clinic, by: User) -> None:
    told: dict[str, Any] = {"files_by_itself": False, "settles_after": 10, "pacs_url": ""}
    for _again in range(2):
        arrange(clinic=clinic, by=by, **told)
    assert acts() == ["images.arranged"]
    arrange(clinic=clinic, by=by, **told | {"settles_after": 11})
    assert acts() == ["images.arranged"] * 2


def test_a_peer_is_changed_once(clinic: Clinic, by: User) -> None:
    told: dict[str, Any] = {"ae_title": "CT1", "address": "192.0.2.1", "name": ""}
    peer = keep_peer(clinic=clinic, by=by, **told)
    for name in ("", "CT", "CT"):
        keep_peer(clinic=clinic, by=by, peer=peer, **told | {"name": name})
    assert acts() == ["peer.added", "peer.changed"]
    peer.refresh_from_db()
    assert peer.name == "CT"


def test_a_receiver_of_hl7_is_arranged_once(clinic: Clinic, by: User) -> None:
    for host in ("", "", "192.0.2.1", "192.0.2.1"):
        arrange_receiver(clinic=clinic, by=by, host=host)
    assert acts() == ["receiver.arranged"] * 2
