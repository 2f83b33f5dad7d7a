"""The safety net, for programs."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import BadRequest
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from patients.api.paging import ByPlace
from patients.api.scoped import ON, Scoped
from patients.marks import mark
from patients.safety import FallenThrough, Gap
from surveillance.accounts.roles import Act, Role
from surveillance.safety_net import fallen_through, followed

Key = tuple[int, date, str, str]


class FallenThroughSerializer(serializers.Serializer[FallenThrough]):
    reason = serializers.ChoiceField(Gap.choices, source="gap")
    patient = serializers.UUIDField(
        source="patient.public_id",
        default=None,
        allow_null=True,
        help_text="Null of what is nobody’s yet.",
    )
    clinic = serializers.SlugField(source="clinic.code")
    since = serializers.DateField()
    detail = serializers.CharField()
    who = serializers.ListField(
        child=serializers.ChoiceField(Role.choices), help_text="Who must act."
    )


class ByReason(ByPlace):
    """A page of what was found, after a place of the same reason, day and patient.

    Beside it stands how many there are, of how many patients under surveillance.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        limit, after = self.limit(request), request.query_params.get("after", "")
        found: Sequence[FallenThrough] = queryset
        beyond = sorted((row for row in found if not after or _key(row) > _read(after)), key=_key)
        self.turn(request, _place(beyond[limit - 1]) if len(beyond) > limit else "")
        self.counts = {"fallen_through": len(found), "followed": followed(view.clinics).count()}
        return beyond[:limit]

    def get_paginated_response(self, data: Any) -> Response:
        response = super().get_paginated_response(data)
        response.data |= self.counts
        return response

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        paged = super().get_paginated_response_schema(schema)
        for name, said in (
            ("fallen_through", "How many there are in all."),
            ("followed", "Of how many patients under surveillance."),
        ):
            paged["required"].append(name)
            paged["properties"][name] = {"type": "integer", "description": said}
        return paged


class SafetyNetViewSet(Scoped[Any]):
    """Who has fallen through, why, and who must act."""

    acts = {"list": Act.SEE_PATIENTS}
    queries = {"list": ("on",)}
    page = "API: safety net"
    filter_backends = []
    pagination_class = ByReason
    serializer_class = FallenThroughSerializer

    def see(self, rows: Iterable[FallenThrough]) -> None:
        self.seen += [row.patient for row in rows if row.patient]

    @extend_schema(parameters=[ON], responses=FallenThroughSerializer(many=True))
    def list(self, request: Request) -> Response:
        """The same as on the page, with the reason of each. Zero is the goal."""
        gaps = fallen_through(self.days())
        rows = self.paginate_queryset([row for found in gaps.values() for row in found])
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)


def _key(row: FallenThrough) -> Key:
    whose = str(row.patient.public_id) if row.patient else row.clinic.code
    return list(Gap).index(row.gap), row.since, whose, mark(row.detail)


def _place(row: FallenThrough) -> str:
    return "~".join([row.gap, *map(str, _key(row)[1:])])


def _read(place: str) -> Key:
    try:
        gap, since, whose, detail = place.split("~")
        return list(Gap).index(Gap(gap)), date.fromisoformat(since), whose, detail
    except ValueError as error:
        raise BadRequest(_("after is no place in this list.")) from error
