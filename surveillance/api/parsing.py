"""What is sent to the API: bounded JSON, and nothing that nobody asked for."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db.models import TextChoices
from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class BoundedJSONParser(JSONParser):
    """JSON of the size that a form may have, nested no deeper than can be read."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        sent = stream.read(most + 1)
        if len(sent) > most:
            raise RequestDataTooBig
        try:
            told = json.loads(sent.decode(), parse_constant=_refuse)
            json.dumps(told, ensure_ascii=False).encode()  # half of a pair of UTF-16 is no text
            return told
        except (ValueError, RecursionError) as error:
            raise ParseError(_("This is no JSON: %(why)s") % {"why": error}) from error


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # NaN and the infinities, which JSON has not


# What JSON has of its own is not guessed from anything else.
OF_JSON: Mapping[type[serializers.Field[Any, Any, Any, Any]], type] = {
    serializers.CharField: str,
    serializers.IntegerField: int,
    serializers.BooleanField: bool,
}


class Told(serializers.Serializer[Any]):
    """What is told to an action. A field that it does not know is a mistake, and is not dropped;
    nor is 0 a text, or "1" a number."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and not isinstance(data, QueryDict):  # a form has texts alone
            wrong = {name: [_("There is no such field.")] for name in set(data) - set(self.fields)}
            wrong |= {
                name: [_("JSON holds this otherwise.")]
                for name, value in data.items()
                if name in self.fields and not _is_of(self.fields[name], value)
            }
            if wrong:
                raise serializers.ValidationError({name: wrong[name] for name in sorted(wrong)})
        return super().to_internal_value(data)


def _is_of(field: serializers.Field[Any, Any, Any, Any], value: Any) -> bool:
    """Say whether a value is of the kind that JSON has for a field."""
    if value is None:
        return True  # whether it may be left out is asked elsewhere
    if isinstance(field, serializers.ListField):
        return isinstance(value, list) and all(_is_of(field.child, one) for one in value)
    return all(
        type(value) is expected for kind, expected in OF_JSON.items() if isinstance(field, kind)
    )


class Choice(serializers.ChoiceField):
    """One of the choices of an enumeration, read as that."""

    def __init__(self, of: type[TextChoices], *, but: Sequence[str] = (), **kwargs: Any) -> None:
        self.of = of
        super().__init__([one for one in of.choices if one[0] not in but], **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        return self.of(super().to_internal_value(data))


class Moment(serializers.DateTimeField):
    """A moment with its offset from UTC: without one it could be several."""

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            raise serializers.ValidationError(
                _("Say its offset from UTC, as in 2026-03-05T09:30:00+09:00.")
            )
        return super().enforce_timezone(value)
