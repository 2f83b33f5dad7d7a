"""Searches that were posted, kept an hour to go on by: names stand in no address."""

from collections.abc import Sequence
from secrets import token_urlsafe

from django.core.cache import cache
from django.http import Http404
from django.utils.translation import gettext as _

from surveillance.accounts.models import User

KEPT_FOR = 60 * 60  # seconds

Told = Sequence[tuple[str, str]]


def keep(told: Told, *, kind: str, by: User) -> str:
    """Keep the parameters of a search for who asked, and return by which name."""
    name = token_urlsafe(16)
    cache.set(_key(name, kind, by), list(told), KEPT_FOR)
    return name


def kept(name: str, *, kind: str, by: User) -> Told:
    """Return the parameters of a search.

    Raises:
        Http404: it was not this person's, or is longer ago.
    """
    told: list[list[str]] | None = cache.get(_key(name, kind, by))
    if told is None:
        raise Http404(_("This search is over: ask again."))
    return [(parameter, value) for parameter, value in told]


def _key(name: str, kind: str, by: User) -> str:
    return f"fhir-search:{by.pk}:{kind}:{name}"
