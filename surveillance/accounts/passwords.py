"""Words of the house that are no password."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from surveillance.accounts.models import User

# Beside these, the words of the address that people open.
WORDS = (
    *("surveillance", "sarcoma", "followup", "oncology", "radiology", "hospital", "clinic"),
    *("nurse", "clinician", "doctor", "administrator", "admin", "auditor", "patient", "password"),
)
LEAST = 6  # letters and digits that a password has beside them


class NoWordsOfTheHouse:
    """Refuse what is little more than words that anybody here would try first: Sarcoma2026!"""

    def validate(self, password: str, user: User | None = None) -> None:
        host = urlsplit(settings.SITE_URL).hostname or ""
        words = {*WORDS, *(word for word in re.split(r"[.-]", host) if len(word) > 3)}
        left = re.sub(r"[\W_]", "", password.casefold())
        for word in sorted(words, key=len, reverse=True):
            left = left.replace(word, "")
        if len(left) < LEAST:
            raise ValidationError(self.get_help_text(), code="password_of_the_house")

    def get_help_text(self) -> str:
        return _("Add words that nobody here would think of: this is mostly words of the house.")
