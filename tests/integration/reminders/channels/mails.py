"""A mail to send."""

from uuid import uuid4

from reminders.channels import Outgoing


def message(
    recipient: str = "nurses@example.org",
    subject: str = "A follow-up CT can be booked",
    body: str = "Please book it.\n",
) -> Outgoing:
    return Outgoing(str(uuid4()), recipient, subject, body)
