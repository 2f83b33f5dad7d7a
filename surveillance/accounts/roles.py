"""Who may do what: the one table that pages, actions and tests read."""

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person is in one clinic."""

    NURSE = "nurse", _("Nurse")
    CLINICIAN = "clinician", _("Clinician")
    ADMINISTRATOR = "administrator", _("Administrator")
    AUDITOR = "auditor", _("Auditor")


class Act(models.TextChoices):
    """Something that a page lets a person do."""

    SEE_PATIENTS = "see patients", _("see patients")
    REGISTER_PATIENT = "register a patient", _("register a patient")
    BOOK = "book follow-up CTs", _("book follow-up CTs")
    RECORD_STUDY = "record a study and its result", _("record a study and its result")
    REVIEW = "review overdue slots", _("review overdue slots")
    PLAN = (
        "choose, change, suspend or end a follow-up",
        _("choose, change, suspend or end a follow-up"),
    )
    SEE_PROTOCOLS = "see protocols", _("see protocols")
    DRAFT_PROTOCOL = "draft a protocol", _("draft a protocol")
    SIGN_PROTOCOL = "sign a protocol", _("sign a protocol")
    SEE_FIGURES = "see the follow-up figures", _("see the follow-up figures")
    EXPORT = "export schedules", _("export schedules")
    IMPORT = "import patients", _("import patients")
    SEE_AUDIT = "see who did and saw what", _("see who did and saw what")
    ACKNOWLEDGE = "take an alert in hand", _("take an alert in hand")
    SEE_MESSAGES = "see what was sent", _("see what was sent")
    SEND_AGAIN = "send a message again", _("send a message again")
    KEEP_RULES = "keep the rules of reminders", _("keep the rules of reminders")
    SEE_STATUS = "see whether everything runs", _("see whether everything runs")
    DECIDE_HOLD = "release or discard held messages", _("release or discard held messages")
    OPEN_IN_EMERGENCY = (
        "read another clinic's patient in an emergency",
        _("read another clinic’s patient in an emergency"),
    )
    KEEP_CLINIC = (
        "keep the clinic, its members and scanners",
        _("keep the clinic, its members and scanners"),
    )


MAY: Mapping[Act, frozenset[Role]] = {
    Act.SEE_PATIENTS: frozenset({Role.NURSE, Role.CLINICIAN}),
    Act.REGISTER_PATIENT: frozenset({Role.NURSE, Role.CLINICIAN}),
    Act.BOOK: frozenset({Role.NURSE}),
    Act.RECORD_STUDY: frozenset({Role.NURSE, Role.CLINICIAN}),
    Act.REVIEW: frozenset({Role.CLINICIAN}),
    Act.PLAN: frozenset({Role.CLINICIAN}),
    Act.SEE_PROTOCOLS: frozenset(Role),
    Act.DRAFT_PROTOCOL: frozenset({Role.CLINICIAN, Role.ADMINISTRATOR}),
    Act.SIGN_PROTOCOL: frozenset({Role.CLINICIAN}),
    Act.SEE_FIGURES: frozenset({Role.CLINICIAN, Role.ADMINISTRATOR, Role.AUDITOR}),
    Act.EXPORT: frozenset({Role.ADMINISTRATOR}),
    Act.IMPORT: frozenset({Role.ADMINISTRATOR}),
    Act.SEE_AUDIT: frozenset({Role.ADMINISTRATOR, Role.AUDITOR}),
    Act.ACKNOWLEDGE: frozenset({Role.CLINICIAN}),
    Act.SEE_MESSAGES: frozenset({Role.NURSE, Role.CLINICIAN, Role.ADMINISTRATOR}),
    Act.SEND_AGAIN: frozenset({Role.NURSE, Role.ADMINISTRATOR}),
    Act.KEEP_RULES: frozenset({Role.ADMINISTRATOR}),
    Act.SEE_STATUS: frozenset(Role),
    Act.DECIDE_HOLD: frozenset({Role.ADMINISTRATOR}),
    Act.OPEN_IN_EMERGENCY: frozenset({Role.CLINICIAN}),
    Act.KEEP_CLINIC: frozenset({Role.ADMINISTRATOR}),
}

# What a person alone does, at a page: no token for a program reaches so far.
NOT_BY_PROGRAMS = frozenset({Act.OPEN_IN_EMERGENCY})
