"""Calendar feeds: what an administrator makes and revokes, and what a calendar program reads."""

from datetime import datetime, time, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from redis.exceptions import RedisError

from patients.access import UserRequest, allowed
from patients.forms import refuse
from patients.models import Clinic
from schedules import actions, queries
from schedules.feeds.forms import FeedForm
from schedules.feeds.reading import Agenda, digest_of
from schedules.models import Feed
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look

BACK = timedelta(days=30)  # how long what has been stays in a feed; all that is ahead is in it
MOST = 60  # readings of one feed in a minute


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Act.EXPORT)
def feeds(request: UserRequest, clinics: list[Clinic], code: str) -> HttpResponse:
    """The calendar feeds of a clinic. The answer to making one shows its address, and none after
    that: it is not sent on to another page, for the secret would have to be kept meanwhile."""
    clinic = next((clinic for clinic in clinics if clinic.code == code), None)
    if clinic is None:
        raise Http404
    if "revoke" in request.POST:
        feed = get_object_or_404(clinic.feeds, public_id=_uuid(request.POST["revoke"]))
        actions.revoke_feed(feed=feed, by=request.user)
        said = _("Nobody can read the calendar feed “%(name)s” any more.") % {"name": feed.name}
        messages.success(request, said)
        return redirect("feeds", code=code)
    form, address = FeedForm(request.POST or None, clinic=clinic), ""
    if request.method == "POST" and form.is_valid():
        try:
            secret = actions.make_feed(clinic=clinic, by=request.user, **form.cleaned_data)[1]
        except ValidationError as error:
            refuse(form, error)
        else:
            form, address = (
                FeedForm(clinic=clinic),
                settings.SITE_URL + reverse("feed", args=[secret]),
            )
    context = {
        "clinic": clinic,
        "form": form,
        "address": address,
        "feeds": queries.feeds_of([clinic]).order_by("revoked_at", "name"),
        "back": BACK.days,
    }
    return render(request, "schedules/feeds.html", context)


@login_not_required
@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """A calendar, for programs, which cannot sign in: whoever knows the address may read it.

    It speaks the language of whoever made it. A look is recorded when it is handed out, and not
    when nothing has changed since the same program read it.
    """
    found = queries.feed_by(secret)
    if found is None:
        raise Http404
    if _is_read_too_often(found):
        return HttpResponse(status=429, headers={"Retry-After": "60"})
    with translation.override(found.made_by.language or settings.LANGUAGE_CODE):
        agenda = _agenda(found)
        entries = list(agenda.entries())
        digest = digest_of(agenda.name, entries)
        since = actions.note_reading(feed=found, digest=digest)
        answer = get_conditional_response(request, f'"{digest}"', int(since.timestamp()))
        if answer is None:
            answer = HttpResponse(b"".join(agenda.written(entries)), "text/calendar; charset=utf-8")
            if request.method == "GET":
                by = f"Calendar feed: {found.name}"
                record_look(page="calendar feed", by=by, patients=agenda.shown)
    answer["ETag"], answer["Last-Modified"] = f'"{digest}"', http_date(since.timestamp())
    answer["Cache-Control"] = "private, no-cache"  # each reading is asked for, and may be a 304
    return answer


def _agenda(feed: Feed) -> Agenda:
    clinic = feed.clinic
    first = clinic.today() - BACK
    return Agenda(
        name=" · ".join(str(part) for part in (clinic, feed.scanner) if part),
        clinics=[clinic],
        scanner=feed.scanner,
        since=datetime.combine(first, time.min, clinic.zone),
    )


def _is_read_too_often(feed: Feed) -> bool:
    key = f"feed:{feed.pk}:{timezone.now():%H%M}"
    try:
        cache.add(key, 0, timeout=120)
        return cache.incr(key) > MOST
    except RedisError:
        return False  # a feed does without Redis, as pages do


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error
