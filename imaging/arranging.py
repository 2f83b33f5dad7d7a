"""What an administrator arranges for a clinic's images, and what people say that texts mean."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from imaging.models import Arrangement, Peer, TextMeaning
from patients.models import Clinic
from surveillance.accounts.models import User
from surveillance.audit.actions import record


@transaction.atomic
def arrange(
    *, clinic: Clinic, files_by_itself: bool, settles_after: int, pacs_url: str, by: User
) -> Arrangement:
    """Change how a clinic takes images in.

    Raises:
        ValidationError: a value is not what the model allows.
    """
    arranged, _ = Arrangement.objects.select_for_update().get_or_create(clinic=clinic)
    if arranged.pacs_url != pacs_url:  # of another one nothing is known yet
        arranged.pacs_seen_on = arranged.pacs_asked_at = arranged.pacs_answered_at = None
        arranged.pacs_error = ""
    arranged.files_by_itself, arranged.settles_after = files_by_itself, settles_after
    arranged.pacs_url = pacs_url
    arranged.full_clean()
    arranged.save()
    record(
        act="images.arranged",
        by=by,
        clinic_code=clinic.code,
        files_by_itself=files_by_itself,
        settles_after=settles_after,
        pacs_url=pacs_url,
    )
    return arranged


@transaction.atomic
def keep_peer(
    *, clinic: Clinic, ae_title: str, address: str, name: str, by: User, peer: Peer | None = None
) -> Peer:
    """Add who may speak DICOM with the server, or change a `peer`.

    Raises:
        ValidationError: the title is another peer's, or a value is not what the model allows.
    """
    act = "peer.changed" if peer else "peer.added"
    peer = peer or Peer(clinic=clinic)
    peer.ae_title, peer.address, peer.name = ae_title, address, name
    peer.full_clean()
    peer.save()
    record(act=act, by=by, clinic_code=clinic.code, ae_title=ae_title, address=address, name=name)
    return peer


@transaction.atomic
def remove_peer(*, peer: Peer, by: User) -> None:
    record(
        act="peer.removed",
        by=by,
        clinic_code=peer.clinic.code,
        ae_title=peer.ae_title,
        address=peer.address,
    )
    peer.delete()


@transaction.atomic
def give_meaning(
    *, clinic: Clinic, text: str, regions: Sequence[str], by: User, at: datetime | None = None
) -> TextMeaning:
    """Say which regions a description or the name of a protocol means at a clinic; none are none.

    Raises:
        ValidationError: the text is empty or too long, or a region is unknown.
    """
    text = text.strip()
    meaning = TextMeaning.objects.select_for_update().filter(clinic=clinic, text=text).first()
    meaning = meaning or TextMeaning(clinic=clinic, text=text)
    meaning.regions, meaning.by, meaning.at = list(regions), by, at or timezone.now()
    meaning.clean_fields(exclude=["regions"] if not regions else [])
    meaning.save()
    record(
        act="text.given_meaning",
        by=by,
        clinic_code=clinic.code,
        text=text,
        regions=list(regions),
    )
    return meaning


@transaction.atomic
def forget_meaning(*, meaning: TextMeaning, by: User) -> None:
    """Let a text be read by its words again."""
    record(
        act="text.meaning_forgotten",
        by=by,
        clinic_code=meaning.clinic.code,
        text=meaning.text,
        regions=meaning.regions,
    )
    meaning.delete()
