"""Why a PACS could not be used, in the sentences that are stored."""

from django.utils.translation import gettext_noop

from schedules.sentences import Sentences
from surveillance.outgoing.connecting import NOT_ALLOWED

TOO_LONG = gettext_noop("an answer of more than %(most)s MiB")
TOO_SLOW = gettext_noop("an answer that took more than %(seconds)s s")
TOO_MANY = gettext_noop("more than %(most)s studies in a few days")
TROUBLES = Sentences(NOT_ALLOWED, TOO_LONG, TOO_SLOW, TOO_MANY)
