import pytest
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.models import Config
from image_import.config.endpoints import ecs_endpoint, lookup_endpoint, oss_endpoint
from image_import.config.schema import Setting
from image_import.config.settings import SETTINGS, read_settings
from image_import.errors import SettingsError
from image_import.model.targets import TARGETS

STACK = {"ECS_ENDPOINT": "http://ecs.stack.test", "OSS_ENDPOINT": "oss.stack.test"}
POP = {**STACK, "IMPORT_TARGET": "apsara-pop"}
ROUTE = {**STACK, "IMPORT_TARGET": "apsara-route"}

GOOD = [
    ("REGION_ID", "cn-qingdao-env17-d01", "cn-qingdao-env17-d01"),
    ("ECS_ENDPOINT", "gw.example.com:8443", "https://gw.example.com:8443"),
    ("ECS_ENDPOINT", "HTTP://127.0.0.1:80/", "http://127.0.0.1:80"),
    ("ECS_ENDPOINT", "http://[::1]:9000", "http://[::1]:9000"),
    ("OSS_ADDRESSING", "PATH", "path"),
    ("ECS_HEADERS", '{"x-acs-roleid": "7"}', {"x-acs-roleid": "7"}),
    ("ECS_LOOKUP", "pop", "pop"),
    ("APSARA_ORGANIZATION_ID", "37", "37"),
    ("APSARA_RESOURCE_GROUP_ID", "rg-1", "rg-1"),
    ("KEY_PREFIX", "incoming/", "incoming/"),
    ("SIDECAR", "required", "required"),
    ("SIDECAR_MAY_SET", "RoleName, RegionId,", frozenset({"RoleName", "RegionId"})),
    ("IMAGE_NAME_TEMPLATE", "up-{stem}-{hash}", "up-{stem}-{hash}"),
    ("ROLE_NAME", "AliyunECSImageImportDefaultRole", "AliyunECSImageImportDefaultRole"),
    ("WINDOWS_LICENSE_TYPE", "byol", "BYOL"),
    ("NVME_SUPPORT", "never", "never"),
    ("INSPECT", "auto", "auto"),
    ("INSPECT_CONFLICT", "refuse", "refuse"),
    ("INSPECT_SECONDS", "5", 5),
    ("INSPECT_MIB", "64", 64),
    ("LEDGER_BUCKET", "my-ledger", "my-ledger"),
    ("LEDGER_PREFIX", "state", "state/"),
    ("LEASE_SECONDS", "60", 60),
    ("LEASE_SECONDS", "86400", 86400),
    ("ON_AVAILABLE", "tag", "tag"),
    ("IMAGE_TAGS", "team=web, stage=,", {"team": "web", "stage": ""}),
    ("PROVENANCE_TAGS", "true", True),
    ("STUCK_AFTER_SECONDS", "600", 600),
    ("STUCK_AFTER_SECONDS", "604800", 604_800),
    ("DRY_RUN", "True", True),
    ("LOG_LEVEL", "debug", "DEBUG"),
    ("CA_FILE", "/etc/ssl/stack.pem", "/etc/ssl/stack.pem"),
    ("TLS_INSECURE", "true", True),
]

BAD = [
    ("IMPORT_TARGET", "publik"),
    ("REGION_ID", "oss-cn-hangzhou"),
    ("REGION_ID", "Hangzhou"),
    ("ECS_ENDPOINT", "https://gw.example.com/asapi/v3"),
    ("ECS_ENDPOINT", "https://gw.example.com?x=1"),
    ("ECS_ENDPOINT", "ftp://gw.example.com"),
    ("ECS_ENDPOINT", "https://"),
    ("ECS_ENDPOINT", "https://a b"),
    ("ECS_ENDPOINT", "https://gw.example.com:99999"),
    ("OSS_ENDPOINT", "https://gw.example.com:0"),
    ("OSS_SIGNATURE_VERSION", "v2"),
    ("OSS_ADDRESSING", "host"),
    ("IMAGE_TAGS", "team"),
    ("IMAGE_TAGS", "=web"),
    ("IMAGE_TAGS", "team=web,Team=db"),
    ("IMAGE_TAGS", "aliyun=1"),
    ("IMAGE_TAGS", ",".join(f"k{n}=v" for n in range(11))),
    ("COPY_KMS_KEYS", "cn-beijing"),
    ("COPY_KMS_KEYS", "Beijing=key-1"),
    ("COPY_KMS_KEYS", "cn-beijing=key 1"),
    ("ECS_AUTH", "basic"),
    ("ECS_PATH", "apsara/route"),
    ("ECS_API_VERSION", "latest"),
    ("ECS_BODY_FORMAT", "xml"),
    ("ECS_HEADERS", "x-a: 1"),
    ("ECS_HEADERS", "[" * 100_000),
    ("ECS_HEADERS", '["x-a"]'),
    ("ECS_HEADERS", '{"x-a": 1}'),
    ("ECS_HEADERS", '{"x-a": "1\\n2"}'),
    ("ECS_HEADERS", '{"x a": "1"}'),
    ("ECS_HEADERS", '{"Host": "elsewhere"}'),
    ("ECS_LOOKUP", "always"),
    ("ECS_LOOKUP_ENDPOINT", "/"),
    ("APSARA_ORGANIZATION_ID", "a b"),
    ("APSARA_RESOURCE_GROUP_ID", "a\nb"),
    ("SYSTEM_DISK_GIB", "500"),
    ("SYSTEM_DISK_GIB", "500-5"),
    ("DATA_DISK_GIB", "0-5"),
    ("KEY_PREFIX", "/incoming"),
    ("SIDECAR", "yes"),
    ("SIDECAR_MAY_SET", "Role"),
    ("IMAGE_NAME_TEMPLATE", "{stem}"),
    ("IMAGE_NAME_TEMPLATE", "{hash"),
    ("IMAGE_NAME_TEMPLATE", "{hash}{size}"),
    ("IMAGE_NAME_TEMPLATE", "{hash!r}"),
    ("IMAGE_NAME_TEMPLATE", "{hash:>9}"),
    ("ROLE_NAME", "acs:ram::1:role/x"),
    ("WINDOWS_LICENSE_TYPE", "KMS"),
    ("NVME_SUPPORT", "yes"),
    ("INSPECT", "sometimes"),
    ("INSPECT_CONFLICT", "ignore"),
    ("INSPECT_SECONDS", "0"),
    ("INSPECT_MIB", "2048"),
    ("LEDGER_BUCKET", "My_Ledger"),
    ("LEDGER_PREFIX", "/"),
    ("LEDGER_PREFIX", "a\tb"),
    ("LEASE_SECONDS", "59"),
    ("LEASE_SECONDS", "86401"),
    ("LEASE_SECONDS", "5m"),
    ("ON_AVAILABLE", "remove"),
    ("STUCK_AFTER_SECONDS", "599"),
    ("STUCK_AFTER_SECONDS", "604801"),
    ("DRY_RUN", "yes"),
    ("LOG_LEVEL", "verbose"),
    ("CA_FILE", "stack.pem"),
    ("TLS_INSECURE", "1"),
]


def test_nothing_set_means_public_with_the_defaults_of_the_table() -> None:
    settings = read_settings({})
    assert settings.target == TARGETS["public"]
    in_table = {r.name.lower(): r.kind.read(r.default) for r in SETTINGS if r.default}
    assert in_table.pop("import_target") == "public"
    assert in_table == {name: getattr(settings, name) for name in in_table}


def test_an_empty_or_blank_variable_is_an_unset_one() -> None:
    assert read_settings({row.name: "  " for row in SETTINGS}) == read_settings({})


@pytest.mark.parametrize(("name", "text", "value"), GOOD)
def test_a_setting_takes(name: str, text: str, value: object) -> None:
    assert getattr(read_settings({name: f" {text} "}), name.lower()) == value


@pytest.mark.parametrize(("name", "text"), BAD)
@pytest.mark.usefixtures("no_collection")
def test_a_bad_value_is_named_with_what_is_allowed(name: str, text: str) -> None:
    allowed = next(row.allowed for row in SETTINGS if row.name == name)
    with pytest.raises(SettingsError) as caught:
        read_settings({name: text})
    message = str(caught.value)
    assert message.startswith(f"{name} holds ")
    assert message.endswith(f"; it may hold {allowed}")
    assert len(message) < 400


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.name)
def test_every_setting_says_what_it_may_hold_instead_of_a_control_character(
    row: Setting,
) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({row.name: "a\x01"})
    message = str(caught.value)
    assert message.startswith(f"{row.name} holds ")
    assert message.endswith(f"; it may hold {row.allowed}")


@pytest.mark.parametrize(
    ("variable", "value", "field", "expected"),
    [
        ("ECS_AUTH", "none", "auth", "none"),
        ("ECS_PATH", "/asapi/v3", "path", "/asapi/v3"),
        ("ECS_API_VERSION", "2014-05-26", "api_version", "2014-05-26"),
        ("ECS_BODY_FORMAT", "JSON", "body_format", "json"),
        ("OSS_SIGNATURE_VERSION", "v4", "oss_signature_version", "v4"),
        ("SYSTEM_DISK_GIB", "20-2048", "system_disk_gib", (20, 2048)),
        ("DATA_DISK_GIB", "1-9", "data_disk_gib", (1, 9)),
    ],
)
def test_a_setting_may_change_the_target(
    variable: str, value: str, field: str, expected: object
) -> None:
    target = read_settings({**ROUTE, variable: value}).target
    assert getattr(target, field) == expected
    assert target.name == "apsara-route"


def test_extra_platforms_come_after_the_documented_ones_and_once() -> None:
    text = "Windows 7, Debian,Windows 7"
    platforms = read_settings({**POP, "EXTRA_PLATFORMS": text}).target.platforms
    assert platforms == (*TARGETS["apsara-pop"].platforms, "Windows 7")


@pytest.mark.parametrize("missing", ["ECS_ENDPOINT", "OSS_ENDPOINT"])
@pytest.mark.parametrize("environ", [POP, ROUTE], ids=["pop", "route"])
def test_apsara_stack_needs_its_endpoints(
    environ: dict[str, str], missing: str
) -> None:
    with pytest.raises(SettingsError, match=f"{missing} holds nothing; for IMPORT_TAR"):
        read_settings({**environ, missing: ""})


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"KEY_PREFIX": ".image-import/in/"}, "KEY_PREFIX .* lies in the ledger's"),
        ({"TLS_INSECURE": "true", "CA_FILE": "/ca.pem"}, "although CA_FILE is set"),
        ({**POP, "ECS_BODY_FORMAT": "json"}, "ECS_AUTH=rpc-v1 would not cover"),
    ],
    ids=["prefix in ledger", "insecure with authorities", "unsigned body"],
)
def test_settings_that_contradict_are_refused(
    environ: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        read_settings(environ)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ECS_HEADERS", '{"Authorization": "Bearer s3cret\\n"}'),
        ("ECS_HEADERS", "Authorization: Bearer s3cret"),
        ("ECS_ENDPOINT", "https://user:s3cret@gw.example.com"),
        ("CA_FILE", "https://user:s3cret@gw.example.com/ca.pem"),
    ],
)
def test_a_message_repeats_no_secret(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} holds ") as caught:
        read_settings({name: text})
    assert "s3cret" not in str(caught.value)


def test_the_repr_hides_headers_which_may_hold_a_token() -> None:
    settings = read_settings({"ECS_HEADERS": '{"Authorization": "Bearer s3cret"}'})
    assert settings.ecs_headers
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("environ", "has_lookup"),
    [
        ({}, True),
        ({"ECS_LOOKUP": "never"}, False),
        (POP, True),
        (ROUTE, False),
        ({**ROUTE, "ECS_LOOKUP": "pop"}, True),
    ],
    ids=["public", "never", "pop", "route", "route by pop"],
)
def test_images_are_looked_up_where_that_is_known(
    environ: dict[str, str], *, has_lookup: bool
) -> None:
    assert read_settings(environ).has_lookup is has_lookup


def test_a_required_sidecar_is_known_as_such() -> None:
    assert read_settings({"SIDECAR": "required"}).is_sidecar_required
    assert not read_settings({}).is_sidecar_required


# Endpoints


def official_map() -> dict[str, str]:
    config = Config(access_key_id="i", access_key_secret="s", region_id="cn-beijing")
    found: dict[str, str] = Client(config)._endpoint_map
    return found


REGULAR = ["cn-beijing", "cn-shanghai", "ap-southeast-1", "us-west-1", "me-central-1"]


@pytest.mark.parametrize("region_id", [*REGULAR, *official_map()])
def test_ecs_is_found_where_the_official_sdk_finds_it(region_id: str) -> None:
    config = Config(access_key_id="i", access_key_secret="s", region_id=region_id)
    official = Client(config)._endpoint
    assert ecs_endpoint(read_settings({}), region_id) == f"https://{official}"


def test_oss_has_one_public_endpoint_for_each_region() -> None:
    endpoint = oss_endpoint(read_settings({}), "cn-hangzhou")
    assert endpoint == "https://oss-cn-hangzhou.aliyuncs.com"


@pytest.mark.parametrize("environ", [STACK, POP, ROUTE], ids=["public", "pop", "route"])
def test_a_set_endpoint_wins_over_the_region(environ: dict[str, str]) -> None:
    settings = read_settings(environ)
    assert ecs_endpoint(settings, "cn-hangzhou") == "http://ecs.stack.test"
    assert oss_endpoint(settings, "cn-hangzhou") == "https://oss.stack.test"
    assert lookup_endpoint(settings, "cn-hangzhou") == "http://ecs.stack.test"


@pytest.mark.parametrize("name", ["OSS_ENDPOINT", "ECS_ENDPOINT"])
@pytest.mark.parametrize(
    ("host", "fits"),
    [
        ("ecs..stack.test", False),
        (".stack.test", False),
        (f"{'a' * 64}.stack.test", False),
        (f"stack.{'a' * 64}", False),
        (f"{'a' * 63}.stack.test", True),
        ("ecs.stack.test.", True),
    ],
)
def test_a_host_name_that_no_resolver_takes_is_refused_at_start(
    name: str, host: str, fits: bool
) -> None:
    if fits:
        read_settings({name: host})
        return
    with pytest.raises(SettingsError, match=f"{name} holds .*label"):
        read_settings({name: host})


def test_the_lookup_may_have_an_endpoint_of_its_own() -> None:
    elsewhere = {"ECS_LOOKUP": "pop", "ECS_LOOKUP_ENDPOINT": "http://pop.stack.test"}
    settings = read_settings({**ROUTE, **elsewhere})
    assert lookup_endpoint(settings, "cn-hangzhou") == "http://pop.stack.test"


def test_a_licence_that_only_the_private_cloud_knows_is_no_setting_of_public() -> None:
    with pytest.raises(SettingsError, match="=public it may hold Aliyun or BYOL"):
        read_settings({"WINDOWS_LICENSE_TYPE": "Auto"})
    private = {
        "IMPORT_TARGET": "apsara-pop",
        "ECS_ENDPOINT": "https://ecs.example",
        "OSS_ENDPOINT": "https://oss.example",
    }
    settings = read_settings({**private, "WINDOWS_LICENSE_TYPE": "Auto"})
    assert settings.windows_license_type == "Auto"


def test_a_key_for_a_region_without_copies_is_refused() -> None:
    environ = {"COPY_TO_REGIONS": "cn-beijing", "COPY_KMS_KEYS": "cn-wulan=key-1"}
    with pytest.raises(SettingsError, match="COPY_KMS_KEYS names cn-wulan"):
        read_settings(environ)


def test_tags_that_nothing_could_set_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"IMAGE_TAGS is set.*ECS_LOOKUP=pop"):
        read_settings({**ROUTE, "IMAGE_TAGS": "team=web"})
