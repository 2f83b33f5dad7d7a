"""Work that takes longer than anybody should wait for a page."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from schedules.models.export import ExportTable, FileFormat
from schedules.models.protocol import Protocol


class JobKind(models.TextChoices):
    TAKE_OVER = "take_over", _("Patients go over to a newer version")
    EXPORT = "export", _("Export")
    IMPORT = "import", _("Import of patients")
    FHIR = "fhir", _("Export of FHIR resources")


class JobState(models.TextChoices):
    WAITING = "waiting", _("Not begun yet")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Not done")


class Job(models.Model):
    """Something that a person asked for, done in the background: all of it or nothing.

    While it runs, `so_far` of `total` are done and nobody else sees anything of them; they count
    from the moment at which it is done.
    """

    UNFINISHED = (JobState.WAITING, JobState.RUNNING)

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=JobKind)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="jobs")
    made_at = models.DateTimeField(default=timezone.now)
    language = models.CharField(
        max_length=10, help_text="In which it was asked for; the error speaks it."
    )
    parameters = models.JSONField(help_text="What is to be done; names nobody.")
    made = models.JSONField(default=dict, help_text="What came of it, where that is more than one.")
    state = models.CharField(max_length=10, choices=JobState, default=JobState.WAITING)
    total = models.PositiveIntegerField()
    so_far = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, help_text="Why it was not done, for who asked.")

    def __str__(self) -> str:
        return ": ".join(filter(None, [self.get_kind_display(), self.about]))

    @property
    def about(self) -> str:
        """What it is about, in words; empty where its kind says all."""
        if self.kind == JobKind.TAKE_OVER:
            return str(self.protocol)
        if self.kind == JobKind.EXPORT:
            table, file_format = self.parameters["table"], self.parameters["format"]
            return f"{ExportTable(table).label}, {FileFormat(file_format).label}"
        if self.kind == JobKind.FHIR:
            return ", ".join(self.parameters["clinics"])
        return ""

    @property
    def part(self) -> str:
        """The template of what a page says of a job of this kind."""
        return f"schedules/jobs/{self.kind}.html"

    @property
    def is_unfinished(self) -> bool:
        return self.state in self.UNFINISHED

    @property
    def protocol(self) -> Protocol:
        """The version that patients go over to, as far as its name goes."""
        return Protocol(code=self.parameters["code"], version=self.parameters["version"])


class JobFile(models.Model):
    """A piece of the file that a job was given or made: web and worker share no disk."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="file")
    n = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        ordering = ["n"]
        constraints = [
            models.UniqueConstraint(fields=["job", "n"], name="a_piece_of_a_file_stands_once"),
        ]

    def __str__(self) -> str:
        return f"{self.job}, {self.n}"
