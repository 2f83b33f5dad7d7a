"""The two published patients, entered as a clinic would have: event by event, by the actions."""

import tomllib
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from patients.actions import add_finding, add_treatment, add_tumour, register_patient
from patients.models import Clinic, FindingKind, Patient, Sex, Treatment, TreatmentKind, Tumour
from schedules.actions import (
    enrol,
    rebaseline,
    record_result,
    record_study,
    review_result,
)
from schedules.models import Protocol, ResultOutcome, Schedule
from schedules.rules.months import add_months
from surveillance.accounts.models import User

PROTOCOL = "ct-chest-abdomen-3m"
ASSUMED = "assumed: the report states no time"
ASSUMED_CT = "day and result assumed: the report says only that a CT was done every 3 months"


def published_cases() -> list[dict[str, Any]]:
    """Return both cases as `cases.toml` holds them."""
    text = Path(__file__).with_name("cases.toml").read_text(encoding="utf-8")
    cases: list[dict[str, Any]] = tomllib.loads(text)["cases"]
    return cases


def enter_case(
    case: dict[str, Any],
    *,
    clinic: Clinic,
    resected_on: date,
    by: User,
    until_month: int | None = None,
    accept_rebaselines: bool = True,
) -> Patient:
    """Enter a case for a resection on `resected_on`, as it was known after `until_month` months.

    That month is included; without one, everything is entered. Where an operation proposes a new
    anchor it is accepted at once, unless told not to.
    """
    patient = register_patient(
        clinic=clinic,
        mrn=case["mrn"],
        family_name="Published",
        given_name=case["given_name"],
        birth_date=add_months(resected_on, -12 * case["age_at_resection"] - 6),
        sex=Sex(case["sex"]),
        by=by,
    )
    tumour = add_tumour(patient=patient, by=by, **case["tumour"])
    for event in case["events"]:
        told = dict(event)
        kind, month, week = told.pop("event"), told.pop("month", None), told.pop("week", None)
        if until_month is not None and month is not None and month > until_month:
            break
        assumed = told.pop("assumed", False)
        on = None if month is None else add_months(resected_on, month)
        if week is not None:
            on = resected_on + timedelta(weeks=week)
        at = datetime.combine(on or resected_on, time(12), clinic.zone)
        if kind == "ct":
            assert on is not None
            _enter_ct(tumour, on, ASSUMED_CT if assumed else "", by, at, **told)
        elif kind == FindingKind.METASTASIS:
            assert on is not None
            add_finding(
                tumour=tumour, kind=FindingKind.METASTASIS, found_on=on, by=by, at=at, **told
            )
        else:
            treatment = add_treatment(
                tumour=tumour,
                kind=TreatmentKind(kind),
                on=on,
                by=by,
                at=at,
                note=ASSUMED if assumed else "",
                **told,
            )
            _follow(tumour, treatment, accept_rebaselines, by, at)
    return patient


def _enter_ct(
    tumour: Tumour,
    on: date,
    note: str,
    by: User,
    at: datetime,
    *,
    outcome: str = ResultOutcome.NO_DISEASE,
    sites: Sequence[str] = (),
    comment: str = "",
) -> None:
    study = record_study(
        patient=tumour.patient,
        modality="CT",
        performed_on=on,
        regions=["chest", "abdomen"],
        description=note,
        by=by,
        at=at,
    )
    result = record_result(
        study=study,
        outcome=ResultOutcome(outcome),
        sites=sites,
        comment=comment,
        finding=FindingKind.METASTASIS if outcome == ResultOutcome.NEW_LESION else None,
        tumour=tumour,
        by=by,
        at=at,
    )
    review_result(result=result, by=by, at=at)


def _follow(
    tumour: Tumour, treatment: Treatment, accept_rebaselines: bool, by: User, at: datetime
) -> None:
    """Start follow-up from the resection, and again from a metastasectomy."""
    if treatment.kind == TreatmentKind.RESECTION:
        protocol = Protocol.objects.filter(code=PROTOCOL).latest("version")
        enrol(tumour=tumour, protocol=protocol, anchor=treatment, by=by)
    elif treatment.kind == TreatmentKind.METASTASECTOMY and accept_rebaselines:
        schedule = Schedule.objects.get(tumour=tumour, ended_at=None)
        rebaseline(schedule=schedule, anchor=treatment, by=by, at=at)
