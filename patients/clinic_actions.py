"""The only writers of clinics, their members, and the days on which they close.

Each action is one transaction that first locks the clinic, so that of two people at once the second
sees what the first did; its audit is inside. What it refuses it refuses with a `ValidationError`
whose keys are the fields of the form that asked.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from patients.marks import mark
from patients.models import Clinic, ClosedDay, Membership
from surveillance.accounts.models import User
from surveillance.accounts.roles import MAY, Act, Role
from surveillance.audit.actions import record
from surveillance.audit.queries import who_last

# What administrators keep. The code and who issues the record numbers stay: patients are known by
# them.
FACTS = (
    "name",
    "time_zone",
    "country",
    "region",
    "opens_at",
    "closes_at",
    "booking_email",
    "alert_email",
    "phone",
    "name_for_patients",
    "lead",
    "calendars_tell",
)


@transaction.atomic
def create_clinic(
    *, administrator: User, by: User | str, code: str, mrn_issuer: str, **facts: Any
) -> Clinic:
    """Enter a clinic with its first administrator; `facts` are those of `FACTS`.

    Raises:
        ValidationError: a fact is not what the model allows, or the code is taken.
    """
    clinic = Clinic(code=code, mrn_issuer=mrn_issuer, **facts)
    clinic.full_clean()
    clinic.save()
    Membership.objects.create(user=administrator, clinic=clinic, role=Role.ADMINISTRATOR)
    record(
        act="clinic.created",
        by=by,
        clinic_code=clinic.code,
        after={**_facts(clinic), "mrn_issuer": mrn_issuer, "administrator": str(administrator)},
    )
    return clinic


@transaction.atomic
def change_clinic(*, clinic: Clinic, seen: str, by: User, **facts: Any) -> Clinic:
    """Give a clinic other facts; `seen` is the mark (`mark_of`) of those that were looked at.

    Raises:
        ValidationError: somebody else changed the clinic meanwhile, a fact is not what the model
            allows, or the lead is no member.
    """
    clinic = _lock(clinic)
    if seen != mark_of(clinic):
        raise ValidationError(
            _(
                "%(person)s has changed this clinic since you opened the page. What stands "
                "there now is shown beside your entries: save again to put yours in place."
            )
            % {"person": who_last("clinic.changed", clinic_code=clinic.code)}
        )
    before = _facts(clinic)
    for name, value in facts.items():
        setattr(clinic, name, value)
    clinic.full_clean()
    if clinic.lead and not clinic.memberships.filter(user=clinic.lead).exists():
        raise ValidationError({"lead": _("Only a member of the clinic can be its lead.")})
    after = _facts(clinic)
    changed = [name for name in FACTS if before[name] != after[name]]
    if changed:
        clinic.save(update_fields=changed)
        record(
            act="clinic.changed",
            by=by,
            clinic_code=clinic.code,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
    return clinic


def mark_of(clinic: Clinic) -> str:
    """Return what changes whenever a fact of the clinic does."""
    return mark(*_facts(clinic).values())


@transaction.atomic
def add_member(*, clinic: Clinic, username: str, role: Role, by: User) -> Membership:
    """Let a user who can sign in work in a clinic.

    Raises:
        ValidationError: there is no such user, the account is closed, or they are a member already.
    """
    clinic = _lock(clinic)
    user = User.objects.filter(username=username).first()
    if user is None:
        raise ValidationError(
            {"username": _("Nobody signs in as “%(name)s”.") % {"name": username}}
        )
    if not user.is_active:
        raise ValidationError(
            {"username": _("The account of %(name)s is closed.") % {"name": user}}
        )
    if clinic.memberships.filter(user=user).exists():
        raise ValidationError({"username": _("%(name)s is a member already.") % {"name": user}})
    membership = Membership.objects.create(user=user, clinic=clinic, role=role)
    _record_member("member.added", membership, by, after=role)
    return membership


@transaction.atomic
def change_role(*, membership: Membership, role: Role, seen: str, by: User) -> Membership:
    """Give a member another role; `seen` is the one that was looked at.

    Raises:
        ValidationError: it is one's own, somebody else changed it meanwhile, or no administrator
            would be left.
    """
    membership = _lock_member(membership, by)
    if membership.role != seen:
        raise ValidationError(
            {
                "role": _("%(person)s has changed this meanwhile: the role is %(role)s now.")
                % {
                    "person": _who_last("member.role_changed", membership),
                    "role": membership.get_role_display().lower(),
                }
            }
        )
    if membership.role == role:
        return membership
    if role not in MAY[Act.KEEP_CLINIC]:
        _check_another_administrator(membership)
    before, membership.role = membership.role, role
    membership.save(update_fields=["role"])
    _record_member("member.role_changed", membership, by, before=before, after=role)
    return membership


@transaction.atomic
def remove_member(*, membership: Membership, by: User) -> None:
    """Take a member out of a clinic. The account stays, and so does all that they did.

    Raises:
        ValidationError: it is oneself or the clinic's lead, they are gone already, or no
            administrator would be left.
    """
    membership = _lock_member(membership, by)
    _check_another_administrator(membership)
    if membership.clinic.lead_id == membership.user_id:
        raise ValidationError(
            _("%(name)s is the clinic’s lead: name another one first.") % {"name": membership.user}
        )
    _record_member("member.removed", membership, by, before=membership.role)
    membership.delete()


@transaction.atomic
def close_on(
    *, clinic: Clinic, on: date, reason: str, by: User, at: datetime | None = None
) -> ClosedDay:
    """Close a clinic for a day: nothing is proposed for it, and no message leaves on it.

    What is booked on it stands.

    Raises:
        ValidationError: the day has passed, or the clinic is closed on it already.
    """
    clinic = _lock(clinic)
    if on < clinic.today(at):
        raise ValidationError({"on": _("This day has passed.")})
    why = clinic.holiday_on(on)
    if why:
        raise ValidationError(
            {"on": _("The clinic is closed on that day already: %(reason)s.") % {"reason": why}}
        )
    closed = ClosedDay(clinic=clinic, on=on, reason=reason.strip(), by=by)
    closed.full_clean()
    closed.save()
    record(
        act="clinic.closed_on",
        by=by,
        clinic_code=clinic.code,
        before=None,
        after={"on": on, "reason": closed.reason},
    )
    return closed


@transaction.atomic
def open_on(*, closed: ClosedDay, by: User, at: datetime | None = None) -> None:
    """Let a clinic work on a day on which it was to be closed.

    Raises:
        ValidationError: the day has passed: it stays, as what was.
    """
    clinic = _lock(closed.clinic)
    if not ClosedDay.objects.filter(pk=closed.pk).exists():
        return
    if closed.on < clinic.today(at):
        raise ValidationError(
            _("%(day)s has passed: that the clinic was closed stays on record.")
            % {"day": date_format(closed.on)}
        )
    closed.delete()
    record(
        act="clinic.opened_on",
        by=by,
        clinic_code=clinic.code,
        before={"on": closed.on, "reason": closed.reason},
        after=None,
    )


def _lock(clinic: Clinic) -> Clinic:
    return Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)


def _lock_member(membership: Membership, by: User) -> Membership:
    """Lock the clinic and read the member anew. Nobody changes their own place."""
    clinic = _lock(membership.clinic)
    found = clinic.memberships.select_related("user", "clinic").filter(pk=membership.pk).first()
    if found is None:
        raise ValidationError(
            _("%(person)s has removed this member meanwhile.")
            % {"person": _who_last("member.removed", membership)}
        )
    if found.user_id == by.pk:
        raise ValidationError(_("Another administrator must do this to your own place."))
    return found


def _check_another_administrator(membership: Membership) -> None:
    others = membership.clinic.memberships.filter(
        role__in=MAY[Act.KEEP_CLINIC], user__is_active=True
    ).exclude(pk=membership.pk)
    if membership.role in MAY[Act.KEEP_CLINIC] and not others.exists():
        raise ValidationError(
            _("%(name)s is the last administrator: make another one first.")
            % {"name": membership.user}
        )


def _who_last(act: str, membership: Membership) -> str:
    return who_last(act, clinic_code=membership.clinic.code, member=membership.user.public_id)


def _record_member(
    act: str, membership: Membership, by: User, before: str | None = None, after: str | None = None
) -> None:
    record(
        act=act,
        by=by,
        clinic_code=membership.clinic.code,
        member=membership.user.public_id,
        name=str(membership.user),
        before=before,
        after=after,
    )


def _facts(clinic: Clinic) -> Mapping[str, Any]:
    """The facts as the audit keeps them."""
    return {
        name: str(value) if name == "lead" and value else value
        for name, value in ((name, getattr(clinic, name)) for name in FACTS)
    }
