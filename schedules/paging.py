"""Long lists a page at a time, by the place of the last row that was shown.

A page is as quick at the end of a list as at its beginning, and nobody is passed over because
others have left the list meanwhile, as they would be if rows were counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from django.core.exceptions import BadRequest
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

PAGE_ROWS = 50

M = TypeVar("M", bound=Model)


class By(NamedTuple):
    """What a list is ordered by: a field, how its value is read from an address, which way."""

    field: str
    read: Callable[[str], Any] = date.fromisoformat
    descending: bool = False


@dataclass(frozen=True, slots=True)
class PageOf(Generic[M]):
    rows: list[M]
    after: str  # the place of its last row, to ask for the next page by; empty on the last one


def page_after(rows: QuerySet[M], order: Sequence[By], after: str) -> PageOf[M]:
    """Return the page that follows the place `after`, or the first if that is empty.

    Rows of the same place are told apart by their id; the model has a `public_id` to name it by.

    Raises:
        BadRequest: `after` is no place of such a list.
    """
    in_order = rows.order_by(*(f"{'-' * by.descending}{by.field}" for by in order), "id")
    if after:
        in_order = in_order.filter(_beyond(rows.model, order, after))
    found = list(in_order[: PAGE_ROWS + 1])
    has_more = len(found) > PAGE_ROWS
    del found[PAGE_ROWS:]
    return PageOf(found, place(found[-1], order) if has_more else "")


def place(row: Model, order: Sequence[By]) -> str:
    """Return where a row stands in the order, as an address holds it."""
    values = [getattr(row, by.field) for by in order]
    return "_".join(map(str, [*values, row.public_id]))  # type: ignore[attr-defined]


def _beyond(model: type[Model], order: Sequence[By], after: str) -> Q:
    *told, public_id = after.split("_")
    try:
        values = [by.read(value) for by, value in zip(order, told, strict=True)]
        last = model._default_manager.get(public_id=UUID(public_id))
    except (ValueError, model.DoesNotExist) as error:  # type: ignore[attr-defined]
        raise BadRequest(_("after is no place in this list.")) from error
    beyond = Q(id__gt=last.pk)
    for by, value in reversed(list(zip(order, values, strict=True))):
        further = "lt" if by.descending else "gt"
        beyond = Q(**{f"{by.field}__{further}": value}) | Q(**{by.field: value}) & beyond
    return beyond
