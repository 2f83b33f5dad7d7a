"""A file that was given on a page: taken in, looked at, read otherwise, loaded, forgotten."""

import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from patients.importing.columns import BY_KEY, COLUMNS, matched
from patients.importing.corrections import corrections
from patients.importing.deciding import Tell, decide
from patients.importing.loading import load
from patients.importing.reading import Table, Unreadable, read
from patients.importing.said import what_changes
from patients.models import Clinic, Import
from surveillance.accounts.models import User

KEPT_FOR = timedelta(days=1)
MOST_SHOWN = 200  # changes, and as many problems
LINES_BEFORE = 3  # which show whether the file was read rightly


def imports_of(user: User, clinics: Iterable[Clinic]) -> QuerySet[Import]:
    """Return the files that a person gave, the latest first, without what is in them."""
    own = Import.objects.filter(by=user, clinic__in=clinics).select_related("clinic", "by")
    return own.defer("data", "corrections").order_by("-made_at")


@transaction.atomic
def take_in(*, clinic: Clinic, name: str, data: bytes, by: User) -> Import:
    """Keep a file, with its columns read as this person has told before.

    Raises:
        Unreadable: it is none that can be read.
    """
    table = read(data)
    told = Import.objects.filter(by=by, clinic=clinic).order_by("made_at").values_list("keys")
    remembered = {heading: key for (keys,) in told for heading, key in keys.items()}
    return Import.objects.create(
        by=by,
        clinic=clinic,
        name=name[:200],
        data=zlib.compress(data),
        keys=matched(table.headings, remembered)[0],
        encoding=table.encoding,
        delimiter=table.delimiter,
    )


def table_of(upload: Import) -> Table:
    """Read the file anew.

    Raises:
        Unreadable: not so, or it is not kept any more.
    """
    if not upload.data:
        raise Unreadable(_("The file is not kept any more: choose it again."))
    return read(
        zlib.decompress(bytes(upload.data)), encoding=upload.encoding, delimiter=upload.delimiter
    )


@transaction.atomic
def read_otherwise(
    *,
    upload: Import,
    keys: Mapping[str, str],
    encoding: str,
    delimiter: str,
    day_first: bool,
) -> Import:
    """Say how a file is to be read. What was found before counts no more.

    Raises:
        Unreadable: it cannot be read so.
        ValidationError: two columns are said to be the same.
    """
    upload = Import.objects.select_for_update().get(pk=upload.pk)
    upload.encoding, upload.delimiter, upload.day_first = encoding, delimiter, day_first
    table = table_of(upload)
    used = [key for heading, key in keys.items() if key and heading in table.headings]
    if len(set(used)) < len(used):
        twice = next(key for key in used if used.count(key) > 1)
        raise ValidationError(
            _("Two columns cannot both be “%(column)s”.") % {"column": BY_KEY[twice].label}
        )
    told = {heading: key for heading, key in keys.items() if heading in table.headings}
    upload.keys = told or matched(table.headings, {})[0]
    upload.found, upload.corrections = None, b""
    upload.save()
    return upload


def unknown(upload: Import, table: Table) -> list[str]:
    """Return the headings of which nobody has said what they mean."""
    return [heading for heading in table.headings if heading not in upload.keys]


@transaction.atomic
def look(*, upload: Import, tell: Tell = lambda so_far: None) -> Import:
    """Find out what a file would create, change and leave, and keep what was found."""
    # Nobody says meanwhile that it is to be read otherwise.
    upload = Import.objects.select_for_update(of=("self",)).get(pk=upload.pk)
    try:
        plan = decide(
            table_of(upload),
            keys=upload.keys,
            clinic=upload.clinic,
            day_first=upload.day_first,
            tell=tell,
        )
        changes = what_changes(plan)
        upload.found = {
            "digest": plan.digest,
            "lines": plan.lines,
            "counts": plan.counts,
            "changes": [asdict(one) for one in islice(changes, MOST_SHOWN)],
            "more_changes": sum(1 for _one in changes),
            "problems": [
                {
                    "line": one.line,
                    "column": _heading(upload, one.key),
                    "value": one.value,
                    "reason": one.reason,
                }
                for one in plan.problems[:MOST_SHOWN]
            ],
            "wrong": len(plan.problems),
        }
        if plan.problems:
            again = corrections(table_of(upload), upload.keys, plan.problems)
            upload.corrections = zlib.compress(again)
    except Unreadable as refused:
        upload.found = {"unreadable": " ".join(refused.messages)}
    upload.save(update_fields=["found", "corrections"])
    return upload


def _heading(upload: Import, key: str) -> str:
    headings: dict[str, str] = {key: heading for heading, key in upload.keys.items()}
    return headings.get(key, str(BY_KEY[key].label))


@transaction.atomic
def load_upload(*, upload: Import, shown: str, by: User, tell: Tell = lambda so_far: None) -> None:
    """Do what a file asks for, if it is what was `shown`, and forget the file.

    Raises:
        ValidationError: it would do something else by now, or is not kept any more.
    """
    upload = Import.objects.select_for_update(of=("self",)).get(pk=upload.pk)
    plan = load(
        table=table_of(upload),
        keys=upload.keys,
        clinic=upload.clinic,
        day_first=upload.day_first,
        by=by,
        shown=shown,
        tell=tell,
    )
    upload.data, upload.corrections = b"", b""
    upload.found = {"lines": plan.lines, "counts": plan.counts}
    upload.loaded_at = timezone.now()
    upload.save(update_fields=["data", "corrections", "found", "loaded_at"])


def forget_old(now: datetime) -> None:
    """Drop the files that nobody has loaded within a day, and what they say of people."""
    old = Import.objects.filter(~Q(data=b""), made_at__lt=now - KEPT_FOR)
    old.update(data=b"", corrections=b"", found=None)


def preview(table: Table) -> list[list[str]]:
    """Return the first lines of a file, so far as they can be read."""
    rows: list[list[str]] = []
    with suppress(Unreadable):
        rows.extend(row for _number, row in islice(table.lines, LINES_BEFORE))
    return rows


def lacking(keys: Mapping[str, str]) -> list[str]:
    """Return the columns without which no patient can be created, as far as the file has none."""
    told = set(keys.values())
    needed: list[Any] = [one for one in COLUMNS if one.is_needed and one.key not in told]
    return [str(one.label) for one in needed]
