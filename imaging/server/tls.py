"""TLS for DICOM (PS3.15, B.12), where the settings name a certificate."""

import ssl

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def secured() -> ssl.SSLContext | None:
    """Return how connections are secured; nothing if they are not.

    With the CA of the peers' certificates named, whoever shows none of its own is not let in.

    Raises:
        ImproperlyConfigured: a file is not what it should be.
    """
    if not settings.DICOM_TLS_CERT:
        if settings.DICOM_TLS_CLIENT_CA:
            raise ImproperlyConfigured(
                "DICOM_TLS_CLIENT_CA needs DICOM_TLS_CERT. See .env.example."
            )
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.DICOM_TLS_CERT, settings.DICOM_TLS_KEY or None)
        if settings.DICOM_TLS_CLIENT_CA:
            context.load_verify_locations(settings.DICOM_TLS_CLIENT_CA)
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:  # ssl.SSLError is one
        raise ImproperlyConfigured(f"DICOM_TLS_*: {error}. See .env.example.") from error
    return context
