"""Numbers for a monitor: what it would wake somebody for."""

from datetime import timedelta
from math import inf

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from imaging.models import Peer
from patients.models import Clinic
from reminders.actions import sweep
from reminders.alarms import end_alarm, raise_alarm
from reminders.models import AlarmKind, Hold, Message, MessageState, Reconciliation, Sweep
from schedules.models import Job, JobKind, JobState
from tests.factories import ClinicFactory, ScheduleFactory, UserFactory

pytestmark = pytest.mark.django_db


def metrics(client: Client) -> dict[str, float]:
    """Each sample by its name and what its label says."""
    text = client.get("/metrics").content.decode()
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def write(clinic: Clinic, state: MessageState, ago: timedelta = timedelta(0)) -> None:
    at = timezone.now() - ago
    hold = Hold.objects.create(clinic=clinic, at=at, lines=300, usual=200)
    Message.objects.create(
        clinic=clinic,
        channel="email",
        recipient="nurses@example.org",
        state=state,
        hold=hold if state == MessageState.HELD else None,
        queued_at=at,
        next_try_at=at,
    )


def test_where_nothing_ever_ran_the_sweep_is_infinitely_old(client: Client) -> None:
    found = metrics(client)

    assert found["surveillance_last_sweep_age_seconds"] == inf
    assert found["surveillance_oldest_unsent_message_age_seconds"] == 0
    assert {found[f"surveillance_messages {name}"] for name in ("queued", "held", "failed")} == {0}
    assert {found[f"surveillance_alarms {kind}"] for kind in AlarmKind} == {0}


def test_the_age_of_the_last_sweep_counts_from_when_it_began(client: Client) -> None:
    sweep()
    Sweep.objects.update(started_at=timezone.now() - timedelta(minutes=7))

    assert metrics(client)["surveillance_last_sweep_age_seconds"] == pytest.approx(420, abs=30)


def test_messages_that_reached_nobody_are_counted_by_state_and_age(client: Client) -> None:
    clinic = ClinicFactory.create()
    write(clinic, MessageState.QUEUED, ago=timedelta(hours=1))
    write(clinic, MessageState.SENDING, ago=timedelta(hours=2))
    for state, ago in (
        (MessageState.QUEUED, 0),
        (MessageState.HELD, 50),
        (MessageState.FAILED, 60),
        (MessageState.SENT, 70),
        (MessageState.WITHDRAWN, 80),
    ):
        write(clinic, state, ago=timedelta(hours=ago))

    found = metrics(client)

    assert found["surveillance_oldest_unsent_message_age_seconds"] == pytest.approx(7200, abs=30)
    counted = {name: count for name, count in found.items() if "_messages " in name}
    assert counted == {
        "surveillance_messages queued": 2,
        "surveillance_messages held": 1,
        "surveillance_messages failed": 1,
    }


def test_open_alarms_are_counted_by_kind(client: Client) -> None:
    at = timezone.now()
    for clinic in (ClinicFactory.create(), ClinicFactory.create()):
        raise_alarm(AlarmKind.HELD, "Held.", at=at, clinic=clinic)
    raise_alarm(AlarmKind.SILENCE, "Silence.", at=at)
    end_alarm(AlarmKind.SILENCE, at=at)

    found = metrics(client)

    assert {kind.value: found[f"surveillance_alarms {kind}"] for kind in AlarmKind} == {
        "silence": 0,
        "difference": 0,
        "held": 2,
        "dicom": 0,
        "hl7": 0,
        "audit": 0,
    }


def test_what_came_of_deliveries_comparisons_jobs_and_dicom(client: Client) -> None:
    found = metrics(client)
    assert found["surveillance_last_comparison_age_seconds"] == inf
    assert found["surveillance_oldest_unfinished_job_age_seconds"] == 0
    assert found["surveillance_dicom_silent"] == 0

    now = timezone.now()
    for minutes, sent, retrying, failed in ((5, 5, 2, 0), (50, 1, 0, 1), (70, 9, 9, 9)):
        swept = sweep()
        Sweep.objects.filter(pk=swept.pk).update(
            started_at=now - timedelta(minutes=minutes), sent=sent, retrying=retrying, failed=failed
        )
    Reconciliation.objects.create(
        at=now,
        started_at=now - timedelta(minutes=20),
        finished_at=now,
        slots=0,
        expected=0,
        differences=0,
    )
    for state, minutes in ((JobState.DONE, 50), (JobState.RUNNING, 40), (JobState.WAITING, 30)):
        Job.objects.create(
            kind=JobKind.IMPORT,
            by=UserFactory.create(),
            made_at=now - timedelta(minutes=minutes),
            parameters={},
            state=state,
            total=1,
        )
    Peer.objects.create(clinic=ClinicFactory.create(), ae_title="CT1", address="127.0.0.1")

    found = metrics(client)

    assert {
        outcome: found[f"surveillance_deliveries_last_hour {outcome}"]
        for outcome in ("sent", "retrying", "failed")
    } == {"sent": 6, "retrying": 2, "failed": 1}
    assert found["surveillance_last_comparison_age_seconds"] == pytest.approx(1200, abs=30)
    assert found["surveillance_oldest_unfinished_job_age_seconds"] == pytest.approx(2400, abs=30)
    assert found["surveillance_dicom_silent"] == 1


def test_who_has_fallen_through_is_counted_by_reason(client: Client) -> None:
    ScheduleFactory.create(anchor__on=timezone.localdate() - timedelta(days=400))

    assert metrics(client)["surveillance_safety_net lapsed"] > 0


def test_a_scrape_asks_no_more_with_more_messages(client: Client) -> None:
    clinic = ClinicFactory.create()
    with CaptureQueriesContext(connection) as before:
        metrics(client)
    for _ in range(5):
        write(clinic, MessageState.FAILED)

    with CaptureQueriesContext(connection) as after:
        metrics(client)

    assert len(after) == len(before)
