"""DICOM: reading headers, and taking a whole CT in.

`headers` is the product's reading, with all that it checks, beside pydicom's `dcmread` of the same
elements without pixels, which checks nothing. Both read in this process.

`study_600` is a CT of 600 slices from its folder to the database, beside reading its headers alone,
by the same processes.

`storescp`, `storescp_nodelay` and `worklist` are those of `benchmarks.dicom_server`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pydicom import Dataset, dcmread

from benchmarks import Row, compare, own_database, show
from benchmarks.dicom_server import server_rows
from imaging.headers import tags
from imaging.headers.files import headers_of
from imaging.headers.header import Header, Refused
from imaging.headers.pool import Pool, pool
from imaging.headers.reading import read
from tests.dicom import made_ct, write


def by_ours(paths: Sequence[Path]) -> list[Header | Dataset]:
    headers: list[Header | Dataset] = []
    for path in paths:
        with path.open("rb") as file:
            headers.append(read(file))
    return headers


def by_dcmread(paths: Sequence[Path]) -> list[Header | Dataset]:
    wanted = sorted(tags.WANTED)
    return [dcmread(path, stop_before_pixels=True, specific_tags=wanted) for path in paths]


def headers_row(paths: Sequence[Path]) -> Row:
    def instances(read: list[Header | Dataset]) -> list[str]:
        return [one.sop_uid if isinstance(one, Header) else one.SOPInstanceUID for one in read]

    return compare(
        "headers",
        ours=lambda: by_ours(paths),
        baseline=lambda: by_dcmread(paths),
        unit="µs a file",
        units_per_second=1e6 / len(paths),
        outcome=instances,
    )


def by_the_pool(folder: Path, reading: Pool) -> list[Header]:
    headers = []
    for outcome in headers_of([folder], reading):
        if isinstance(outcome.found, Refused):
            raise outcome.found
        headers.append(outcome.found)
    return headers


def study_row(folder: Path) -> Row:
    from imaging.intake import take_in  # all of these need the settings
    from imaging.models import Instance, Received
    from tests.factories import ClinicFactory

    clinic, reading = ClinicFactory.create(), pool()
    by_the_pool(folder, reading)  # starts its processes

    def taken_in() -> None:
        take_in(clinic=clinic, headers=by_the_pool(folder, reading), by="Import")

    def instances(read: list[Header] | None) -> list[str]:
        if read is not None:
            return sorted(header.sop_uid for header in read)
        stored = sorted(Instance.objects.values_list("sop_uid", flat=True))
        Received.objects.all().delete()
        return stored

    return compare(
        "study_600",
        ours=taken_in,
        baseline=lambda: by_the_pool(folder, reading),
        unit="s",
        outcome=instances,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--slices", type=int, default=600, metavar="N")
    parser.add_argument("--bookings", type=int, default=1_000, metavar="N", help="of a day")
    options = parser.parse_args()
    with TemporaryDirectory() as made, own_database():
        folder = Path(made)
        paths = write(made_ct(slices=options.slices, side=256), folder)
        rows = [headers_row(paths), study_row(folder)]
        rows += server_rows(slices=options.slices // 3, bookings=options.bookings)
    show(rows, as_json=options.json)


if __name__ == "__main__":
    main()
