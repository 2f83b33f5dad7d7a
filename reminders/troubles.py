"""What goes wrong with the machine itself, in the sentences that are stored.

What another side said, or the operating system, stays in its own words.
"""

from django.utils.translation import gettext_noop

from schedules.sentences import Sentences
from surveillance.audit import chain, history
from surveillance.outgoing.connecting import NOT_ALLOWED

# Who did not take a message.
MAIL_SERVER = gettext_noop("The mail server")
MAIL_PROVIDER = gettext_noop("The mail provider")
SMS_GATEWAY = gettext_noop("The SMS gateway")
RECEIVER = gettext_noop("The receiver")

# Why nobody was reached, or an answer is none.
TIMED_OUT = gettext_noop("timed out")
NO_LINE = gettext_noop("no line")
NO_ADDRESS = gettext_noop("its address is none")
NO_END = gettext_noop("it has no end")
NO_BEGINNING = gettext_noop("it does not begin as one")
NO_MSA = gettext_noop("it has no MSA that can be read")
NO_CODE = gettext_noop("its code is none")

NOT_REACHED = gettext_noop("%(who)s cannot be reached: %(why)s")
NO_CERTIFICATE = gettext_noop("%(who)s has no valid certificate: %(why)s")
NOT_IN_TIME = gettext_noop("%(who)s has not answered in time; it may have arrived")
LINE_CUT = gettext_noop("%(who)s cut the line before it answered; it may have arrived")
ANOTHER_ANSWERED = gettext_noop("%(who)s answered another message; it may have arrived")
NO_ANSWER = gettext_noop("%(who)s answered what is no answer: %(why)s")
ANSWERED = gettext_noop("%(who)s answered %(said)s")
REFUSES = gettext_noop("%(who)s refuses it: %(said)s")
REFUSES_RECIPIENT = gettext_noop("%(who)s refuses the recipient: %(said)s")
DID_NOT_TAKE = gettext_noop("%(who)s did not take it: %(said)s")
NOT_USABLE = gettext_noop("%(who)s cannot be used: %(said)s")
NOT_TAKEN = gettext_noop("The mail was not taken: %(said)s")
NO_REASON = gettext_noop("The mail was not taken, and no reason given")
NO_MAIL_ADDRESS = gettext_noop("“%(address)s” is no e-mail address")
NO_TELEPHONE = gettext_noop("The telephone number is none: it must be + and 7 to 15 digits")
NO_SMS_SET_UP = gettext_noop("No SMS is set up: SMS_URL is empty")
NO_UTF8 = gettext_noop("The text cannot be written in UTF-8: %(why)s")
CONTROL_IN_SUBJECT = gettext_noop(
    "The subject holds a control character, such as the end of a line"
)
NO_MAIL = gettext_noop("This cannot be written as a mail: %(why)s")
NO_SMS = gettext_noop("This cannot be written as an SMS")
NOT_WRITTEN = gettext_noop("It could not be written: %(why)s")

# Alarms.
SILENT_SINCE = gettext_noop(
    "No sweep has run since %(day)s at %(time)s UTC: nothing new is raised, and nothing that waits "
    "is sent. The lists are right all the same."
)
SILENT_EVER = gettext_noop(
    "No sweep has run at all yet: nothing new is raised, and nothing that waits is sent. The lists "
    "are right all the same."
)
NO_DATABASE = gettext_noop("The database cannot be used: %(why)s")
HELD = gettext_noop(
    "%(lines)s lines for %(clinic)s, where %(usual)s are usual at most. Nothing of it is sent "
    "before you decide."
)
DICOM_SILENT_SINCE = gettext_noop(
    "The DICOM server does not answer itself, since %(day)s at %(time)s UTC."
)
DICOM_SILENT_EVER = gettext_noop("The DICOM server does not answer itself, and never has.")
NOT_TOLD = gettext_noop(
    "%(receiver)s is not told of the appointments of %(clinic)s since %(day)s at %(time)s UTC; "
    "%(count)s messages wait. %(trouble)s."
)
AUDIT_UNFIT = gettext_noop("In %(count)s places the audit does not fit:")
COMPARED = gettext_noop("Compared on %(day)s at %(time)s UTC.")
DIFFERENCE = gettext_noop("%(what)s: %(count)s (%(first)s)")
NOT_SAID = gettext_noop("Not said: %(kind)s")
STILL_SAID = gettext_noop("Still said of what is over, notices")
NEVER_GATHERED = gettext_noop("Never gathered into a message, of notices")
WRONGLY_WITHDRAWN = gettext_noop("Withdrawn though it is still true, of notices")
NOT_DELIVERED = gettext_noop("Not delivered for more than an hour, messages")

_DELIVERY = (
    NOT_REACHED,
    NO_CERTIFICATE,
    NOT_IN_TIME,
    LINE_CUT,
    ANOTHER_ANSWERED,
    NO_ANSWER,
    ANSWERED,
    REFUSES,
    REFUSES_RECIPIENT,
    DID_NOT_TAKE,
    NO_DATABASE,
    NOT_USABLE,
    NOT_TAKEN,
    NO_MAIL_ADDRESS,
    NO_UTF8,
    NO_MAIL,
    NOT_WRITTEN,
    NOT_ALLOWED,
)
TROUBLES = Sentences(*_DELIVERY)  # of messages and of who takes them
ALARMS = Sentences(
    SILENT_SINCE,
    HELD,
    DICOM_SILENT_SINCE,
    NOT_TOLD,
    AUDIT_UNFIT,
    COMPARED,
    *chain.FAULTS,
    history.AROUND,
    DIFFERENCE,
    NOT_SAID,
    *_DELIVERY,
)
