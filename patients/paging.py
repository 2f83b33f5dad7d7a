"""Long lists a page at a time, by the place of the last row that was shown.

A page is as quick at the end of a list as at its beginning, and nobody is passed over because
others have left the list meanwhile, as they would be if rows were counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import quote, unquote
from uuid import UUID

from django.core.exceptions import BadRequest
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

PAGE_ROWS = 50

M = TypeVar("M", bound=Model)


class By(NamedTuple):
    """What a list is ordered by: a field, and which way.

    With `read`, places tell the field's value, and `read` takes it from there: a row whose value
    changes, or that loses it with its place on the list, is still gone on from where it stood.
    Without, the row is asked for its value: nothing of it stands in an address.
    """

    field: str
    read: Callable[[str], Any] | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True)
class PageOf(Generic[M]):
    rows: list[M]
    after: str  # the place of its last row, to ask for the next page by; empty on the last one
    is_first: bool

    def turns(self, address: Callable[[str], str]) -> dict[str, Any]:
        """Return where it goes on and where it began, as `_pages.html` shows it.

        `address` gives the address of the page that follows a place.
        """
        return {
            "is_first": self.is_first,
            "first": address(""),
            "onward": address(self.after) if self.after else "",
            "size": PAGE_ROWS,
        }


def page_after(
    rows: QuerySet[M],
    order: Sequence[By],
    after: str,
    *,
    among: QuerySet[M],
    size: int = PAGE_ROWS,
) -> PageOf[M]:
    """Return the page of `size` rows after the place `after`, or the first if that is empty.

    A place is that of one of the rows `among`: all that may ever stand on the list, each with a
    `public_id` to name it by. Rows of the same place are told apart by their id, which goes the
    way of the last field.

    Raises:
        BadRequest: `after` is no place of such a list.
    """
    to_the_id = [*order, By("id", descending=order[-1].descending)]
    in_order = rows.order_by(*(f"{'-' * by.descending}{by.field}" for by in to_the_id))
    if after:
        in_order = in_order.filter(_beyond(to_the_id, after, among))
    found = list(in_order[: size + 1])
    has_more = len(found) > size
    del found[size:]
    return PageOf(found, _place(found[-1], order) if has_more else "", not after)


def _place(row: Model, order: Sequence[By]) -> str:
    """Return where a row stands in the order, as an address holds it."""
    told = [getattr(row, by.field) for by in order if by.read]
    return "_".join(map(_quoted, [*told, row.public_id]))  # type: ignore[attr-defined]


def _quoted(value: object) -> str:
    return quote(str(value), safe="").replace("_", "%5F")


def _beyond(order: Sequence[By], after: str, among: QuerySet[M]) -> Q:
    *told, public_id = after.split("_")
    read = {by.field: by.read for by in order if by.read}
    try:
        last = among.get(public_id=UUID(public_id))
        values = {
            field: read[field](unquote(value)) for field, value in zip(read, told, strict=True)
        }
    except (ValueError, among.model.DoesNotExist) as error:  # type: ignore[attr-defined]
        raise BadRequest(_("after is no place in this list.")) from error
    beyond = Q()
    for by in reversed(order):
        value = values[by.field] if by.field in values else getattr(last, by.field)
        further = "lt" if by.descending else "gt"
        # Where it begins is said once more, outside the OR: an index finds it only so.
        beyond = Q(**{f"{by.field}__{further}e": value}) & (
            Q(**{f"{by.field}__{further}": value}) | beyond
        )
    return beyond
