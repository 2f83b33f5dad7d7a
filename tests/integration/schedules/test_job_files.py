"""A job's file, in pieces that no process has to hold together."""

from io import BytesIO

import pytest

from schedules import job_files
from schedules.models import Job, JobFile, JobKind
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("length", [0, 1, job_files.PIECE, 2 * job_files.PIECE + 7])
def test_what_was_written_in_parts_of_any_size_is_read_back_whole(length: int) -> None:
    content = bytes(n % 251 for n in range(length))
    for parts in ([content[:5], b"", content[5:]], job_files.parts_of(BytesIO(content))):
        job = Job.objects.create(
            kind=JobKind.IMPORT, by=UserFactory.create(), parameters={}, total=1
        )

        job_files.write(job, parts)

        assert b"".join(job_files.read(job)) == content
        assert job_files.size(job) == length
        sizes = [len(piece.data) for piece in JobFile.objects.filter(job=job)]
        assert all(size == job_files.PIECE for size in sizes[:-1])
