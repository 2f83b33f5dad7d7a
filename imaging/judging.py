"""What a received study is taken to be: whose, of which regions, and what speaks against it.

Nothing of it is stored: it follows from the headers and from the patients, orders and meanings of
texts as they are now.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce

from django.db.models import Q, prefetch_related_objects

from imaging.coverage import CT, Coverage, Evidence, Kind, Series, Study, covered
from imaging.doubts import Doubt
from imaging.headers.header import Header
from imaging.headers.kept import from_kept
from imaging.matching import Difference, Found, Match, Ordered, Person, Said, Way, against, matched
from imaging.models import Arrangement, FiledBy, Received
from imaging.regions import Region
from patients.models import Clinic, Patient
from schedules.models import Booking, Schedule, Slot
from schedules.rules.windows import takes

Texts = Mapping[str, Collection[Region]]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One received study on the day that it was asked about."""

    received: Received
    headers: tuple[Header, ...]
    coverage: Coverage
    match: Match
    suspects: tuple[Patient, ...]  # whom its orders and numbers mean
    slot: Slot | None  # that waits for just such an exam of the one who is meant

    @property
    def patient(self) -> Patient | None:
        """Whose it is, if nothing speaks against it."""
        return self.suspects[0] if self.match.way else None

    @property
    def shown(self) -> list[Patient]:
        """Whom it tells of: who sees it has looked at them."""
        study = self.received.study
        return [*self.suspects, *([study.patient] if study else [])]

    @property
    def performed_on(self) -> date | None:
        """The day of the study; of several, as around midnight, the first."""
        return min((h.performed_on for h in self.headers if h.performed_on), default=None)

    @property
    def modality(self) -> str:
        """CT if any of it is; else what most of it is, images first."""
        said = [h.modality for h in self.headers if h.kind is Kind.IMAGES and h.modality]
        said = said or [h.modality for h in self.headers if h.modality]
        return CT if CT in said else max(sorted(set(said)), key=said.count, default="")

    @property
    def texts(self) -> tuple[str, ...]:
        """The descriptions and names of protocols to which somebody may give a meaning."""
        ct = [h for h in self.headers if h.modality == CT]
        texts = [h.description.strip() for h in ct]
        texts += [h.protocol_name.strip() for h in ct if h.kind is Kind.IMAGES]
        return tuple(sorted({text for text in texts if text}))

    @property
    def description(self) -> str:
        return next((h.description for h in self.headers if h.description), "")

    @property
    def is_sure(self) -> bool:
        """Say whether it may be filed without anybody asked."""
        if not self.coverage.sure or not self.performed_on:
            return False
        if self.match.way is Way.PATIENT:
            arranged = getattr(self.received.clinic, "arrangement", None) or Arrangement()
            return arranged.files_by_itself and self.slot is not None
        return self.match.way is not None

    def against(self, patient: Patient) -> tuple[Difference, ...]:
        """Return in what the headers name somebody else than this patient."""
        identities = [header.identity for header in self.headers]
        return against(_person(patient), identities, self.received.clinic.mrn_issuer).differences

    def objects_to(self, patient: Patient) -> bool:
        """Say whether anything speaks against this patient: then it takes a person and a reason."""
        others = any(suspect.pk != patient.pk for suspect in self.suspects)
        return bool(self.match.is_flagged or others or self.against(patient))

    @property
    def fits_what_it_was_filed_as(self) -> bool:
        """Say whether all that has come is of the patient and the regions that it was filed with.

        What would take a region away does not fit: somebody has to look.
        """
        study = self.received.study
        if study is None or self.objects_to(study.patient):
            return False
        filed, says = set(study.regions), set(self.coverage.regions)
        if self.received.way == FiledBy.PERSON:
            named = {region for one in self.coverage.evidence for region in one.regions}
            return self.coverage.sure or named <= filed
        return self.coverage.sure and filed - set(self.received.known_before) <= says


def judge(several: Iterable[Received]) -> list[Judgement]:
    """Return what each of them is taken to be, in their order, in a constant number of queries."""
    several = list(several)
    prefetch_related_objects(
        several, "headers", "clinic__arrangement", "clinic__text_meanings", "study__patient__clinic"
    )
    headers = {received.pk: _headers(received) for received in several}
    found = _Candidates(several, headers)
    texts = {clinic.pk: _texts(clinic) for clinic in {received.clinic for received in several}}
    matches = {
        received.pk: matched(
            _said(received, headers[received.pk]), found.of(received, headers[received.pk])
        )
        for received in several
    }
    slots = _waiting({key for match in matches.values() for key in match.suspects})
    judgements = []
    for received in several:
        match, own = matches[received.pk], headers[received.pk]
        coverage = coverage_of(own, texts[received.clinic_id])
        judgement = Judgement(
            received,
            own,
            coverage,
            match,
            tuple(found.patients[key] for key in match.suspects),
            None,
        )
        slot = _slot_for(judgement, slots)
        judgements.append(replace(judgement, slot=slot))
    return judgements


def _headers(received: Received) -> tuple[Header, ...]:
    rows = sorted(received.headers.all(), key=lambda row: (row.series_uid, row.digest))
    return tuple(
        from_kept(row.says, study_uid=received.study_uid, series_uid=row.series_uid) for row in rows
    )


def coverage_of(headers: Sequence[Header], texts: Texts) -> Coverage:
    """Return what the CT of a study covered. Beside images of another kind it is never sure.

    Headers that describe it in several ways are read each by itself, and have to say the same.
    """
    ct = [header for header in headers if header.modality == CT]
    if not ct:
        return Coverage(doubts=(Doubt.OTHER_MODALITY,))
    study = Study(
        modality=CT,
        procedures=tuple(sorted({code for header in ct for code in header.procedures})),
        series=tuple(
            dict.fromkeys(Series(h.protocol_name, h.body_part, h.anatomy, h.kind) for h in ct)
        ),
    )
    descriptions = sorted({header.description.strip() for header in ct} - {""}) or [""]
    read = [covered(replace(study, description=one), texts) for one in descriptions]
    coverage = reduce(_joined, read)
    if any(h.modality != CT and h.kind is Kind.IMAGES for h in headers):
        coverage = _doubted(coverage, Doubt.OTHER_MODALITY)
    return coverage


def _joined(one: Coverage, other: Coverage) -> Coverage:
    joined = replace(
        one,
        sure=one.sure and other.sure,
        doubts=tuple(sorted({*one.doubts, *other.doubts})),
        evidence=tuple(dict.fromkeys([*one.evidence, *other.evidence])),
    )
    return joined if one.regions == other.regions else _doubted(joined, Doubt.CONTRADICTION)


def _doubted(coverage: Coverage, doubt: Doubt) -> Coverage:
    return replace(coverage, sure=False, doubts=tuple(sorted({*coverage.doubts, doubt})))


def evidence_of(received: Received, clinic: Clinic) -> tuple[Evidence, ...]:
    """Return what the regions of one study rest on; headers and texts are best fetched before."""
    return coverage_of(_headers(received), _texts(clinic)).evidence


def _texts(clinic: Clinic) -> Texts:
    return {one.text: [*map(Region, one.regions)] for one in clinic.text_meanings.all()}


def _said(received: Received, headers: Iterable[Header]) -> Said:
    headers = list(headers)
    return Said(
        received.study_uid,
        frozenset(header.identity for header in headers),
        frozenset(order for header in headers for order in header.orders),
    )


class _Candidates:
    """The patients and orders that any of some studies may mean, each of its own clinic alone."""

    def __init__(
        self, several: Sequence[Received], headers: Mapping[int, tuple[Header, ...]]
    ) -> None:
        clinics = {received.clinic for received in several}
        every = [header for own in headers.values() for header in own]
        ids = {header.identity.patient_id for header in every} - {""}
        numbers = {order.accession for header in every for order in header.orders} - {""}
        uids = {received.study_uid for received in several}
        self.patients: dict[int, Patient] = {}
        self._by_id = defaultdict[tuple[int, str], list[Person]](list)
        self._by_uid = defaultdict[tuple[int, str], list[Ordered]](list)
        self._by_number = defaultdict[tuple[int, str], list[Ordered]](list)
        for patient in Patient.objects.filter(clinic__in=clinics, mrn__in=ids):
            self._by_id[patient.clinic_id, patient.mrn].append(self._known(patient, clinics))
        orders = Booking.objects.filter(
            Q(study_uid__in=uids) | Q(accession__in=numbers), patient__clinic__in=clinics
        ).select_related("patient")
        for booking in orders:
            person = self._known(booking.patient, clinics)
            order = Ordered(person, booking.study_uid, booking.accession)
            self._by_uid[booking.patient.clinic_id, booking.study_uid].append(order)
            self._by_number[booking.patient.clinic_id, booking.accession].append(order)

    def _known(self, patient: Patient, clinics: Iterable[Clinic]) -> Person:
        patient.clinic = next(clinic for clinic in clinics if clinic.pk == patient.clinic_id)
        self.patients[patient.pk] = patient
        return _person(patient)

    def of(self, received: Received, headers: Iterable[Header]) -> Found:
        place, headers = received.clinic_id, list(headers)
        ids = {header.identity.patient_id for header in headers}
        numbers = {order.accession for header in headers for order in header.orders}
        orders = [*self._by_uid[place, received.study_uid]]
        orders += [order for number in numbers for order in self._by_number[place, number]]
        people = [person for one in ids for person in self._by_id[place, one]]
        return Found(received.clinic.mrn_issuer, tuple(people), tuple(orders))


def _person(patient: Patient) -> Person:
    return Person(
        key=patient.pk,
        patient_id=patient.mrn,
        issuer=patient.mrn_issuer,
        family_name=patient.family_name,
        given_name=patient.given_name,
        birth_date=patient.birth_date,
        sex=patient.sex,
    )


def _waiting(patients: Collection[int]) -> Mapping[int, list[Slot]]:
    """Return the slots of these patients that still lack a CT."""
    slots = defaultdict[int, list[Slot]](list)
    for slot in Slot.objects.filter(
        schedule__tumour__patient__in=patients,
        schedule__state__in=Schedule.LIVE,
        outcome__in=Slot.TO_BE_DONE,
        modality=CT,
    ).select_related("schedule__tumour"):
        slots[slot.schedule.tumour.patient_id].append(slot)
    return slots


def _slot_for(judgement: Judgement, slots: Mapping[int, list[Slot]]) -> Slot | None:
    on, patient = judgement.performed_on, judgement.patient
    if on is None or patient is None:
        return None
    regions = set(judgement.coverage.regions)
    fitting = (s for s in slots.get(patient.pk, []) if takes(s, on) and regions & set(s.regions))
    return next(fitting, None)
