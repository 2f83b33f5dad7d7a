"""Who is followed: clinics, their members, patients, tumours, treatments, findings."""

import uuid
from datetime import date, datetime, time
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from holidays.utils import list_supported_countries

from patients.calendar import holiday_on
from surveillance.accounts.roles import Role
from surveillance.audit.history import tracked


def validate_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(
            gettext("“%(name)s” is not the name of a time zone, such as Asia/Tokyo.")
            % {"name": name}
        )


def regions_by_country() -> dict[str, list[str]]:
    """Return the countries whose public holidays are known, each with the regions that differ."""
    return list_supported_countries(include_aliases=False)


def validate_country(code: str) -> None:
    if code not in regions_by_country():
        raise ValidationError(
            gettext("The holidays of “%(code)s” are not known: write a code such as JP.")
            % {"code": code}
        )


class CalendarsTell(models.TextChoices):
    """What a clinic lets calendars outside of the product tell of its patients."""

    NOTHING = "nothing", _("Nothing but the exam and its accession number")
    NUMBER = "number", _("The record number")
    NAME = "name", _("The name and the record number")


@tracked()
class Clinic(models.Model):
    """A department that follows patients."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    code = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=60, validators=[validate_time_zone])
    mrn_issuer = models.CharField(
        max_length=64, help_text=_("Who issues this clinic's medical record numbers.")
    )
    booking_email = models.EmailField(help_text=_("Where reminders to book are sent: the nurses."))
    alert_email = models.EmailField(help_text=_("Where overdue alerts are sent: the clinicians."))
    country = models.CharField(
        max_length=2,
        blank=True,
        default="",
        validators=[validate_country],
        help_text=_("ISO 3166 code, such as JP; its holidays are days on which nothing is sent."),
    )
    region = models.CharField(
        max_length=20,
        blank=True,
        default="",
        help_text=_("The part of the country, where holidays differ, such as BY for Bavaria."),
    )
    opens_at = models.TimeField(default=time(8), help_text=_("On its own clock."))
    closes_at = models.TimeField(default=time(19), help_text=_("Nothing is sent from then on."))
    name_for_patients = models.CharField(
        max_length=120,
        blank=True,
        default="",
        help_text=_(
            "How messages to patients are signed: nothing that tells a stranger why, such "
            "as the hospital's name. Without it they are signed with no name."
        ),
    )
    phone = models.CharField(
        max_length=40, blank=True, default="", help_text=_("Which patients are asked to call.")
    )
    lead = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Who hears when an alert goes unanswered."),
    )
    calendars_tell = models.CharField(
        max_length=10,
        choices=CalendarsTell,
        default=CalendarsTell.NOTHING,
        help_text=_("What calendars that are read elsewhere say of a patient."),
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(opens_at__lt=F("closes_at")), name="clinic_opens_before_it_closes"
            ),
            models.CheckConstraint(
                condition=Q(region="") | ~Q(country=""), name="region_is_of_a_country"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.opens_at >= self.closes_at:
            raise ValidationError({"closes_at": gettext("A clinic closes after it has opened.")})
        if self.region and self.region not in regions_by_country().get(self.country, []):
            raise ValidationError(
                {
                    "region": gettext("“%(region)s” is no region of “%(country)s” with holidays.")
                    % {"region": self.region, "country": self.country}
                }
            )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def today(self, at: datetime | None = None) -> date:
        """Return the clinic's own date at `at` (now, unless told)."""
        return timezone.localdate(at, self.zone)

    @cached_property
    def days_closed(self) -> dict[date, str]:
        """The days on which the clinic itself has closed, each with the reason."""
        return {day.on: day.reason for day in self.closed_days.all()}

    def holiday_on(self, day: date) -> str:
        """Return why the clinic is closed on that day: its own reason, or a public holiday's name.

        Empty if it is none of them; weekends are not asked about.
        """
        return self.days_closed.get(day) or holiday_on(self.country, self.region, day)


@tracked()
class ClosedDay(models.Model):
    """A day on which a clinic does not work, beside weekends and public holidays."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="closed_days")
    on = models.DateField()
    reason = models.CharField(max_length=80)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "on"], name="clinic_closes_once_a_day"),
        ]

    def __str__(self) -> str:
        return self.reason


@tracked()
class Membership(models.Model):
    """A user's role in one clinic."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "clinic"], name="one_role_per_user_and_clinic"),
        ]

    def __str__(self) -> str:
        return gettext("%(user)s: %(role)s at %(clinic)s") % {
            "user": self.user,
            "role": self.get_role_display(),
            "clinic": self.clinic,
        }


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


@tracked(without=["told_at"])
class EmergencyAccess(models.Model):
    """That somebody asked to read another clinic's patient for a while, and why.

    Every attempt has a row, so that they can be counted: without a patient it found nobody.
    """

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="emergency_accesses"
    )
    patient = models.ForeignKey(
        Patient,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="emergency_accesses",
    )
    reason = models.CharField(max_length=300)
    at = models.DateTimeField()
    until = models.DateTimeField(help_text=_("From this moment on it lets nobody in."))
    told_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the clinic's administrators were mailed.")
    )
    noted_at = models.DateTimeField(null=True, blank=True)
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until__gte=F("at")), name="an_access_ends_after_it_began"
            ),
            models.CheckConstraint(
                condition=Q(noted_at__isnull=True) ^ Q(noted_by__isnull=False),
                name="an_access_is_noted_by_somebody_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(noted_by__isnull=True) | ~Q(noted_by=F("by")),
                name="an_access_is_noted_by_another_person",
            ),
        ]
        indexes = [
            models.Index(fields=["by", "-at"], name="accesses_by_person"),
            models.Index(
                fields=["at"],
                condition=Q(told_at__isnull=True, patient__isnull=False),
                name="accesses_to_be_told",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.by}, {self.at:%Y-%m-%d %H:%M}"


class Laterality(models.TextChoices):
    LEFT = "left", _("Left")
    RIGHT = "right", _("Right")
    MIDLINE = "midline", _("Midline")
    UNKNOWN = "unknown", _("Not stated")


class Depth(models.TextChoices):
    SUPERFICIAL = "superficial", _("Superficial")
    DEEP = "deep", _("Deep")
    UNKNOWN = "unknown", _("Not stated")


@tracked()
class Tumour(models.Model):
    """A primary tumour. Codes are ICD-O-3 and keep their edition: meanings changed between."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="tumours")
    site = models.CharField(max_length=120, help_text=_("In words, such as “left distal femur”."))
    topography = models.CharField(max_length=5, help_text=_("ICD-O-3, such as C49.2."))
    morphology = models.CharField(max_length=6, help_text=_("ICD-O-3, such as 8890/3."))
    morphology_name = models.CharField(max_length=120)
    icdo_edition = models.CharField(max_length=5, default="3.2")
    laterality = models.CharField(max_length=10, choices=Laterality, default=Laterality.UNKNOWN)
    grade = models.PositiveSmallIntegerField(null=True, blank=True, help_text=_("FNCLCC, 1 to 3."))
    size_mm = models.PositiveSmallIntegerField(null=True, blank=True)
    depth = models.CharField(max_length=12, choices=Depth, default=Depth.UNKNOWN)
    diagnosed_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(grade__isnull=True) | Q(grade__range=(1, 3)),
                name="fnclcc_grade_is_1_to_3",
            ),
        ]

    def __str__(self) -> str:
        return gettext(", ").join([self.morphology_name, self.site])


class TreatmentKind(models.TextChoices):
    RESECTION = "resection", _("Resection")
    CHEMOTHERAPY = "chemotherapy", _("Chemotherapy")
    RADIOTHERAPY = "radiotherapy", _("Radiotherapy")
    METASTASECTOMY = "metastasectomy", _("Metastasectomy")
    ABLATION = "ablation", _("Ablation")
    OTHER = "other", _("Other")


class Margin(models.TextChoices):
    R0 = "R0", _("R0 (clear)")
    R1 = "R1", _("R1 (microscopic rest)")
    R2 = "R2", _("R2 (visible rest)")
    UNKNOWN = "", _("Not stated")


class Intent(models.TextChoices):
    NEOADJUVANT = "neoadjuvant", _("Neoadjuvant")
    ADJUVANT = "adjuvant", _("Adjuvant")
    CURATIVE = "curative", _("Curative")
    PALLIATIVE = "palliative", _("Palliative")
    UNKNOWN = "", _("Not stated")


@tracked()
class Treatment(models.Model):
    """One event of the treatment history. A date that nobody stated stays empty."""

    OPERATIONS = (TreatmentKind.RESECTION, TreatmentKind.METASTASECTOMY)

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    tumour = models.ForeignKey(Tumour, on_delete=models.PROTECT, related_name="treatments")
    kind = models.CharField(max_length=20, choices=TreatmentKind)
    on = models.DateField(null=True, blank=True, help_text=_("The first day, where known."))
    intent = models.CharField(max_length=12, choices=Intent, blank=True, default=Intent.UNKNOWN)
    margin = models.CharField(max_length=2, choices=Margin, blank=True, default=Margin.UNKNOWN)
    drugs = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    cycles = models.PositiveSmallIntegerField(null=True, blank=True)
    description = models.CharField(max_length=300, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            # Month 0 counts from an operation, so an operation has a date.
            models.CheckConstraint(
                condition=~Q(kind__in=["resection", "metastasectomy"]) | Q(on__isnull=False),
                name="operation_has_a_date",
            ),
        ]

    def __str__(self) -> str:
        return self.description or self.get_kind_display()


class FindingKind(models.TextChoices):
    LOCAL_RECURRENCE = "local_recurrence", _("Local recurrence")
    METASTASIS = "metastasis", _("Metastasis")


class StandingFindings(models.Manager["Finding"]):
    """The findings that nobody has withdrawn: those that count."""

    def get_queryset(self) -> models.QuerySet["Finding"]:
        return super().get_queryset().filter(withdrawn_at=None)


@tracked()
class Finding(models.Model):
    """Disease seen: where, when and by what. What was never there is withdrawn, and not deleted."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    tumour = models.ForeignKey(Tumour, on_delete=models.PROTECT, related_name="findings")
    kind = models.CharField(max_length=20, choices=FindingKind)
    sites = ArrayField(models.CharField(max_length=80))
    found_on = models.DateField()
    found_by = models.CharField(max_length=120, help_text=_("Such as “CT” or “biopsy”."))
    withdrawn_because = models.CharField(max_length=300, blank=True, default="")
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = StandingFindings()  # the default: whoever asks a tumour for its findings gets these
    all_ever = models.Manager["Finding"]()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(withdrawn_because="", withdrawn_by=None, withdrawn_at=None)
                | ~Q(withdrawn_because="")
                & Q(withdrawn_by__isnull=False, withdrawn_at__isnull=False),
                name="finding_withdrawn_by_somebody_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(kind)s: %(sites)s") % {
            "kind": self.get_kind_display(),
            "sites": gettext(", ").join(self.sites),
        }


class Import(models.Model):
    """A file that somebody gave to be loaded, and what a look at it found.

    The file and what it says of people are kept until it is loaded, and for a day at most; how its
    columns were read stays, so that the same person need not say it again.
    """

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    name = models.CharField(max_length=200)
    data = models.BinaryField(help_text="Packed by zlib; empty once it is loaded or forgotten.")
    keys = models.JSONField(default=dict, help_text="Which column each heading means.")
    encoding = models.CharField(max_length=12, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    day_first = models.BooleanField(default=False)
    found = models.JSONField(null=True, help_text="What a look found; empty before.")
    corrections = models.BinaryField(default=bytes, help_text="Packed as the file is.")
    loaded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["by", "clinic", "-made_at"], name="imports_of_a_person")]

    def __str__(self) -> str:
        return self.name
