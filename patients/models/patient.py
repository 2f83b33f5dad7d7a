"""One person who is followed."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from patients.models.clinic import Clinic
from surveillance.audit.history import tracked


class Sex(models.TextChoices):
    FEMALE = "female", _("Female")
    MALE = "male", _("Male")
    OTHER = "other", _("Other")
    UNKNOWN = "unknown", _("Unknown")


class Language(models.TextChoices):
    """What a patient reads."""

    ENGLISH = "en", _("English")
    JAPANESE = "ja", _("Japanese")


class ContactBy(models.TextChoices):
    """How a patient agreed to hear of appointments."""

    NONE = "", _("No messages")
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("Text message")


@tracked()
class Patient(models.Model):
    """One person, known by who issued the record number and the number itself."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="patients")
    mrn_issuer = models.CharField(max_length=64)
    mrn = models.CharField(_("MRN"), max_length=64)
    family_name = models.CharField(max_length=100)
    given_name = models.CharField(max_length=100)
    birth_date = models.DateField()
    sex = models.CharField(max_length=10, choices=Sex)
    phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField(_("e-mail"), blank=True, default="")
    language = models.CharField(max_length=5, choices=Language, default=Language.ENGLISH)
    contact_by = models.CharField(
        max_length=5, choices=ContactBy, blank=True, default=ContactBy.NONE
    )
    consented_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=_("When the patient agreed to messages, so long as they do."),
    )
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("The clinician who hears first of what is overdue."),
    )
    died_on = models.DateField(null=True, blank=True)
    registered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mrn_issuer", "mrn"], name="one_patient_per_mrn"),
            # Nobody is written to who did not agree, and what they agreed to can be done.
            models.CheckConstraint(
                condition=Q(contact_by="") ^ Q(consented_at__isnull=False),
                name="messages_only_with_consent",
            ),
            models.CheckConstraint(
                condition=~Q(contact_by="email") | ~Q(email=""), name="mail_needs_an_address"
            ),
            models.CheckConstraint(
                condition=~Q(contact_by="sms") | ~Q(phone=""), name="text_message_needs_a_phone"
            ),
        ]
        indexes = [
            models.Index(
                fields=["family_name", "given_name", "mrn", "id"], name="patients_by_name"
            ),
        ]

    def __str__(self) -> str:
        if get_language() == "ja":
            return f"{self.family_name} {self.given_name}"
        return f"{self.family_name}, {self.given_name}"

    @property
    def clinic_code(self) -> str:
        return self.clinic.code
