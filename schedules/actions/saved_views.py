"""The filters of a list that a person keeps under a name, for themselves."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from schedules.models import ListName, SavedView
from surveillance.accounts.models import User
from surveillance.audit.actions import record


@transaction.atomic
def save_view(*, list_name: ListName, name: str, query: str, by: User) -> SavedView:
    """Keep the filters that `query` says as an address does.

    Raises:
        ValidationError: the person has a view of that name on that list.
    """
    view = SavedView(user=by, list=list_name, name=name, query=query)
    _save(view)
    record(act="view.saved", by=by, clinic_code="", view=view.public_id, query=query)
    return view


@transaction.atomic
def rename_view(*, view: SavedView, name: str, by: User) -> None:
    """Call one's own view something else.

    Raises:
        ValidationError: as for `save_view`.
    """
    view.name = name
    _save(view)
    record(act="view.renamed", by=by, clinic_code="", view=view.public_id)


@transaction.atomic
def delete_view(*, view: SavedView, by: User) -> None:
    record(act="view.deleted", by=by, clinic_code="", view=view.public_id, query=view.query)
    view.delete()


def _save(view: SavedView) -> None:
    User.objects.select_for_update(no_key=True).get(pk=view.user_id)  # of two presses one is first
    others = SavedView.objects.filter(user=view.user_id, list=view.list).exclude(pk=view.pk)
    if others.filter(name=view.name).exists():
        said = _("You have a view “%(name)s” already.") % {"name": view.name}
        raise ValidationError({"name": said})
    view.save()
