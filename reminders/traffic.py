"""How each channel does, told by what it carries: of no traffic nothing is known."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min

from patients.models import Clinic
from reminders.channels import configured
from reminders.models import ChannelName, Message, MessageState, Receiver
from reminders.queries import messages_of

LOOKS_BACK = timedelta(days=7)  # for the last success; no message is tried for so long
_ADDRESS = re.compile(r"[^\s<>“”\"',;]+@[^\s<>“”\"',;]+|\+?\d{7,}")


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one channel carried and could not carry. The error names no address."""

    channel: ChannelName
    configured: bool
    waiting: int
    oldest: datetime | None  # when the message was written that waits longest
    last_success: datetime | None
    failures: int  # messages that wait and could not be sent since then
    failed_at: datetime | None
    last_error: str

    @property
    def in_trouble(self) -> bool:
        """Whether nothing has gone out since the last attempt that failed."""
        return self.failures > 0 or (self.waiting > 0 and not self.configured)


def traffic(clinics: Iterable[Clinic], at: datetime) -> Iterator[Traffic]:
    """Yield the state of mail and SMS at `at`, by the messages of the clinics."""
    for name in (ChannelName.EMAIL, ChannelName.SMS):
        ours = messages_of(clinics).filter(channel=name).order_by()
        waiting = ours.filter(state__in=[MessageState.QUEUED, MessageState.SENDING])
        last_success = ours.filter(
            state=MessageState.SENT, queued_at__gt=at - LOOKS_BACK
        ).aggregate(last=Max("sent_at"))["last"]
        refused = waiting.filter(state=MessageState.QUEUED).exclude(last_error="")
        if last_success:
            refused = refused.filter(claimed_at__gt=last_success)
        last = refused.order_by("-claimed_at", "-pk").first()
        yield Traffic(
            name,
            configured(name.value),
            **waiting.aggregate(waiting=Count("pk"), oldest=Min("queued_at")),
            last_success=last_success,
            failures=refused.count(),
            failed_at=last.claimed_at if last else None,
            last_error=_ADDRESS.sub("…", last.trouble) if last else "",
        )


@dataclass(frozen=True, slots=True)
class ToldByHl7:
    """How the telling of a clinic's appointments to another system does. It names no patient."""

    receiver: Receiver
    waiting: int
    oldest: datetime | None  # when that was decided which waits longest
    failed: int


def told_by_hl7(clinics: Iterable[Clinic]) -> Iterator[ToldByHl7]:
    """Yield how each system does that is told of the clinics' appointments, or was."""
    receivers = Receiver.objects.filter(clinic__in=clinics).select_related("clinic")
    for receiver in receivers.order_by("clinic__name"):
        ours = Message.objects.filter(clinic=receiver.clinic_id, channel=ChannelName.HL7)
        waiting = ours.filter(state__in=[MessageState.QUEUED, MessageState.SENDING])
        yield ToldByHl7(
            receiver,
            **waiting.aggregate(waiting=Count("pk"), oldest=Min("queued_at")),
            failed=ours.filter(state=MessageState.FAILED).count(),
        )
