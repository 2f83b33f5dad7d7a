"""Finding patients by what people type, whatever its width, case, accents or kana."""

import re
from typing import Any, TypeVar
from unicodedata import normalize

from django.db.models import F, Func, Model, Q, QuerySet, TextField, Value

M = TypeVar("M", bound=Model)

PATIENT = ("family_name", "given_name", "mrn")

_HIRAGANA = "".join(map(chr, range(0x3041, 0x3097)))
_KATAKANA = "".join(map(chr, range(0x30A1, 0x30F7)))


class Folded(Func):
    """A text as it is compared: letters without case, accents or width, all kana as katakana.

    PostgreSQL folds what is stored and what is sought alike. ø, đ, ð, ł and ı have no accent that
    could be taken off, so they are named.
    """

    template = (
        r"translate(replace(lower(regexp_replace(normalize(%(expressions)s, NFKD), "
        r"'[\u0300-\u036f]', '', 'g')), 'ß', 'ss'), "
        f"'øđðłı{_HIRAGANA}', 'oddli{_KATAKANA}')"
    )
    output_field = TextField()


def with_name_or_mrn(rows: QuerySet[M], q: str, patient: str = "") -> QuerySet[M]:
    """Return the rows whose patient is meant by `q`; `patient` is the path to it, ending in __."""
    return beginning_with(rows, q, *(f"{patient}{name}" for name in PATIENT))


def beginning_with(rows: QuerySet[M], q: str, *columns: str) -> QuerySet[M]:
    """Return the rows of which each word of `q` begins one of the columns, in whatever order."""
    folded = {f"folded_{column}".replace("__", "_"): Folded(F(column)) for column in columns}
    found: QuerySet[Any] = rows.alias(**folded)
    for word in re.split(r"[\s,、・]+", normalize("NFKC", q).strip()):
        begins = Q()
        for name in folded:
            begins |= Q(**{f"{name}__startswith": Folded(Value(word))})
        found = found.filter(begins)
    return found
