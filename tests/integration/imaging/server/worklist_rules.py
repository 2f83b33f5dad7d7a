"""What every answer of a worklist must be, tag by tag: type, VR and VM (DICOM PS3.4, table K.6-1;
PS3.6, chapter 6), as dciodvfy would hold it to them."""

import re

from pydicom.datadict import dictionary_VM, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import PersonName

# 1: must be there and say something; 2: must be there. What is not named here may be left out.
REQUEST = {
    "SpecificCharacterSet": 1,
    "AccessionNumber": 2,
    "ReferringPhysicianName": 2,
    "ReferencedStudySequence": 2,
    "ReferencedPatientSequence": 2,
    "PatientName": 1,
    "PatientID": 1,
    "PatientBirthDate": 2,
    "PatientSex": 2,
    "PatientWeight": 2,
    "MedicalAlerts": 2,
    "Allergies": 2,
    "PregnancyStatus": 2,
    "StudyInstanceUID": 1,
    "RequestingPhysician": 2,
    "RequestedProcedureDescription": 1,
    "AdmissionID": 2,
    "SpecialNeeds": 2,
    "CurrentPatientLocation": 2,
    "PatientState": 2,
    "ScheduledProcedureStepSequence": 1,
    "RequestedProcedureID": 1,
    "RequestedProcedurePriority": 2,
    "PatientTransportArrangements": 2,
    "ConfidentialityConstraintOnPatientDataDescription": 2,
}
STEP = {
    "Modality": 1,
    "ScheduledStationAETitle": 1,
    "ScheduledProcedureStepStartDate": 1,
    "ScheduledProcedureStepStartTime": 1,
    "ScheduledPerformingPhysicianName": 2,
    "ScheduledProcedureStepDescription": 1,
    "ScheduledProcedureStepID": 1,
    "ScheduledStationName": 2,
    "ScheduledProcedureStepLocation": 2,
    "PreMedication": 2,
    "RequestedContrastAgent": 2,
}
CODE = {"CodeValue": 1, "CodingSchemeDesignator": 1, "CodeMeaning": 1}
ISSUER = {"LocalNamespaceEntityID": 1}
ITEMS = {
    "ScheduledProcedureStepSequence": STEP,
    "RequestedProcedureCodeSequence": CODE,
    "ScheduledProtocolCodeSequence": CODE,
    "IssuerOfAccessionNumberSequence": ISSUER,
}
FORMS = {
    "AE": r"[!-\[\]-~][ -\[\]-~]{0,15}",
    "CS": r"[A-Z0-9 _]{1,16}",
    "DA": r"\d{8}",
    "LO": r"[^\\\x00-\x1f]{1,64}",
    "PN": r"[^\\\x00-\x1f]{1,64}",
    "SH": r"[^\\\x00-\x1f]{1,16}",
    "TM": r"\d{6}",
    "UI": r"[0-9.]{1,64}",
    "UT": r".+",
    "LT": r".+",
    "DS": r"[0-9.eE+-]{1,16}",
    "US": r"\d+",
}


def faults(answer: Dataset) -> list[str]:
    """Return what is wrong with an answer in which everything was asked for."""
    return _faults(answer, REQUEST)


def _faults(data: Dataset, rules: dict[str, int]) -> list[str]:
    found = [f"{keyword} is missing" for keyword in rules if keyword not in data]
    for element in data:
        keyword = element.keyword
        if dictionary_VR(element.tag) != element.VR:
            found.append(f"{keyword} is {element.VR}")
        if element.is_empty:
            if rules.get(keyword) == 1:
                found.append(f"{keyword} is empty")
        elif element.VR == "SQ":
            for item in element.value:
                found += _faults(item, ITEMS[keyword])
        else:
            found += _values(element)
    return found


def _values(element: DataElement) -> list[str]:
    many = isinstance(element.value, MultiValue)
    values = list(element.value) if many else [element.value]
    if dictionary_VM(element.tag) == "1" and many:
        return [f"{element.keyword} has {len(values)} values"]
    return [
        f"{element.keyword} says {value!r}"
        for value in values
        for part in (str(value).split("=") if isinstance(value, PersonName) else [str(value)])
        if not re.fullmatch(FORMS[element.VR], part)
    ]
