"""What a person must know of a patient to record or judge a result."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from patients.models import Patient
from schedules.models import Study


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
            margin = f", margin {treatment.margin}" if treatment.margin else ""
            yield Event(treatment.on, f"{treatment.get_kind_display()}: {treatment}{margin}")
        for finding in tumour.findings.all():
            yield Event(finding.found_on, f"{finding} ({finding.found_by})", is_disease=True)


def _results(patient: Patient, without: Study) -> Iterator[Event]:
    for study in patient.studies.exclude(pk=without.pk).select_related("result"):
        result = getattr(study, "result", None)
        yield Event(
            study.performed_on,
            f"{in_words(study)}: {result or 'not reported yet'}",
        )


def in_words(study: Study) -> str:
    """Say what a study is of: CT of chest and abdomen."""
    regions = [region.replace("_", " ") for region in study.regions]
    return f"{study.modality} of {' and '.join(regions)}"
