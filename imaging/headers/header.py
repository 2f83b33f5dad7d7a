"""What is kept of an instance: whose it is, what it shows, which order it answers.

Pure: neither Django nor pydicom. Everything here has been validated: whatever a file or a peer
said, a `Header` holds what may be stored.
"""

from dataclasses import dataclass
from datetime import date

from imaging.coverage import Code, Kind


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """Whose an instance says it is. Empty is what it does not say; nothing here is made up.

    `name` is the person name as it came, its groups parted by "=" and their parts by "^"
    (DICOM PS3.5, 6.2.1.1); `sex` is M, F, O or empty.
    """

    patient_id: str = ""
    issuer: str = ""
    name: str = ""
    birth_date: date | None = None
    sex: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Order:
    """An order that an instance says it answers: its accession number, and who gave that out."""

    accession: str
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """One instance. Instances of one series that say the same differ in `sop_uid` alone.

    `performed_on` is the day of the study on the scanner's own calendar; `procedures` are codes of
    the procedure done or asked for, `anatomy` those of the region of its series.
    """

    study_uid: str
    series_uid: str
    sop_uid: str
    sop_class: str
    modality: str
    kind: Kind
    identity: Identity = Identity()
    performed_on: date | None = None
    orders: tuple[Order, ...] = ()
    procedures: tuple[Code, ...] = ()
    anatomy: tuple[Code, ...] = ()
    description: str = ""
    protocol_name: str = ""
    body_part: str = ""


class Refused(Exception):
    """Why a file or an instance is not taken in, in a sentence for whoever sent it.

    `key` is the sentence's place in `imaging.refusals`, so that it can be said in any language.
    """

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values
