"""The server asks itself for a worklist, as a scanner does: its answer proves that it works."""

import logging
import socket
import ssl
from threading import Event, Thread

from django.conf import settings
from pydicom.dataset import Dataset
from pynetdicom.ae import ApplicationEntity
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    ModalityWorklistInformationFind,
)

from imaging.server.listening import Place

EVERY = 60  # seconds
WITHIN = 10  # seconds, for each step

logger = logging.getLogger(__name__)


def ask_now_and_then(place: Place, stop: Event) -> None:
    """Start to ask, in a thread, until told to stop. It is heard and noted as others are."""

    def ask() -> None:
        while True:
            if not is_answered(place):
                logger.error("The DICOM server did not answer itself.")
            if stop.wait(EVERY):
                return

    Thread(target=ask, daemon=True).start()


def is_answered(place: Place) -> bool:
    """Ask for the worklist of nobody by a connection like any other, and say whether it came."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(place.host, place.host)  # noqa: S104
    try:  # pynetdicom would leave a socket open that finds nobody
        socket.create_connection((host, place.port), WITHIN).close()
    except OSError:
        return False
    entity = ApplicationEntity(place.ae_title)
    entity.connection_timeout = entity.acse_timeout = WITHIN
    entity.dimse_timeout = entity.network_timeout = WITHIN
    entity.add_requested_context(ModalityWorklistInformationFind)
    called = entity.associate(
        host,
        place.port,
        ae_title=place.ae_title,
        tls_args=(_secured(), host) if settings.DICOM_TLS_CERT else None,
    )
    if not called.is_established:
        return False
    asked = Dataset()
    asked.AccessionNumber = ""
    answers = called.send_c_find(asked, ModalityWorklistInformationFind)
    statuses = [answer.get("Status") for answer, _ in answers]
    called.release()
    return statuses == [0x0000]


def _secured() -> ssl.SSLContext:
    """Itself it need not be shown to be itself; but it may have to show its own certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(settings.DICOM_TLS_CERT, settings.DICOM_TLS_KEY or None)
    return context
