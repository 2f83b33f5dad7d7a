"""The API for programs, and its description."""

from surveillance.settings.environment import env

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
