"""What people set for themselves."""

from django.db import transaction

from surveillance.accounts.models import User
from surveillance.audit.actions import record


@transaction.atomic
def choose_language(*, language: str, by: User) -> None:
    """Let a person read pages, and the mails addressed to them, in one of `settings.LANGUAGES`.

    Raises:
        ValidationError: it is none of them.
    """
    by.language = language
    by.clean_fields(exclude={field.name for field in User._meta.fields} - {"language"})
    by.save(update_fields=["language"])
    record(act="language.chosen", by=by, clinic_code="", language=language)
