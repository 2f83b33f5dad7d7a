"""How lists are narrowed, where django-filter would overlook what is misspelt."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from surveillance.api.parsing import Moment


class OfView(django_filters.FilterSet):
    """Filters that need to know more of what is asked than their own values."""

    @property
    def view(self) -> Any:
        return self.request.parser_context["view"]  # type: ignore[union-attr]


@extend_schema_field(OpenApiTypes.BOOL)
class Flag(django_filters.TypedChoiceFilter):
    """`true` or `false`, and nothing else."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(*args, choices=choices, coerce="true".__eq__, **kwargs)


class Day(django_filters.DateFilter):
    """YYYY-MM-DD, whatever the language."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, input_formats=["%Y-%m-%d"], **kwargs)


class Standing(django_filters.ChoiceFilter):
    """Where a row stands: on one of some lists, each given for the clinics of whoever asks."""

    parent: django_filters.FilterSet  # set by django-filter

    def __init__(self, lists: Mapping[str, Callable[[Sequence[Any]], QuerySet[Any]]]) -> None:
        super().__init__(choices=[(name, name) for name in lists])
        self.lists = lists

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return qs
        request: Any = self.parent.request
        clinics = request.parser_context["view"].clinics
        return qs.filter(pk__in=self.lists[value](clinics).order_by().values("pk"))


@extend_schema_field(OpenApiTypes.INT)
class WholeNumber(django_filters.NumberFilter):
    """A whole number."""

    field_class = forms.IntegerField  # type: ignore[assignment]


class MomentField(forms.Field):
    def to_python(self, value: str | None) -> datetime | None:
        try:
            return Moment().to_internal_value(value) if value else None
        except serializers.ValidationError as error:
            raise forms.ValidationError([str(one) for one in error.detail]) from error


@extend_schema_field(OpenApiTypes.DATETIME)
class At(django_filters.Filter):
    """A moment with its offset from UTC."""

    field_class = MomentField
