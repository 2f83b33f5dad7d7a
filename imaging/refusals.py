"""Why something was not taken in, in the words of whoever asks."""

from django.utils.translation import gettext_lazy as _

from imaging.headers.header import Refused

# What stands in %(what)s is the name of an element in DICOM, which is the same in every language.
SENTENCES = {
    "not_dicom": _("This is no DICOM file."),
    "directory": _(
        "This is the list of the files on a disc (DICOMDIR), not an image: bring these, too."
    ),
    "missing": _("%(what)s is missing."),
    "no_uid": _("What stands in %(what)s is no UID."),
    "too_long": _("%(what)s is longer than it may be."),
    "cut_off": _("It is not whole: its end is missing."),
    "damaged": _("It is damaged (%(error)s)."),
    "nested": _("Its sequences are nested too deeply."),
    "too_many_elements": _("Its header has more elements than any real one."),
    "header_too_long": _("Its header is longer than any real one."),
    "memory": _("Reading it takes too much memory."),
    "killed": _("Reading it brought down the process that read it."),
    "too_slow": _("Reading it takes too long."),
    "unreadable": _("It cannot be opened: %(error)s."),
    "no_file": _("This is neither a file nor a folder."),
    "link": _("This is a link, and links are not followed."),
    "not_there": _("The disc lists this file, but it is not there."),
    "broken_archive": _("The archive is damaged (%(error)s)."),
    "encrypted": _("It is encrypted."),
    "archive_in_archive": _("This is an archive inside an archive. Unpack it first."),
    "too_many_files": _("The archive has more than %(most)s files."),
    "unpacks_too_large": _("The archive unpacks to more than any real one; the rest was not read."),
    "which_clinic": _("Nothing in it says which clinic it belongs to. Name the clinic (--clinic)."),
}


def in_words(refused: Refused) -> str:
    return str(SENTENCES[refused.key]) % refused.values
