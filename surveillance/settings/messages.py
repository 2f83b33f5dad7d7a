"""How messages leave, and what they say of where they come from."""

from importlib.util import find_spec
from urllib.parse import parse_qsl, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from reminders.channels.sms_url import sms_gateway
from surveillance.settings.environment import DEBUG, DEMO, env, meant, required, secret

environ.Env.EMAIL_SCHEMES["mailbox"] = "surveillance.demo.mailbox.EmailBackend"

EMAIL_URL = secret("EMAIL_URL", "how mail leaves, smtp://…")
EMAIL_TIMEOUT = 20  # seconds; a mail server that does not answer must not hold up the sweep
if EMAIL_URL.startswith("anymail-"):
    # A provider's API: the query holds the settings that Anymail's own pages name for it.
    PROVIDER = urlsplit(EMAIL_URL).scheme.removeprefix("anymail-").replace("-", "_")
    if not PROVIDER.isidentifier() or not find_spec(f"anymail.backends.{PROVIDER}"):
        raise ImproperlyConfigured(
            f"EMAIL_URL names no provider that Anymail knows: {PROVIDER!r}. See .env.example."
        )
    EMAIL_BACKEND = f"anymail.backends.{PROVIDER}.EmailBackend"
    ANYMAIL = dict(parse_qsl(urlsplit(EMAIL_URL).query)) | {"REQUESTS_TIMEOUT": EMAIL_TIMEOUT}
else:
    vars().update(env.email_url_config(EMAIL_URL))
if DEBUG or DEMO:
    DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="surveillance@localhost")
    SITE_URL = env.str("SITE_URL", default="http://localhost:8000")
else:
    DEFAULT_FROM_EMAIL = required("DEFAULT_FROM_EMAIL", "who mails come from.")
    SITE_URL = required("SITE_URL", "the address of these pages, for the links in mails.")
SITE_URL = SITE_URL.rstrip("/")
# The right-hand side of every Message-ID.
MESSAGE_ID_DOMAIN = urlsplit(SITE_URL).hostname

# How SMS leave; empty where none do.
SMS_URL = secret("SMS_URL")
meant("SMS_URL", sms_gateway, SMS_URL)

# Who is told, beside the administrators, that the database is away.
WATCHDOG_EMAIL = env.list("WATCHDOG_EMAIL", default=[])
