"""Which received studies the program looks at, each in a transaction of its own."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from imaging.filing import settle
from imaging.models import Arrangement, Received

AT_ONCE = 200  # studies of one round; the others are of the next
AGAIN_AFTER = timedelta(hours=1)
_MINUTES = Arrangement._meta.get_field("settles_after").default
_log = logging.getLogger(__name__)


def settle_all(at: datetime | None = None) -> int:
    """Settle what has been quiet for long enough, and look again at what waits; return how many.

    A patient may have been registered since. One study that fails is passed over, and looked at
    again as the others are.
    """
    at, settled = at or timezone.now(), 0
    for pk in list(
        due(at).order_by("judged_at", "last_at", "pk").values_list("pk", flat=True)[:AT_ONCE]
    ):
        try:
            with transaction.atomic():
                rows = due(at).select_for_update(of=("self",), skip_locked=True)
                if received := rows.filter(pk=pk).first():
                    settle(received=received, at=at)
                    settled += 1
        except Exception:
            _log.exception("Received study %s could not be settled.", pk)
            Received.objects.filter(pk=pk, settled_at=None).update(settled_at=at)
            Received.objects.filter(pk=pk, study=None).update(judged_at=at)
    return settled


def due(at: datetime) -> QuerySet[Received]:
    """Return what is to be looked at: quiet and not settled yet, or not filed for an hour."""
    minutes = Coalesce(F("clinic__arrangement__settles_after"), _MINUTES)
    quiet = ExpressionWrapper(minutes * timedelta(minutes=1), output_field=DurationField())
    return Received.objects.annotate(quiet=quiet).filter(
        Q(settled_at=None, last_at__lte=at - F("quiet"))
        | Q(study=None, set_aside_because="", taken_back_because="", judged_at=None)
        & Q(settled_at__isnull=False)
        | Q(
            study=None, set_aside_because="", taken_back_because="", judged_at__lte=at - AGAIN_AFTER
        )
    )
