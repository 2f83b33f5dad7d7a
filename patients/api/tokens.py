"""The only writers of tokens: they reach patients, so each clinic they reach hears of it."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from patients.models import Clinic
from patients.queries import acts_of
from surveillance.accounts.models import User
from surveillance.accounts.roles import NOT_BY_PROGRAMS, Act
from surveillance.api.models import Token
from surveillance.audit.actions import record

LONGEST = 365  # days that a token may last
MOST = 20  # of a person


def acts_for_programs(user: User) -> list[Act]:
    """Return what a program may be given of all that its owner may do."""
    return [act for act in acts_of(user) if act not in NOT_BY_PROGRAMS]


def tokens_of(user: User, kept_clinics: Iterable[Clinic]) -> QuerySet[Token]:
    """Return a person's own tokens, and those of the members of the clinics that they keep."""
    own_or_kept = Q(user=user) | Q(user__memberships__clinic__in=kept_clinics)
    return Token.kept.filter(own_or_kept).select_related("user").order_by("name", "pk").distinct()


@transaction.atomic
def make_token(
    *, name: str, acts: Sequence[Act], days: int, by: User, read_only: bool = True
) -> tuple[Token, str]:
    """Make a token that lasts so many days, and return it with the text that is told this once.

    Raises:
        ValidationError: the person has one of this name, or too many; it would reach further than
            its owner does, nowhere, or for too long.
    """
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    if beyond := set(acts) - set(acts_for_programs(by)):
        told = ", ".join(sorted(str(Act(act).label) for act in beyond))
        raise ValidationError(
            {"acts": _("You may not do this yourself: %(acts)s.") % {"acts": told}}
        )
    if not acts:
        raise ValidationError({"acts": _("Say what it may do.")})
    if not 1 <= days <= LONGEST:
        raise ValidationError({"days": _("It lasts 1 to %(longest)s days.") % {"longest": LONGEST}})
    if Token.kept.filter(user=by).count() >= MOST:
        raise ValidationError(_("You have %(most)s tokens: revoke one first.") % {"most": MOST})
    try:
        with transaction.atomic():
            token, text = Token.objects.create(
                by,
                expiry=timedelta(days=days),
                name=name,
                acts=sorted(acts),
                read_only=read_only,
            )
    except IntegrityError as error:
        raise ValidationError({"name": _("You have a token of this name.")}) from error
    _record("token.made", token, by, acts=sorted(acts), read_only=read_only, days=days)
    return token, text


@transaction.atomic
def revoke_token(*, token: Token, by: User | str) -> None:
    """End a token: what comes with it from now on is refused."""
    if Token.kept.filter(pk=token.pk).delete()[0]:
        _record("token.revoked", token, by)


def _record(act: str, token: Token, by: User | str, **detail: Any) -> None:
    for clinic in Clinic.objects.filter(memberships__user=token.user):
        record(
            act=act,
            by=by,
            clinic_code=clinic.code,
            token=token.name,
            owner=token.user.username,
            **detail,
        )
