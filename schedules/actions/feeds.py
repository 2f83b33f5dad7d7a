"""Calendar feeds: making one, revoking it, and noting that it was read."""

import secrets
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from patients.models import Clinic
from schedules.models import Feed, Scanner
from schedules.models.feed import digest_of_secret
from surveillance.accounts.models import User
from surveillance.audit.actions import record

A_MINUTE, A_SECOND = timedelta(minutes=1), timedelta(seconds=1)


@transaction.atomic
def make_feed(
    *, clinic: Clinic, name: str, by: User, scanner: Scanner | None = None
) -> tuple[Feed, str]:
    """Return a new feed of a clinic's appointments, or of one scanner's, and its secret, which
    nobody can read again.

    Raises:
        ValidationError: the clinic has one of that name, or the scanner is another clinic's.
    """
    Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)  # of two presses one is first
    name = name.strip()
    if clinic.feeds.filter(name=name, revoked_at=None).exists():
        said = _("There is a calendar feed “%(name)s” already.") % {"name": name}
        raise ValidationError({"name": said})
    if scanner and scanner.clinic_id != clinic.pk:
        raise ValidationError({"scanner": _("This scanner belongs to another clinic.")})
    secret = secrets.token_urlsafe(32)
    feed = Feed(
        clinic=clinic,
        scanner=scanner,
        name=name,
        secret_digest=digest_of_secret(secret),
        made_by=by,
    )
    feed.full_clean()
    feed.save()
    _record("feed.made", feed, by)
    return feed, secret


@transaction.atomic
def revoke_feed(*, feed: Feed, by: User, at: datetime | None = None) -> Feed:
    """Let nobody read a feed any more. Its address never comes back."""
    feed = Feed.objects.select_for_update(no_key=True, of=("self",)).get(pk=feed.pk)
    if feed.revoked_at is None:
        feed.revoked_by, feed.revoked_at = by, at or timezone.now()
        feed.save(update_fields=["revoked_by", "revoked_at"])
        _record("feed.revoked", feed, by)
    return feed


@transaction.atomic
def note_reading(*, feed: Feed, digest: str, at: datetime | None = None) -> datetime:
    """Note that a feed is read, once a minute at most, and return since when it says what it says
    now, of which `digest` is another one whenever that is.

    No two of these lie in the same second: readers are told whole ones.
    """
    at = at or timezone.now()
    unread = Q(read_at=None) | Q(read_at__lte=at - A_MINUTE)
    Feed.objects.filter(unread, pk=feed.pk).update(read_at=at)
    if feed.told_digest != digest:
        feed.told_digest = digest
        feed.told_since = max(at, feed.told_since + A_SECOND) if feed.told_since else at
        feed.save(update_fields=["told_digest", "told_since"])
    return feed.told_since or at


def _record(act: str, feed: Feed, by: User) -> None:
    record(
        act=act,
        by=by,
        clinic_code=feed.clinic.code,
        feed=feed.public_id,
        name=feed.name,
        scanner=feed.scanner.public_id if feed.scanner else None,
    )
