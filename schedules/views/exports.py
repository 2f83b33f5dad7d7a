"""Taking data out: at once if it is little, in the background if it is much."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from patients.access import UserRequest, allowed
from patients.models import Clinic
from schedules import actions, job_files, queries
from schedules.exports.asked import Asked
from schedules.exports.forms import ExportForm
from schedules.exports.past import last_of, latest
from schedules.exports.reading import Taking
from schedules.exports.tables import TABLES
from schedules.models import ExportTable, FileFormat, JobKind
from surveillance.accounts.roles import Act

AT_ONCE = 20_000  # rows; more are written in the background

CONTENT_TYPES = {
    FileFormat.CSV: "text/csv; charset=utf-8",
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileFormat.JSON: "application/jsonl; charset=utf-8",
}


@allowed(Act.EXPORT)
def exports(request: UserRequest, clinics: list[Clinic]) -> HttpResponseBase:
    """Choose a table, its columns and rows, and take it; see who took what before."""
    table = _table(request)
    last = last_of(request.user, table, clinics, again=request.GET.get("again", ""))
    form = ExportForm(request.POST or None, table=table, clinics=clinics, last=last)
    if request.method == "POST" and form.is_valid():
        return _taken(request, clinics, form.asked)
    context: dict[str, Any] = {
        "form": form,
        "table": table,
        "row": TABLES[table].row,
        "tables": ExportTable,
        "clinics": clinics,
        "remembers": bool(last),
        "past": latest(clinics),
        "at_once": AT_ONCE,
    }
    return render(request, "schedules/exports.html", context)


def _table(request: UserRequest) -> ExportTable:
    try:
        return ExportTable(request.GET.get("table", ExportTable.SCHEDULES))
    except ValueError as error:
        raise Http404 from error


def _taken(request: UserRequest, clinics: list[Clinic], asked: Asked) -> HttpResponseBase:
    """Answer with the file, once it is recorded, or with the page of the job that makes it."""
    chosen = [clinic for clinic in clinics if clinic.code in asked.clinics]
    rows = Taking(asked, chosen).count()
    if rows > AT_ONCE:
        told = asked.told()
        job = actions.ask_for(kind=JobKind.EXPORT, parameters=told, total=rows, by=request.user)
        return redirect("job", job.public_id)
    parts: list[bytes] = []
    actions.export(asked=asked, clinics=chosen, by=request.user, keep=parts.extend)
    response = HttpResponse(b"".join(parts), content_type=CONTENT_TYPES[asked.file_format])
    response["Content-Disposition"] = f'attachment; filename="{asked.file_name}"'
    return response


@require_safe
@allowed(Act.EXPORT)
def download(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponseBase:
    """Hand out what a job has made: to who asked for it alone, as long as they may take it out."""
    job = get_object_or_404(queries.exports_of(request.user), public_id=public_id)
    asked = Asked.by(job.parameters)
    if not set(asked.clinics) <= {clinic.code for clinic in clinics}:
        raise Http404
    size = job_files.size(job)
    if not size:
        messages.error(request, _("The file has been deleted. Ask for it again."))
        return redirect("job", job.public_id)
    actions.record_download(job=job, by=request.user)
    response = StreamingHttpResponse(
        job_files.read(job), content_type=CONTENT_TYPES[asked.file_format]
    )
    response["Content-Disposition"] = f'attachment; filename="{asked.file_name}"'
    response["Content-Length"] = str(size)
    return response
