"""What beat asks for. A lost or a repeated task changes nothing: the work stands in PostgreSQL."""

from celery import shared_task

from imaging import pacs, settling
from imaging.models import Arrangement


@shared_task
def settle() -> None:
    settling.settle_all()


@shared_task
def ask_pacs() -> None:
    """Each clinic's PACS has a task of its own, so that one that hangs holds up no other."""
    for pk in Arrangement.objects.exclude(pacs_url="").values_list("pk", flat=True):
        ask_one_pacs.delay(pk)


@shared_task
def ask_one_pacs(pk: int) -> None:
    if arranged := Arrangement.objects.select_related("clinic").filter(pk=pk).first():
        pacs.ask(arranged)
