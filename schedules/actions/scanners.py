"""Scanners: which there are, how long an appointment takes on each, and which are in use."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from patients.models import Clinic
from schedules.actions.bookings import LONGEST
from schedules.models import Scanner
from surveillance.accounts.models import User
from surveillance.audit.actions import record
from surveillance.audit.queries import who_last


@transaction.atomic
def add_scanner(
    *, clinic: Clinic, name: str, minutes: int, by: User, ae_title: str = ""
) -> Scanner:
    """Enter a scanner, with how many minutes an appointment usually takes on it.

    By its AE title it asks for its worklist; without one it gets none.

    Raises:
        ValidationError: the clinic has one of that name, the title is another's or none, or the
            minutes are not 1 to `LONGEST`.
    """
    scanner = Scanner(clinic=clinic, name=name.strip(), minutes=minutes, ae_title=ae_title)
    _save(scanner)
    _record("scanner.added", scanner, by, before=None)
    return scanner


@transaction.atomic
def change_scanner(
    *, scanner: Scanner, name: str, minutes: int, seen: str, by: User, ae_title: str = ""
) -> Scanner:
    """Give a scanner another name, AE title or length of appointments; what is booked keeps its
    length.

    `seen` is the mark (`mark_of`) of what was looked at.

    Raises:
        ValidationError: somebody else changed it meanwhile, or as for `add_scanner`.
    """
    scanner = _lock(scanner)
    _check_unchanged(scanner, seen)
    before = _facts(scanner)
    scanner.name, scanner.minutes, scanner.ae_title = name.strip(), minutes, ae_title
    if _facts(scanner) == before:
        return scanner
    _save(scanner)
    _record("scanner.changed", scanner, by, before=before)
    return scanner


@transaction.atomic
def use_scanner(*, scanner: Scanner, in_use: bool, by: User) -> Scanner:
    """Take a scanner out of use, or into use again. What is booked on it stands."""
    scanner = _lock(scanner)
    if scanner.in_use == in_use:
        return scanner
    before = _facts(scanner)
    scanner.in_use = in_use
    scanner.save(update_fields=["in_use"])
    _record("scanner.used" if in_use else "scanner.taken_out_of_use", scanner, by, before=before)
    return scanner


def mark_of(scanner: Scanner) -> str:
    """Return what changes whenever the name, the minutes or the AE title of a scanner do."""
    return f"{scanner.minutes} {scanner.name} {scanner.ae_title}".rstrip()


def _check_unchanged(scanner: Scanner, seen: str) -> None:
    if seen != mark_of(scanner):
        raise ValidationError(
            _(
                "%(person)s has changed this scanner meanwhile: it is “%(name)s” now, with "
                "%(minutes)s minutes. Save again to put your entries in place."
            )
            % {
                "person": who_last(
                    "scanner.changed",
                    clinic_code=scanner.clinic.code,
                    scanner=scanner.public_id,
                ),
                "name": scanner.name,
                "minutes": scanner.minutes,
            }
        )


def _save(scanner: Scanner) -> None:
    if not 1 <= scanner.minutes <= LONGEST:
        raise ValidationError(
            {"minutes": _("An appointment takes 1 to %(longest)s minutes.") % {"longest": LONGEST}}
        )
    scanner.clean_fields()
    try:
        with transaction.atomic():
            scanner.save()
    except IntegrityError as error:
        if "one_scanner_per_ae_title" in str(error):
            raise ValidationError({"ae_title": _("Another scanner has this AE title.")}) from error
        raise ValidationError(
            {"name": _("There is a scanner “%(name)s” already.") % {"name": scanner.name}}
        ) from error


def _lock(scanner: Scanner) -> Scanner:
    locked = Scanner.objects.select_for_update(no_key=True, of=("self",))
    return locked.select_related("clinic").get(pk=scanner.pk)


def _facts(scanner: Scanner) -> dict[str, str | int | bool]:
    return {
        "name": scanner.name,
        "minutes": scanner.minutes,
        "ae_title": scanner.ae_title,
        "in_use": scanner.in_use,
    }


def _record(
    act: str, scanner: Scanner, by: User, before: dict[str, str | int | bool] | None
) -> None:
    record(
        act=act,
        by=by,
        clinic_code=scanner.clinic.code,
        scanner=scanner.public_id,
        before=before,
        after=_facts(scanner),
    )
