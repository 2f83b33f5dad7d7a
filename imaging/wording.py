"""What is judged of a study, in sentences that a person can decide by."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from imaging.coverage import Evidence, Source
from imaging.doubts import Doubt
from imaging.headers.header import Header, Identity
from imaging.judging import Judgement
from imaging.matching import Clash, Difference, Key
from patients.models import Sex
from schedules.rules.protocol import REGIONS, region_name
from schedules.rules.wording import listed, short_date

FEW = 6  # differences of one study that are told

KEYS: Mapping[Key, Promise] = {
    Key.PATIENT_ID: gettext_lazy("the patient’s number"),
    Key.ISSUER: gettext_lazy("the issuer of the patient’s number"),
    Key.NAME: gettext_lazy("the name"),
    Key.BIRTH_DATE: gettext_lazy("the birth date"),
    Key.SEX: gettext_lazy("the sex"),
}
CLASHES: Mapping[Clash, Promise] = {
    Clash.PEOPLE: gettext_lazy("Its order and its numbers mean more than one patient."),
    Clash.HEADERS: gettext_lazy("Its images name two people."),
    Clash.ORDER_ISSUER: gettext_lazy(
        "It has the accession number of an order here, but says that somebody else gave it out."
    ),
}
SOURCES: Mapping[Source, Promise] = {
    Source.PROCEDURE: gettext_lazy("procedure code"),
    Source.ANATOMY: gettext_lazy("anatomic region"),
    Source.MAPPED: gettext_lazy("a text that was given its regions"),
    Source.DESCRIPTION: gettext_lazy("description"),
    Source.PROTOCOL: gettext_lazy("name of the protocol"),
    Source.BODY_PART: gettext_lazy("body part"),
}
DOUBTS: Mapping[Doubt, Promise] = {
    Doubt.GUIDANCE: gettext_lazy("it guided a needle or an operation"),
    Doubt.ANGIOGRAPHY: gettext_lazy("it was of the vessels"),
    Doubt.SCREENING: gettext_lazy("it was a screening"),
    Doubt.PLANNING: gettext_lazy("it planned a radiotherapy"),
    Doubt.PET: gettext_lazy("it was part of a PET"),
    Doubt.OTHER_MODALITY: gettext_lazy("it is not, or not only, a CT"),
    Doubt.LIMITED: gettext_lazy("it was limited"),
    Doubt.SIDE: gettext_lazy("it was of one side"),
    Doubt.NOISE: gettext_lazy("its text was no description of an exam"),
    Doubt.AMBIGUOUS: gettext_lazy("a word has two meanings"),
    Doubt.WO: gettext_lazy("“wo” may mean without contrast, or without a region"),
    Doubt.CUT_OFF: gettext_lazy("its text is cut off"),
    Doubt.SPINE: gettext_lazy("it was of the spine"),
    Doubt.ORGAN: gettext_lazy("it names an organ, not a whole region"),
    Doubt.VAGUE: gettext_lazy("a word is vague"),
    Doubt.UNKNOWN: gettext_lazy("a word is not known"),
    Doubt.ABBREVIATION: gettext_lazy("an abbreviation stands beside some of its own regions"),
    Doubt.LEFT_OUT: gettext_lazy("a region is named here and left out there"),
    Doubt.FOLDER: gettext_lazy("the folder of its protocol names something else"),
    Doubt.NOT_SAID_TO_BE_CT: gettext_lazy("nothing says that it is a CT"),
    Doubt.GAP: gettext_lazy("chest and pelvis are named, and the abdomen between them is not"),
    Doubt.CONTRADICTION: gettext_lazy("what it says contradicts itself"),
    Doubt.BODY_PART_ALONE: gettext_lazy("only the body part says it"),
    Doubt.NO_IMAGES: gettext_lazy("it holds no images of the patient as they were taken"),
    Doubt.NO_REGION: gettext_lazy("nothing names a region"),
}


def regions_in_words(regions: Collection[str]) -> str:
    return listed(region_name(region) for region in REGIONS if region in regions)


def why(judgement: Judgement) -> list[str]:
    """Return what is to be known before somebody decides: what speaks against it, what is unsure.

    Nothing, if whose it is and what it covered are both beyond doubt.
    """
    return [*_whose(judgement), *_of_what(judgement)]


def _whose(judgement: Judgement) -> Iterator[str]:
    match, filed = judgement.match, judgement.received.study
    for clash in match.clashes:
        yield str(CLASHES[clash])
    differences = judgement.against(filed.patient) if filed else match.differences
    yield from map(in_words, differences[:FEW])
    if len(differences) > FEW:
        yield _("And more differs.")
    if filed or match.is_flagged or match.way:
        return
    if judgement.suspects:
        yield _("Too little of what it says of the patient can be compared.")
    else:
        yield _("It answers no order of this clinic, and has no number of a patient here.")


def _of_what(judgement: Judgement) -> Iterator[str]:
    if judgement.coverage.doubts:
        reasons = listed(str(DOUBTS[doubt]) for doubt in judgement.coverage.doubts)
        yield _("The regions are not sure: %(reasons)s.") % {"reasons": reasons}
    if judgement.performed_on is None:
        yield _("Its images tell no day.")


def in_words(difference: Difference) -> str:
    """Say what differs: “the name: “MORI^BEA” in one place, “Sato Anna” in the other”."""
    said, known = (_value(difference.key, one) for one in (difference.said, difference.known))
    return _("%(key)s differs: “%(said)s” and “%(known)s”.") % {
        "key": str(KEYS[difference.key]).capitalize(),
        "said": said,
        "known": known,
    }


def _value(key: Key, value: str) -> str:
    if key is Key.BIRTH_DATE:
        return short_date(date.fromisoformat(value))
    if key is Key.SEX and value in Sex.values:
        return str(Sex(value).label)
    return _name(value) if key is Key.NAME else value


def who(headers: Iterable[Header]) -> list[str]:
    """Return whom the images name, each naming in a line."""
    return [
        told for one in sorted({h.identity for h in headers}, key=str) if (told := _identity(one))
    ]


def _identity(identity: Identity) -> str:
    number = identity.patient_id
    if identity.issuer:
        number = _("%(number)s of %(issuer)s") % {"number": number, "issuer": identity.issuer}
    born = identity.birth_date and _("born %(day)s") % {"day": short_date(identity.birth_date)}
    return listed(part for part in (_name(identity.name), number, born) if part)


def _name(person_name: str) -> str:
    """Return a DICOM person name as people write it, its groups side by side."""
    groups = (" ".join(group.replace("^", " ").split()) for group in person_name.split("="))
    return " · ".join(group for group in groups if group)


def evidence_in_words(evidence: Iterable[Evidence]) -> list[str]:
    """Return what the regions rest on, a line each: “chest: “thorax” (description)”."""
    return [
        _("%(regions)s: “%(words)s” (%(source)s)")
        % {
            "regions": regions_in_words(one.regions) or _("no region"),
            "words": one.words,
            "source": SOURCES[one.source],
        }
        for one in evidence
    ]
