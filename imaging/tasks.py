"""What beat asks for. A lost or a repeated task changes nothing: the work stands in PostgreSQL."""

from celery import shared_task

from imaging import settling


@shared_task
def settle() -> None:
    settling.settle_all()
