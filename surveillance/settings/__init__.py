"""Settings, all from the environment; `.env.example` names each variable.

A variable without a safe default is required, and its absence says how to mend it. Each module
has one idea; all that they name in capitals is a setting.
"""

from django.core.exceptions import ImproperlyConfigured

from surveillance.settings.api import *
from surveillance.settings.apps import *
from surveillance.settings.background import *
from surveillance.settings.door import *
from surveillance.settings.environment import *
from surveillance.settings.logs import *
from surveillance.settings.messages import *
from surveillance.settings.peers import *
from surveillance.settings.stores import *
from surveillance.settings.web import *
from surveillance.unsafe import unsafe

if DEBUG and not DEMO:
    raise ImproperlyConfigured(
        "DEBUG shows data to whoever causes an error: set DEBUG=false, or DEMO=true where no"
        " patient is real. See .env.example."
    )
if not DEMO and (
    wrong := unsafe(
        secret_key=SECRET_KEY,
        hosts=ALLOWED_HOSTS,
        origins=CSRF_TRUSTED_ORIGINS,
        site_url=SITE_URL,
        email_url=EMAIL_URL,
        second_factor_for=SECOND_FACTOR_FOR,
        oidc_url=OIDC_URL,
    )
):
    raise ImproperlyConfigured(" ".join(["This is not safe.", *wrong, "See .env.example."]))
