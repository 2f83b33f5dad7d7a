"""The addresses of the API: what each app has to ask for, under one root."""

from django.urls import path, re_path
from django.urls.resolvers import URLPattern, URLResolver
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from imaging.api import images
from patients.api import clinics, history, patients
from reminders.api import messages, notices
from schedules.api import (
    bookings,
    contacts,
    protocols,
    results,
    reviews,
    scanners,
    schedules,
    slots,
    studies,
    worklists,
)
from schedules.api.patients import DeathViewSet, ProposalViewSet
from surveillance import safety_net_api
from surveillance.api.routing import Router

router = Router()
router.register("clinics", clinics.ClinicViewSet, "api-clinic")
router.register("patients", patients.PatientViewSet, "api-patient")
router.register("tumours", history.TumourViewSet, "api-tumour")
router.register("treatments", history.TreatmentViewSet, "api-treatment")
router.register("findings", history.FindingViewSet, "api-finding")
router.register("patients", DeathViewSet, "api-death")
router.register("tumours", ProposalViewSet, "api-proposal")
router.register("protocols", protocols.ProtocolViewSet, "api-protocol")
router.register("scanners", scanners.ScannerViewSet, "api-scanner")
router.register("schedules", schedules.ScheduleViewSet, "api-schedule")
router.register("slots", slots.SlotViewSet, "api-slot")
router.register("bookings", bookings.BookingViewSet, "api-booking")
router.register("contacts", contacts.ContactViewSet, "api-contact")
router.register("reviews", reviews.ReviewViewSet, "api-review")
router.register("worklists/to-book", worklists.ToBookViewSet, "api-to-book")
router.register("worklists/booked", worklists.BookedViewSet, "api-booked")
router.register("worklists/overdue", worklists.OverdueViewSet, "api-overdue")
router.register("worklists/results", worklists.ResultsViewSet, "api-results")
router.register("worklists/rebaselines", worklists.RebaselinesViewSet, "api-rebaselines")
router.register("studies", studies.StudyViewSet, "api-study")
router.register("results", results.ResultViewSet, "api-result")
router.register("images", images.ReceivedViewSet, "api-images")
router.register("messages", messages.MessageViewSet, "api-message")
router.register("notices", notices.NoticeViewSet, "api-notice")
router.register("safety-net", safety_net_api.SafetyNetViewSet, "api-safety-net")


class DocsView(SpectacularSwaggerSplitView):
    """The description of the API as a page that can try it, framed as all pages are."""

    template_name = "surveillance/api_docs.html"


class NotThere(APIView):
    """What is asked for below the API and is not there is refused as everything else is."""

    schema = None
    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        raise NotFound


urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", SpectacularAPIView.as_view(api_version="v1"), name="api-schema"),
    path("docs/", DocsView.as_view(url_name="api-schema"), name="api-docs"),
    re_path(r"^[\s\S]*$", NotThere.as_view(), name="api-not-there"),
]
