"""The cloud itself: its services, their state, and the way to them."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from types import TracebackType
from typing import TYPE_CHECKING

from fake_aliyun.core.clock import Clock, system_clock
from fake_aliyun.core.errors import NotImitatedError, UnknownHostError
from fake_aliyun.core.exchange import Exchange
from fake_aliyun.core.faults import ANY, Fault, Faults, shown_faults
from fake_aliyun.core.hosts import Host, Hosts, place_here
from fake_aliyun.core.http import Request, Response
from fake_aliyun.core.records import Recorded
from fake_aliyun.core.rpc import Call
from fake_aliyun.dump import load_dump, make_dump, read_dump
from fake_aliyun.ecs.control import EcsControl
from fake_aliyun.ecs.images import Pace
from fake_aliyun.ecs.service import RouteSettings
from fake_aliyun.fc.control import Fc
from fake_aliyun.fc.platform import FUNCTION_ROLE, TOKEN_SECONDS
from fake_aliyun.fc.runtime.context import ContextFunction, FcContext, make_context
from fake_aliyun.oss.control import OssControl
from fake_aliyun.oss.events import Event, is_whole
from fake_aliyun.ram.models import KeyPair
from fake_aliyun.transport.backends import Backends, BackendSettings

if TYPE_CHECKING:
    from fake_aliyun.transport.server import Server

ObjectCreatedCallback = Callable[[Event], None]


class FakeAliyun:
    """An Alibaba Cloud account that lives in this object.

    As a context manager it answers whatever `requests` sends in this process::

        with FakeAliyun(region_id="cn-hangzhou") as cloud:
            cloud.oss.put("images", "web.qcow2", head=HEAD, size_bytes=40 * GIB)

    `serve` answers over HTTP instead, from the same state.

    Attributes:
        oss, ecs, fc: What a test does to a service without a client.
        ram: Keys, roles and temporary credentials.
        scaling_configurations: Those of Auto Scaling; a test adds to the list.
        messaging: Queues, topics and buses; a test adds to `places`, reads `sent`.
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
        self.credentials = KeyPair(
            access_key_id=access_key_id, access_key_secret=access_key_secret
        )
        self._settings = BackendSettings(
            region_id=region_id,
            account_id=account_id,
            credentials=self.credentials,
            clock=clock,
            signing_clock=signing_clock,
            pace=pace,
            path_style=path_style,
            route=RouteSettings(auth=route_auth, lookup=route_lookup),
        )
        self._hosts = Hosts(
            region_ids=self._settings.region_ids, apsara_domain=apsara_domain
        )
        self.faults = Faults(check=self._check_fault)
        self.requests: list[Recorded] = []
        self._lock = threading.RLock()
        self._callbacks: list[ObjectCreatedCallback] = []
        self._unheard: deque[Event] = deque()
        self._intercepting = ExitStack()
        self._backends = Backends(self._settings)
        self._services = self._backends.services(lock=self._lock, publish=self._publish)
        self.ram = self._backends.ram
        self.oss = OssControl(
            self._backends.oss,
            faults=self.faults,
            publish=self._publish_and_tell,
            lock=self._lock,
        )
        self.ecs = EcsControl(self._backends.ecs, faults=self.faults)
        self.fc = Fc(self._backends.platform, faults=self.faults)
        self.scaling_configurations = self._backends.scaling
        self.messaging = self._backends.messaging

    @property
    def region_id(self) -> str:
        """Return the region where buckets are made unless said otherwise."""
        return self._settings.region_id

    @property
    def account_id(self) -> str:
        """Return the ID of the account."""
        return self._settings.account_id

    @property
    def clock(self) -> Clock:
        """Return what says the time in the cloud."""
        return self._settings.clock

    def reset(self) -> None:
        """Forget buckets, images, roles, faults and requests.

        Settings, listeners, functions, which are code, and lasting buckets and roles
        stay.
        """
        with self._lock:
            self.faults.clear()
            self.requests.clear()
            self._unheard.clear()
            self.oss.events.clear()
            self._backends.clear()

    def __enter__(self) -> "FakeAliyun":  # noqa: PYI034 - Self needs Python 3.11
        from fake_aliyun.transport.in_process import intercepted  # noqa: PLC0415 - imports requests

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
    def serve(
        self, port: int = 0, *, instances: int = 1, host: str = "127.0.0.1"
    ) -> "Iterator[Server]":
        """Answer over HTTP while the block runs.

        Asynchronous invocations are worked on by themselves meanwhile.

        Args:
            port: 0 for any free one.
            instances: How many asynchronous invocations run at once.
            host: The address to listen on; only this machine reaches 127.0.0.1.
        """
        from fake_aliyun.transport.server import Server  # noqa: PLC0415 - only where it is needed

        # Functions that use the cloud over HTTP end before it stops to answer.
        with Server(self, port=port, host=host) as server, self.fc.worked_on(instances):
            try:
                yield server
            finally:
                server.hurry()

    def handle(self, request: Request) -> Response:
        """Return the answer to a request, whatever carried it.

        Raises:
            UnknownHostError: It went to a host that is not part of this cloud.
            NotImitatedError: It asks for something that does not exist here.
            ConnectionLostError: A fault says that there is no answer.
        """
        place = self._place(request)
        service = self._services[place.service]
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
        except NotImitatedError as error:
            error.answer = exchange.not_imitated(error)
            raise
        finally:
            self._tell()

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Let no request change anything while the block looks at the whole."""
        with self._lock:
            yield

    def tick(self) -> list[str]:
        """Let each enabled time trigger fire once; return the invocations' IDs."""
        return [invocation.request_id for invocation in self.fc.tick()]

    def state(self) -> dict[str, object]:
        """Return what the cloud holds, as JSON can show it: buckets, images and more.

        The bytes of objects are not in it.
        """
        with self.at_rest():
            return {
                "buckets": {
                    name: {
                        key: {"size": found.size_bytes, "etag": found.etag}
                        for key in self.oss.keys(name)
                        for found in [self.oss.get(name, key)]
                    }
                    for name in sorted(self.oss.buckets)
                },
                "images": [
                    {
                        "name": image.image_name,
                        "id": image.image_id,
                        "task": image.task_id,
                        "status": image.status,
                        "percent": image.percent,
                        "format": image.format,
                        "parameters": dict(image.parameters),
                    }
                    for image in self.ecs.images.values()
                ],
                "faults": shown_faults(self.faults),
                "requests": [asdict(record) for record in list(self.requests)],
            }

    def dump(self) -> dict[str, object]:
        """Return buckets with what is in them and images, as JSON that `load` takes."""
        with self.at_rest():
            return make_dump(self._backends.oss, self._backends.ecs)

    def load(self, document: object) -> None:
        """Put what a dump holds in the place of all buckets and images.

        ECS forgets its client tokens, failures to come and check results with them;
        all else stays, lasting buckets as well. Objects that are loaded make no event.

        Raises:
            ValueError: The document is no dump; nothing has changed.
        """
        dump = read_dump(document)
        with self.at_rest():
            load_dump(dump, self._backends.oss, self._backends.ecs)

    def _place(self, request: Request) -> Host:
        if place := self._hosts.find(request.hostname):
            return place
        if request.hostname.endswith(".localhost"):
            return Host(service="oss", bucket=request.hostname.partition(".")[0])
        if not request.is_to_this_machine:
            raise UnknownHostError(
                f"the host {request.host}", known=self._hosts.known()
            )
        call = Call.of(request)
        return place_here(
            request.decoded_path,
            action=call.action,
            version=call.version,
            headers=request.headers,
        )

    def _check_fault(self, fault: Fault) -> None:
        """Refuse a fault that no request could meet, or with an unknown error code."""
        names = {ANY, *self._services}
        if fault.service not in names:
            raise NotImitatedError(f"the service {fault.service!r}", known=names)
        meant = [s for n, s in self._services.items() if fault.service in {ANY, n}]
        actions = {ANY}.union(*(service.actions for service in meant))
        if fault.action not in actions:
            raise NotImitatedError(f"the operation {fault.action!r}", known=actions)
        for service in meant if fault.code and fault.service != ANY else ():
            service.error(fault.code, message="", status=fault.http_status)

    def on_object_created(self, callback: ObjectCreatedCallback) -> None:
        """Call `callback` with each object-created record from now on.

        Records of uploads that only begin, or of their parts, are not among them. It
        is called in the thread that made the object, before the answer is sent and
        without any lock held, so that it may use the cloud itself. What it raises
        reaches whoever made the object.
        """
        self._callbacks.append(callback)

    def _publish(self, event: Event) -> None:
        self._unheard.append(event)
        if is_whole(event):
            self.oss.events.append(event)

    def _publish_and_tell(self, event: Event) -> None:
        self._publish(event)
        self._tell()

    def _tell(self) -> None:
        while self._unheard:
            try:
                event = self._unheard.popleft()
            except IndexError:
                return
            self._backends.platform.hear(event)
            for callback in self._callbacks if is_whole(event) else ():
                callback(event)

    def context(
        self,
        *,
        function_name: str = "image-import",
        handler: str = "image_import.handler.on_object_created",
        timeout_seconds: int = 60,
        retry_count: int = 0,
    ) -> FcContext:
        """Return a context as Function Compute makes it, with fresh credentials."""
        return make_context(
            self.ram.assume_role(FUNCTION_ROLE, seconds=TOKEN_SECONDS),
            region_id=self.region_id,
            account_id=self.account_id,
            function=ContextFunction(
                name=function_name,
                handler=handler,
                memory=512,
                timeout=str(timeout_seconds),
            ),
            retry_count=retry_count,
        )
