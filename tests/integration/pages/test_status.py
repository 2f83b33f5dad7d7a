"""Whether everything runs, as those see it who rely on it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from imaging.models import Arrangement, Heard, Peer, Step, StepState
from patients.models import Clinic
from reminders.actions import sweep
from reminders.alarms import raise_alarm
from reminders.models import (
    Alarm,
    AlarmKind,
    ChannelName,
    Hold,
    Message,
    MessageState,
    Reconciliation,
    Sweep,
)
from reminders.reconciliation import reconcile
from schedules.models import Slot
from surveillance.accounts.models import User
from surveillance.audit.models import Event
from tests.factories import ClinicFactory
from tests.integration.pages.reading import Page

pytestmark = pytest.mark.django_db

A_MINUTE = timedelta(minutes=1)


def status(client: Client) -> Page:
    return Page(client.get("/status/"))


def channels(page: Page) -> dict[str, dict[str, str]]:
    return {row["Channel"]: row for row in page.table(under="Channels")}


def write(clinic: Clinic, state: MessageState, ago: timedelta = A_MINUTE, **told: Any) -> None:
    """Write a message, tried and queued so long ago."""
    at = timezone.now() - ago
    given: dict[str, Any] = {
        "clinic": clinic,
        "channel": ChannelName.EMAIL,
        "recipient": "nurses@example.org",
        "queued_at": at,
        "next_try_at": at,
        "claimed_at": at,
        "sent_at": at if state == MessageState.SENT else None,
        "state": state,
    }
    Message.objects.create(**(given | told))


def hold(clinic: Clinic) -> Hold:
    """Two messages that wait for an administrator."""
    held = Hold.objects.create(clinic=clinic, at=timezone.now(), lines=612, usual=200)
    for _ in range(2):
        write(clinic, MessageState.HELD, hold=held)
    raise_alarm(AlarmKind.HELD, f"{held}.", at=timezone.now(), clinic=clinic)
    return held


def test_before_anything_ran_the_page_says_so_in_red(nurse_client: Client) -> None:
    page = status(nurse_client)

    assert page.text("#sweep") == "Last one began never No sweep has run yet."
    assert page.text("#comparison") == "Last one began never Nothing has been compared yet."
    assert len(page.document.select(".tag-late")) == 2


def test_the_last_sweep_and_comparison_are_shown_with_what_they_did(
    nurse_client: Client, overdue_slot: Slot
) -> None:
    sweep()
    reconcile()

    page = status(nurse_client)

    assert "looked at 1 patient of whom something had changed; raised 3" in page.text("#sweep")
    assert "20 slots still to be done; 3 things should have been said" in page.text("#comparison")
    assert page.text("#comparison").endswith("Differences none")
    assert "No alarm is open." in page.text()
    assert page.document.select(".tag-late") == []


def test_a_sweep_of_five_minutes_ago_is_late(nurse_client: Client) -> None:
    sweep()
    Sweep.objects.update(started_at=timezone.now() - 4.9 * A_MINUTE)
    assert "late" not in status(nurse_client).text("#sweep")

    Sweep.objects.update(started_at=timezone.now() - 5.1 * A_MINUTE)

    page = status(nurse_client)
    assert page.text("#sweep").startswith("Last one began late 5 minutes ago")
    assert page.find("#sweep .tag-late").text == "late"


def test_differences_and_a_late_comparison_are_red(nurse_client: Client) -> None:
    sweep()
    at = timezone.now() - timedelta(hours=2)
    Reconciliation.objects.create(
        at=at, started_at=at, finished_at=at, slots=20, expected=3, differences=2
    )

    page = status(nurse_client)

    tags = [tag.text for tag in page.document.select("#comparison .tag-late")]
    assert tags == ["late", "2"]


def test_a_channel_that_is_down_shows_at_the_next_sweep(
    nurse_client: Client, clinic: Clinic
) -> None:
    write(clinic, MessageState.SENT, ago=timedelta(hours=1))
    write(clinic, MessageState.SENT, ago=timedelta(hours=2))
    assert channels(status(nurse_client))["E-mail"]["State"] == "no error"
    write(
        clinic,
        MessageState.QUEUED,
        attempts=1,
        last_error="The mail server cannot be used: Connection refused",
    )
    write(clinic, MessageState.QUEUED, attempts=0, claimed_at=None, ago=3 * A_MINUTE)

    row = channels(status(nurse_client))["E-mail"]

    assert row["State"] == "in trouble"
    assert row["Waiting"] == "2"
    assert row["Oldest waits since"] == "3 minutes ago"
    assert row["Last success"] == "an hour ago"
    assert row["Failed since"] == "1"
    assert row["Last error"].startswith("The mail server cannot be used: Connection refused a")


def test_once_something_went_out_again_the_channel_is_well(
    nurse_client: Client, clinic: Clinic
) -> None:
    write(clinic, MessageState.QUEUED, ago=5 * A_MINUTE, last_error="450 mailbox busy")
    write(clinic, MessageState.SENT, ago=timedelta(hours=3), sent_at=timezone.now())

    row = channels(status(nurse_client))["E-mail"]

    assert (row["State"], row["Waiting"], row["Last error"]) == ("no error", "1", "")


def test_a_channel_that_is_not_set_up_is_red_once_something_waits_for_it(
    nurse_client: Client, clinic: Clinic, settings: Settings
) -> None:
    settings.SMS_URL = ""
    assert channels(status(nurse_client))["Text message"]["State"] == "not set up"
    sweep()
    reconcile()
    assert status(nurse_client).document.select(".tag-late") == []

    write(clinic, MessageState.QUEUED, channel=ChannelName.SMS)

    assert status(nurse_client).find(".tag-late").text == "not set up"


def test_an_error_names_nobodys_address(nurse_client: Client, clinic: Clinic) -> None:
    write(
        clinic,
        MessageState.QUEUED,
        last_error="450 4.2.0 <pat.ient@example.org>: busy; +819012345678 is away",
    )

    row = channels(status(nurse_client))["E-mail"]

    assert row["Last error"].startswith("450 4.2.0 <…>: busy; … is away")


def test_failed_messages_are_counted_and_led_to(nurse_client: Client, clinic: Clinic) -> None:
    assert status(nurse_client).text("#failed") == "No message has failed for good."
    write(clinic, MessageState.FAILED)

    page = status(nurse_client)

    assert page.text("#failed").startswith("1 message failed for good.")
    assert page.link("See which") == "/messages/?state=failed"


def test_another_clinics_messages_holds_and_alarms_are_not_shown(
    administrator_client: Client,
) -> None:
    elsewhere = ClinicFactory.create(name="Elsewhere")
    write(elsewhere, MessageState.FAILED)
    write(elsewhere, MessageState.QUEUED, last_error="450 busy")
    hold(elsewhere)

    page = status(administrator_client)

    assert page.text("#failed") == "No message has failed for good."
    assert channels(page)["E-mail"]["Waiting"] == "0"
    assert "Elsewhere" not in page.text()
    assert "No alarm is open." in page.text()


def test_an_alarm_about_everything_is_shown_to_all(nurse_client: Client) -> None:
    raise_alarm(AlarmKind.SILENCE, "No sweep has run since then.", at=timezone.now())

    assert "The sweep has not run since" in status(nurse_client).text(".proposal")


def test_a_nurse_sees_a_hold_and_has_no_button(nurse_client: Client, clinic: Clinic) -> None:
    hold(clinic)

    page = status(nurse_client)

    assert f"Held: 2 messages of {clinic}" in page.text()
    assert "An administrator of this clinic decides" in page.text()
    assert page.document.select("button[name=decision]") == []


@pytest.mark.parametrize(
    ("decision", "says", "state", "act"),
    [
        ("release", "The messages go out now", MessageState.QUEUED, "hold.released"),
        ("discard", "None of the messages is sent.", MessageState.WITHDRAWN, "hold.discarded"),
    ],
)
def test_an_administrator_decides_about_a_hold(
    administrator: User,
    administrator_client: Client,
    clinic: Clinic,
    decision: str,
    says: str,
    state: MessageState,
    act: str,
) -> None:
    held = hold(clinic)
    page = status(administrator_client)
    assert "612 things were to be told at once, where 200 in a day are usual" in page.text()
    assert "What is no longer true is not sent." in page.text()
    assert "None of them is ever sent." in page.text()

    answer = administrator_client.post(
        str(page.find("form[action^='/holds/']")["action"]), {"decision": decision}, follow=True
    )

    page = Page(answer)
    assert page.messages[0].startswith(says)
    assert "Held" not in page.text()
    assert {message.state for message in Message.objects.all()} == {state}
    held.refresh_from_db()
    assert (held.decided_by, held.released) == (administrator, decision == "release")
    assert Alarm.objects.get().ended_at
    assert Event.objects.get(act=act).by_name == str(administrator)


@pytest.mark.parametrize("decision", ["", "burn"])
def test_what_is_no_decision_changes_nothing(
    administrator_client: Client, clinic: Clinic, decision: str
) -> None:
    held = hold(clinic)

    page = Page(
        administrator_client.post(f"/holds/{held.public_id}/", {"decision": decision}, follow=True)
    )

    assert page.messages == ["Choose whether to release or to discard the messages."]
    held.refresh_from_db()
    assert held.decided_at is None


def test_whoever_decides_second_is_told_who_was_first(
    administrator: User, administrator_client: Client, clinic: Clinic
) -> None:
    held = hold(clinic)
    address = f"/holds/{held.public_id}/"
    administrator_client.post(address, {"decision": "discard"})

    page = Page(administrator_client.post(address, {"decision": "release"}, follow=True))

    assert page.messages[1:] == [f"{administrator} has decided about this already."]
    assert {message.state for message in Message.objects.all()} == {MessageState.WITHDRAWN}


def test_it_says_when_scanners_were_heard_and_whether_the_server_answers(
    nurse_client: Client, clinic: Clinic
) -> None:
    Peer.objects.create(clinic=clinic, ae_title="CT1", address="10.0.0.7", name="The scanner")
    Peer.objects.create(clinic=ClinicFactory.create(), ae_title="CT9", address="10.0.0.9")
    Arrangement.objects.create(clinic=clinic, pacs_url="http://pacs/", pacs_error="HTTP 401")
    told = status(nurse_client).text("#dicom")
    assert "Answered itself silent never" in told
    assert "The scanner not heard yet" in told
    assert f"PACS of {clinic.name} in trouble HTTP 401" in told
    assert "CT9" not in told
    Step.objects.create(
        clinic=clinic,
        sop_uid="1.2.3",
        state=StepState.IN_PROGRESS,
        study_uid="1.2",
        station="CT1",
        said="It names another patient than the appointment.",
    )

    for title, refused in (("SURVEILLANCE", False), ("CT1", False), ("STRANGER", True)):
        Heard.objects.create(ae_title=title, service="find", refused=refused)
    told = status(nurse_client).text("#dicom")
    assert "silent" not in told
    assert "The scanner Worklist now" in told
    assert "Scan at CT1 fits no appointment It names another patient than the appointment." in told
    assert "Refused STRANGER Worklist, now" in told
