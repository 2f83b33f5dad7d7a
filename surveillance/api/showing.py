"""How rows are shown, so that the description of the API holds for every one of them."""

from typing import Any, TypeVar

from django.db import models
from rest_framework import serializers

M = TypeVar("M", bound=models.Model)


class Shown(serializers.ModelSerializer[M]):
    """A row that is shown and never written: what it may leave empty is described so."""

    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {
        models.EmailField: serializers.CharField
    }

    def include_extra_kwargs(self, kwargs: Any, extra_kwargs: Any) -> Any:
        may_be_empty = "choices" in kwargs and kwargs.get("allow_blank")
        told = super().include_extra_kwargs(kwargs, extra_kwargs)
        return {**told, "allow_blank": True} if may_be_empty else told
