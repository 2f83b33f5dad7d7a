"""What the application is made of: apps, middleware, templates, languages, static files."""

from surveillance.settings.environment import BASE_DIR, DEBUG, DEMO

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
    "surveillance.rest_of_request.ReadToTheEndMiddleware",
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

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English"), ("ja", "日本語")]
LOCALE_PATHS = [BASE_DIR / "surveillance" / "locale"]
FORMAT_MODULE_PATH = "surveillance.formats"
LANGUAGE_COOKIE_AGE = 31_536_000  # a year
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"  # pages show the clinic's own time; see patients.models.Clinic

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
