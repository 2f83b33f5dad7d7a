from django.conf import settings
from django.urls import include, path

from surveillance import api_v1, health, metrics
from surveillance.accounts import views as accounts
from surveillance.pages import (
    account,
    audit,
    clinics,
    emergency,
    home,
    patient,
    patients,
    refusals,
    register,
    safety_net,
    status,
    tokens,
    unmatched,
)

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("", include("surveillance.door.urls")),
    path("session/", accounts.session, name="session"),
    path("language/", accounts.language, name="language"),
    path("", home.home, name="home"),
    path("", include("patients.urls")),
    path("patients/", patients.patients, name="patients"),
    path("patients/new/", register.register, name="register"),
    path("patients/<uuid:public_id>/", patient.patient, name="patient"),
    path("patients/<uuid:public_id>/looks/", audit.looks, name="looks"),
    path("emergency/", emergency.emergency, name="emergency"),
    path("emergency/<uuid:public_id>/", emergency.opened, name="emergency-patient"),
    path("emergency/<uuid:public_id>/end/", emergency.end, name="end-emergency"),
    path("emergencies/", emergency.emergencies, name="emergencies"),
    path("emergencies/<uuid:public_id>/note/", emergency.note, name="note-emergency"),
    path("account/", account.account, name="account"),
    path("account/sign-out-everywhere/", account.end_sessions, name="end-sessions"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/<uuid:public_id>/revoke/", tokens.revoke, name="revoke-token"),
    path("safety-net/", safety_net.safety_net, name="safety-net"),
    path("status/", status.status, name="status"),
    path("audit/", audit.audit, name="audit"),
    path("administration/", clinics.administration, name="administration"),
    path("administration/<slug:code>/", clinics.clinic, name="clinic"),
    path("administration/<slug:code>/facts/", clinics.facts, name="clinic-facts"),
    path("worklists/unmatched/", unmatched.unmatched, name="unmatched"),
    path(
        "studies/<uuid:public_id>/keep-off-schedule/",
        unmatched.keep_off_schedule,
        name="keep-off-schedule",
    ),
    path("api/v1/", include(api_v1.router.urls)),
    path("api/", include(api_v1)),
    path("fhir/", include("surveillance.fhir.urls")),
    path("", include("schedules.urls")),
    path("", include("imaging.urls")),
    path("", include("reminders.urls")),
]
handler400 = refusals.bad_request
handler500 = refusals.failed
if settings.DEMO:
    urlpatterns.append(path("mailbox/", include("surveillance.demo.urls")))
