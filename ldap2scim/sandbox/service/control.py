"""`/_sandbox`: faults, requests and resources for whoever runs the service as a process. Not SCIM.

Guarded by the same bearer token. In the same process, the object itself is handier.
"""

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from ldap2scim.sandbox.service.faults import Fault, FaultKind, Faults, Moment
from ldap2scim.sandbox.service.refusal import Refused
from ldap2scim.sandbox.service.requests import RequestLog
from ldap2scim.sandbox.service.schemas import ENDPOINTS
from ldap2scim.sandbox.service.store import Store
from ldap2scim.sandbox.service.wire import Value

CONTROL_PATH = "/_sandbox"


def fault_from_json(body: dict[str, Any]) -> Fault:
    """Read a fault from the names of its fields.

    Raises:
        Refused: 400, for a field that does not exist or a kind that does not.
    """
    unknown = set(body) - {each.name for each in fields(Fault)}
    if unknown:
        raise Refused(400, f"A fault has no {', '.join(sorted(unknown))}.")
    try:
        kind = FaultKind(body["kind"])
        moment = Moment(body.get("moment", Moment.BEFORE.value))
    except (KeyError, ValueError) as error:
        raise Refused(400, f"A fault needs a kind, one of: {', '.join(FaultKind)}.") from error
    return Fault(**{**body, "kind": kind, "moment": moment})


class Control:
    """The endpoints below `/_sandbox`."""

    def __init__(self, store: Store, faults: Faults, log: RequestLog) -> None:
        self._store = store
        self._faults = faults
        self._log = log

    def router(self) -> Router:
        """Return the routes below `/_sandbox`."""
        return Router(
            [
                Route("/faults", self._refusing(self._set_fault), methods=["POST"]),
                Route("/faults", self._refusing(self._clear_faults), methods=["DELETE"]),
                Route("/requests", self._refusing(self._requests), methods=["GET"]),
                Route("/requests", self._refusing(self._clear_requests), methods=["DELETE"]),
                Route("/{endpoint}/{id}", self._refusing(self._edit), methods=["PATCH", "DELETE"]),
                Route("/pending", self._refusing(self._purge), methods=["DELETE"]),
            ]
        )

    @staticmethod
    def _refusing(work: Callable[[Request, Any], Response]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            try:
                return work(request, await request.json() if await request.body() else {})
            except Refused as refused:
                return JSONResponse(refused.body(), refused.status)
            except (KeyError, ValueError) as error:
                return JSONResponse(Refused(400, f"Not understood: {error!r}").body(), 400)

        return answer

    def _set_fault(self, _: Request, body: Value) -> Response:
        self._faults.add(fault_from_json(body))
        return Response(status_code=204)

    def _clear_faults(self, _: Request, __: Value) -> Response:
        self._faults.clear()
        return Response(status_code=204)

    def _requests(self, _: Request, __: Value) -> Response:
        recorded = [
            {**asdict(each), "raw_body": each.raw_body.decode("utf-8", "replace"), "is_write": each.is_write}
            for each in self._log.all()
        ]
        return JSONResponse(recorded)

    def _clear_requests(self, _: Request, __: Value) -> Response:
        self._log.clear()
        return Response(status_code=204)

    def _edit(self, request: Request, body: Value) -> Response:
        kind, identifier = ENDPOINTS[request.path_params["endpoint"]], request.path_params["id"]
        if request.method == "DELETE":
            self._store.remove(kind, identifier)
            return Response(status_code=204)
        return JSONResponse(self._store.edit(kind, identifier, **body))

    def _purge(self, _: Request, __: Value) -> Response:
        return JSONResponse({"purged": self._store.purge()})
