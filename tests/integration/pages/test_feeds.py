"""Calendar feeds: who may read them, what they tell of whom, and the page where they are made."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from patients.clinic_actions import change_role
from patients.models import CalendarsTell, Clinic, Membership, Patient
from schedules.actions import (
    make_feed,
    revoke_feed,
)
from schedules.models import Feed, Scanner, Slot
from schedules.views import feeds
from surveillance.accounts.models import User
from surveillance.accounts.roles import Role
from surveillance.audit import models as audit
from surveillance.logs import WithoutSecrets
from tests.calendars import events
from tests.factories import ClinicFactory, MembershipFactory, ScannerFactory
from tests.integration.pages.feeding import address_of, booked, read
from tests.integration.pages.reading import Page
from tests.integration.pages.scene import signed_in, slot_due_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("tells", "said"),
    [
        (CalendarsTell.NOTHING, "CT chest+abdomen"),
        (CalendarsTell.NUMBER, "CT chest+abdomen · MRN-7"),
        (CalendarsTell.NAME, "CT chest+abdomen · 東海林, 花 · MRN-7"),
    ],
)
def test_of_a_patient_a_feed_tells_what_the_clinic_allows_and_a_look_is_recorded(
    clinic: Clinic,
    nurse: User,
    scanner: Scanner,
    open_slot: Slot,
    secret: str,
    tells: CalendarsTell,
    said: str,
) -> None:
    patient = open_slot.patient
    Patient.objects.filter(pk=patient.pk).update(family_name="東海林", given_name="花", mrn="MRN-7")
    booking = booked(open_slot, scanner, 3, nurse)
    assert Clinic._meta.get_field("calendars_tell").default == CalendarsTell.NOTHING
    Clinic.objects.filter(pk=clinic.pk).update(calendars_tell=tells)

    answer = Client().get(address_of(secret))

    [event] = events(answer.content)
    assert event["SUMMARY"] == said
    assert event["DESCRIPTION"] == f"Accession number {booking.accession}"
    patient.refresh_from_db()
    for secret_of_patient in (patient.phone or "no phone", str(patient.birth_date)):
        assert secret_of_patient.encode() not in answer.content
    looks = audit.Look.objects.values_list("page", "by_name", "by_id", "clinic_code", "patient_ids")
    expected = ("calendar feed", "Calendar feed: Radiology desk", None, clinic.code)
    shown = [] if tells == CalendarsTell.NOTHING else [(*expected, [patient.public_id])]
    assert list(looks) == shown


def test_a_feed_speaks_the_language_of_whoever_made_it(
    clinic: Clinic, nurse: User, administrator: User, scanner: Scanner, open_slot: Slot, secret: str
) -> None:
    booked(open_slot, scanner, 3, nurse)
    User.objects.filter(pk=administrator.pk).update(language="ja")

    [event] = read(secret)

    assert str(event["DESCRIPTION"]).startswith("アクセッション番号")
    assert str(event["SUMMARY"]).startswith("CT 胸部+腹部")


def test_a_feed_never_holds_another_clinics_appointments(
    clinic: Clinic, nurse: User, scanner: Scanner, open_slot: Slot, secret: str
) -> None:
    mine = booked(open_slot, scanner, 3, nurse)
    elsewhere = ClinicFactory.create()
    booked(slot_due_in(0, elsewhere), ScannerFactory.create(clinic=elsewhere), 3, nurse)

    assert [str(event["UID"]) for event in read(secret)] == [str(mine.public_id)]


def test_what_has_not_changed_is_not_sent_again(
    clinic: Clinic, nurse: User, scanner: Scanner, open_slot: Slot, secret: str
) -> None:
    Clinic.objects.filter(pk=clinic.pk).update(calendars_tell=CalendarsTell.NAME)
    booking = booked(open_slot, scanner, 3, nurse)
    client, address = Client(), address_of(secret)
    first = client.get(address)
    conditions: list[dict[str, Any]] = [
        {"HTTP_IF_NONE_MATCH": first["ETag"]},
        {"HTTP_IF_MODIFIED_SINCE": first["Last-Modified"]},
    ]

    again = [client.get(address, **condition) for condition in conditions]

    assert [(one.status_code, one.content) for one in again] == [(304, b""), (304, b"")]
    assert audit.Look.objects.count() == 1
    Patient.objects.filter(pk=booking.patient_id).update(family_name="Another")
    changed = [client.get(address, **condition) for condition in conditions]
    assert [one.status_code for one in changed] == [200, 200]
    assert b"Another" in changed[0].content
    assert client.head(address).content == b""
    assert audit.Look.objects.count() == 3


def test_reading_is_noted_once_a_minute(clinic: Clinic, secret: str) -> None:
    read(secret)
    at = Feed.objects.get().read_at
    read(secret)
    assert Feed.objects.get().read_at == at
    assert at is not None
    Feed.objects.update(read_at=at - timedelta(minutes=2))

    read(secret)

    assert Feed.objects.get().read_at != at - timedelta(minutes=2)


def test_a_feed_is_not_read_without_end(
    clinic: Clinic, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MOST", 2)
    answers = [Client().get(address_of(secret)) for _ in range(5)]  # in two minutes at most

    assert (answers[1].status_code, answers[4].status_code) == (200, 429)
    assert answers[4]["Retry-After"] == "60"


def test_only_the_secret_opens_a_feed_and_nothing_keeps_it(
    clinic: Clinic, administrator: User, secret: str
) -> None:
    feed = Feed.objects.get()
    for wrong in ("none", feed.secret_digest, str(feed.public_id), secret[:-1], secret.swapcase()):
        assert Client().get(address_of(wrong)).status_code == 404

    assert len(secret) >= 43
    for row in (*Feed.objects.values(), *audit.Event.objects.values()):
        assert secret not in str(row)
    assert Client().post(address_of(secret)).status_code == 405


@pytest.mark.parametrize("why", ["revoked", "no member", "no administrator", "account closed"])
def test_a_feed_stops_with_the_right_of_whoever_made_it(
    clinic: Clinic, administrator: User, secret: str, why: str
) -> None:
    read(secret)
    by = MembershipFactory.create(clinic=clinic, role=Role.ADMINISTRATOR).user
    place = Membership.objects.get(user=administrator)
    if why == "revoked":
        revoke_feed(feed=Feed.objects.get(), by=by)
    elif why == "no member":
        place.delete()
    elif why == "no administrator":
        change_role(membership=place, role=Role.NURSE, seen=place.role, by=by)
    else:
        User.objects.filter(pk=administrator.pk).update(is_active=False)

    assert Client().get(address_of(secret)).status_code == 404
    [row] = Page(signed_in(by).get(f"/administration/{clinic.code}/calendars/")).table()
    assert row["State"].startswith("Revoked" if why == "revoked" else "Stopped")


def test_an_administrator_makes_a_feed_sees_its_address_once_and_revokes_it(
    administrator_client: Client, clinic: Clinic, scanner: Scanner
) -> None:
    desk = Page(administrator_client.get(f"/administration/{clinic.code}/")).link("Calendar feeds")
    asked = {"make": "yes", "name": "CT desk", "scanner": str(scanner.public_id)}

    made = Page(administrator_client.post(desk, asked))

    address = str(made.find("#address")["value"])
    assert address.startswith(f"{settings.SITE_URL}/feeds/")
    assert Client().get(address.removeprefix(settings.SITE_URL)).status_code == 200
    assert "already" in Page(administrator_client.post(desk, asked)).error_beside("name")
    listed = Page(administrator_client.get(desk))
    assert address not in str(listed.document)
    [row] = listed.table()
    assert (row["Name"], row["Scanner"], row["State"]) == ("CT desk", scanner.name, "Runs")
    assert row["Read last"].startswith("read on ")
    revoked = Page(
        administrator_client.post(
            desk, {"revoke": str(listed.find("[name=revoke]")["value"])}, follow=True
        )
    )
    assert revoked.messages == ["Nobody can read the calendar feed “CT desk” any more."]
    assert revoked.table()[0]["State"].startswith("Revoked")
    assert Client().get(address.removeprefix(settings.SITE_URL)).status_code == 404
    acts = audit.Event.objects.filter(clinic_code=clinic.code, act__startswith="feed.")
    assert list(acts.order_by("pk").values_list("act", "by_name")) == [
        ("feed.made", "Ada Administrator"),
        ("feed.revoked", "Ada Administrator"),
    ]


def test_another_clinics_feeds_and_scanners_are_out_of_reach(
    administrator_client: Client, clinic: Clinic
) -> None:
    elsewhere = MembershipFactory.create(role=Role.ADMINISTRATOR)
    foreign, secret = make_feed(clinic=elsewhere.clinic, name="Theirs", by=elsewhere.user)
    scanner = ScannerFactory.create(clinic=elsewhere.clinic)
    desk = f"/administration/{clinic.code}/calendars/"

    for key, status in ((foreign.public_id, 404), ("nonsense", 404)):
        assert administrator_client.post(desk, {"revoke": str(key)}).status_code == status
    page = Page(
        administrator_client.post(desk, {"name": "Mine", "scanner": str(scanner.public_id)})
    )

    assert page.error_beside("scanner")
    assert Client().get(address_of(secret)).status_code == 200


def test_what_calendars_tell_is_changed_by_administrators_alone_and_recorded(
    administrator_client: Client, clinic: Clinic
) -> None:
    form = Page(administrator_client.get(f"/administration/{clinic.code}/facts/"))
    facts = {name: getattr(clinic, name) for name in ("name", "time_zone", "booking_email")}
    facts |= {"opens_at": "08:00", "closes_at": "19:00", "alert_email": clinic.alert_email}
    seen = str(form.find("[name=seen]")["value"])

    administrator_client.post(
        f"/administration/{clinic.code}/facts/", {**facts, "seen": seen, "calendars_tell": "name"}
    )

    clinic.refresh_from_db()
    assert clinic.calendars_tell == CalendarsTell.NAME
    changed = audit.Event.objects.get(act="clinic.changed").detail
    assert changed == {"before": {"calendars_tell": "nothing"}, "after": {"calendars_tell": "name"}}


def test_no_log_holds_a_secret(
    clinic: Clinic, administrator: User, secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    revoke_feed(feed=Feed.objects.get(), by=administrator)
    with caplog.at_level(logging.WARNING, "django.request"):
        Client().get(address_of(secret))
    kept = WithoutSecrets()

    used = [one for handler in logging.getLogger().handlers for one in handler.filters]
    assert any(isinstance(one, WithoutSecrets) for one in used)
    assert [kept.filter(record) for record in caplog.records] == [True]
    assert [record.getMessage() for record in caplog.records] == ["Not Found: /feeds/…"]


def test_a_feed_asks_as_often_for_many_as_for_few(
    clinic: Clinic, nurse: User, scanner: Scanner, secret: str
) -> None:
    Clinic.objects.filter(pk=clinic.pk).update(calendars_tell=CalendarsTell.NAME)

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            read(secret)
        return len(captured)

    read(secret)
    few = [booked(slot_due_in(0, clinic), scanner, days, nurse) for days in (1, 2)] and cost()
    assert [booked(slot_due_in(0, clinic), scanner, days, nurse) for days in (3, 4, 5, 6)]

    assert cost() == few
