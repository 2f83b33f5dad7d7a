"""How lists are narrowed, where django-filter would overlook what is misspelt."""

from typing import Any

import django_filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field


@extend_schema_field(OpenApiTypes.BOOL)
class Flag(django_filters.TypedChoiceFilter):
    """`true` or `false`, and nothing else."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(*args, choices=choices, coerce="true".__eq__, **kwargs)
