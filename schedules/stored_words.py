"""Why the software itself ended or deferred something, as it is stored."""

from django.utils.translation import gettext_noop

from schedules.sentences import Sentences

REBASELINED = gettext_noop("Re-baseline: %(what)s on %(day)s")
GOES_ON = gettext_noop("Goes on under %(code)s version %(version)s")
BOOKED = gettext_noop("booked for %(day)s")
DEFERRED = gettext_noop("deferred until %(day)s")
IN_HAND = gettext_noop("%(person)s has it in hand")
STORED = Sentences(REBASELINED, GOES_ON, BOOKED, DEFERRED, IN_HAND)
