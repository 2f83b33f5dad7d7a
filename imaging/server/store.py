"""Images that come over the network (DICOM PS3.4, annex B): their headers are taken in.

The header is read here, not in the processes of `imaging.headers.pool`: a peer is known, one after
the other is read, what is read is the bounded beginning that `bounds.Head` kept and what `reading`
bounds once more, and handing it to another process takes as long as reading it.
"""

import logging
from typing import IO

from django.db import DatabaseError
from pydicom.dataset import Dataset

from imaging.headers.header import Refused
from imaging.headers.reading import read_dataset
from imaging.intake import take_in
from imaging.refusals import in_words
from imaging.server.callers import Caller

logger = logging.getLogger(__name__)
SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
OTHER_THAN_ANNOUNCED = 0xA900
NOT_UNDERSTOOD = 0xC000
NOT_AUTHORISED = 0x0124


def store(
    caller: Caller, data: IO[bytes], transfer_syntax: str, sop_class: str, sop_uid: str
) -> int | Dataset:
    """Take an instance in, and return the status: success once PostgreSQL has it, not before.

    One that is known already is a success, too: whoever sends it again did not hear the answer.
    """
    if caller.clinic is None:
        return _failed(NOT_AUTHORISED, "Only a clinic's peers send images")
    try:
        data.seek(0)
        header = read_dataset(data, transfer_syntax)
    except Refused as refused:
        logger.warning("An image of %s is refused: %s", caller.ae_title, in_words(refused))
        return _failed(NOT_UNDERSTOOD, in_words(refused))
    if (header.sop_class, header.sop_uid) != (sop_class, sop_uid):
        return _failed(OTHER_THAN_ANNOUNCED, "It is another instance than the one announced")
    try:
        take_in(clinic=caller.clinic, headers=[header], by=caller.ae_title)
    except DatabaseError:
        return _failed(OUT_OF_RESOURCES, "It cannot be stored now; send it again")
    return SUCCESS


def _failed(status: int, why: str) -> Dataset:
    failed = Dataset()
    failed.Status = status
    failed.ErrorComment = why.encode("ascii", "replace").decode()[:64]
    return failed
