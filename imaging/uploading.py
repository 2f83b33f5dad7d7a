"""What a person brings: every file is taken in or has its reason, and each study is settled."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.utils.translation import gettext as _

from imaging.filing import settle
from imaging.headers.header import Header, Refused
from imaging.headers.pool import pool
from imaging.headers.process import File, Outcome
from imaging.intake import take_in
from imaging.models import Received
from imaging.refusals import in_words
from patients.models import Clinic
from surveillance.accounts.models import User

AT_ONCE = 2_000  # instances


class NotTaken(NamedTuple):
    """A file, or what an archive holds, that was not taken in."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of the files of one upload."""

    instances: int
    received: list[Received]
    refused: list[NotTaken]


def bring(
    *,
    clinic: Clinic,
    files: Iterable[TemporaryUploadedFile],
    by: User,
    left_out: Iterable[str] = (),
) -> Brought:
    """Take in all that can be read, and settle its studies: a person has given all there is.

    The files that were `left_out` are refused, being more than one upload may bring. Of a disc's
    list (DICOMDIR) that comes with its images nothing need be said.
    """
    instances, received, refused = 0, set[int](), list[tuple[str, Refused]]()
    outcomes = _outcomes(list(files))
    while some := list(islice(outcomes, AT_ONCE)):
        headers = [one.found for one in some if isinstance(one.found, Header)]
        refused += [(one.name, one.found) for one in some if isinstance(one.found, Refused)]
        instances += len(headers)
        received.update(one.pk for one in take_in(clinic=clinic, headers=headers, by=by))
    settled = [
        settle(received=one, by=by)
        for one in Received.objects.filter(pk__in=received).order_by("pk")
    ]
    told = [
        NotTaken(name, in_words(why))
        for name, why in refused
        if not (instances and why.key == "directory")
    ]
    too_much = _("It is beyond 1 GB: bring it by itself.")
    return Brought(instances, settled, told + [NotTaken(name, too_much) for name in left_out])


def _outcomes(files: list[TemporaryUploadedFile]) -> Iterator[Outcome]:
    """Yield what became of each instance, named as the person knows its file."""
    names = {File(Path(file.temporary_file_path())).name: file.name or "" for file in files}
    sources = (File(Path(file.temporary_file_path())) for file in files)
    for outcome in pool().read(sources):
        place, colon, inside = outcome.name.partition(":")
        yield Outcome(names.get(place, "") + colon + inside, outcome.found)
