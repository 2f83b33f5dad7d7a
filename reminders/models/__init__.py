"""Who is told what, when and how: rules, notices, the outbox, and that the sweep ran."""

from reminders.models.message import ChannelName, Hold, Line, Message, MessageState
from reminders.models.notice import Notice
from reminders.models.receiver import Announcement, Charset, Event, Receiver
from reminders.models.rule import Audience, Kind, RelativeTo, Rule
from reminders.models.run import Alarm, AlarmKind, Reconciliation, Sweep
from reminders.models.watch import Watch

__all__ = [
    "Alarm",
    "AlarmKind",
    "Announcement",
    "Audience",
    "ChannelName",
    "Charset",
    "Event",
    "Hold",
    "Kind",
    "Line",
    "Message",
    "MessageState",
    "Notice",
    "Receiver",
    "Reconciliation",
    "RelativeTo",
    "Rule",
    "Sweep",
    "Watch",
]
