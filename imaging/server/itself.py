"""The server asks itself for a worklist, as a scanner does: its answer proves that it works."""

import logging
import ssl
from threading import Event, Thread

from django.conf import settings
from pydicom.dataset import Dataset
from pynetdicom.ae import ApplicationEntity
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    ModalityWorklistInformationFind,
)

from imaging.server.association import Listener

EVERY = 60  # seconds
WITHIN = 10  # seconds, for each step

logger = logging.getLogger(__name__)


def ask_now_and_then(listener: Listener, stop: Event) -> None:
    """Start to ask, in a thread, until told to stop. It is heard and noted as others are."""

    def ask() -> None:
        while True:
            if not is_answered(listener):
                logger.error("The DICOM server did not answer itself.")
            if stop.wait(EVERY):
                return

    Thread(target=ask, daemon=True).start()


def is_answered(listener: Listener) -> bool:
    """Ask for the worklist of nobody by a connection like any other, and say whether it came."""
    host, port = listener.server_address[:2]
    entity = ApplicationEntity(listener.ae_title)
    entity.connection_timeout = entity.acse_timeout = WITHIN
    entity.dimse_timeout = entity.network_timeout = WITHIN
    entity.add_requested_context(ModalityWorklistInformationFind)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(str(host), str(host))  # noqa: S104
    called = entity.associate(
        host,
        int(port),
        ae_title=listener.ae_title,
        tls_args=(_secured(), host) if listener.secured_by else None,
    )
    if not called.is_established:
        return False
    asked = Dataset()
    asked.AccessionNumber = ""
    answers = [
        answer.get("Status")
        for answer, _ in called.send_c_find(asked, ModalityWorklistInformationFind)
    ]
    called.release()
    return answers == [0x0000]


def _secured() -> ssl.SSLContext:
    """Itself it need not be shown to be itself; but it may have to show its own certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(settings.DICOM_TLS_CERT, settings.DICOM_TLS_KEY or None)
    return context
