"""Whoever acts, in whatever language: what is stored is written in one."""

from datetime import date

import pytest
from django.utils import translation

from patients.models import TreatmentKind
from schedules.actions import change_protocol, end, rebaseline
from schedules.models import EndReason
from tests.factories import ProtocolFactory, ResectionFactory, ScheduleFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_new_series_names_its_operation_and_its_day_as_ever() -> None:
    schedule = ScheduleFactory.create()
    anchor = ResectionFactory.create(
        tumour=schedule.tumour, kind=TreatmentKind.METASTASECTOMY, on=date(2026, 7, 3)
    )
    with translation.override("ja"):
        rebaseline(schedule=schedule, anchor=anchor, by=UserFactory.create())
    schedule.refresh_from_db()
    assert schedule.state_reason == "Re-baseline: Metastasectomy on 3 July 2026"
    assert schedule.why == schedule.state_reason
    with translation.override("ja"):
        assert schedule.why == "起算日の変更：転移巣切除（2026年7月3日）"


def test_a_change_of_protocol_names_the_version_as_ever() -> None:
    schedule = ScheduleFactory.create()
    protocol = ProtocolFactory.create(code="another")
    with translation.override("ja"):
        change_protocol(schedule=schedule, protocol=protocol, by=UserFactory.create())
    schedule.refresh_from_db()
    assert schedule.state_reason == f"Goes on under {protocol.code} version {protocol.version}"


def test_the_end_is_stored_with_its_reason_as_ever() -> None:
    schedule = ScheduleFactory.create()
    with translation.override("ja"):
        end(schedule=schedule, end_reason=EndReason.DECLINED, by=UserFactory.create())
    schedule.refresh_from_db()
    assert schedule.state_reason == "The patient declines"
    assert set(schedule.slots.values_list("outcome_reason", flat=True)) == {"The patient declines"}
