"""Who has fallen through in the room of reminders: told of, and still in nobody's hands."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from patients.queries import ClinicDay
from patients.safety import FallenThrough, Gap
from reminders.conditions import still_true
from reminders.models import Kind, Line, MessageState, Rule
from reminders.queries import notices_of
from schedules.models import Review
from schedules.queries import overdue_and_unbooked, unreviewed_results
from surveillance.accounts.roles import Act

TIME_TO_ANSWER = timedelta(days=7)
_ROUTES = {Kind.OVERDUE: "overdue", Kind.RESULT: "results"}


def fallen_through(days: Iterable[ClinicDay]) -> Iterator[FallenThrough]:
    """Yield the patients of alerts that nobody answered and of messages that nobody got."""
    for day in days:
        yield from _not_acknowledged(day)
        yield from _not_delivered(day)


def _not_acknowledged(day: ClinicDay) -> Iterator[FallenThrough]:
    """Alerts open for a week, of what nobody has in hand on the day: one row for each thing."""
    unanswered = (
        notices_of(day.clinics)
        .filter(
            Q(slot__in=overdue_and_unbooked([day]).order_by())
            | Q(result__in=unreviewed_results(day.clinics).order_by()),
            rule__kind__in=Rule.ALERTS,
            ended_at=None,
            since__lt=day.begins_at - TIME_TO_ANSWER,
        )
        .exclude(Exists(Review.objects.filter(slot=OuterRef("slot"), at__gte=OuterRef("since"))))
    )
    seen = set()
    for notice in unanswered.order_by("since", "pk"):
        thing = (notice.slot_id, notice.result_id)
        if thing in seen:
            continue
        seen.add(thing)
        yield FallenThrough(
            Gap.NOT_ACKNOWLEDGED,
            notice.patient,
            notice.since.astimezone(notice.patient.clinic.zone).date(),
            str(notice),
            Act.REVIEW,
            _ROUTES[Kind(notice.rule.kind)],
        )


def _not_delivered(day: ClinicDay) -> Iterator[FallenThrough]:
    """Messages that were given up, of what is still true.

    Most days there is none, and then what is still true is not asked: that is the dearer question.
    """
    failed = Line.objects.filter(
        notice__in=notices_of(day.clinics).filter(ended_at=None).order_by(),
        message__state=MessageState.FAILED,
    )
    told = set(failed.values_list("notice_id", flat=True))
    if not told:
        return
    failed = failed.filter(
        notice__in=notices_of(day.clinics)
        .filter(still_true(day.begins_at, day.clinics), pk__in=told)
        .order_by()
    ).select_related("message", "notice__rule", "notice__patient__clinic", "notice__slot")
    for line in failed.order_by("pk"):
        assert line.message is not None  # it has a state
        patient = line.notice.patient
        yield FallenThrough(
            Gap.NOT_DELIVERED,
            patient,
            line.message.next_try_at.astimezone(patient.clinic.zone).date(),
            _("%(notice)s: %(error)s") % {"notice": line.notice, "error": line.message.trouble},
            Act.SEE_PATIENTS,
            "patient",
        )
