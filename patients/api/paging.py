"""A list of the API, a page at a time: as the pages', by the place of the last row."""

from typing import Any

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from patients.paging import PAGE_ROWS, page_after

MOST_ROWS = 200


class Whole(BasePagination):
    """Gives all rows of a list that is always short, as the only page of a long one."""

    asked_by: tuple[str, ...] = ()
    next: str | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        return list(queryset)

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.next})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {
                    "type": ["string", "null"],
                    "format": "uri",
                    "description": "The address of the next page; null on the last one.",
                },
            },
        }


class ByPlace(Whole):
    """Gives 50 rows, or as many as `limit` says, after the place `after`."""

    asked_by = ("after", "limit")

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        after = request.query_params.get("after", "")
        among: QuerySet[Model] = view.get_queryset()
        page = page_after(queryset, view.in_order(), after, among=among, size=self.limit(request))
        self.turn(request, page.after)
        return page.rows

    def limit(self, request: Request) -> int:
        """Return how many rows are asked for."""
        limit = request.query_params.get("limit", str(PAGE_ROWS))
        if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= MOST_ROWS):
            raise serializers.ValidationError(
                {"limit": [_("Between 1 and %(most)s.") % {"most": MOST_ROWS}]}
            )
        return int(limit)

    def turn(self, request: Request, after: str) -> None:
        """Say where it goes on: after that place, or nowhere if it is empty."""
        query = request.query_params.copy()
        query["after"] = after
        onward = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
        self.next = onward if after else None

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": "after",
                "in": "query",
                "description": "The place after which to go on: take it from `next`.",
                "schema": {"type": "string"},
            },
            {
                "name": "limit",
                "in": "query",
                "description": "How many rows at most.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MOST_ROWS,
                    "default": PAGE_ROWS,
                },
            },
        ]
