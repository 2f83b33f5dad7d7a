"""The systems beside this one: scanners, PACS, receivers of HL7, and where it may connect to."""

from imaging.pacs_logins import pacs_logins
from surveillance.outgoing.entries import allowed
from surveillance.settings.environment import env, meant, secret

# How DICOM peers' connections are secured; they are not, where no certificate is named.
DICOM_TLS_CERT = env.str("DICOM_TLS_CERT", default="")
DICOM_TLS_KEY = env.str("DICOM_TLS_KEY", default="")
DICOM_TLS_CLIENT_CA = env.str("DICOM_TLS_CLIENT_CA", default="")
# How many appointments a query of the worklist is told of at most.
DICOM_WORKLIST_MOST = env.int("DICOM_WORKLIST_MOST", default=2000)

# By which user and password a clinic's PACS is asked: {clinic's code: (user, password)}.
PACS_LOGINS = meant("PACS_LOGINS", pacs_logins, filter(None, secret("PACS_LOGINS").split(",")))

# Where the server may connect to of what is typed on pages: a clinic's PACS, its receiver of HL7.
OUTGOING_ALLOWED = meant("OUTGOING_ALLOWED", allowed, env.list("OUTGOING_ALLOWED", default=[]))

# With receivers of HL7 that speak TLS: a CA beside those that the system knows, and what we show.
MLLP_TLS_CA = env.str("MLLP_TLS_CA", default="")
MLLP_TLS_CERT = env.str("MLLP_TLS_CERT", default="")
MLLP_TLS_KEY = env.str("MLLP_TLS_KEY", default="")
