"""The page on which people bring images from their own disc."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from imaging.forms import UploadForm
from imaging.judging import judge
from imaging.uploading import bring
from imaging.wording import regions_in_words, who, why
from patients.access import UserRequest, allowed
from patients.models import Clinic
from surveillance.accounts.roles import Act
from surveillance.audit.actions import record_look

FEW = 100  # refusals that are told


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(Act.RECORD_STUDY)
def upload(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """Bring DICOM files; the page that answers says what became of each. Again does no harm."""
    form = UploadForm(request, clinics=clinics)
    left_out = getattr(request, "left_out", [])
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        brought = bring(
            clinic=told.get("clinic") or clinics[0],
            files=told["images"],
            by=request.user,
            left_out=left_out,
        )
        if not brought.instances:
            form.add_error("images", _("No image could be read: why not stands with each file."))
        judged = judge(brought.received)
        record_look(
            page="upload", by=request.user, patients=[one for j in judged for one in j.shown]
        )
        context |= {
            "brought": brought,
            "refused": brought.refused[:FEW],
            "refusals": len(brought.refused),
            "studies": [
                (one, who(one.headers), why(one), regions_in_words(one.coverage.regions))
                for one in judged
            ],
        }
    elif left_out:
        form.add_error("images", _("This is more than 1 GB: bring it in parts."))
    return render(request, "imaging/upload.html", context)
