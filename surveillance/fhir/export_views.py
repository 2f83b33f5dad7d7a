"""$export, as the Bulk Data Access guide has it: asked for, waited for, and fetched file by file.

It is a job of whoever asked; nobody else finds it, and after a day its files are deleted.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.utils.http import http_date
from django.utils.translation import gettext as _
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from schedules import job_files
from schedules.actions import ask_for, record_download
from schedules.models import Job, JobKind, JobState
from schedules.queries import jobs_of
from surveillance.accounts.roles import Act
from surveillance.api.problems import Refused
from surveillance.fhir.exporting import count
from surveillance.fhir.table import KINDS
from surveillance.fhir.views import FhirView

NDJSON = "application/fhir+ndjson"
FORMATS = (NDJSON, "application/ndjson", "ndjson")
LOOK_AGAIN_AFTER = 5  # seconds


class Exporting(FhirView):
    @property
    def acts(self) -> Mapping[str, Act]:
        return {"get": Act.EXPORT}

    def job(self, public_id: UUID) -> Job:
        """Return an export of the caller's, so long as they may export all of it."""
        job = jobs_of(self.user).filter(kind=JobKind.FHIR, public_id=public_id).first()
        if job is None or not set(job.parameters["clinics"]) <= {one.code for one in self.clinics}:
            raise Http404(_("There is no export with this id."))
        return job


class Export(Exporting):
    """Asks for all resources of the caller's clinics, or of one of them, by its Group."""

    def get(self, request: Request, clinic: str = "") -> HttpResponseBase:
        clinics = [one for one in self.clinics if clinic in ("", str(one.public_id))]
        if not clinics:
            raise Http404(_("There is no %(kind)s with this id.") % {"kind": "Group"})
        prefers = request.headers.get("Prefer", "").replace(" ", "").replace(";", ",").split(",")
        if "respond-async" not in prefers:
            raise BadRequest(_("It is made in the background: say “Prefer: respond-async”."))
        types = self._types(request, lenient="handling=lenient" in prefers)
        job = ask_for(
            kind=JobKind.FHIR,
            parameters={
                "clinics": sorted(one.code for one in clinics),
                "types": types,
                "request": request.build_absolute_uri(),
            },
            total=count(clinics, types),
            by=self.user,
        )
        where = reverse("fhir-export-status", args=[job.public_id])
        return HttpResponse(
            status=HTTPStatus.ACCEPTED,
            headers={"Content-Location": request.build_absolute_uri(where)},
        )

    def _types(self, request: Request, *, lenient: bool) -> list[str]:
        asked = request.query_params
        if asked.get("_outputFormat", NDJSON) not in FORMATS:
            raise BadRequest(_("There is no other format than %(name)s.") % {"name": NDJSON})
        types = [name for told in asked.getlist("_type") for name in told.split(",")]
        unknown = [name for name in types if name not in KINDS]
        unknown += sorted(set(asked) - {"_type", "_outputFormat", "_format"})
        if unknown and not lenient:
            raise BadRequest(
                _("It cannot be asked for by “%(name)s”.") % {"name": ", ".join(unknown)}
            )
        return [name for name in KINDS if name in types or not types]


class ExportStatus(Exporting):
    """Says how far it is, or where its files are."""

    def get(self, request: Request, public_id: UUID) -> HttpResponseBase:
        job = self.job(public_id)
        if job.is_unfinished:
            return HttpResponse(
                status=HTTPStatus.ACCEPTED,
                headers={
                    "X-Progress": f"{job.so_far} / {job.total}",
                    "Retry-After": str(LOOK_AGAIN_AFTER),
                },
            )
        if job.state == JobState.FAILED:
            raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, job.error)
        until = job_files.kept_until(job)
        if not job_files.size(job) or until is None:
            raise Http404(_("Its files have been deleted. Ask for it again."))
        response = HttpResponse(
            JSONRenderer().render(self._manifest(job)), content_type="application/json"
        )
        response["Expires"] = http_date(until.timestamp())
        return response

    def _manifest(self, job: Job) -> dict[str, Any]:
        return {
            "transactionTime": job.started_at,
            "request": job.parameters["request"],
            "requiresAccessToken": True,
            "output": [
                {
                    "type": one["type"],
                    "url": self.request.build_absolute_uri(
                        reverse("fhir-export-file", args=[job.public_id, one["type"]])
                    ),
                    "count": one["count"],
                }
                for one in job.made["files"]
            ],
            "error": [],
        }


class Anything(BaseContentNegotiation):
    """A file is what it is, whatever form is asked for."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class ExportFile(Exporting):
    content_negotiation_class = Anything

    def get(self, request: Request, public_id: UUID, kind: str) -> HttpResponseBase:
        job = self.job(public_id)
        files = {one["type"]: one for one in job.made.get("files", [])}
        if kind not in files or not job_files.size(job):
            raise Http404(_("Its files have been deleted. Ask for it again."))
        record_download(job=job, by=self.user)
        file = files[kind]
        response = StreamingHttpResponse(
            job_files.read(job, first=file["first"], end=file["end"]), content_type=NDJSON
        )
        response["Content-Disposition"] = f'attachment; filename="{kind}.ndjson"'
        return response
