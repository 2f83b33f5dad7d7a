"""What a person must know of a patient to record or judge a result."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from patients.models import Patient
from schedules.models import Study
from schedules.rules.protocol import region_name
from schedules.rules.wording import both


@dataclass(frozen=True, slots=True)
class Event:
    """One thing of the past; a day that nobody stated is missing."""

    on: date | None
    words: str
    is_disease: bool = False


def history(patient: Patient, without: Study) -> list[Event]:
    """Return what was done and seen before, the latest first and what has no date last."""
    events = [*_tumours(patient), *_results(patient, without)]
    return sorted(events, key=lambda event: event.on or date.min, reverse=True)


def _tumours(patient: Patient) -> Iterator[Event]:
    for tumour in patient.tumours.prefetch_related("treatments", "findings"):
        for treatment in tumour.treatments.all():
            told = {
                "kind": treatment.get_kind_display(),
                "treatment": treatment,
                "margin": treatment.margin,
            }
            if treatment.margin:
                words = _("%(kind)s: %(treatment)s, margin %(margin)s") % told
            else:
                words = _("%(kind)s: %(treatment)s") % told
            yield Event(treatment.on, words)
        for finding in tumour.findings.all():
            words = _("%(finding)s (%(found_by)s)") % {
                "finding": finding,
                "found_by": finding.found_by,
            }
            yield Event(finding.found_on, words, is_disease=True)


def _results(patient: Patient, without: Study) -> Iterator[Event]:
    for study in patient.studies.exclude(pk=without.pk).select_related("result"):
        result = getattr(study, "result", None)
        yield Event(
            study.performed_on,
            _("%(study)s: %(result)s")
            % {"study": in_words(study), "result": result or _("not reported yet")},
        )


def in_words(study: Study) -> str:
    """Say what a study is of: CT of chest and abdomen."""
    return _("%(modality)s of %(regions)s") % {
        "modality": study.modality,
        "regions": both(map(region_name, study.regions)),
    }
