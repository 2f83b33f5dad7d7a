"""What every view of the API does: let in who may, look only into their clinics, note who saw whom.

What is written goes through the same actions as from the pages. A request that changes something
says by If-Match which state of it is meant, and is refused if it is another one by now; one with
an Idempotency-Key is done once, however often it comes.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date
from functools import wraps
from hashlib import sha256
from http import HTTPStatus
from operator import attrgetter
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.http import parse_etags
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.fields import empty
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from patients.api.paging import ByPlace, Whole
from patients.fields import SAID
from patients.locks import lock
from patients.marks import mark
from patients.models import Clinic, Patient
from patients.paging import By
from patients.queries import (
    ClinicDay,
    clinic_days,
    clinics_of_member,
    clinics_where_may,
    patients_of,
)
from patients.typed_days import YEARS, Why
from surveillance.accounts.models import User
from surveillance.accounts.roles import Act
from surveillance.api.models import Answered, Token
from surveillance.api.problems import Refused
from surveillance.audit.actions import record_look

M = TypeVar("M", bound=Model)
SAFE = ("GET", "HEAD")
ON = OpenApiParameter(
    "on", OpenApiTypes.DATE, description="As of which day; without it each clinic’s own today."
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="The ETag under which it was read; `*` for whichever state it has.",
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="Any text that no other request of yours has: sent again, within a day, the "
    "request is answered as it was and not done twice.",
)


class MayAct(BasePermission):
    """Lets in who may do the view's act in some clinic, and hands it those clinics.

    Where no act is named everybody is let in who has a role in a clinic.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if view.action in (None, "metadata"):
            return True  # there is no such method, and the view says so
        assert isinstance(request.user, User)
        act: Act | None = view.acts[view.action]
        if act is None:
            view.clinics = list(clinics_of_member(request.user))
            return bool(view.clinics)
        reads = request.method in SAFE or view.action in view.only_reads
        if isinstance(request.auth, Token) and not request.auth.reaches(act, reads=reads):
            raise PermissionDenied(
                _("This token does not reach so far: %(act)s.") % {"act": act.label}
            )
        view.clinics = list(clinics_where_may(request.user, act))
        if not view.clinics:
            raise PermissionDenied(_("Your role does not let you %(act)s.") % {"act": act.label})
        return True


class Scoped(GenericViewSet[M]):
    """The views of one kind of row."""

    acts: ClassVar[Mapping[str, Act | None]]  # of each action: what one must be allowed to do
    page: ClassVar[str]  # what the audit calls a look at it
    order: ClassVar[Sequence[By]] = (By("id"),)
    patient_path: ClassVar[str] = "patient"  # from a row to its patient; empty where none is shown
    only_reads: ClassVar[Sequence[str]] = ()  # the actions that are posted and change nothing
    queries: ClassVar[Mapping[str, Sequence[str]]] = {}  # what else an address may ask, by action
    permission_classes = [IsAuthenticated, MayAct]
    pagination_class: type[ByPlace | Whole] = ByPlace
    http_method_names = ["get", "head", "post"]
    lookup_field = "public_id"
    lookup_value_converter = "uuid"  # in addresses
    metadata_class = None
    clinics: Sequence[Clinic] = ()  # where one may, once it is known

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        self.seen: list[Patient] = []
        self.action = self.action_map.get(str(request.method).lower(), "")  # parsers may turn on it
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action not in self.acts:
            return  # there is no such method
        wrong = {
            name: [_("There is nothing of this name to ask by.")]
            for name in sorted(set(request.query_params) - self._may_ask())
        } | {
            name: [_("Say what it is, or leave it out.")]
            for name, value in request.query_params.items()
            if not value and name != "after"
        }
        if wrong:
            raise serializers.ValidationError(wrong)

    def _may_ask(self) -> set[str]:
        """Return what the address of an action may ask by: what is misspelt must not be ignored."""
        asked = set(self.queries.get(self.action, ()))
        if self.action in ("list", *self.only_reads):
            asked |= set(self.pagination_class.asked_by)
        if self.action == "list" and (filters := getattr(self, "filterset_class", None)):
            asked |= set(filters.base_filters)
        return asked

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        if self.seen and response.status_code < HTTPStatus.BAD_REQUEST:
            record_look(page=self.page, by=self.user, patients=self.seen)
        return super().finalize_response(request, response, *args, **kwargs)

    @property
    def user(self) -> User:
        assert isinstance(self.request.user, User)
        return self.request.user

    def day(self, name: str) -> date | None:
        """Return the day that the address tells by this name, if it does."""
        asked = self.request.query_params.get(name)
        try:
            day: date | None = serializers.DateField().to_internal_value(asked) if asked else None
        except serializers.ValidationError as error:
            raise serializers.ValidationError({name: error.detail}) from error
        _check_years({name: day})
        return day

    def as_shown(self, rows: Sequence[M]) -> Sequence[Any]:
        """Return what the answers tell of: the rows themselves, unless a view knows better."""
        return rows

    def get_object(self) -> M:
        row: M = self.as_shown([super().get_object()])[0]
        return row

    def paginate_queryset(self, queryset: Any) -> Any:
        rows = self.as_shown(super().paginate_queryset(queryset) or ())
        self.see(rows)
        return rows

    def days(self) -> list[ClinicDay]:
        """Return the day that is asked about: `on`, or each clinic's own today."""
        return clinic_days(self.clinics, on=self.day("on"))

    def in_order(self) -> Sequence[By]:
        """Return what the list is ordered by."""
        return self.order

    def told(self, serializer: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """Return what was sent, read and checked. Of a day or a moment the year must make sense."""
        reading = serializer(data=self.request.data, context=self.get_serializer_context())
        reading.is_valid(raise_exception=True)
        told = dict(reading.validated_data)
        _check_years(told)
        return told

    def shown(
        self,
        row: Any,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        by: type[serializers.BaseSerializer[Any]] | None = None,
    ) -> Response:
        """Answer with one row and its ETag, or with that alone if whoever asks has the row."""
        self.see([row])
        data = (by or self.get_serializer_class())(row, context=self.get_serializer_context()).data
        tag = etag(data)
        had = parse_etags(self.request.headers.get("If-None-Match", ""))
        if tag in (one.removeprefix("W/") for one in had):
            return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
        return Response(data, status=status, headers={"ETag": tag})

    def see(self, rows: Iterable[Any]) -> None:
        """Note whose rows are shown."""
        if self.patient_path:
            self.seen += map(self.patient_of, rows)

    def patient_of(self, row: Any) -> Patient:
        patient: Patient = attrgetter(self.patient_path)(row)
        return patient

    def once(self, answer: Callable[[], Response], *, in_parts: bool = False) -> Response:
        """Answer a request that has an Idempotency-Key once, and tell that again if it comes again.

        Both are in one transaction: of two at once the second waits for what the first did, and
        what was refused may be sent again, mended. What is done `in_parts`, each of them in a
        transaction of its own, must do no harm if it is done twice: it may be, if it comes again
        before it was answered.
        """
        key = self.request.headers.get("Idempotency-Key")
        if key is None:
            return answer()
        if not re.fullmatch("[!-~]{1,200}", key):
            raise BadRequest(_("The Idempotency-Key is a text of 1 to 200 printable characters."))
        asked = self._asked()
        with nullcontext() if in_parts else transaction.atomic():
            Answered.objects.filter(
                user=self.user, at__lt=timezone.now() - Answered.KEPT_FOR
            ).delete()
            Answered.objects.bulk_create(
                [Answered(user=self.user, key=key, asked=asked)], ignore_conflicts=True
            )
            kept = Answered.objects.get(user=self.user, key=key)
            if kept.status is not None:
                if kept.asked != asked:
                    raise Refused(
                        HTTPStatus.UNPROCESSABLE_ENTITY,
                        _("This Idempotency-Key came with another request before."),
                    )
                shown = patients_of(self.clinics).filter(public_id__in=kept.patient_ids)
                if len(shown) < len(kept.patient_ids):
                    raise NotFound  # it was of a clinic that they have left since
                self.seen += shown
                return Response(kept.data, status=kept.status, headers=kept.headers)
            response = answer()
            kept.asked, kept.status = asked, response.status_code
            kept.data = json.loads(JSONRenderer().render(response.data) or "null")
            kept.headers = {name: response[name] for name in ("ETag",) if name in response}
            kept.patient_ids = sorted({patient.public_id for patient in self.seen})
            kept.save()
            return response

    def _asked(self) -> str:
        """Return a hash of the request, with all that its files hold."""
        sent = self.request.data
        if isinstance(sent, QueryDict):
            sent = dict(sent.lists())
        asked = [self.request.method, self.request.get_full_path(), sent]
        told = json.dumps(asked, sort_keys=True, default=_file_in_short)
        return sha256(told.encode()).hexdigest()

    def locked(self) -> Any:
        """Return the row that is asked for, locked, and in the state that is meant.

        Raises:
            Refused: nothing says which state that is, or it is another one by now.
        """
        self.lock(self.get_object())
        row = self.get_object()
        meant = self.request.headers.get("If-Match")
        if meant is None:
            raise Refused(
                HTTPStatus.PRECONDITION_REQUIRED,
                _("Say by If-Match which state of it you mean: the ETag it was read with."),
            )
        tags = parse_etags(meant)
        if tags != ["*"] and etag(self.get_serializer(row).data) not in tags:
            raise Refused(
                HTTPStatus.PRECONDITION_FAILED,
                _("It has been changed since it was read. Look at it again."),
            )
        return row

    def lock(self, row: Any) -> None:
        """Lock what the actions on such a row lock first: nothing changes it any more, then."""
        if self.patient_path:
            lock(self.patient_of(row))


class Retrieves(Scoped[M]):
    """With a row of its own address."""

    def retrieve(self, request: Request, **address: Any) -> Response:
        return self.shown(self.get_object())


def _check_years(told: Mapping[str, Any]) -> None:
    """Raise a ValidationError if the year of a day or a moment cannot be meant."""
    if beyond := {
        name: [SAID[Why.YEAR] % {"typed": value, "year": value.year}]
        for name, value in told.items()
        if isinstance(value, date) and value.year not in YEARS
    }:
        raise serializers.ValidationError(beyond)


def etag(data: object) -> str:
    """Return the mark of a representation: another one as soon as anything in it is."""
    return f'"{mark(JSONRenderer().render(data).decode())}"'


def _file_in_short(sent: Any) -> list[str | None]:
    """Return what tells an uploaded file from others; it is read a piece at a time."""
    holds = sha256()
    for piece in sent.chunks():
        holds.update(piece)
    return [sent.name, holds.hexdigest()]


@contextmanager
def _at_its_field(told: type[serializers.Serializer[Any]] | None) -> Iterator[None]:
    """Let an action refuse as on a page: what it says of a field that nobody could send is said of
    the whole, and is no mistake in what was sent."""
    try:
        yield
    except ValidationError as error:
        fields = told().fields if told else {}
        if hasattr(error, "error_dict") and set(error.error_dict).isdisjoint(fields):
            raise ValidationError(error.messages) from error
        raise


Made = Callable[..., Any]


def creates(
    told: type[serializers.Serializer[Any]],
    shown: type[serializers.BaseSerializer[Any]],
    *,
    in_parts: bool = False,
) -> Callable[[Made], Callable[..., Response]]:
    """Make the `create` of a view from a method that is given what was told and returns the row.

    `in_parts` is as for `Scoped.once`.
    """

    def decorate(method: Made) -> Callable[..., Response]:
        @extend_schema(
            request=told,
            responses={HTTPStatus.CREATED: shown},
            parameters=[IDEMPOTENCY_KEY],
        )
        @wraps(method)
        def create(self: Scoped[Any], request: Request) -> Response:
            def answer() -> Response:
                with _at_its_field(told):
                    row = method(self, **self.told(told))
                return self.shown(row, status=HTTPStatus.CREATED, by=shown)

            return self.once(answer, in_parts=in_parts)

        return create

    return decorate


def changes(
    told: type[serializers.Serializer[Any]] | None = None,
    shown: type[serializers.BaseSerializer[Any]] | None = None,
    *,
    ends_it: bool = False,
) -> Callable[[Made], Callable[..., Response]]:
    """Make an act on one row, at an address below its own, from a method that does it.

    The method is given the row, locked and in the state that was meant, and what was told. It
    returns what is shown, by `shown` or else as a row of the view; nothing, if that is the row, or
    if that `ends_it`.
    """
    answer_is = {HTTPStatus.NO_CONTENT: None} if ends_it else shown or empty  # a row of the view

    def decorate(method: Made) -> Callable[..., Response]:
        @extend_schema(
            request=told,
            responses=answer_is,
            parameters=[IF_MATCH, IDEMPOTENCY_KEY],
        )
        @action(detail=True, methods=["post"], url_path=method.__name__.replace("_", "-"))
        @wraps(method)
        def change(self: Scoped[Any], request: Request, public_id: UUID) -> Response:
            def answer() -> Response:
                with transaction.atomic():
                    row = self.locked()
                    with _at_its_field(told):
                        done = method(self, row, **(self.told(told) if told else {}))
                    if ends_it:
                        return Response(status=HTTPStatus.NO_CONTENT)
                    return self.shown(self.get_object() if done is None else done, by=shown)

            return self.once(answer)

        return change

    return decorate


@extend_schema_field(OpenApiTypes.STR)
class ClinicCode(serializers.Field[Clinic, Any, str, Any]):
    """One of the caller's clinics, by its code."""

    default_error_messages = {"none": _("It is none of your clinics.")}

    def to_internal_value(self, data: Any) -> Clinic:
        clinics: Sequence[Clinic] = self.context["view"].clinics
        for clinic in clinics:
            if clinic.code == data:
                return clinic
        return self.fail("none")


@extend_schema_field(OpenApiTypes.UUID)
class OneOf(serializers.RelatedField[Any, Any, Any]):
    """A row of the caller's clinics, named by its id; any other is not there."""

    default_error_messages = {"none": _("There is none with this id.")}

    def __init__(self, of: Callable[[Sequence[Clinic]], QuerySet[Any]], **kwargs: Any) -> None:
        self.of = of
        super().__init__(queryset=Patient.objects.none(), **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        public_id = serializers.UUIDField().to_internal_value(data)
        row = self.of(self.context["view"].clinics).filter(public_id=public_id).first()
        if row is None:
            self.fail("none")
        return row
