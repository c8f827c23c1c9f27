"""The state of a cloud, service by service, and how services stand on it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from fake_aliyun.core.clock import Clock
from fake_aliyun.core.hosts import REGION_IDS
from fake_aliyun.core.service import Service
from fake_aliyun.ecs.images import Pace
from fake_aliyun.ecs.models import ECS_SERVICE, EcsBackend
from fake_aliyun.ecs.service import EcsService, RouteSettings
from fake_aliyun.ess.service import EssService, ScalingConfiguration
from fake_aliyun.fc.auth import FcAuthenticator
from fake_aliyun.fc.models import FcBackend
from fake_aliyun.fc.platform import FC_SERVICE, FUNCTION_ROLE, Platform
from fake_aliyun.fc.service import FcService
from fake_aliyun.fc.service_v3 import Fc3Service
from fake_aliyun.messaging.eventbridge import EventBridgeService
from fake_aliyun.messaging.mns import MnsService
from fake_aliyun.messaging.models import MessagingBackend
from fake_aliyun.oss.api.auth import OssAuthenticator
from fake_aliyun.oss.api.service import OssHandlers, OssService
from fake_aliyun.oss.events import Event
from fake_aliyun.oss.models import OssBackend
from fake_aliyun.ram.models import IMPORT_ROLE, KeyPair, RamBackend
from fake_aliyun.ram.rpc_auth import RpcAuthenticator
from fake_aliyun.ram.service import RamService


@dataclass(frozen=True, kw_only=True, slots=True)
class BackendSettings:
    """What a cloud is like; see `FakeAliyun` for what each one means."""

    region_id: str
    account_id: str
    credentials: KeyPair
    clock: Clock
    signing_clock: Clock
    pace: Pace | None
    path_style: bool
    route: RouteSettings

    @property
    def region_ids(self) -> tuple[str, ...]:
        """Return the regions there are; the cloud's own is always one."""
        return tuple(dict.fromkeys((*REGION_IDS, self.region_id)))


class Backends:
    """The models of all services of one account."""

    def __init__(self, settings: BackendSettings) -> None:
        self._settings = settings
        account_id, clock = settings.account_id, settings.clock
        region_id = settings.region_id
        self.ram = RamBackend(account_id=account_id, clock=clock)
        self.oss = OssBackend(account_id=account_id, region_id=region_id, clock=clock)
        self.ecs = EcsBackend(
            oss=self.oss,
            ram=self.ram,
            region_ids=settings.region_ids,
            clock=clock,
            pace=settings.pace,
        )
        self.scaling: list[ScalingConfiguration] = []
        self.messaging = MessagingBackend()
        fc = FcBackend(account_id=account_id, region_id=region_id, clock=clock)
        self.platform = Platform(fc, ram=self.ram)
        self._add_defaults()

    def _add_defaults(self) -> None:
        """Make the account's key and the roles that each account here has."""
        self.ram.add_access_key(self._settings.credentials)
        for name, service in ((IMPORT_ROLE, ECS_SERVICE), (FUNCTION_ROLE, FC_SERVICE)):
            if name not in self.ram.directory.roles:
                self.ram.create_role(name, service=service)

    def clear(self) -> None:
        """Forget what was stored; functions, which are code, stay."""
        self.ram.clear()
        self.oss.clear()
        self.ecs.clear()
        self.scaling.clear()
        self.messaging.clear()
        self.platform.clear()
        self._add_defaults()

    def services(
        self, *, lock: threading.RLock, publish: Callable[[Event], None]
    ) -> dict[str, Service]:
        """Return what answers over HTTP, by name."""
        clock = self._settings.signing_clock
        at_rpc = RpcAuthenticator(ram=self.ram, clock=clock)
        return {
            "oss": OssService(
                OssHandlers(self.oss, publish=publish),
                ram=self.ram,
                authenticator=OssAuthenticator(ram=self.ram, clock=clock),
                lock=lock,
                path_style=self._settings.path_style,
            ),
            "ecs": EcsService(
                self.ecs,
                ram=self.ram,
                authenticator=at_rpc,
                lock=lock,
                route=self._settings.route,
            ),
            "ess": EssService(
                self.scaling,
                ram=self.ram,
                authenticator=at_rpc,
                clock=self._settings.clock,
                lock=lock,
            ),
            "fc": FcService(
                self.platform,
                ram=self.ram,
                authenticator=FcAuthenticator(ram=self.ram, clock=clock),
                lock=lock,
            ),
            "fc3": Fc3Service(
                self.platform.backend, ram=self.ram, authenticator=at_rpc, lock=lock
            ),
            "mns": MnsService(
                self.messaging,
                ram=self.ram,
                region_id=self._settings.region_id,
                clock=clock,
                lock=lock,
            ),
            "eventbridge": EventBridgeService(
                self.messaging,
                ram=self.ram,
                authenticator=at_rpc,
                clock=self._settings.clock,
                lock=lock,
            ),
            "ram": RamService(
                self.ram,
                authenticator=at_rpc,
                clock=self._settings.clock,
                lock=lock,
            ),
        }
