from io import StringIO

import pytest
from django.core.mail import EmailMessage
from django.core.management import call_command

from reminders import tasks
from reminders.actions import sweep
from reminders.models import Sweep
from schedules.actions import review
from schedules.models import Decision
from tests.factories import BookingFactory, ScheduleFactory, UserFactory, morning
from tests.integration.reminders.days import moment

pytestmark = pytest.mark.django_db


def test_a_sweep_over_nothing_still_leaves_a_row() -> None:
    ran = sweep(at=morning(3, 15))

    assert Sweep.objects.get() == ran
    assert str(ran) == (
        "looked at 0 patients, raised 0 notices, ended 0; "
        "sent 0, withdrew 0, will retry 0, gave up 0, holds 0"
    )


def test_the_row_counts_what_the_sweep_did() -> None:
    ScheduleFactory.create()
    BookingFactory.create()

    raised = sweep(at=moment(3, 25))
    told = sweep(at=moment(3, 25, hour=8))

    assert (raised.looked_at, raised.raised, raised.ended) == (2, 1, 0)
    assert (told.sent, told.withdrawn, told.retrying, told.failed, told.held) == (1, 0, 0, 0, 0)
    assert (raised.at, told.at) == (moment(3, 25), moment(3, 25, hour=8))
    assert raised.finished_at
    assert raised.started_at <= raised.finished_at


def test_a_patient_whose_follow_up_has_ended_is_looked_at_no_more() -> None:
    slot = ScheduleFactory.create().slots.get(n=1)
    review(
        slot=slot,
        decision=Decision.TERMINATE,
        reason="Palliative care",
        by=UserFactory.create(),
        at=morning(5, 20),
    )

    assert [sweep(at=moment(5, day)).looked_at for day in (21, 22, 23)] == [1, 0, 0]


def test_the_task_that_beat_asks_for_sweeps(mailoutbox: list[EmailMessage]) -> None:
    ScheduleFactory.create()

    tasks.sweep()

    ran = Sweep.objects.get()
    assert ran.looked_at == 1
    assert ran.sent == len(mailoutbox)


def test_the_command_sweeps_as_if_it_were_then_and_says_what_it_did() -> None:
    ScheduleFactory.create()
    said = StringIO()

    call_command("sweep", on=morning(3, 9), stdout=said)

    assert said.getvalue() == f"{Sweep.objects.get()}\n"
    assert "raised 1 notices, ended 0; sent 0" in said.getvalue()


@pytest.mark.parametrize(
    ("at", "raised"),
    [("2026-03-08T14:59", 0), ("2026-03-08T15:00", 1), ("2026-03-09T00:00+09:00", 1)],
)
def test_the_commands_moment_is_utc_unless_it_says_otherwise(at: str, raised: int) -> None:
    ScheduleFactory.create()

    call_command("sweep", f"--on={at}", stdout=StringIO())

    assert Sweep.objects.get().raised == raised
