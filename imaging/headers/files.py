"""From what people point at (files, folders, archives, the list of a disc) to headers.

No path is ever made from what a file says: a name or a UID in there only chooses among files that
were found by looking.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from imaging.headers.header import Refused
from imaging.headers.pool import Pool, Source
from imaging.headers.process import File, Outcome

DICOMDIR = "DICOMDIR"


def headers_of(paths: Iterable[Path], pool: Pool) -> Iterator[Outcome]:
    """Yield what became of each instance that stands at or below the paths.

    Of a DICOMDIR, the files of its folder that it lists are read, and no others.
    """
    return pool.read(source for path in paths for source in _at(path, pool))


def _at(path: Path, pool: Pool) -> Iterator[Source]:
    if path.is_dir():
        yield from _below(path)
    elif path.name.upper() == DICOMDIR:
        yield from _listed(path, pool)
    else:
        yield File(path)


def _below(folder: Path) -> Iterator[Source]:
    """Yield the files below a folder, by name; links are not followed."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        reason = Refused("unreadable", error=os.strerror(error.errno or 0))
        yield Outcome(File(folder).name, reason)
        return
    for entry in entries:
        path = folder / entry.name
        if entry.is_symlink():
            yield Outcome(File(path).name, Refused("link"))
        elif entry.is_dir(follow_symlinks=False):
            yield from _below(path)
        elif entry.is_file(follow_symlinks=False):
            yield File(path)
        else:
            yield Outcome(File(path).name, Refused("no_file"))


def _listed(directory: Path, pool: Pool) -> Iterator[Source]:
    try:
        listed = {_as_listed(name.split("\\")) for name in pool.listed(directory)}
    except Refused as refused:
        yield Outcome(File(directory).name, refused)
        return
    for source in _below(directory.parent):
        if isinstance(source, File):
            place = _as_listed(source.path.relative_to(directory.parent).parts)
            if place in listed:
                listed.remove(place)
                yield source
    for place in sorted(listed):
        yield Outcome(f"{File(directory).name}: {'/'.join(place)}", Refused("not_there"))


def _as_listed(parts: Iterable[str]) -> tuple[str, ...]:
    """Return the parts of a path as a DICOMDIR writes them, whatever the disc made of them."""
    return tuple(part.strip().upper().removesuffix(";1") for part in parts)
