"""What runs in the background: whoever asked for it sees how far it is, and finds it again."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from patients.access import UserRequest
from schedules import job_files
from schedules.jobs import is_left
from schedules.queries import jobs_of

LATEST = 20


@require_safe
def jobs(request: UserRequest) -> HttpResponse:
    return render(request, "schedules/jobs.html", {"jobs": jobs_of(request.user)[:LATEST]})


@require_safe
def job(request: UserRequest, public_id: UUID) -> HttpResponse:
    """Show a job; while it runs, htmx asks again and again for the part that changes."""
    job = get_object_or_404(jobs_of(request.user), public_id=public_id)
    left = is_left(job)
    if left:
        job.so_far = 0  # nothing of it was kept
    context = {
        "job": job,
        "left": left,
        "size": 0 if job.is_unfinished else job_files.size(job),
        "kept_until": job_files.kept_until(job),
    }
    template = job.part if request.htmx else "schedules/job.html"
    return render(request, template, context)
