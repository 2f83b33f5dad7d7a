"""What a clinic has arranged for its images: with whom it speaks DICOM, and what texts mean."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from imaging.regions import Region
from imaging.troubles import TROUBLES
from patients.marks import mark
from patients.models import Clinic
from schedules.models.booking import AE_TITLE
from surveillance.audit.history import tracked


@tracked(without=["pacs_seen_on", "pacs_asked_at", "pacs_answered_at", "pacs_error"])
class Arrangement(models.Model):
    """How a clinic takes images in. A clinic without one has all defaults."""

    clinic = models.OneToOneField(Clinic, on_delete=models.CASCADE, related_name="arrangement")
    files_by_itself = models.BooleanField(
        _("file by itself"),
        default=False,
        help_text=_(
            "File a study without asking where its number, name or birth date, day and regions all "
            "fit, though it answers no order. Otherwise somebody confirms it."
        ),
    )
    settles_after = models.PositiveSmallIntegerField(
        default=10,
        validators=[MinValueValidator(1)],
        help_text=_("Minutes without anything new after which a study is taken to be complete."),
    )
    pacs_url = models.URLField(
        blank=True, default="", help_text=_("DICOMweb address of a PACS to ask for new studies.")
    )
    pacs_seen_on = models.DateField(
        null=True, blank=True, help_text=_("Day of the last study that the PACS told of.")
    )
    pacs_asked_at = models.DateTimeField(null=True, blank=True)
    pacs_answered_at = models.DateTimeField(null=True, blank=True)
    pacs_error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(settles_after__range=(1, 1440)), name="settles_within_a_day"
            ),
        ]

    def __str__(self) -> str:
        return str(self.clinic)

    @property
    def pacs_trouble(self) -> str:
        """Why the PACS could not be used, in the language of whoever asks."""
        return TROUBLES.read_again(self.pacs_error)

    @property
    def mark(self) -> str:
        """What changes whenever people arrange something else."""
        return mark(self.files_by_itself, self.settles_after, self.pacs_url)


@tracked()
class Peer(models.Model):
    """A scanner, PACS or gateway that may speak DICOM with the server, and from which address.

    A title is no proof of who calls: the address must be the one given here, too.
    """

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="dicom_peers")
    ae_title = models.CharField(_("AE title"), max_length=16, validators=[AE_TITLE], unique=True)
    address = models.GenericIPAddressField(_("IP address"))
    name = models.CharField(max_length=80, blank=True, default="")

    def __str__(self) -> str:
        return self.name or self.ae_title

    @property
    def mark(self) -> str:
        """What changes whenever anything of it does."""
        return mark(self.ae_title, self.address, self.name)


@tracked()
class TextMeaning(models.Model):
    """Which regions a description or the name of a protocol means at a clinic, as somebody decided.

    The text is compared as it stands, but for blanks around it. No region: it covers none.
    """

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="text_meanings")
    text = models.CharField(max_length=128)
    regions = ArrayField(
        models.CharField(max_length=20, choices=[(region, region) for region in Region])
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "text"], name="a_text_means_one_thing"),
            models.CheckConstraint(condition=~Q(text=""), name="a_text_that_means_is_not_empty"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def mark(self) -> str:
        """What changes whenever it means something else."""
        return mark(self.regions)
