"""An uploader who knows the whole code, with every right that `policy` gives one.

He may put what he likes under his own prefix, and knows bucket, key and bytes of what
another will upload. He must not bring about an import from another prefix, get hold of
another's image, have another's object deleted, or see a secret.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import oss2
import pytest
from deployment.cloud_run import (
    ACCOUNT,
    ENVIRONMENT,
    NAMES,
    QCOW2,
    REGION,
    policies,
    set_up,
)
from fake_aliyun import FakeAliyun
from fake_aliyun.core.clock import ManualClock
from fake_aliyun.ecs.images import Failure
from image_import.model.revision import DiskRevision, ImageRevision
from image_import.model.targets import PUBLIC
from image_import.planning.image_name import image_name
from image_import_cli.iam.roles import uploader_policy

IMAGES = NAMES.image_bucket
EVIL = "incoming/evil/"
EARLY = "incoming/victim/noble-server.qcow2"
LATE = "incoming/victim/rocky-9.qcow2"
"""Others' images, uploaded before all attacks and after them."""

SECRET = "payroll/finance.qcow2"
OTHERS_SIDECAR = f"{LATE}.json"
ENDPOINT = f"https://oss-{REGION}.aliyuncs.com"


@dataclass
class World:
    """An account as `template.yml` makes it, and one uploader's own keys."""

    cloud: FakeAliyun = field(
        default_factory=lambda: FakeAliyun(
            region_id=REGION, account_id=ACCOUNT, clock=ManualClock()
        )
    )

    def __post_init__(self) -> None:
        environ = {**ENVIRONMENT, "ON_AVAILABLE": "delete"}
        set_up(self.cloud, policies("delete"), environ)
        self.keys = self.cloud.ram.create_user("eve")
        own = replace(NAMES, key_prefix=EVIL)
        self.cloud.ram.attach_policy("user/eve", uploader_policy(own))
        auth = oss2.AuthV4(self.keys.access_key_id, self.keys.access_key_secret)
        self.mine = oss2.Bucket(auth, ENDPOINT, IMAGES, region=REGION)
        self.cloud.oss.put(IMAGES, SECRET, QCOW2)

    def handle_events(self) -> None:
        """Let the function handle what was uploaded."""
        with self.cloud:
            self.cloud.fc.drain()

    def upload_as_victim(self, key: str) -> None:
        """Upload another's image, as somebody else."""
        self.cloud.oss.put(IMAGES, key, QCOW2)
        self.handle_events()

    def follow(self) -> None:
        """Let all imports end, and the tracker see it."""
        for _ in range(3):
            self.cloud.ecs.finish_imports()
            self.cloud.fc.tick()
            self.handle_events()

    @property
    def sources(self) -> dict[str, list[str]]:
        """The object keys that each image was made of."""
        return {
            name: [disk.object_key for disk in image.disks]
            for name, image in self.cloud.ecs.images.items()
        }

    def told(self) -> str:
        """Return all that anybody gets to read: results, logs, ledger, images."""
        invoked = [str(i.result) for i in self.cloud.fc.invocations]
        logged = [line for lines in self.cloud.fc.log_lines.values() for line in lines]
        ledger = [
            self.cloud.oss.get(NAMES.ledger_bucket, key).content.to_bytes().decode()
            for key in self.cloud.oss.keys(NAMES.ledger_bucket)
        ]
        sent = [
            json.dumps(dict(image.parameters))
            for image in self.cloud.ecs.images.values()
        ]
        failed = [str(message) for message in self.cloud.fc.messages]
        return "\n".join([*invoked, *logged, *ledger, *sent, *failed])


def name_of(key: str) -> str:
    """Return what another's image will be called: no more than a computation."""
    etag = FakeAliyun().oss.put(IMAGES, key, QCOW2).etag.strip('"').upper()
    disk = DiskRevision(object_key=key, etag=etag)
    revision = ImageRevision(bucket=IMAGES, disks=(disk,))
    return image_name(
        "{stem}-{hash}",
        object_key=key,
        revision_hash=revision.revision_hash,
        target=PUBLIC,
    )


VICTIMS = {EARLY: name_of(EARLY), LATE: name_of(LATE)}
NAME = VICTIMS[LATE]
MARK = NAME[-12:]
NAMES_OF_OTHERS = (
    VICTIMS[EARLY], NAME, NAME.upper(), NAME.replace("-", "_"), f"x-{MARK}",
    f"x.{MARK}", f"x:{MARK}", f"rocky-9-{MARK.upper()}",
)  # fmt: skip
DESCRIPTIONS = (
    f"[image-import {MARK}]", f"ours [image-import {MARK}]", "[image-import ]",
    "[image-import <random-at-call>]", "[IMAGE-IMPORT 0123456789abcdef]",
    "x [image-import 0123456789abcdef] y",
)  # fmt: skip
ELSEWHERE = (
    "../victim/noble-server.qcow2", "..", ".", "../../payroll/finance.qcow2",
    "/incoming/victim/noble-server.qcow2", "//payroll/finance.qcow2",
    "a/../../victim/noble-server.qcow2", "\\..\\victim\\noble-server.qcow2",
    "%2e%2e/victim/noble-server.qcow2", "..%2fvictim%2fnoble-server.qcow2",
    "./../victim/noble-server.qcow2", "victim/noble-server.qcow2", EARLY, SECRET,
    f"oss://{IMAGES}/{SECRET}", "a//b.qcow2", "", " ", "x" * 1100, ".image-import/x",
)  # fmt: skip
FOREIGN_FIELDS: tuple[Mapping[str, object], ...] = (
    {"RoleName": "AdminRole"}, {"rolename": "AdminRole"}, {"RegionId": "us-west-1"},
    {"regionId": "us-west-1"}, {"ClientToken": "x"}, {"DryRun": True},
    {"OSSBucket": "payroll"}, {"StorageLocationArn": "arn:acs:cloudbox:x"},
    {"Action": "DeleteImage"}, {"ImageId": "m-1"}, {"Version": "2014-05-26"},
    {"Tag": {"acs:rm:rgId": "rg-1"}}, {"Features": {"ImdsSupport": "v3"}},
    {"ImageOwnerAlias": "system"}, {"AccessKeyId": "x", "Signature": "y"},
    {"ImageName": ["a"]}, {"ImageName": {"a": 1}}, {"Description": None},
    {"ImageName": "a\r\nx-acs-role: y"}, {"ImageName": "\u202etxt.exe"},
)  # fmt: skip
ODD_DOCUMENTS = (
    b"", b"{", b"[]", b"null", b"\xff\xfe", b"{}" * 2, b"{" * 2000, b"x" * 70_000,
    b'{"ImageName": "a", "ImageName": "b"}', b'{"a": NaN}',
    b"!!python/object:os.system x",
    b"a: &a [*a]", b"x: !!binary aGk=", b"<<: {ImageName: " + NAME.encode() + b"}",
    b"ImageName: ${ALIBABA_CLOUD_ACCESS_KEY_SECRET}",
    b"ImageName: {stem.__class__}", b"Description: '%s%s%n'",
)  # fmt: skip
ODD_KEYS = (
    "../victim/noble-server.qcow2", "%2e%2e/victim/noble-server.qcow2",
    "..%2f..%2fpayroll%2ffinance.qcow2", ".image-import/open/x/y.json",
    f".image-import/images/noble-server.qcow2-x/{MARK}.jsonl", "a b+c%20d.qcow2",
    f"{NAME}.qcow2", f"x-{MARK}.qcow2", "noble-server.qcow2", "{stem.__init__}.qcow2",
    "x\u202e.qcow2", "x\u2028y.qcow2", "http:/x.qcow2", "-.qcow2", "aliyun.qcow2",
    "'; DROP.qcow2", "${jndi:ldap://x}.qcow2", "con.qcow2", "a\tb.qcow2",
)  # fmt: skip
METADATA: tuple[Mapping[str, str], ...] = (
    {"image-name": NAME}, {"description": f"[image-import {MARK}]"},
    {"role-name": "AdminRole"}, {"image-name": f"x-{MARK}"}, {"region-id": "us-west-1"},
    {"platform": "Ubuntu\r\nX: y"}, {"boot-mode": "../x"},
)  # fmt: skip

Attack = Callable[[World, str], None]


def put(world: World, key: str, data: bytes, **headers: str) -> None:
    """Put an object, as far as the uploader's rights go."""
    with world.cloud, suppress(oss2.exceptions.OssError, ValueError):
        world.mine.put_object(key, data, headers=headers or None)
    world.handle_events()


def with_sidecar(document: bytes, suffix: str, *, is_first: bool) -> Attack:
    def attack(world: World, image: str) -> None:
        steps = [(image + suffix, document), (image, QCOW2)]
        for key, data in steps if is_first else steps[::-1]:
            put(world, key, data)

    return attack


def with_metadata(said: Mapping[str, str]) -> Attack:
    def attack(world: World, image: str) -> None:
        put(world, image, QCOW2, **{f"x-oss-meta-{n}": v for n, v in said.items()})

    return attack


def under_key(key: str) -> Attack:
    return lambda world, _: put(world, f"{EVIL}{key}", QCOW2)


def through_link(target: str) -> Attack:
    """Let a link stand for an image, and as another's data disk."""

    def attack(world: World, image: str) -> None:
        link = image.replace(EVIL, f"{EVIL}link-")
        with world.cloud:
            world.mine.put_symlink(target, link)
        world.handle_events()
        put(world, f"{link}.json", b"{}")
        listed = [{}, {"OSSObject": link.removeprefix(EVIL)}]
        put(world, image, QCOW2)
        put(world, f"{image}.json", json.dumps({"DiskDeviceMapping": listed}).encode())

    return attack


def by_copy(target: str) -> Attack:
    def attack(world: World, image: str) -> None:
        with world.cloud, suppress(oss2.exceptions.OssError):
            world.mine.copy_object(IMAGES, target, f"{image}-copy.qcow2")
        world.handle_events()

    return attack


def attacks() -> Iterator[Attack]:
    """Yield more than two hundred ways to try it."""
    documents: list[tuple[bytes, str]] = []
    said: list[Mapping[str, object]] = [
        *({"ImageName": name} for name in NAMES_OF_OTHERS),
        *({"Description": text} for text in DESCRIPTIONS),
        *FOREIGN_FIELDS,
        *({"DiskDeviceMapping": [{"OSSObject": key}]} for key in ELSEWHERE),
        *({"DiskDeviceMapping": [{}, {"OSSObject": key}]} for key in ELSEWHERE),
        {"DiskDeviceMapping": [{"OSSBucket": NAMES.ledger_bucket}]},
        {"DiskDeviceMapping": [{"OSSBucket": "payroll", "OSSObject": "x"}]},
        {"DiskDeviceMapping": [{"Device": "/dev/xvda"}] * 18},
    ]
    documents += [(json.dumps(each).encode(), ".json") for each in said]
    documents += [(each, s) for each in ODD_DOCUMENTS for s in (".json", ".yaml")]
    for document, suffix in documents:
        yield with_sidecar(document, suffix, is_first=True)
        yield with_sidecar(document, suffix, is_first=False)
    yield from map(with_metadata, METADATA)
    yield from map(under_key, ODD_KEYS)
    for name in NAMES_OF_OTHERS:
        both = json.dumps({"ImageName": name, "Description": "x"}).encode()
        for suffix in (".yaml", ".yml"):
            yield with_sidecar(both, suffix, is_first=True)
    for target in (SECRET, EARLY):
        yield through_link(target)
        yield by_copy(target)
    yield lambda world, _: put(world, OTHERS_SIDECAR, b'{"ImageName": "mine"}')
    yield lambda world, _: put(world, LATE, b"mine")
    yield lambda world, _: put(world, SECRET, b"mine")
    yield lambda world, image: put(world, f"{image}/", QCOW2)


@pytest.fixture(scope="module")
def attacked() -> World:
    """Return a world in which all attacks were tried, and all imports have ended."""
    world = World()
    world.upload_as_victim(EARLY)
    tried = 0
    for number, attack in enumerate(attacks(), 1):
        attack(world, f"{EVIL}x{number}.qcow2")
        tried = number
    assert tried >= 200
    world.upload_as_victim(LATE)
    for name in VICTIMS.values():
        world.cloud.ecs.images[name].failure = Failure("ImportImageFailed", "failed")
    world.follow()
    return world


def test_no_image_is_made_of_what_the_uploader_could_not_put(attacked: World) -> None:
    sources = {key for keys in attacked.sources.values() for key in keys}
    assert {key for key in sources if not key.startswith(EVIL)} == VICTIMS.keys()


def test_the_attacks_get_as_far_as_imports(attacked: World) -> None:
    """Else the others would show nothing."""
    assert len(attacked.sources) > 40


def test_no_link_or_copy_gets_at_what_the_uploader_may_not_read(
    attacked: World,
) -> None:
    sources = {key for keys in attacked.sources.values() for key in keys}
    assert [key for key in sources if "link-" in key or "-copy" in key] == []


@pytest.mark.parametrize("key", VICTIMS)
def test_anothers_image_is_made_of_its_own_object_alone(
    attacked: World, key: str
) -> None:
    name = VICTIMS[key]
    made = {n: keys for n, keys in attacked.sources.items() if key in keys}
    assert made == {name: [key]}
    results = [
        record
        for invocation in attacked.cloud.fc.invocations
        for record in _records(invocation.result)
        if record.get("object_key") == key
    ]
    image_id = attacked.cloud.ecs.images[name].image_id
    assert [(r["outcome"], r["image_id"]) for r in results] == [("submitted", image_id)]


def test_no_image_is_asked_for_with_another_role_region_or_bucket(
    attacked: World,
) -> None:
    for image in attacked.cloud.ecs.images.values():
        sent = image.parameters
        assert "RoleName" not in sent
        assert sent["RegionId"] == REGION
        assert {v for n, v in sent.items() if n.endswith("OSSBucket")} == {IMAGES}


def test_nobody_elses_object_is_deleted(attacked: World) -> None:
    """ON_AVAILABLE is `delete`, and the others' imports have failed."""
    kept = attacked.cloud.oss.keys(IMAGES)
    assert {EARLY, LATE, SECRET} <= set(kept)
    made = {key for keys in attacked.sources.values() for key in keys}
    assert not {key for key in made - VICTIMS.keys() if key in kept}


def test_no_secret_is_told(attacked: World) -> None:
    told = attacked.told()
    used = attacked.cloud.ram._keys.values()
    assert len(used) > 200
    for key in used:
        assert key.access_key_secret not in told
        assert not key.security_token or key.security_token not in told
    assert "Signature=" not in told


def _records(result: bytes) -> list[dict[str, Any]]:
    try:
        return list(json.loads(result).get("records", []))
    except ValueError:
        return []
