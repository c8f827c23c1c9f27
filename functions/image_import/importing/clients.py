"""The clients of one invocation, on connections that outlive it."""

from image_import.aliyun.ecs.client import Ecs
from image_import.aliyun.ecs.client import make_session as make_ecs_session
from image_import.aliyun.oss.client import Oss
from image_import.aliyun.oss.client import make_session as make_oss_session
from image_import.config.credentials import Credentials
from image_import.config.endpoints import oss_endpoint
from image_import.config.settings import Settings


class Clients:
    """Makes clients; keeps connections, never credentials."""

    def __init__(self, *, pool_size: int) -> None:
        self._oss_session = make_oss_session(pool_size)
        self._ecs_session = make_ecs_session(pool_size)

    def oss(self, settings: Settings, credentials: Credentials, region_id: str) -> Oss:
        """Return OSS of one region."""
        self._oss_session.session.verify = _verify(settings)
        return Oss(
            self._oss_session,
            credentials,
            endpoint=oss_endpoint(settings, region_id),
            region_id=region_id,
            signature_version=settings.target.oss_signature_version,
            addressing=settings.oss_addressing,
        )

    def ecs(self, settings: Settings, credentials: Credentials, region_id: str) -> Ecs:
        """Return ECS of one region."""
        return Ecs(self._ecs_session, settings, credentials, region_id)


def _verify(settings: Settings) -> bool | str:
    """Return what requests takes as `verify`."""
    return settings.ca_file or not settings.tls_insecure
