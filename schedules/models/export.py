"""What can be taken out, and as what."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ExportTable(models.TextChoices):
    SCHEDULES = "schedules", _("Schedules")
    BOOKINGS = "bookings", _("Appointments")
    OVERDUE = "overdue", _("Overdue")
    RESULTS = "results", _("Results")
    ADHERENCE = "adherence", _("Adherence")
    PATIENTS = "patients", _("Patients")


class FileFormat(models.TextChoices):
    CSV = "csv", _("CSV")
    XLSX = "xlsx", _("Excel (XLSX)")
    JSON = "json", _("JSON lines")
