"""Protocols: versioned, cited, and never changed once they are in use."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from schedules.protocol_words import read_again
from schedules.rules.protocol import Definition, ProtocolError
from schedules.rules.suitability import Suits
from surveillance.audit.history import tracked


class ProtocolState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("Active")
    RETIRED = "retired", _("Retired")


@tracked()
class Protocol(models.Model):
    """One version of a cited definition of what is due when. A change is a new version."""

    code = models.SlugField(max_length=60)
    version = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=ProtocolState)
    title = models.CharField(max_length=200)
    population = models.CharField(max_length=300)
    citation = models.TextField()
    quote = models.TextField(help_text=_("The source's own words."))
    note = models.TextField(blank=True, help_text=_("What the source does not say or prove."))
    missing = models.TextField(blank=True, help_text=_("What a draft still lacks to be used."))
    suits = models.JSONField(default=dict, help_text="As schedules.rules.suitability.Suits reads.")
    phases = models.JSONField(help_text="As schedules.rules.protocol.Definition reads them.")
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Nobody, where it came with the software."),
    )
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="one_protocol_per_version"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(state="active"), name="one_active_version_per_code"
            ),
            models.CheckConstraint(
                condition=Q(signed_by__isnull=True)
                | (Q(drafted_by__isnull=False) & ~Q(signed_by=F("drafted_by"))),
                name="signed_by_a_second_person",
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(code)s version %(version)s") % {
            "code": self.code,
            "version": self.version,
        }

    @property
    def name(self) -> str:
        """The title, as whoever asks reads it, as are the next three; programs get `title`."""
        return read_again(self.title)

    @property
    def for_whom(self) -> str:
        return read_again(self.population)

    @property
    def limits(self) -> str:
        return read_again(self.note)

    @property
    def lacks(self) -> str:
        return read_again(self.missing)

    @property
    def definition(self) -> Definition:
        """The phases, checked.

        Raises:
            ProtocolError: a draft is not complete, or makes no sense.
        """
        return Definition.from_data({"phases": self.phases})

    @property
    def made_for(self) -> Suits:
        return Suits.from_data(self.suits)

    @property
    def flaw(self) -> str:
        """Why no schedule can follow its phases, the place named; empty if one can."""
        try:
            self.definition  # noqa: B018 - read for what it refuses
        except ProtocolError as error:
            return str(error)
        return ""

    @property
    def obstacles(self) -> list[str]:
        """What keeps a draft from being activated, beside the second person's signature."""
        found = []
        if self.drafted_by is None:
            found.append(gettext("a clinician must complete it as a draft of their own"))
        if self.missing:
            found.append(gettext("still missing: %(words)s") % {"words": self.lacks})
        if not self.citation:
            found.append(gettext("no citation"))
        if self.flaw:
            found.append(self.flaw)
        return found
