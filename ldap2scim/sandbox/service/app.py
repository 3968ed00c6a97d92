"""The SCIM endpoints over a store: one Starlette application (RFC 7644 §3.2)."""

import json
from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from ldap2scim.sandbox.service import discovery
from ldap2scim.sandbox.service.checking import accepted_resource, check_required
from ldap2scim.sandbox.service.ignoring import with_ignored
from ldap2scim.sandbox.service.listing import SEARCH_REQUEST, found_page, search_of
from ldap2scim.sandbox.service.patch import patched
from ldap2scim.sandbox.service.projection import Projection, names
from ldap2scim.sandbox.service.records import Record
from ldap2scim.sandbox.service.refusal import Refused
from ldap2scim.sandbox.service.schemas import ENDPOINTS
from ldap2scim.sandbox.service.store import Store
from ldap2scim.sandbox.service.wire import Object, Value

_EVERY_METHOD = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Endpoints:
    """The answers of the service; knows neither tokens nor faults."""

    def __init__(self, store: Store) -> None:
        self.store = store
        personality, base_url = store.personality, store.base_url
        self._config = discovery.service_provider_config(personality, base_url)
        self._schemas = discovery.schemas(personality, base_url)
        self._types = discovery.resource_types(personality, base_url)

    def router(self) -> Router:
        """Return the routes below the base path."""
        return Router(
            [
                Route("/ServiceProviderConfig", self._answering(self._config_only), methods=_EVERY_METHOD),
                Route("/Schemas", self._answering(self._discover), methods=_EVERY_METHOD),
                Route("/Schemas/{id}", self._answering(self._discover), methods=_EVERY_METHOD),
                Route("/ResourceTypes", self._answering(self._discover), methods=_EVERY_METHOD),
                Route("/ResourceTypes/{id}", self._answering(self._discover), methods=_EVERY_METHOD),
                Route("/.search", self._answering(self._search), methods=_EVERY_METHOD),
                Route("/{endpoint:str}/.search", self._answering(self._search), methods=_EVERY_METHOD),
                Route("/{endpoint:str}", self._answering(self._collection), methods=_EVERY_METHOD),
                Route("/{endpoint:str}/{id:str}", self._answering(self._resource), methods=_EVERY_METHOD),
                Route("/{rest:path}", self._answering(self._nothing), methods=_EVERY_METHOD),
            ]
        )

    @staticmethod
    def _answering(work: Callable[[Request, bytes], Response]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            try:
                return work(request, await request.body())
            except Refused as refused:
                return scim_response(refused.status, refused.body())

        return answer

    def _config_only(self, request: Request, _: bytes) -> Response:
        _discovery_only(request)
        return scim_response(200, self._config)

    def _discover(self, request: Request, _: bytes) -> Response:
        _discovery_only(request)
        resources = self._schemas if "/Schemas" in request.url.path else self._types
        wanted = request.path_params.get("id")
        if wanted is None:
            return scim_response(200, discovery.listed(resources))
        for resource in resources:
            if resource["id"].lower() == wanted.lower():
                return scim_response(200, resource)
        raise Refused(404, f"There is no {wanted}.")

    def _search(self, request: Request, body: bytes) -> Response:
        if request.method != "POST":
            raise Refused(405, "A search is asked by POST (RFC 7644 §3.4.3).")
        asked = _json(body)
        if not isinstance(asked, dict) or SEARCH_REQUEST not in asked.get("schemas", ()):
            raise Refused(400, f"The body is not a {SEARCH_REQUEST}.", "invalidSyntax")
        endpoint = request.path_params.get("endpoint")
        kinds = tuple(ENDPOINTS.values()) if endpoint is None else (_kind(endpoint),)
        return scim_response(200, found_page(self.store, kinds, search_of(asked)))

    def _collection(self, request: Request, body: bytes) -> Response:
        kind = _kind(request.path_params["endpoint"])
        if request.method == "GET":
            return scim_response(200, found_page(self.store, (kind,), search_of(request.query_params)))
        if request.method != "POST":
            raise Refused(405, f"{request.method} needs a resource.")
        attributes = _without_password(accepted_resource(kind, _json(body)))
        return _resource_response(201, request, self.store.create(kind, with_ignored(request.scope, {}, attributes)))

    def _resource(self, request: Request, body: bytes) -> Response:
        kind = _kind(request.path_params["endpoint"])
        identifier = request.path_params["id"]
        if request.method == "GET":
            record = self.store.get(kind, identifier)
            if request.headers.get("if-none-match", "") == _version(record):
                return Response(status_code=304)
            return _resource_response(200, request, record)
        record = self.store.target(kind, identifier)
        _check_version(request, record)
        match request.method:
            case "DELETE":
                self.store.delete(record)
                return Response(status_code=204)
            case "PUT":
                attributes = accepted_resource(kind, _json(body))
            case "PATCH":
                attributes = self._patched(kind, record, _json(body))
            case _:
                raise Refused(405, f"{request.method} needs a collection.")
        attributes = _without_password(attributes)
        written = self.store.write(record, with_ignored(request.scope, record.attributes, attributes))
        if request.method == "PATCH" and kind == "Group" and not request.query_params:
            # §3.5.2 allows 204; a group with all its members would travel back for each change.
            return Response(status_code=204, headers=_etag(written))
        return _resource_response(200, request, written)

    def _patched(self, kind: str, record: Record, body: Value) -> Object:
        if not self.store.personality.patch_supported:
            raise Refused(501, "PATCH is not supported.")
        attributes = patched(kind, record.attributes, body)
        try:
            check_required(kind, attributes)
        except Refused as refused:
            raise Refused(400, refused.detail, "mutability") from refused
        return attributes

    def _nothing(self, request: Request, _: bytes) -> Response:
        raise Refused(404, f"There is nothing at {request.url.path}.")


def scim_response(status: int, body: Object, headers: dict[str, str] | None = None) -> Response:
    """Return a SCIM message as an HTTP answer (RFC 7644 §3.1)."""
    return Response(orjson.dumps(body), status, headers, media_type="application/scim+json")


def _resource_response(status: int, request: Request, record: Record) -> Response:
    query = request.query_params
    projection = Projection(names(query.get("attributes")), names(query.get("excludedAttributes")))
    headers = {**_etag(record), "Location": record.resource["meta"]["location"]}
    return scim_response(status, projection.of(record.kind, record.resource), headers)


def _kind(endpoint: str) -> str:
    kind = ENDPOINTS.get(endpoint)
    if kind is None:
        raise Refused(404, f"There is nothing at /{endpoint}.")
    return kind


def _json(body: bytes) -> Value:
    try:
        return json.loads(body)
    except ValueError as error:
        raise Refused(400, "The body is not JSON.", "invalidSyntax") from error


def _discovery_only(request: Request) -> None:
    if request.method != "GET":
        raise Refused(405, "Discovery is read-only (RFC 7644 §4).")
    if "filter" in request.query_params:
        raise Refused(403, "Discovery takes no filter (RFC 7644 §4).")


def _check_version(request: Request, record: Record) -> None:
    wanted = request.headers.get("if-match")
    version = _version(record)
    if wanted is not None and wanted != "*" and version is not None and version not in wanted:
        raise Refused(412, f"The resource has the version {version} now.")


def _version(record: Record) -> str | None:
    version: str | None = record.resource["meta"].get("version")
    return version


def _etag(record: Record) -> dict[str, str]:
    version = _version(record)
    return {} if version is None else {"ETag": version}


def _without_password(attributes: Object) -> Object:
    """Return what is kept: a password is taken, and never kept.

    Raises:
        Refused: 400 for an empty one.
    """
    if attributes.get("password") == "":
        raise Refused(400, "password is empty.", "invalidValue")
    return {name: value for name, value in attributes.items() if name != "password"}
