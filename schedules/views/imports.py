"""Loading patients from a file: give it, look at what would happen, then exactly that."""

import zlib
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from patients.access import UserRequest, allowed
from patients.forms import refuse
from patients.importing import uploads
from patients.importing.columns import COLUMNS
from patients.importing.corrections import template
from patients.importing.reading import Encoding, Table, Unreadable
from patients.models import Clinic, Import
from patients.queries import clinics_where_may, patients_of
from schedules.actions.jobs import ask_for
from schedules.import_forms import ReadingForm, UploadForm
from schedules.models import Job, JobKind
from schedules.queries import jobs_of
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look

LATEST = 20
AT_ONCE = 2000  # lines that a page looks at itself; more are looked at in the background
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Act.IMPORT)
def imports(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """Give a file, or find again one that was given."""
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    left_out = getattr(request, "left_out", [])
    form = UploadForm(*sent, clinics=clinics, is_too_large=bool(left_out))
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            upload = uploads.take_in(
                clinic=form.cleaned_data.get("clinic", clinics[0]),
                name=file.name,
                data=file.read(),
                by=request.user,
            )
        except Unreadable as error:
            refuse(form, ValidationError({"file": error.messages}))
        else:
            return _looked_at(request, upload)
    context = {
        "form": form,
        "columns": COLUMNS,
        "past": uploads.imports_of(request.user, clinics)[:LATEST],
    }
    return render(request, "schedules/imports.html", context)


@require_safe
@allowed(Act.IMPORT)
def empty_list(request: UserRequest, clinics: list[Clinic], kind: str) -> HttpResponse:
    """Answer with a list to be filled in."""
    return _file(template(kind), _("patients"), kind)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Act.IMPORT)
def one_import(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """What a file would do, how it is read, and what has become of it."""
    upload = _of(request, clinics, public_id)
    if request.method == "POST" and "shown" in request.POST:
        if not upload.found or upload.loaded_at:
            return redirect("import", public_id=public_id)
        job = _ask(request, upload, upload.found.get("lines", 1), shown=request.POST["shown"])
        return redirect("job", public_id=job.public_id)
    try:
        table = uploads.table_of(upload)
    except Unreadable as error:
        return _page(request, upload, unreadable=None if upload.loaded_at else error.messages[0])
    if request.method == "POST" and "again" in request.POST:
        return _looked_at(request, upload)
    form = ReadingForm(
        request.POST if request.method == "POST" else None, upload=upload, table=table
    )
    if form.is_valid():
        try:
            upload = uploads.read_otherwise(upload=upload, **form.told())
        except ValidationError as error:
            refuse(form, error)
        else:
            return _looked_at(request, upload)
    return _page(request, upload, form=form, table=table, preview=uploads.preview(table))


@require_POST
@allowed(Act.IMPORT)
def corrections(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> HttpResponse:
    """Answer with the list and what is wrong in it."""
    upload = _of(request, clinics, public_id)
    if not upload.corrections:
        raise Http404
    data = zlib.decompress(bytes(upload.corrections))
    return _file(data, _("to correct"), "xlsx" if data.startswith(b"PK") else "csv")


def _of(request: UserRequest, clinics: list[Clinic], public_id: UUID) -> Import:
    return get_object_or_404(uploads.imports_of(request.user, clinics), public_id=public_id)


def _looked_at(request: UserRequest, upload: Import) -> HttpResponse:
    """Look at a file, or ask for it if it is long, unless something must be said of it first."""
    table = uploads.table_of(upload)
    if not uploads.unknown(upload, table):
        if table.about > AT_ONCE:
            job = _ask(request, upload, table.about, shown="")
            return redirect("job", public_id=job.public_id)
        uploads.look(upload=upload)
    return redirect("import", public_id=upload.public_id)


def _ask(request: UserRequest, upload: Import, lines: int, *, shown: str) -> Job:
    parameters = {"import": str(upload.public_id), "shown": shown}
    return ask_for(kind=JobKind.IMPORT, parameters=parameters, total=lines, by=request.user)


def _page(
    request: UserRequest,
    upload: Import,
    *,
    form: ReadingForm | None = None,
    table: Table | None = None,
    preview: list[list[str]] | None = None,
    unreadable: str | None = None,
) -> HttpResponse:
    found = upload.found or {}
    seen = {change["patient_id"] for change in found.get("changes", ())}
    cells = {cell.strip() for row in preview or () for cell in row}
    patients = patients_of([upload.clinic]).filter(Q(public_id__in=seen) | Q(mrn__in=cells))
    record_look(page="import", by=request.user, patients=patients)
    under_way = jobs_of(request.user).filter(
        kind=JobKind.IMPORT,
        state__in=Job.UNFINISHED,
        parameters__import=str(upload.public_id),
    )
    context = {
        "upload": upload,
        "found": found,
        "form": form,
        "table": table,
        "preview": preview,
        "unreadable": unreadable or found.get("unreadable"),
        "asked": uploads.unknown(upload, table) if table else [],
        "lacking": uploads.lacking(upload.keys) if table else [],
        "encoding": dict(Encoding.choices).get(upload.encoding, upload.encoding.upper()),
        "counts": _counts(found.get("counts", {})),
        "job": under_way.first(),
        "may_see": upload.clinic in clinics_where_may(request.user, Act.SEE_PATIENTS),
    }
    return render(request, "schedules/import.html", context)


def _counts(counts: dict[str, int]) -> list[tuple[str, list[int]]]:
    """Return a line for each kind of thing: how many are created, changed and left."""
    kinds = (
        (_("Patients"), "patients"),
        (_("Tumours"), "tumours"),
        (_("Treatments"), "treatments"),
    )
    states = ("created", "changed", "left")
    return [(name, [counts.get(f"{kind}_{one}", 0) for one in states]) for name, kind in kinds]


def _file(data: bytes, name: str, kind: str) -> HttpResponse:
    answer = HttpResponse(data, content_type=TYPES[kind])
    attached = content_disposition_header(as_attachment=True, filename=f"{name}.{kind}")
    answer.headers["Content-Disposition"] = attached or ""
    return answer
