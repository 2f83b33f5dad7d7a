"""Where codes come from: systems of others, and this product's own.

Our own are the same at each installation, so that what one says another can read.
"""

import re
from urllib.parse import quote, unquote

from schedules.exam_codes import LOINC_OF
from schedules.rules.protocol import region_name
from surveillance.fhir.resources.told import Json, coding, concept, told

OWN = "urn:sarcoma-surveillance:"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
ICD_O_3 = "http://terminology.hl7.org/CodeSystem/icd-o-3"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
ACCESSION = f"{OWN}accession"
PROTOCOL = f"{OWN}protocol"
CLINIC = f"{OWN}clinic"
DICOM_UID = "urn:dicom:uid"

_OID = re.compile(r"[0-2](\.(0|[1-9]\d*))+")
_MRN = f"{OWN}mrn:"

# DICOM PS3.16, CID 4031.
_REGIONS = {
    "head": ("69536005", "Head"),
    "neck": ("45048000", "Neck"),
    "chest": ("816094009", "Chest"),
    "abdomen": ("818981001", "Abdomen"),
    "pelvis": ("816092008", "Pelvis"),
}
# DICOM PS3.16, CID 244.
_SIDES = {"left": ("7771000", "Left"), "right": ("24028007", "Right")}

EXAM_OF = {code: exam for exam, (code, _) in LOINC_OF.items()}
"""The series of slots that a code of LOINC means."""


def own(system: str, code: str, display: str = "") -> Json:
    """Return a code of one of our own systems."""
    return coding(f"{OWN}{system}", code, display)


def extension(name: str, **value: object) -> Json | None:
    """Return one of our own extensions, such as `extension("due-on", valueDate=day)`, if it says
    anything."""
    holds = told(**value)
    return {"url": f"{OWN}{name}"} | holds if holds else None


def extensions(*some: Json | None) -> list[Json]:
    return [one for one in some if one]


def region(name: str) -> Json:
    code = _REGIONS.get(name)
    return concept(
        coding(SNOMED, *code) if code else None, own("region", name), text=region_name(name)
    )


def side(laterality: str) -> Json | None:
    code = _SIDES.get(laterality)
    return concept(coding(SNOMED, *code)) if code else None


def exam(key: str, modality: str) -> Json:
    """Return what a series of slots is, such as CT chest+abdomen."""
    loinc = LOINC_OF.get(key)
    return concept(coding(LOINC, *loinc) if loinc else None, coding(DCM, modality), text=key)


def system_of(issuer: str) -> str:
    """Return the system of the record numbers that somebody issues: an OID and an address stand for
    themselves, any other name stands in an address of our own."""
    if _OID.fullmatch(issuer):
        return f"urn:oid:{issuer}"
    if issuer.startswith(("urn:", "http://", "https://")):
        return issuer
    return f"{_MRN}{quote(issuer, safe='')}"


def issuers_of(system: str) -> list[str]:
    """Return who may be meant by a system, or by the issuer's own name."""
    meant = [system]
    if system.startswith("urn:oid:"):
        meant.append(system.removeprefix("urn:oid:"))
    if system.startswith(_MRN):
        meant.append(unquote(system.removeprefix(_MRN)))
    return meant
