"""The demo's mailbox: mail that the product sent, kept to be read in the app."""

from django.db import models


class Mail(models.Model):
    message_id = models.CharField(max_length=200)
    recipient = models.EmailField()
    subject = models.CharField(max_length=200)
    body = models.TextField()
    received_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.subject} ({self.recipient})"
