"""CTs made for tests and benchmarks: valid instances, of nobody."""

from collections.abc import Iterable
from pathlib import Path
from random import Random
from uuid import uuid4

from pydicom import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian


def made_ct(
    *,
    study_uid: str = "",
    series: int = 1,
    slices: int = 3,
    patient_id: str = "DEMO-1",
    issuer: str = "HOSPITAL",
    name: str = "Doe^Jane",
    birth_date: str = "19700506",
    sex: str = "F",
    study_date: str = "20260302",
    accession: str = "",
    description: str = "CT CHEST ABDOMEN",
    protocol_name: str = "",
    body_part: str = "",
    side: int = 8,
    **others: object,
) -> list[Dataset]:
    """Return the slices of one series, `side` pixels wide and high.

    UIDs are made from those of the study, and from the numbers of series and slice: the same call
    makes the same instances. `others` are elements by keyword, such as ImageType.
    """
    study_uid = study_uid or f"2.25.{uuid4().int}"
    series_uid = f"{study_uid[:48].rstrip(chr(46))}.{series}"  # 64 signs at most, with the number
    pixels = Random(side).randbytes(2 * side * side)
    return [
        _slice(
            number,
            pixels,
            {
                "SpecificCharacterSet": "ISO_IR 192",
                "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
                "StudyDate": study_date,
                "SeriesDate": study_date,
                "AcquisitionDate": study_date,
                "ContentDate": study_date,
                "AccessionNumber": accession,
                "StudyDescription": description,
                "PatientName": name,
                "PatientID": patient_id,
                "IssuerOfPatientID": issuer,
                "PatientBirthDate": birth_date,
                "PatientSex": sex,
                "BodyPartExamined": body_part,
                "ProtocolName": protocol_name,
                "StudyInstanceUID": study_uid,
                "SeriesInstanceUID": series_uid,
                "SOPInstanceUID": f"{series_uid}.{number}",
                "SeriesNumber": series,
                "Rows": side,
                "Columns": side,
                **others,
            },
        )
        for number in range(1, slices + 1)
    ]


def write(instances: Iterable[Dataset], folder: Path) -> list[Path]:
    """Write each instance as a file of the folder, which is made, and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, instance in enumerate(instances, start=1):
        paths.append(folder / f"{instance.SeriesNumber}-{number:05}.dcm")
        instance.save_as(paths[-1], enforce_file_format=True)
    return paths


def _slice(number: int, pixels: bytes, says: dict[str, object]) -> Dataset:
    made = Dataset()
    made.SOPClassUID = CTImageStorage
    made.Modality = "CT"
    made.Manufacturer = "MADE"
    made.StudyTime = made.ContentTime = "093000"
    made.ReferringPhysicianName = made.StudyID = made.PositionReferenceIndicator = ""
    made.PatientPosition = "FFS"
    made.KVP = "120"
    made.SliceThickness = "1"
    made.FrameOfReferenceUID = f"{says['StudyInstanceUID']}.0"
    made.AcquisitionNumber = 1
    made.InstanceNumber = number
    made.ImagePositionPatient = [0, 0, -number]
    made.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    made.PixelSpacing = [0.75, 0.75]
    made.SamplesPerPixel = 1
    made.PhotometricInterpretation = "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = 16
    made.HighBit = 15
    made.PixelRepresentation = 1
    made.RescaleIntercept, made.RescaleSlope, made.RescaleType = "-1024", "1", "HU"
    made.add_new("PixelData", "OW", pixels)
    for keyword, value in says.items():
        setattr(made, keyword, value)
    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return made
