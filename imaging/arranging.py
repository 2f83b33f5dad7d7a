"""What an administrator arranges for a clinic's images, and what people say that texts mean."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from imaging.models import Arrangement, Peer, TextMeaning
from patients.models import Clinic
from surveillance.accounts.models import User
from surveillance.audit.actions import record
from surveillance.audit.queries import who_last
from surveillance.outgoing.connecting import NotAllowed, check_url

Row = TypeVar("Row", Peer, TextMeaning)


@transaction.atomic
def arrange(
    *,
    clinic: Clinic,
    files_by_itself: bool,
    settles_after: int,
    pacs_url: str,
    by: User,
    seen: str | None = None,
) -> Arrangement:
    """Change how a clinic takes images in; `seen` is the mark of what was looked at, if it was.

    Raises:
        ValidationError: somebody else changed it meanwhile, a value is not what the model allows,
            or the server may not ask that PACS.
    """
    arranged, is_new = Arrangement.objects.select_for_update().get_or_create(clinic=clinic)
    _check_seen(arranged, seen, "images.arranged", clinic)
    before = arranged.mark
    if arranged.pacs_url != pacs_url:  # of another one nothing is known yet
        arranged.pacs_seen_on = arranged.pacs_asked_at = arranged.pacs_answered_at = None
        arranged.pacs_error = ""
    arranged.files_by_itself, arranged.settles_after = files_by_itself, settles_after
    arranged.pacs_url = pacs_url
    arranged.full_clean()
    if pacs_url:
        try:
            check_url(pacs_url)
        except NotAllowed as error:
            raise ValidationError({"pacs_url": str(error)}) from error
    if arranged.mark == before and not is_new:
        return arranged
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
    *,
    clinic: Clinic,
    ae_title: str,
    address: str,
    name: str,
    by: User,
    peer: Peer | None = None,
    seen: str | None = None,
) -> Peer:
    """Add who may speak DICOM with the server, or change a `peer`; `seen` is the mark of the peer
    that was looked at.

    Raises:
        ValidationError: somebody else changed or removed the peer meanwhile, the title is another
            peer's, or a value is not what the model allows.
    """
    act = "peer.changed" if peer else "peer.added"
    if peer:
        peer = _still_there(Peer.objects.select_for_update().filter(pk=peer.pk).first())
        _check_seen(peer, seen, "peer.changed", clinic, peer=peer.public_id)
    before = peer.mark if peer else None
    peer = peer or Peer(clinic=clinic)
    peer.ae_title, peer.address, peer.name = ae_title, address, name
    peer.full_clean()
    if peer.mark == before:
        return peer
    peer.save()
    record(
        act=act,
        by=by,
        clinic_code=clinic.code,
        peer=peer.public_id,
        ae_title=ae_title,
        address=address,
        name=name,
    )
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
    *,
    clinic: Clinic,
    text: str,
    regions: Sequence[str],
    by: User,
    seen: str | None = None,
    at: datetime | None = None,
) -> TextMeaning:
    """Say which regions a description or the name of a protocol means at a clinic; none are none.

    `seen` is the mark of the meaning that was looked at, if one was.

    Raises:
        ValidationError: somebody else gave it another meaning meanwhile, the text is empty or too
            long, or a region is unknown.
    """
    text = text.strip()
    meaning = TextMeaning.objects.select_for_update().filter(clinic=clinic, text=text).first()
    if seen is not None:
        _check_seen(_still_there(meaning), seen, "text.given_meaning", clinic, text=text)
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


def _still_there(row: Row | None) -> Row:
    if row is None:
        raise ValidationError(_("Somebody else has removed this meanwhile."))
    return row


def _check_seen(
    row: Arrangement | Peer | TextMeaning,
    seen: str | None,
    act: str,
    clinic: Clinic,
    **detail: Any,
) -> None:
    """Refuse to overwrite what another has changed since somebody looked. The row is locked."""
    if seen is not None and seen != row.mark:
        raise ValidationError(
            _(
                "%(person)s has changed this meanwhile. What holds now is shown below: press "
                "again to put your entries in place."
            )
            % {"person": who_last(act, clinic_code=clinic.code, **detail)}
        )
