"""The one who ends all sessions of a person: they reach patients, so each clinic hears of it."""

import time
from datetime import UTC, datetime

from django.db import transaction

from patients.queries import clinics_of_member
from surveillance.accounts.models import User
from surveillance.audit.actions import record


@transaction.atomic
def sign_out_everywhere(*, by: User) -> None:
    """End every session of a person that has begun by now; their tokens stay."""
    by.signed_out_at = datetime.fromtimestamp(time.time(), UTC)
    by.save(update_fields=["signed_out_at"])
    for clinic in clinics_of_member(by):
        record(act="sessions.ended", by=by, clinic_code=clinic.code)
