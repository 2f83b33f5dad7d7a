import json
from typing import Any

from django import template
from django.core.serializers.json import DjangoJSONEncoder

register = template.Library()


@register.filter
def as_json(value: Any) -> str:
    """Write what a script reads from an attribute: a script element of data is code to a reader."""
    return json.dumps(value, cls=DjangoJSONEncoder)
