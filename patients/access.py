"""Who may open a page, and for which clinics: one decorator on every view of patients."""

from collections.abc import Callable, Iterable
from datetime import date
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from patients.fields import SAID
from patients.models import Clinic
from patients.queries import ClinicDay, clinic_days, clinics_where_may
from patients.typed_days import YEARS, Why
from surveillance.accounts.models import User
from surveillance.accounts.roles import Act

P = ParamSpec("P")


class UserRequest(HttpRequest):
    """A request by a user who has signed in."""

    user: User
    htmx: HtmxDetails


ScopedView = Callable[Concatenate[UserRequest, list[Clinic], P], HttpResponseBase]


def allowed(act: Act) -> Callable[[ScopedView[P]], Callable[..., HttpResponseBase]]:
    """Open a view only to who may do `act`, and hand it the clinics where they may.

    In any other clinic the view finds nothing, since its queries start from these. The act stays
    readable on the view as `view.act`.
    """

    def decorate(view: ScopedView[P]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def scoped(request: UserRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            clinics = list(clinics_where_may(request.user, act))
            if not clinics:
                raise PermissionDenied(
                    _("Your role does not let you %(act)s.") % {"act": act.label}
                )
            return view(request, clinics, *args, **kwargs)

        scoped.act = act  # type: ignore[attr-defined]
        return scoped

    return decorate


def days_asked_for(request: HttpRequest, clinics: Iterable[Clinic]) -> list[ClinicDay]:
    """Return the day of a list: `?on=YYYY-MM-DD`, or each clinic's own today.

    Raises:
        BadRequest: `on` is not a date, or of a year that cannot be meant.
    """
    asked = request.GET.get("on")
    try:
        on = date.fromisoformat(asked) if asked else None
    except ValueError as error:
        raise BadRequest(
            _("“%(asked)s” is not a date: write on=YYYY-MM-DD.") % {"asked": asked}
        ) from error
    if on and on.year not in YEARS:
        raise BadRequest(SAID[Why.YEAR] % {"typed": asked, "year": on.year})
    return clinic_days(clinics, on=on)
