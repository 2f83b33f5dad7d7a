"""The addresses of the API: what each app has to ask for, under one root."""

from django.urls import path
from django.urls.resolvers import URLPattern, URLResolver
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from patients.api import clinics, history, patients
from surveillance.api.routing import Router

router = Router()
router.register("clinics", clinics.ClinicViewSet, "api-clinic")
router.register("patients", patients.PatientViewSet, "api-patient")
router.register("tumours", history.TumourViewSet, "api-tumour")
router.register("treatments", history.TreatmentViewSet, "api-treatment")
router.register("findings", history.FindingViewSet, "api-finding")

urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", SpectacularAPIView.as_view(api_version="v1"), name="api-schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
]
