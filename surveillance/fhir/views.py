"""FHIR R4: read and search, what can be read and searched, and protocols brought in."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.http import Http404, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import FormParser
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from patients.api.scoped import MayAct
from patients.models import Clinic
from schedules.actions import import_protocol
from schedules.rules.protocol import ProtocolError
from surveillance.accounts.models import User
from surveillance.accounts.roles import Act
from surveillance.api.parsing import BoundedJSONParser
from surveillance.api.problems import Refused
from surveillance.audit.actions import record_look
from surveillance.fhir.answers import ByFormat, FhirParser, FhirRenderer, JSONRenderer, refusal
from surveillance.fhir.bundles import Asked, Found, bundle, resources
from surveillance.fhir.capability import capability_statement
from surveillance.fhir.kept_searches import keep, kept
from surveillance.fhir.plan_definitions import protocol_of
from surveillance.fhir.resources.told import checked
from surveillance.fhir.table import KINDS, Kind

Pairs = Sequence[tuple[str, str]]


class FhirView(APIView):
    """What holds for every request."""

    renderer_classes = [FhirRenderer, JSONRenderer]
    parser_classes = [FhirParser, BoundedJSONParser]
    content_negotiation_class: type[BaseContentNegotiation] = ByFormat
    permission_classes = [IsAuthenticated, MayAct]
    schema = None  # its CapabilityStatement describes it
    metadata_class = None
    only_reads: ClassVar[Iterable[str]] = ()
    clinics: list[Clinic] = []  # where one may, once it is known

    def get_exception_handler(self) -> Any:
        return refusal

    @property
    def acts(self) -> Mapping[str, Act]:
        """Of each method: what one must be allowed to do; a view without it must not answer."""
        raise NotImplementedError

    @property
    def action(self) -> str | None:
        """What `acts` knows it by; nothing where there is no such method."""
        method = (self.request.method or "").lower()
        return method if method in self.acts else None

    @property
    def user(self) -> User:
        assert isinstance(self.request.user, User)
        return self.request.user

    @property
    def base(self) -> str:
        """What the addresses of this server begin with."""
        return self.request.build_absolute_uri(reverse("fhir"))

    def saw(self, found: Iterable[Found]) -> None:
        """Record whom an answer shows."""
        patients = [source.patient_of(row) for source, row in found]
        record_look(page="fhir", by=self.user, patients=filter(None, patients))


class Metadata(FhirView):
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        return Response(checked(capability_statement(self.base)))


class OfKind(FhirView):
    """What is asked of one type of resource."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if kwargs["kind"] not in KINDS:
            raise Http404(_("There are no resources of the type %(kind)s here.") % kwargs)
        self.kind: Kind = KINDS[kwargs["kind"]]
        super().initial(request, *args, **kwargs)

    @property
    def acts(self) -> Mapping[str, Act]:
        return {"get": self.kind.act, "head": self.kind.act}


class Resource(OfKind):
    def get(self, request: Request, kind: str, public_id: str) -> Response:
        for source in self.kind.sources:
            row = source.rows(self.clinics).filter(source.by_id(public_id)).first()
            if row is not None:
                self.saw([(source, row)])
                [told] = resources([(source, row)])
                return Response(checked(told))
        raise Http404(_("There is no %(kind)s with this id.") % {"kind": kind})


class Searches(OfKind):
    """A search, by an address or by a form."""

    def asked(self, told: Pairs) -> Asked:
        strict = "handling=strict" in self.request.headers.get("Prefer", "").replace(" ", "")
        return Asked.of(self.kind, told, strict=strict)

    def address(self, query: Pairs) -> str:
        address = f"{self.base}{self.kind.name}"
        return f"{address}?{urlencode(query)}" if query else address

    def answer(self, asked: Asked, *, here: str, again: Callable[[], Pairs]) -> Response:
        """Answer with a page. `here` is its address, `again` asks for the same once more."""
        found, has_more = ([], False) if asked.only_total else asked.page(self.clinics)
        self.saw(found)
        told = bundle(asked, self.clinics, found, base=self.base)
        told["link"] = [{"relation": "self", "url": here}]
        if has_more:
            source, last = found[-1]
            onward = self.address([*again(), ("_after", source.resource(last)["id"])])
            told["link"].append({"relation": "next", "url": onward})
        return Response(checked(told))


class Type(Searches):
    @property
    def acts(self) -> Mapping[str, Act]:
        """A protocol may be brought in, too: as a draft."""
        brought = {"post": Act.DRAFT_PROTOCOL} if self.kind.name == "PlanDefinition" else {}
        return {**super().acts, **brought}

    def get(self, request: Request, kind: str) -> Response:
        told = _pairs(request.query_params)
        page = request.query_params.get("_page", "")
        if page:
            told = [*kept(page, kind=kind, by=self.user), *_places(told)]
        asked = self.asked(told)
        again = [("_page", page)] if page else asked.heeded
        here = self.address([*again, *_places(told)])
        return self.answer(asked, here=here, again=lambda: again)

    def post(self, request: Request, kind: str) -> Response:
        if "post" not in self.acts:
            raise MethodNotAllowed("POST")
        try:
            protocol, is_new = import_protocol(told=protocol_of(request.data), by=self.user)
        except ProtocolError as error:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
        [told] = resources([(self.kind.sources[0], protocol)])
        return Response(
            checked(told),
            status=HTTPStatus.CREATED if is_new else HTTPStatus.OK,
            headers={"Location": f"{self.base}{kind}/{told['id']}"},
        )


class Search(Searches):
    """A search by a form, for what must not stand in an address: those end up in logs."""

    parser_classes = [FormParser]
    only_reads = ("post",)

    @property
    def acts(self) -> Mapping[str, Act]:
        return {"post": self.kind.act}

    def post(self, request: Request, kind: str) -> Response:
        assert isinstance(request.data, QueryDict)  # as its parser gives it
        asked = self.asked([*_pairs(request.query_params), *_pairs(request.data)])
        return self.answer(
            asked,
            here=f"{self.address([])}/_search",
            again=lambda: [("_page", keep(asked.heeded, kind=kind, by=self.user))],
        )


class NotThere(FhirView):
    """Any other address below."""

    permission_classes = [IsAuthenticated]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise Http404(_("There is nothing at this address."))


def _pairs(query: QueryDict) -> list[tuple[str, str]]:
    return [(name, value) for name, values in query.lists() for value in values]


def _places(told: Pairs) -> list[tuple[str, str]]:
    return [one for one in told if one[0] == "_after"]
