"""Protocols: what is due when, and what a version would change. They belong to no clinic."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from patients.api.paging import Whole
from patients.api.scoped import ON, Retrieves
from schedules.actions.protocols import takeovers
from schedules.api.replans import ReplanSerializer
from schedules.models import Protocol, ProtocolState
from schedules.preview import Previewed, preview
from schedules.protocol_forms import PreviewForm
from schedules.queries import protocols_with_use
from schedules.replanning import Replan
from schedules.rules.protocol import ProtocolError
from schedules.rules.windows import WindowStatus
from surveillance.accounts.roles import Act
from surveillance.api.showing import Shown

ANCHOR = OpenApiParameter("anchor", OpenApiTypes.DATE, required=True, description="Month 0.")


@extend_schema_field(OpenApiTypes.STR)
class ActiveProtocol(serializers.Field[Protocol, Any, str, Any]):
    """An active protocol, by its code."""

    default_error_messages = {"none": _("There is no active protocol of this code.")}

    def to_internal_value(self, data: Any) -> Protocol:
        for protocol in Protocol.objects.filter(state=ProtocolState.ACTIVE):
            if protocol.code == data:
                return protocol
        return self.fail("none")


class ProtocolSerializer(Shown[Protocol]):
    drafted_by = serializers.CharField(allow_null=True)
    signed_by = serializers.CharField(allow_null=True)
    in_use = serializers.IntegerField(help_text="Live schedules of your clinics.")

    class Meta:
        model = Protocol
        fields = [
            "code",
            "version",
            "state",
            "title",
            "population",
            "citation",
            "quote",
            "note",
            "missing",
            "suits",
            "phases",
            "drafted_by",
            "signed_by",
            "signed_at",
            "in_use",
        ]
        read_only_fields = fields


class PreviewedSerializer(serializers.Serializer[Previewed]):
    n = serializers.IntegerField(source="slot.n")
    exam = serializers.CharField(source="slot.exam.key")
    earliest_on = serializers.DateField(source="slot.earliest_on")
    due_on = serializers.DateField(source="slot.due_on")
    latest_on = serializers.DateField(source="slot.latest_on")
    lapses_on = serializers.DateField(source="slot.lapses_on")
    status = serializers.ChoiceField([(one.value, one.value) for one in WindowStatus])
    why = serializers.CharField()


class PreviewSerializer(serializers.Serializer[dict[str, Any]]):
    protocol = serializers.SlugField()
    anchor_on = serializers.DateField()
    slots = PreviewedSerializer(many=True)


class ProtocolViewSet(ListModelMixin, Retrieves[Protocol]):
    """Protocols, each version of them."""

    acts = {
        "list": Act.SEE_PROTOCOLS,
        "retrieve": Act.SEE_PROTOCOLS,
        "preview": Act.SEE_PROTOCOLS,
        "what_if": Act.PLAN,
    }
    page = "API: what would change"
    patient_path = ""
    route = "<slug:code>/<int:version>"
    serializer_class = ProtocolSerializer
    pagination_class = Whole
    queries = {"preview": ("anchor", "on")}

    def get_queryset(self) -> QuerySet[Protocol]:
        return protocols_with_use(self.clinics).order_by("code", "-version")

    def get_object(self) -> Protocol:
        return get_object_or_404(self.get_queryset(), **self.kwargs)

    @extend_schema(parameters=[ANCHOR, ON], responses=PreviewSerializer)
    @action(detail=True)
    def preview(self, request: Request, code: str, version: int) -> Response:
        """Return the slots that it gives from a day, as `preview_schedule --json` does."""
        protocol, form = self.get_object(), PreviewForm(request.query_params)
        if not form.is_valid():
            raise ValidationError(form.errors.as_data())
        anchor_on = form.cleaned_data["anchor"]
        on = self.day("on") or timezone.localdate()
        try:
            slots = preview(protocol, anchor_on, on)
        except ProtocolError as error:
            raise ValidationError(str(error)) from error
        told = {"protocol": code, "anchor_on": anchor_on, "slots": slots}
        return Response(PreviewSerializer(told).data)

    @extend_schema(responses=ReplanSerializer(many=True))
    @action(detail=True, url_path="what-if")
    def what_if(self, request: Request, code: str, version: int) -> Response:
        """Return what going on by it would change for your patients on older versions."""
        protocol = self.get_object()
        if protocol.flaw:
            raise ValidationError(protocol.flaw)
        replans: list[Replan] = takeovers(protocol=protocol, clinics=self.clinics)
        self.seen += [replan.schedule.tumour.patient for replan in replans]
        return Response({"results": ReplanSerializer(replans, many=True).data, "next": None})
