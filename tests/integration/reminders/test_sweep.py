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

pytestmark = pytest.mark.django_db


def test_a_sweep_over_nothing_still_leaves_a_row() -> None:
    ran = sweep(at=morning(3, 15))

    assert Sweep.objects.get() == ran
    assert str(ran) == (
        "looked at 0 slots, raised 0 reminders and 0 alerts; "
        "sent 0, withdrew 0, will retry 0, gave up 0"
    )


def test_the_row_counts_what_the_sweep_did() -> None:
    ScheduleFactory.create()
    BookingFactory.create()

    ran = sweep(at=morning(3, 25))

    assert (ran.looked_at, ran.reminders, ran.alerts) == (40, 1, 0)
    assert (ran.sent, ran.withdrawn, ran.retrying, ran.failed) == (1, 0, 0, 0)
    assert ran.started_at <= ran.finished_at


def test_slots_that_nobody_waits_for_are_not_looked_at() -> None:
    slot = ScheduleFactory.create().slots.get(n=1)
    review(
        slot=slot,
        decision=Decision.TERMINATE,
        reason="Palliative care",
        by=UserFactory.create(),
        at=morning(5, 20),
    )

    assert sweep(at=morning(5, 21)).looked_at == 0


def test_the_task_that_beat_asks_for_sweeps(mailoutbox: list[EmailMessage]) -> None:
    ScheduleFactory.create()

    tasks.sweep()

    ran = Sweep.objects.get()
    assert ran.looked_at == 20
    assert ran.sent == len(mailoutbox)


def test_the_command_sweeps_as_if_it_were_then_and_says_what_it_did() -> None:
    ScheduleFactory.create()
    said = StringIO()

    call_command("sweep", on=morning(3, 15), stdout=said)

    assert said.getvalue() == f"{Sweep.objects.get()}\n"
    assert "raised 1 reminders and 0 alerts; sent 1" in said.getvalue()


@pytest.mark.parametrize(
    ("moment", "reminders"),
    [("2026-03-14T14:59", 0), ("2026-03-14T15:00", 1), ("2026-03-15T00:00+09:00", 1)],
)
def test_the_commands_moment_is_utc_unless_it_says_otherwise(moment: str, reminders: int) -> None:
    ScheduleFactory.create()

    call_command("sweep", f"--on={moment}", stdout=StringIO())

    assert Sweep.objects.get().reminders == reminders
