"""How well follow-up is kept, and what the next weeks are to bring: numbers, and nobody's name."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from patients.access import UserRequest, allowed
from patients.models import Clinic
from patients.queries import ClinicDay, clinic_days
from schedules.figures import Counted, FollowUp, Week, expected, follow_up
from schedules.figures_forms import FiguresForm
from schedules.pictures import figures as pictures
from schedules.pictures.drawing import Picture
from schedules.pictures.figures import KINDS, Bar
from schedules.rules.adherence import EARLY_DAYS, FEW, LATE_DAYS, Adherence
from surveillance.accounts.roles import Act


@require_safe
@allowed(Act.SEE_FIGURES)
def figures(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """What came of the slots of some months, and the CTs of the next weeks."""
    form = FiguresForm(request.GET, clinics=clinics, today=_day(clinic_days(clinics)))
    context: dict[str, Any] = {"form": form, "early": EARLY_DAYS, "late": LATE_DAYS, "few": FEW}
    if form.is_valid():
        if form.cleaned_data.get("clinic"):
            clinics = [form.cleaned_data["clinic"]]
        days = clinic_days(clinics, on=form.cleaned_data["on"])
        protocol = form.cleaned_data["protocol"]
        found = follow_up(days, first=form.first, last=form.last, protocol=protocol)
        weeks = expected(days, protocol=protocol)
        context |= {
            "found": found,
            "total": found.total,
            "months": [(_month(month), counted) for month, counted in found.months.items()],
            "months_picture": _months_picture(found),
            "weeks": weeks,
            "weeks_picture": _weeks_picture(weeks),
            "over": [week for week in weeks if week.over],
            "is_any_expected": any(week.expected for week in weeks),
            "has_scanners": weeks[-1].capacity is not None,
            "of": clinics,
            "on": _day(days),
            "first": form.first,
            "last": form.last,
            "protocol": protocol,
        }
    return render(request, "schedules/figures.html", context)


def _day(days: Sequence[ClinicDay]) -> date:
    """The day that the page is headed with: the earliest of the clinics'."""
    return min(day.on for day in days)


def _month(month: date) -> str:
    return date_format(month, "YEAR_MONTH_FORMAT")


def _months_picture(found: FollowUp) -> Picture:
    bars = [
        Bar(
            _month(month),
            tuple((kind, getattr(counted, kind)) for kind in KINDS),
            _month_words(counted),
        )
        for month, counted in found.months.items()
    ]
    return pictures.by_month(
        bars,
        _("What came of the exams, by the month of their due date"),
        _("One bar a month, as long as exams came due. The table holds the same."),
    )


def _month_words(counted: Counted) -> str:
    if not counted.came_due:
        return _("none came due")
    told = {"due": counted.came_due, "adherence": in_words(counted.adherence)}
    return _("%(due)s due; adherence %(adherence)s") % told


def in_words(adherence: Adherence) -> str:
    """Return n of m, with the percentage where there is one."""
    if adherence.percent is None:
        return _("0 of 0")
    return _("%(kept)s of %(of)s (%(percent)s %%)") % {
        "kept": adherence.kept,
        "of": adherence.of,
        "percent": adherence.percent,
    }


def _weeks_picture(weeks: Sequence[Week]) -> Picture:
    bars = [
        Bar(
            _week(week),
            (("booked", week.booked), ("to_book", week.unbooked)),
            _week_words(week),
            week.capacity,
        )
        for week in weeks
    ]
    return pictures.by_week(
        bars,
        _("CTs that are expected, by the week of their due date"),
        _("One bar a week, as long as CTs are expected. The table holds the same."),
    )


def _week(week: Week) -> str:
    if week.begins_on is None:
        return _("Weeks before")
    return date_format(week.begins_on, "SHORT_DATE_FORMAT")


def _week_words(week: Week) -> str:
    if week.begins_on is None:
        left = {"count": week.expected, "overdue": week.overdue}
        return _("%(count)s left, %(overdue)s overdue") % left
    if week.capacity is None:
        return str(week.expected)
    told = {"expected": week.expected, "capacity": week.capacity, "over": week.over}
    if week.over:
        return _("%(expected)s of %(capacity)s: %(over)s too many") % told
    return _("%(expected)s of %(capacity)s") % told
