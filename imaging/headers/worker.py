"""The process that reads what others sent, and can be lost without harm: `pool` starts it.

It has no secrets in its environment and little memory, and writes nothing but its answers. A line
of JSON asks for several jobs. Each is answered by any number of lines and an empty one, as soon as
they are known, so that whoever waits knows which job brought the process down.
"""

import json
import os
import resource
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final
from zipfile import ZipFile

from pydicom import dcmread

from imaging.headers.header import Header, Refused
from imaging.headers.kept import as_kept
from imaging.headers.reading import read, refusing
from imaging.headers.values import Said

MEMORY: Final = 512 << 20  # bytes above what the process has when it begins
MOST_MEMBERS: Final = 100_000  # of an archive
MOST_INFLATED: Final = 4 << 30  # bytes, of all members together
LONGEST_DIRECTORY: Final = 64 << 20
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")  # the second is an empty one
_IS_ENCRYPTED: Final = 1  # a flag of a member
_RECORDS: Final = 0x00041220
_FILE_ID: Final = 0x00041500


def main() -> None:
    _bound()
    while line := sys.stdin.buffer.readline():
        last: Header | None = None
        for job in json.loads(line):
            for name, found in _outcomes(job):
                if isinstance(found, Refused):
                    _send([name, "refused", found.key, found.values])
                elif found is None:
                    _send([name, "listed"])
                elif last is not None and replace(found, sop_uid=last.sop_uid) == last:
                    _send([name, "same", found.sop_uid])
                else:
                    last = found
                    uids = (found.study_uid, found.series_uid, found.sop_uid)
                    _send([name, "header", *uids, as_kept(found)])
            _send([])


def _bound() -> None:
    """Leave the process no more than it needs."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    memory = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core has patients in it
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _send(answer: list[Any]) -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()


def _outcomes(job: dict[str, Any]) -> Iterator[tuple[str, Header | Refused | None]]:
    """Yield each instance of a job but for those to skip: its name in there, what became of it."""
    skip = job.get("skip", 0)
    try:
        with refusing(), _opened(job["path"]) as file:
            if job.get("lists"):
                yield from ((name, None) for name in _listed(file))
            elif _is_archive(file):
                yield from _members(file, skip)
            elif not skip:
                yield "", read(file)
    except Refused as refused:
        yield "", refused


def _is_archive(stream: IO[bytes]) -> bool:
    beginning = stream.read(4)
    stream.seek(0)
    return beginning in _ZIP


def _opened(path: str) -> IO[bytes]:
    """Open a file; a pipe or a device would have us wait, or do something.

    Raises:
        Refused: it is no file, or may not be read.
    """
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except OSError as error:
        raise Refused("unreadable", error=os.strerror(error.errno or 0)) from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise Refused("no_file")
    return file


def _members(file: IO[bytes], skip: int) -> Iterator[tuple[str, Header | Refused]]:
    """Yield each file of a ZIP archive but for those skipped; nothing is unpacked but headers."""
    with refusing(otherwise="broken_archive"):
        archive = ZipFile(file)
        members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MOST_MEMBERS:
        raise Refused("too_many_files", most=MOST_MEMBERS)
    inflated = 0
    for member in members[skip:]:
        try:
            if member.flag_bits & _IS_ENCRYPTED:
                raise Refused("encrypted")
            with refusing(otherwise="broken_archive"), archive.open(member) as stream:
                if _is_archive(stream):
                    raise Refused("archive_in_archive")
                try:
                    header = read(stream)
                finally:
                    inflated += stream.tell()
            yield member.filename, header
        except Refused as refused:
            yield member.filename, refused
        if inflated > MOST_INFLATED:
            raise Refused("unpacks_too_large")


def _listed(file: IO[bytes]) -> Iterator[str]:
    """Yield the files that a DICOMDIR lists, as it writes them: folders parted by backslashes."""
    directory = dcmread(BytesIO(file.read(LONGEST_DIRECTORY)), specific_tags=[_RECORDS])
    for record in Said(directory).every_item(_RECORDS):
        if listed := record.whole(_FILE_ID):
            yield listed


if __name__ == "__main__":
    with suppress(BrokenPipeError, KeyboardInterrupt):  # nobody waits for answers any more
        main()
