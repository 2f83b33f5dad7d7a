"""The sweep, and what people answer to what they are told."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from patients.models import Clinic
from reminders.alarms import end_alarm, tell_administrators
from reminders.clocks import decide_anew, was_ahead
from reminders.delivery import deliver
from reminders.gathering import gather
from reminders.models import (
    AlarmKind,
    Announcement,
    Audience,
    Hold,
    Kind,
    Line,
    Message,
    MessageState,
    Notice,
    RelativeTo,
    Rule,
    Sweep,
    Watch,
)
from reminders.models.receiver import made_up_control_id
from reminders.models.watch import AT_ONCE
from reminders.raising import raise_notices
from reminders.rules import give_defaults, why_not
from reminders.waiting import anything_waits
from schedules.sentences import stored
from schedules.stored_words import IN_HAND
from schedules.wording import in_source_language
from surveillance.accounts.models import User
from surveillance.audit.actions import record


def sweep(*, at: datetime | None = None) -> Sweep:
    """Raise what is due at `at` (now, unless told), deliver what waits, and leave a row saying so.

    It may run twice, late, or beside another: nothing is raised twice. One that is killed leaves a
    row that says when it began.
    """
    started_at = timezone.now()
    at = at or started_at
    if not anything_waits(at):
        return Sweep.objects.create(at=at, started_at=started_at, finished_at=timezone.now())
    clinics = list(Clinic.objects.all())
    give_defaults(Clinic.objects.filter(rules=None))
    if was_ahead(at):
        decide_anew(at)
    # By which clock, if it is killed. Not before what another clock decided is decided anew.
    begun = Sweep.objects.create(at=at, started_at=started_at)
    done = raise_notices(clinics, at)
    held = gather(clinics, at)
    ended = deliver(clinics, at)
    tell_administrators(at)
    end_alarm(AlarmKind.SILENCE, at=at)
    with transaction.atomic():
        begun.delete()
        return Sweep.objects.create(  # the latest, so that the next one sees by which clock it went
            at=at,
            started_at=started_at,
            finished_at=timezone.now(),
            looked_at=done.looked_at,
            raised=done.raised,
            ended=done.ended,
            sent=ended[MessageState.SENT],
            withdrawn=ended[MessageState.WITHDRAWN],
            retrying=ended[MessageState.QUEUED],
            failed=ended[MessageState.FAILED],
            held=held,
        )


@transaction.atomic
def acknowledge(*, notice: Notice, by: User, at: datetime | None = None) -> None:
    """Take an alert in hand: it and what else is open of the same thing ends, with a name on it.

    If nothing has come of it after `conditions.ANSWER_HOLDS` days, it is raised again.

    Raises:
        ValidationError: it is no alert, or it has ended already.
    """
    at = at or timezone.now()
    # What the sweep locks first is locked first here.
    Watch.objects.select_for_update().filter(patient=notice.patient).first()
    notice.refresh_from_db()
    if not notice.is_alert:
        raise ValidationError(_("Only an alert is acknowledged."))
    if notice.ended_at:
        raise ValidationError(
            _("This alert has ended already: %(why)s.") % {"why": notice.why_ended}
        )
    same = Notice.objects.filter(
        slot=notice.slot, result=notice.result, rule__kind=notice.rule.kind, ended_at=None
    )
    ended = list(same.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
    Notice.objects.filter(pk__in=ended).update(
        ended_at=at, end_reason=stored(IN_HAND, person=by)[:100], acknowledged_by=by
    )
    Line.objects.filter(notice__in=ended, message=None, withdrawn_at=None).update(withdrawn_at=at)
    record(
        act="alert.acknowledged",
        by=by,
        clinic_code=notice.patient.clinic_code,
        patient=notice.patient,
        notice=notice.public_id,
        kind=notice.rule.kind,
    )


@transaction.atomic
def decide_hold(*, hold: Hold, release: bool, by: User, at: datetime | None = None) -> None:
    """Send what was held, or withdraw it. What is no longer true is not sent even so.

    Raises:
        ValidationError: somebody has decided already.
    """
    at = at or timezone.now()
    hold = Hold.objects.select_for_update(of=("self",)).select_related("clinic").get(pk=hold.pk)
    if hold.decided_at:
        raise ValidationError(
            _("%(name)s has decided about this already.") % {"name": hold.decided_by}
        )
    hold.decided_at, hold.decided_by, hold.released = at, by, release
    hold.save(update_fields=["decided_at", "decided_by", "released"])
    held = Message.objects.filter(hold=hold, state=MessageState.HELD)
    if release:
        held.update(state=MessageState.QUEUED, next_try_at=at)
    else:
        Line.objects.filter(message__in=held, withdrawn_at=None).update(withdrawn_at=at)
        held.update(state=MessageState.WITHDRAWN)
    if not Hold.objects.filter(clinic=hold.clinic, decided_at=None).exists():
        end_alarm(AlarmKind.HELD, at=at, clinic=hold.clinic)
    record(
        act="hold.released" if release else "hold.discarded",
        by=by,
        clinic_code=hold.clinic.code,
        lines=hold.lines,
    )


@transaction.atomic
def send_again(*, message: Message, by: User, at: datetime | None = None) -> None:
    """Let a message that was given up wait once more, as if it had never been tried.

    What of it is no longer true is left out when it is claimed, as ever.

    Raises:
        ValidationError: it has not failed, or somebody else has sent it again.
    """
    at = at or timezone.now()
    # The next sweep looks at the patient anew, and at the address that they have given since.
    of_patients = Line.objects.filter(message=message, to_patient=True)
    Watch.objects.filter(patient__notices__lines__in=of_patients).update(look_at=AT_ONCE)
    message = (
        Message.objects.select_for_update(of=("self",)).select_related("clinic").get(pk=message.pk)
    )
    if message.state != MessageState.FAILED:
        raise ValidationError(_("Only a message that failed is sent again."))
    # What was surely not taken is a new message to the other side; the rest is a repeat.
    Announcement.objects.filter(message=message, may_have_arrived=False).update(
        control_id=made_up_control_id()
    )
    message.state, message.attempts, message.next_try_at = MessageState.QUEUED, 0, at
    message.save(update_fields=["state", "attempts", "next_try_at"])
    record(
        act="message.sent_again",
        by=by,
        clinic_code=message.clinic.code,
        message=message.public_id,
    )


@transaction.atomic
def add_rule(
    *,
    clinic: Clinic,
    kind: Kind,
    relative_to: RelativeTo,
    days: int,
    audience: Audience,
    by: User,
    repeat_days: int | None = None,
    by_mail: bool = True,
    digest: bool = True,
    any_hour: bool = False,
) -> Rule:
    """Let a clinic say one more thing: `days` after the date, or before it where negative.

    Raises:
        ValidationError: the rule could never speak, or the clinic has it already.
    """
    rule = Rule(
        clinic=clinic,
        kind=kind,
        relative_to=relative_to,
        days=days,
        audience=audience,
        repeat_days=repeat_days,
        by_mail=by_mail,
        digest=digest,
        any_hour=any_hour,
    )
    if errors := why_not(rule):
        raise ValidationError(errors)
    if not Rule.objects.filter(clinic=clinic).exists():
        give_defaults([clinic])  # the sweep gives them only to a clinic without a rule
    # Two who add the same at once are told apart by the constraint, and the second is refused.
    Rule.objects.bulk_create([rule], ignore_conflicts=True)
    added = Rule.objects.filter(public_id=rule.public_id).first()
    if not added:
        raise ValidationError(
            {"days": _("The clinic has this rule already; it can be switched on and off above.")}
        )
    with in_source_language():
        record(act="rule.added", by=by, clinic_code=clinic.code, rule=str(added))
    return added


@transaction.atomic
def change_rule(*, rule: Rule, by: User, active: bool) -> None:
    """Switch a rule on or off; one that is so already stays as it is."""
    rule = Rule.objects.select_for_update(no_key=True, of=("self",)).get(pk=rule.pk)
    if rule.active == active:
        return
    rule.active = active
    rule.save(update_fields=["active"])
    with in_source_language():
        record(
            act="rule.switched_on" if active else "rule.switched_off",
            by=by,
            clinic_code=rule.clinic.code,
            rule=str(rule),
        )
