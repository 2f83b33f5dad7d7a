"""Who comes in, how, and for how long."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from surveillance.settings.environment import DEBUG, DEMO, env, required, secret

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
    "set_password": "120/m/ip",
}
PASSWORD_RESET_TIMEOUT = 3 * 24 * 60 * 60  # seconds that the link of an invitation counts
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
