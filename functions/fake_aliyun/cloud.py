"""The cloud itself: its services, their state, and the way to them."""

import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from fake_aliyun.clock import Clock, system_clock
from fake_aliyun.context import Context, ContextCredentials, ContextFunction
from fake_aliyun.ecs.authentication import Authenticator as EcsAuthenticator
from fake_aliyun.ecs.control import Ecs
from fake_aliyun.ecs.images import Pace
from fake_aliyun.ecs.models import ECS_SERVICE, EcsBackend
from fake_aliyun.ecs.responses import EcsService, RouteSettings
from fake_aliyun.errors import NotImitatedError, UnknownHostError
from fake_aliyun.exchange import Exchange
from fake_aliyun.faults import Fault, Faults
from fake_aliyun.hosts import REGION_IDS, Hosts, Place, place_here
from fake_aliyun.http import Request, Response
from fake_aliyun.oss.authentication import Authenticator as OssAuthenticator
from fake_aliyun.oss.control import Oss
from fake_aliyun.oss.events import Event
from fake_aliyun.oss.models import OssBackend
from fake_aliyun.oss.responses import OssHandlers, OssService
from fake_aliyun.ram.models import IMPORT_ROLE, Credentials, RamBackend
from fake_aliyun.records import Recorded
from fake_aliyun.service import Service

if TYPE_CHECKING:
    from fake_aliyun.server import Server

FC_SERVICE = "fc.aliyuncs.com"
FUNCTION_ROLE = "fake-function-role"
ObjectCreatedCallback = Callable[[Event], None]


class FakeAliyun:
    """An Alibaba Cloud account that lives in this object.

    As a context manager it answers whatever `requests` sends in this process::

        with FakeAliyun(region_id="cn-hangzhou") as cloud:
            cloud.oss.put("images", "web.qcow2", head=HEAD, size_bytes=40 * GIB)

    `serve` answers over HTTP instead, from the same state.

    Attributes:
        oss, ecs: What a test does to a service without a client.
        ram: Keys, roles and temporary credentials.
        faults: Failures still to come.
        requests: Each request so far, oldest first.
    """

    def __init__(  # noqa: PLR0913 - settings, all by name and with a default
        self,
        *,
        region_id: str = "cn-hangzhou",
        access_key_id: str = "fake-access-key-id",
        access_key_secret: str = "fake-access-key-secret",  # noqa: S107 - a fake
        account_id: str = "1234567890123456",
        clock: Clock = system_clock,
        signing_clock: Clock = system_clock,
        pace: Pace | None = None,
        path_style: bool = False,
        apsara_domain: str = "apsara.test",
        route_auth: str = "roa-v1",
        route_lookup: bool = False,
    ) -> None:
        """Make an empty cloud.

        Args:
            region_id: Where buckets are made unless said otherwise.
            access_key_id: Of the account's own key.
            access_key_secret: Of the account's own key.
            account_id: Of the account.
            clock: What time it is in the cloud; pass a `ManualClock` to move it.
            signing_clock: What the freshness of signatures is measured by.
            pace: How imports move on: `ByLooks()` or `BySeconds()`.
            path_style: Whether public OSS takes the bucket in the path (it does not).
            apsara_domain: Under which the gateways of Apsara Stack answer.
            route_auth: "roa-v1", or "none" for unsigned requests to the route.
            route_lookup: Whether the route serves more than ImportImage.
        """
        self.region_id = region_id
        self.account_id = account_id
        self.clock = clock
        self.faults = Faults(check=self._check_fault)
        self.requests: list[Recorded] = []
        self._lock = threading.RLock()
        self._region_ids = tuple(dict.fromkeys((*REGION_IDS, region_id)))
        self._hosts = Hosts(region_ids=self._region_ids, apsara_domain=apsara_domain)
        self._callbacks: list[ObjectCreatedCallback] = []
        self._unheard: deque[Event] = deque()
        self._intercepting = ExitStack()
        self._signing_clock = signing_clock
        self._pace = pace
        self._path_style = path_style
        self._route = RouteSettings(auth=route_auth, lookup=route_lookup)
        self.credentials = Credentials(
            access_key_id=access_key_id, access_key_secret=access_key_secret
        )
        self.reset()

    def reset(self) -> None:
        """Forget buckets, images, roles, faults and requests; keep the settings."""
        with self._lock:
            self.faults.clear()
            self.requests.clear()
            self._unheard.clear()
            self.ram = self._new_ram()
            oss = OssBackend(
                account_id=self.account_id, region_id=self.region_id, clock=self.clock
            )
            ecs = EcsBackend(
                oss=oss,
                ram=self.ram,
                region_ids=self._region_ids,
                clock=self.clock,
                pace=self._pace,
            )
            self.oss = Oss(
                oss,
                faults=self.faults,
                events=[],
                publish=self._publish_and_tell,
                lock=self._lock,
            )
            self.ecs = Ecs(ecs, faults=self.faults)
            self._services = {"oss": self._serve_oss(oss), "ecs": self._serve_ecs(ecs)}

    def _new_ram(self) -> RamBackend:
        ram = RamBackend(account_id=self.account_id, clock=self.clock)
        ram.add_access_key(self.credentials)
        ram.create_role(IMPORT_ROLE, service=ECS_SERVICE)
        ram.create_role(FUNCTION_ROLE, service=FC_SERVICE)
        return ram

    def _serve_oss(self, backend: OssBackend) -> Service:
        return OssService(
            OssHandlers(backend, publish=self._publish),
            ram=self.ram,
            authenticator=OssAuthenticator(ram=self.ram, clock=self._signing_clock),
            lock=self._lock,
            path_style=self._path_style,
        )

    def _serve_ecs(self, backend: EcsBackend) -> Service:
        return EcsService(
            backend,
            ram=self.ram,
            authenticator=EcsAuthenticator(ram=self.ram, clock=self._signing_clock),
            lock=self._lock,
            route=self._route,
        )

    def __enter__(self) -> "FakeAliyun":  # noqa: PYI034 - Self needs Python 3.11
        from fake_aliyun.in_process import intercepted  # noqa: PLC0415 - imports requests

        self._intercepting.enter_context(intercepted(self))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._intercepting.close()

    @contextmanager
    def serve(self, port: int = 0) -> "Iterator[Server]":
        """Answer over HTTP on 127.0.0.1 while the block runs; port 0: any free one."""
        from fake_aliyun.server import Server  # noqa: PLC0415 - only where it is needed

        with Server(self, port=port) as server:
            yield server

    def handle(self, request: Request) -> Response:
        """Return the answer to a request, whatever carried it.

        Raises:
            UnknownHostError: It went to a host that is not part of this cloud.
            NotImitatedError: It asks for something that does not exist here.
            ConnectionLostError: A fault says that there is no answer.
        """
        place = self._place(request)
        service = self._services.get(place.service)
        if service is None:
            raise NotImitatedError(f"the service {place.service}", known=self._services)
        record = Recorded(
            service=place.service,
            action="",
            method=request.method,
            host=request.host,
            path=request.path,
            request_id=service.new_request_id(),
        )
        self.requests.append(record)
        exchange = Exchange(
            service=service, request=request, place=place, record=record
        )
        try:
            return exchange.run(self.faults)
        finally:
            self._tell()

    def _place(self, request: Request) -> Place:
        if place := self._hosts.find(request.hostname):
            return place
        if request.hostname.endswith(".localhost"):
            return Place(service="oss", bucket=request.hostname.partition(".")[0])
        if not request.is_to_this_machine:
            raise UnknownHostError(
                f"the host {request.host}", known=self._hosts.known()
            )
        action = request.headers.get("x-acs-action") or {
            **request.query_parameters,
            **request.form,
        }.get("Action", "")
        return place_here(request.decoded_path, action=action, headers=request.headers)

    def _check_fault(self, fault: Fault) -> None:
        """Refuse a fault with an error code that its service does not have."""
        service = self._services.get(fault.service)
        if service and fault.code:
            service.error(fault.code, message="", status=fault.http_status)

    def on_object_created(self, callback: ObjectCreatedCallback) -> None:
        """Call `callback` with each object-created record from now on.

        It is called in the thread that made the object, before the answer is sent and
        without any lock held, so that it may use the cloud itself.
        """
        self._callbacks.append(callback)

    def _publish(self, event: Event) -> None:
        self.oss.events.append(event)
        self._unheard.append(event)

    def _publish_and_tell(self, event: Event) -> None:
        self._publish(event)
        self._tell()

    def _tell(self) -> None:
        while self._unheard:
            try:
                event = self._unheard.popleft()
            except IndexError:
                return
            for callback in self._callbacks:
                callback(event)

    def context(
        self,
        *,
        function_name: str = "image-import",
        handler: str = "image_import.handler.on_object_created",
        timeout_seconds: int = 60,
        retry_count: int = 0,
    ) -> Context:
        """Return a context as Function Compute makes it, with fresh credentials."""
        session = self.ram.assume_role(FUNCTION_ROLE, seconds=36 * 3600)
        return Context(
            request_id=str(uuid.uuid4()),
            credentials=ContextCredentials(
                access_key_id=session.access_key_id,
                access_key_secret=session.access_key_secret,
                security_token=session.security_token,
            ),
            function=ContextFunction(
                name=function_name,
                handler=handler,
                memory=512,
                timeout=str(timeout_seconds),
            ),
            region=self.region_id,
            account_id=self.account_id,
            retry_count=str(retry_count),
        )
