"""Protocols: drafted by one person, signed by another, and then never changed."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from patients.models import Clinic, Patient
from schedules.actions.schedules import go_on_by
from schedules.models import Protocol, ProtocolState, Schedule, ScheduleState
from schedules.replanning import Replan, fingerprint, succeeded
from schedules.rules.protocol import Definition, ProtocolError
from schedules.rules.suitability import Suits
from surveillance.accounts.models import User
from surveillance.audit.actions import record

_CONTENT = ("title", "population", "citation", "quote", "note", "missing", "suits", "phases")


@transaction.atomic
def draft_protocol(
    *, based_on: Protocol, by: User, seen: str | None = None, **told: Any
) -> Protocol:
    """Write a new draft version of a protocol; `told` are the model's fields that differ.

    `seen` is the newest version (`newest`) that there was when it was begun; without it nobody
    asks.

    Raises:
        ValidationError: somebody else drafted a version meanwhile, its phases make no sense, or it
            has no citation; the place is named.
    """
    _lock_versions(based_on.code)
    latest = newest(based_on.code)
    if seen is not None and seen != str(latest.version):
        raise ValidationError(
            _(
                "%(person)s has drafted %(protocol)s meanwhile: what it changes is not in yours. "
                "Look at it first, or save again to draft yours beside it."
            )
            % {"person": latest.drafted_by or _("Somebody else"), "protocol": latest}
        )
    draft = Protocol(code=based_on.code, version=latest.version + 1, state=ProtocolState.DRAFT)
    for field in _CONTENT:
        setattr(draft, field, told.get(field, getattr(based_on, field)))
    draft.drafted_by = by
    _check_and_save(draft)
    _record("protocol.drafted", draft, by, based_on=based_on.version)
    return draft


@transaction.atomic
def import_protocol(*, told: Mapping[str, Any], by: User | str) -> tuple[Protocol, bool]:
    """Write a draft of what `told`, the code and all that is said under it, says: the first version
    of its code, or the next. What a program brings has no author, as what came with the software: a
    clinician must draft it anew.

    Returns the version, and whether it is new: what one says already is not drafted again.

    Raises:
        ValidationError: its phases make no sense, or it has no citation; the place is named.
    """
    draft = Protocol(**told, version=1, state=ProtocolState.DRAFT)
    draft.drafted_by = by if isinstance(by, User) else None
    _lock_versions(draft.code)
    for version in Protocol.objects.filter(code=draft.code).order_by("version"):
        if _content(version) == _content(draft):
            return version, False
        draft.version = version.version + 1
    _check_and_save(draft)
    _record("protocol.drafted", draft, by)
    return draft, True


def newest(code: str) -> Protocol:
    """Return the version of a protocol that was drafted last."""
    return Protocol.objects.select_related("drafted_by").filter(code=code).latest("version")


def objections(*, protocol: Protocol, active: Protocol | None, by: User) -> list[str]:
    """Return all that keeps `by` from signing a draft beside the `active` version, if there is one.

    Nothing, if they can.
    """
    found = protocol.obstacles
    if protocol.drafted_by == by:
        found.append(_("a second person must sign: you wrote this draft"))
    if active and active.version > protocol.version:
        found.append(
            _("version %(version)s is newer and active: draft from that one")
            % {"version": active.version}
        )
    return found


@transaction.atomic
def activate_protocol(*, protocol: Protocol, by: User, at: datetime | None = None) -> None:
    """Sign a draft that somebody else wrote; the version that was active is retired.

    Raises:
        ValidationError: it is no draft, the same person wrote it, something is missing, or a
            newer version is active.
    """
    _lock_versions(protocol.code)
    protocol = Protocol.objects.get(pk=protocol.pk)
    if protocol.state != ProtocolState.DRAFT:
        raise ValidationError(
            _("%(protocol)s is %(state)s already.")
            % {"protocol": protocol, "state": protocol.get_state_display().lower()}
        )
    active = Protocol.objects.filter(code=protocol.code, state=ProtocolState.ACTIVE).first()
    if found := objections(protocol=protocol, active=active, by=by):
        raise ValidationError([_("It cannot be signed: %(why)s.") % {"why": why} for why in found])
    if active:
        active.state = ProtocolState.RETIRED
        active.save(update_fields=["state"])
    protocol.state = ProtocolState.ACTIVE
    protocol.signed_by, protocol.signed_at = by, at or timezone.now()
    protocol.save(update_fields=["state", "signed_by", "signed_at"])
    _record("protocol.activated", protocol, by)


def takeovers(*, protocol: Protocol, clinics: Iterable[Clinic]) -> list[Replan]:
    """Return what it would do to the clinics' schedules on older versions to go on by this one."""
    return [
        succeeded(
            schedule, protocol, schedule.anchor_on, since=schedule.tumour.patient.clinic.today()
        )
        for schedule in _on_older_versions(protocol, clinics)
        .select_related("tumour__patient__clinic", "protocol", "anchor")
        .order_by("pk")
    ]


def marks(replans: Iterable[Replan]) -> dict[str, str]:
    """Return for each schedule a text that is another one as soon as anything in its change is."""
    return {str(replan.schedule.public_id): fingerprint([replan]) for replan in replans}


@transaction.atomic
def take_over(
    *,
    protocol: Protocol,
    clinics: Iterable[Clinic],
    by: User,
    shown: Mapping[str, str],
    tell: Callable[[int], None] = lambda so_far: None,
) -> int:
    """Move the clinics' schedules on older versions to this one: exactly what was shown, or none.

    `shown` are the `marks` of what the person was shown. `tell` hears after each schedule how many
    are moved so far. Returns how many it moved.

    Raises:
        ValidationError: the protocol is not active, or something has changed since it was shown.
    """
    clinics = list(clinics)
    _lock_versions(protocol.code)
    protocol = Protocol.objects.get(pk=protocol.pk)
    if protocol.state != ProtocolState.ACTIVE:
        raise ValidationError(
            _("%(protocol)s is not active: nobody can go on by it.") % {"protocol": protocol}
        )
    # All patients first, in one order, so that two such moves at once do not wait for each other.
    patients = _on_older_versions(protocol, clinics).values("tumour__patient")
    list(Patient.objects.select_for_update(no_key=True).filter(pk__in=patients).order_by("pk"))
    replans = takeovers(protocol=protocol, clinics=clinics)
    if marks(replans) != shown:
        raise ValidationError(_("Something has changed since this was shown: look at it again."))
    for so_far, replan in enumerate(replans, 1):
        go_on_by(replan, protocol, by=by)
        tell(so_far)
    return len(replans)


def _on_older_versions(protocol: Protocol, clinics: Iterable[Clinic]) -> QuerySet[Schedule]:
    return Schedule.objects.filter(
        protocol__code=protocol.code,
        protocol__version__lt=protocol.version,
        state=ScheduleState.ACTIVE,
        tumour__patient__clinic__in=clinics,
        tumour__patient__died_on=None,
    )


def _lock_versions(code: str) -> None:
    """Lock all versions of a protocol, so that of two people the second sees what the first did.

    Schedules can still be started on them meanwhile.
    """
    list(Protocol.objects.select_for_update(no_key=True).filter(code=code).order_by("pk"))


def _content(protocol: Protocol) -> list[Any]:
    """Return what a version says, the same phases always alike."""
    said = [getattr(protocol, field) for field in _CONTENT if field != "phases"]
    return [*said, protocol.phases if protocol.flaw else protocol.definition]


def _check_and_save(draft: Protocol) -> None:
    """Save a draft that makes sense, or say where it makes none."""
    for field, check in (("phases", _check_phases), ("suits", Suits.from_data)):
        try:
            check(getattr(draft, field))
        except ProtocolError as error:
            raise ValidationError({field: str(error)}) from error
    draft.full_clean(exclude=["suits"])  # a protocol may be made for no tumour in particular
    draft.save()


def _check_phases(phases: Any) -> None:
    Definition.from_data({"phases": phases})


def _record(act: str, protocol: Protocol, by: User | str, **detail: Any) -> None:
    record(
        act=act, by=by, clinic_code="", protocol=protocol.code, version=protocol.version, **detail
    )
