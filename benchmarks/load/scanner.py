"""A scanner at work: it asks for its worklist, and sends the images of what it has done."""

import threading
import time
from datetime import UTC, datetime
from uuid import uuid4

from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    CTImageStorage,
    ModalityWorklistInformationFind,
)

from benchmarks.load.ledger import Entry, Ledger
from tests.dicom import made_ct

EVERY = 3.0  # seconds
TRIES = 60
NO_ANSWER = -1


class ScannerAtWork(threading.Thread):
    """Works until `stop`. An image that nobody took it sends again, as scanners do."""

    def __init__(self, title: str, called: str, port: int, ledger: Ledger) -> None:
        super().__init__(daemon=True)
        self._called, self._port, self._ledger = called, port, ledger
        self._over = threading.Event()
        self._entity = AE(title)
        self._entity.acse_timeout = self._entity.dimse_timeout = self._entity.network_timeout = 15
        self._entity.connection_timeout = 5
        for context in (ModalityWorklistInformationFind, CTImageStorage):
            self._entity.add_requested_context(context)

    def run(self) -> None:
        while not self._over.wait(EVERY):
            self._ask()
            self._send()

    def stop(self) -> None:
        self._over.set()
        self.join()

    def _ask(self) -> None:
        began = time.time()
        association = self._entity.associate("127.0.0.1", self._port, ae_title=self._called)
        status = 0
        if association.is_established:
            asked = Dataset()
            asked.PatientName = asked.AccessionNumber = ""
            step = Dataset()
            step.ScheduledProcedureStepStartDate = f"{datetime.now(UTC):%Y%m%d}-"
            step.ScheduledStationAETitle = self._entity.ae_title
            asked.ScheduledProcedureStepSequence = [step]
            answers = association.send_c_find(asked, ModalityWorklistInformationFind)
            said = [answer.get("Status", NO_ANSWER) for answer, _ in answers]
            status = _as_http(said[-1] if said else NO_ANSWER)
            association.release()
        self._ledger.note("DICOM worklist", began, status)

    def _send(self) -> None:
        """Send one image of a study of somebody whom nobody knows."""
        [image] = made_ct(slices=1, patient_id=f"UNKNOWN-{uuid4().hex[:8]}")
        uid = str(image.SOPInstanceUID)
        for tries in range(1, TRIES + 1):
            if self._stored(image):
                self._ledger.enter(Entry("image", (uid,), "done", tries))
                return
            if self._over.wait(2):
                break
        self._ledger.enter(Entry("image", (uid,), "unknown", TRIES))

    def _stored(self, image: Dataset) -> bool:
        began = time.time()
        association = self._entity.associate("127.0.0.1", self._port, ae_title=self._called)
        status = 0
        if association.is_established:
            status = _as_http(association.send_c_store(image).get("Status", NO_ANSWER))
            association.release()
        self._ledger.note("DICOM store", began, status)
        return status == 200


def _as_http(status: int) -> int:
    """A scanner is told of a failure by a status, and sends again later."""
    return {0: 200, NO_ANSWER: 0}.get(status, 503)
