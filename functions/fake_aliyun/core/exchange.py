"""One exchange: a request, perhaps a fault, an answer."""

from dataclasses import dataclass, replace

from fake_aliyun.core.errors import CloudError, ConnectionLostError, NotImitatedError
from fake_aliyun.core.faults import Fault, Faults
from fake_aliyun.core.hosts import Host
from fake_aliyun.core.http import Request, Response
from fake_aliyun.core.proxies import PASSING, REPLACING, answered, echo, redirected
from fake_aliyun.core.records import Recorded
from fake_aliyun.core.service import Service, Work

CODES_BY_STATUS = {429: "Throttling", 500: "InternalError", 503: "ServiceUnavailable"}
NOT_IMITATED = "FakeAliyun.NotImitated"
HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """What is needed to answer one request."""

    service: Service
    request: Request
    place: Host
    record: Recorded

    def run(self, faults: Faults) -> Response:
        """Return the answer, as the service gives it or as a fault leaves it.

        Raises:
            ConnectionLostError: There is none.
            NotImitatedError: The request asks for something that does not exist here.
        """
        record = self.record
        fault: Fault | None = None
        try:
            work = self.service.begin(self.request, self.place, record)
            fault = faults.take(
                service=self.service.name, action=record.action, key=record.key
            )
            answer = self._faulty(fault, work) if fault else work()
        except CloudError as error:
            answer = self._refuse(error)
        record.status = answer.status
        if fault is None:
            return self.service.finish(answer, record)
        return self._on_its_way(answer, fault)

    def not_imitated(self, error: NotImitatedError) -> Response:
        """Return what tells a client of the service that a fake was asked too much."""
        refusal = CloudError(NOT_IMITATED, message=str(error), status=501)
        answer = self.service.refuse(refusal, self.request, self.place, self.record)
        return self.service.finish(answer, self.record)

    def _refuse(self, error: CloudError) -> Response:
        self.record.code = error.code
        return self.service.refuse(error, self.request, self.place, self.record)

    def _faulty(self, fault: Fault, work: Work) -> Response:
        answer = Response(status=200)
        if fault.after_effect or not fault.replaces_answer:
            answer = work()
        if fault.reset or fault.timeout:
            kind = "reset" if fault.reset else "timeout"
            raise ConnectionLostError(kind, after_seconds=fault.delay_seconds)
        if fault.proxy == "echoes":
            refusal = replace(
                fault,
                proxy="",
                code="SignatureDoesNotMatch",
                message=echo(self.request),
                http_status=fault.http_status or 403,
            )
            return self._refused_by(refusal)
        if fault.html or fault.proxy in REPLACING:
            return _in_its_place(fault)
        return self._refused_by(fault) if fault.replaces_answer else answer

    def _on_its_way(self, answer: Response, fault: Fault) -> Response:
        """Return an answer as it arrives; a foreign one has none of its headers."""
        is_theirs = not (fault.html or fault.proxy in {"redirects", "answers"})
        if is_theirs:
            answer = self.service.finish(answer, self.record)
        if fault.proxy in PASSING:
            answer = PASSING[fault.proxy](answer)
        return replace(
            answer,
            delay_seconds=fault.delay_seconds,
            cut_at=fault.cut_at,
            bytes_per_second=fault.bytes_per_second,
        )

    def _refused_by(self, fault: Fault) -> Response:
        code = fault.code or CODES_BY_STATUS.get(fault.http_status or 0, "")
        error = self.service.error(
            code, message=fault.message, status=fault.http_status
        )
        answer = self._refuse(error)
        return replace(
            answer,
            status=fault.http_status or answer.status,
            headers={**answer.headers, **fault.headers},
        )


def _in_its_place(fault: Fault) -> Response:
    """Return the answer of somebody who is not the service."""
    if fault.proxy == "redirects":
        return redirected(fault.http_status)
    if fault.proxy == "answers":
        return answered(fault.http_status)
    headers = {"Content-Type": "text/html"}
    return Response(status=fault.http_status or 502, headers=headers, body=HTML)
