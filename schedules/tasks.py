"""What beat, and whoever asks for a job, rings for. A lost or a repeated task changes nothing."""

from celery import shared_task
from django.utils import timezone

from patients.importing.uploads import forget_old
from schedules import job_files, jobs


@shared_task(soft_time_limit=480, time_limit=540)  # seconds, below the visibility timeout
def work() -> None:
    job_files.delete_old(timezone.now())
    forget_old(timezone.now())
    if jobs.work():
        work.delay()  # the next one has as much time
