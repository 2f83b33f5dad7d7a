"""Settings, all from the environment; `.env.example` names each variable.

A variable without a safe default is required, and its absence says how to mend it.
"""

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import environ
import pghistory
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from imaging.pacs_logins import pacs_logins
from reminders.channels.sms_url import sms_gateway
from surveillance.outgoing.entries import allowed
from surveillance.unsafe import unsafe

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.EMAIL_SCHEMES["mailbox"] = "surveillance.demo.mailbox.EmailBackend"


def required(name: str, hint: str) -> str:
    """Return the environment variable `name`; without it, say what it is for."""
    value: str = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: {hint} See .env.example.")
    return value


def secret(name: str, hint: str = "") -> str:
    """Return the variable `name`, or what is in the file that `name`_FILE names.

    With a hint, which says what it is for, one of the two is needed.
    """
    given, path = (os.environ.get(variable, "") for variable in (name, f"{name}_FILE"))
    if given and path:
        raise ImproperlyConfigured(
            f"{name} and {name}_FILE are both set: take one of them away. See .env.example."
        )
    if path:
        try:
            given = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise ImproperlyConfigured(
                f"{name}_FILE names {path}, which cannot be read: {why}. Whoever this runs as must"
                " be allowed to. See .env.example."
            ) from None  # the cause may hold the secret
        if not given:
            raise ImproperlyConfigured(f"{name}_FILE names {path}, which is empty.")
    if hint and not given:
        raise ImproperlyConfigured(f"{name} is not set: {hint} See .env.example.")
    return given


SECRET_KEY = secret("SECRET_KEY", "a long random text that signs sessions.")
DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=DEBUG)  # demo logins, demo data and the mailbox page
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.forms",  # its templates, of which templates/django/forms/field.html replaces one
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "csp",
    "django_htmx",
    "pgtrigger",
    "pghistory",
    "js_lib_bootstrap5",
    "rest_framework",
    "knox",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "surveillance.accounts",
    "surveillance.audit",
    "surveillance.api",
    "surveillance.door",
    "surveillance",
    "patients",
    "schedules",
    "reminders",
    "imaging",
]
if DEMO:
    INSTALLED_APPS.append("surveillance.demo")

MIDDLEWARE = [
    "surveillance.request_log.RequestLogMiddleware",
    # Those of headers come first, so that no answer leaves without them, of whatever makes it.
    "surveillance.headers.HeadersMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "surveillance.requests_counted.CountingMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "surveillance.accounts.sessions.SessionLimitsMiddleware",
    "surveillance.accounts.middleware.LanguageMiddleware",
    "surveillance.accounts.sessions.SignInMiddleware",
    "surveillance.accounts.middleware.NoStoreMiddleware",
    "surveillance.door.second_factor.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "surveillance.urls"
WSGI_APPLICATION = "surveillance.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "surveillance.pages.navigation.navigation",
            ],
            "builtins": ["django.templatetags.i18n"],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

DATABASES = {"default": env.db_url_config(secret("DATABASE_URL", "a PostgreSQL address."))}
if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL. See .env.example.")
DATABASES["default"] |= {
    # So that the address may hold no secret, and the password any sign.
    "PASSWORD": DATABASES["default"].get("PASSWORD") or secret("POSTGRES_PASSWORD"),
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
    # In seconds: a probe must not hang on a host that is gone.
    "OPTIONS": {"connect_timeout": 5} | DATABASES["default"].get("OPTIONS", {}),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = secret("REDIS_URL", "the address of a Redis-compatible server.")
CACHES = {
    name: {
        "BACKEND": backend,
        "LOCATION": REDIS_URL,
        # Another one than that of the release before, whose pickles and code go on for a while.
        "KEY_PREFIX": "surveillance-json",
        # In seconds: nobody waits longer at the sign-in page for a host that is gone. By itself
        # Django reads pickles, which run what whoever wrote them wants.
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2, "serializer": json},
    }
    for name, backend in {
        "default": "surveillance.door.forgiving_cache.ForgivingCache",
        "strict": "django.core.cache.backends.redis.RedisCache",
    }.items()
}

# Each task is repeatable and finds its work in PostgreSQL. The visibility timeout stays above all
# time limits, also that of schedules.tasks.work, or a slow task would be handed out twice.
CELERY_BROKER_URL = REDIS_URL
CELERY_TIMEZONE = "UTC"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    # In seconds: a request that asks for a job must not hang on a broker that is gone, nor on one
    # that keeps its connections and answers nobody.
    "socket_connect_timeout": 5,
    "socket_timeout": 3,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
SWEEP_EVERY_SECONDS = env.int("SWEEP_EVERY_SECONDS", default=60)
RECONCILE_EVERY_SECONDS = 15 * 60
PACS_EVERY_SECONDS = 5 * 60
SEAL_EVERY_SECONDS = 15 * 60
FORGET_EVERY_SECONDS = 24 * 60 * 60
# How long the text of a message is kept, and for how many years a record after its last day.
MESSAGE_TEXT_DAYS = env.int("MESSAGE_TEXT_DAYS", default=365)
RETENTION_YEARS = env.int("RETENTION_YEARS", default=10)
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "reminders.tasks.sweep",
        "schedule": SWEEP_EVERY_SECONDS,
        # A sweep that could not start before the next one is due has nothing left to say.
        "options": {"expires": SWEEP_EVERY_SECONDS},
    },
    # Whoever asks for a job rings at once; this is for what was not heard, or was broken off.
    "work": {
        "task": "schedules.tasks.work",
        "schedule": SWEEP_EVERY_SECONDS,
        "options": {"expires": SWEEP_EVERY_SECONDS},
    },
    "settle": {
        "task": "imaging.tasks.settle",
        "schedule": SWEEP_EVERY_SECONDS,
        "options": {"expires": SWEEP_EVERY_SECONDS},
    },
    "ask_pacs": {
        "task": "imaging.tasks.ask_pacs",
        "schedule": PACS_EVERY_SECONDS,
        "options": {"expires": PACS_EVERY_SECONDS},
    },
    "tell_receivers": {
        "task": "reminders.tasks.tell_receivers",
        "schedule": SWEEP_EVERY_SECONDS,
        "options": {"expires": SWEEP_EVERY_SECONDS},
    },
    "listen_for_silence": {
        "task": "surveillance.tasks.listen_for_silence",
        "schedule": 60,
        "options": {"expires": 60},
    },
    "seal_audit": {
        "task": "surveillance.tasks.seal_audit",
        "schedule": SEAL_EVERY_SECONDS,
        "options": {"expires": SEAL_EVERY_SECONDS},
    },
    "forget": {
        "task": "surveillance.tasks.forget",
        "schedule": FORGET_EVERY_SECONDS,
        "options": {"expires": FORGET_EVERY_SECONDS},
    },
    "reconcile": {
        "task": "reminders.tasks.reconcile",
        "schedule": RECONCILE_EVERY_SECONDS,
        "options": {"expires": RECONCILE_EVERY_SECONDS},
    },
}

# What is done in the background by more than one app: the kind of the job, and the function.
JOBS = {"fhir": "surveillance.fhir.exporting.make"}

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
try:
    sms_gateway(SMS_URL)
except ValueError as error:
    raise ImproperlyConfigured(f"SMS_URL {error} See .env.example.") from error

# How DICOM peers' connections are secured; they are not, where no certificate is named.
DICOM_TLS_CERT = env.str("DICOM_TLS_CERT", default="")
DICOM_TLS_KEY = env.str("DICOM_TLS_KEY", default="")
DICOM_TLS_CLIENT_CA = env.str("DICOM_TLS_CLIENT_CA", default="")
# How many appointments a query of the worklist is told of at most.
DICOM_WORKLIST_MOST = env.int("DICOM_WORKLIST_MOST", default=2000)

# By which user and password a clinic's PACS is asked: {clinic's code: (user, password)}.
try:
    PACS_LOGINS = pacs_logins(filter(None, secret("PACS_LOGINS").split(",")))
except ValueError as error:
    raise ImproperlyConfigured(f"PACS_LOGINS {error} See .env.example.") from error

# Where the server may connect to of what is typed on pages: a clinic's PACS, its receiver of HL7.
try:
    OUTGOING_ALLOWED = allowed(env.list("OUTGOING_ALLOWED", default=[]))
except ValueError as error:
    raise ImproperlyConfigured(f"OUTGOING_ALLOWED {error} See .env.example.") from error

# With receivers of HL7 that speak TLS: a CA beside those that the system knows, and what we show.
MLLP_TLS_CA = env.str("MLLP_TLS_CA", default="")
MLLP_TLS_CERT = env.str("MLLP_TLS_CERT", default="")
MLLP_TLS_KEY = env.str("MLLP_TLS_KEY", default="")

# Who is told, beside the administrators, that the database is away.
WATCHDOG_EMAIL = env.list("WATCHDOG_EMAIL", default=[])

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
] + [{"NAME": "surveillance.accounts.passwords.NoWordsOfTheHouse"}]
CSRF_FAILURE_VIEW = "surveillance.pages.refusals.not_sent"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
SESSION_IDLE_MINUTES = env.int("SESSION_IDLE_MINUTES", default=15)
SESSION_HOURS = env.int("SESSION_HOURS", default=12)
if SESSION_IDLE_MINUTES < 3 or SESSION_HOURS < 1:
    raise ImproperlyConfigured(
        "SESSION_IDLE_MINUTES is 3 or more, for the warning comes 2 minutes before the end, and"
        " SESSION_HOURS is 1 or more. See .env.example."
    )
# How long a clinician may read another clinic's patient who was opened in an emergency.
EMERGENCY_MINUTES = env.int("EMERGENCY_MINUTES", default=60)
if not 1 <= EMERGENCY_MINUTES <= 24 * 60:
    raise ImproperlyConfigured("EMERGENCY_MINUTES is 1 to 1440. See .env.example.")

# The door: allauth's pages, of which surveillance/door/urls.py has those that are needed.
ACCOUNT_ADAPTER = "surveillance.door.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "surveillance.door.forms.SignInForm",
    "change_password": "surveillance.door.forms.PasswordForm",
    "reauthenticate": "surveillance.door.forms.AgainForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]  # nobody signs up
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False  # a session ends with its browser, at the latest
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300  # seconds
ACCOUNT_RATE_LIMITS = {
    # A hospital may come from one address: one person is held back long before it is.
    "login": "120/m/ip",
    "login_failed": "60/m/ip,10/10m/key",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}
MFA_ADAPTER = "surveillance.door.mfa_adapter.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "surveillance.door.forms.CodeForm",
    "reauthenticate": "surveillance.door.forms.AgainByCodeForm",
    "activate_totp": "surveillance.door.forms.AppForm",
    "add_webauthn": "surveillance.door.forms.PasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RATE_LIMITS = {"webauthn_login": "60/m/ip"}
MFA_TOTP_ISSUER = "Sarcoma follow-up"
MFA_TOTP_TOLERANCE = 1  # a phone's clock may be half a minute off
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG or DEMO  # http://localhost
# The hospital's own sign-in by OpenID Connect; without an address there is none.
OIDC_URL = env.str("OIDC_URL", default="").rstrip("/")
OIDC_NAME = env.str("OIDC_NAME", default="") or "Single sign-on"
OIDC_USERNAME_CLAIM = env.str("OIDC_USERNAME_CLAIM", default="")
OIDC_SECOND_FACTOR = env.list("OIDC_SECOND_FACTOR", default=["mfa"])
SOCIALACCOUNT_ADAPTER = "surveillance.door.single_sign_on.SingleSignOnAdapter"
# By a link: of a form, form-action would forbid each address that the provider leads on to.
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_PROVIDERS: dict[str, dict[str, Any]] = {
    "openid_connect": {"OAUTH_PKCE_ENABLED": True}
}
if OIDC_URL:
    SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"] = [
        {
            "provider_id": "hospital",
            "name": OIDC_NAME,
            "client_id": required("OIDC_CLIENT_ID", "what the provider of OIDC_URL knows us by."),
            "secret": secret("OIDC_CLIENT_SECRET", "what the provider of OIDC_URL gave us."),
            "settings": {"server_url": OIDC_URL},
        }
    ]
# Who comes in only with a second factor: administrators, everyone, or, in the demo, nobody.
SECOND_FACTOR_FOR = env.str("SECOND_FACTOR_FOR", default="nobody" if DEMO else "administrators")
if SECOND_FACTOR_FOR not in ("administrators", "everyone", "nobody"):
    raise ImproperlyConfigured("SECOND_FACTOR_FOR is administrators or everyone. See .env.example.")

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English"), ("ja", "日本語")]
LOCALE_PATHS = [BASE_DIR / "surveillance" / "locale"]
FORMAT_MODULE_PATH = "surveillance.formats"
LANGUAGE_COOKIE_AGE = 31_536_000  # a year
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"  # pages show the clinic's own time; see patients.models.Clinic

# What is uploaded goes to a file that others can read, and a CT is many files.
FILE_UPLOAD_HANDLERS = [
    "surveillance.upload_limit.Limit",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_NUMBER_FILES = 5_000

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEMO  # the demo serves them from where they lie
WHITENOISE_ALLOW_ALL_ORIGINS = False
if not (DEBUG or DEMO):
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        # Bootstrap's own stylesheet draws its arrows and ticks from data: images.
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
if not (DEBUG or DEMO):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    # Probes and monitors ask from inside, without TLS.
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    LANGUAGE_COOKIE_SECURE = True
    # By such a name a browser takes a cookie from this host alone, and over TLS alone.
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    LANGUAGE_COOKIE_NAME = "__Host-language"

# What rows were is found by row and by time: an index for each key would cost more than it finds.
PGHISTORY_FOREIGN_KEY_FIELD = pghistory.ForeignKey(db_index=False)

KNOX_TOKEN_MODEL = "api.Token"  # noqa: S105 # it is a name
MIGRATION_MODULES = {"knox": None}  # its own table, which nobody would use, is not made
REST_FRAMEWORK = {
    # The first says how a request without any is told to sign in: 401, and by a token.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "surveillance.api.authentication.ByToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["surveillance.api.parsing.BoundedJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anon": "60/min",
        "user": env.str("API_RATE", default="600/min"),
    },
    "EXCEPTION_HANDLER": "surveillance.api.problems.problem",
    "NUM_PROXIES": 1,  # whose word on where a request comes from is believed
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Sarcoma follow-up",
    "DESCRIPTION": "What the pages can do, for programs. Days are the clinic’s own, inclusive.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    # Where several things have a field of one name, the names of its choices.
    "ENUM_NAME_OVERRIDES": {
        name: f"{models}.{name}.choices"
        for models, names in {
            "patients.models": ("TreatmentKind", "FindingKind"),
            "schedules.models": (
                "BookingState",
                "ContactOutcome",
                "ProtocolState",
                "ResultOutcome",
                "ScheduleState",
            ),
            "reminders.models": ("ChannelName", "MessageState"),
        }.items()
        for name in names
    }
    | {"SlotOutcome": "schedules.models.Slot.OUTCOMES"},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "surveillance.api.schema.with_problems",
    ],
}

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

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
        "json": {"()": "surveillance.logs.Json"},
    },
    "filters": {"secrets": {"()": "surveillance.logs.WithoutSecrets"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "plain" if DEMO else "json",
            "filters": ["secrets"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "pynetdicom": {"level": "WARNING"},  # it tells of every message
        "gunicorn.error": {
            "handlers": [],
            "propagate": True,
        },  # as the rest, not by its own handler
    },
}
