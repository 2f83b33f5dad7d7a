"""A Django mail backend that delivers into the demo's mailbox page."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from surveillance.demo.models import Mail


class EmailBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        mails = Mail.objects.bulk_create(
            Mail(
                message_id=message.extra_headers.get("Message-ID", ""),
                recipient=recipient,
                subject=str(message.subject),
                body=str(message.body),
            )
            for message in email_messages
            for recipient in message.recipients()
        )
        return len(mails)
