"""What an operator typically does wrong, and the sentence that helps.

Each row is a mistake: the files in a folder, the command, and what the answer must say
of the cause and of the next step.
"""

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner
from fake_aliyun import FakeAliyun
from image_import_cli.commands.demo import IMAGE, asset
from image_import_cli.main import cli

QCOW2 = asset(IMAGE)
VMDK = b"KDMV\x01\0\0\0" + bytes(65528)
EVENT = {
    "events": [
        {
            "eventName": "ObjectCreated:PutObject",
            "region": "cn-hangzhou",
            "oss": {
                "bucket": {"name": "images"},
                "object": {"key": "web.qcow2", "size": len(QCOW2), "eTag": "A" * 32},
            },
        }
    ]
}


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One row.

    Attributes:
        files: In the folder where the command runs.
        cause: A pattern of what was seen.
        step: A pattern of what to do.
    """

    command: str
    cause: str
    step: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    environ: Mapping[str, str | None] = field(default_factory=dict)


def sidecar(text: str, cause: str, step: str, name: str = "web.qcow2.yaml") -> Mistake:
    """Return the mistake of a sidecar beside a good image."""
    files = {"web.qcow2": QCOW2, name: text.encode()}
    return Mistake(command="plan web.qcow2", cause=cause, step=step, files=files)


def file(name: str, data: bytes, cause: str, step: str) -> Mistake:
    """Return the mistake of a file that is no image for ECS."""
    return Mistake(command=f"plan {name}", cause=cause, step=step, files={name: data})


def typed(command: str, cause: str, step: str, **environ: str | None) -> Mistake:
    """Return the mistake of a command line or its environment."""
    return Mistake(command=command, cause=cause, step=step, environ=environ)


NO_KEYS: dict[str, str | None] = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": None,
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": None,
}
REGION = r"REGION_ID holds '{}'"
MISTAKES = {
    "architecture of Debian": sidecar("Architecture: amd64", "'amd64'", "mean x86_64"),
    "architecture of Linux": sidecar(
        "Architecture: aarch64", "'aarch64'", "mean arm64"
    ),
    "platform with its version": sidecar(
        "Platform: CentOS 7", "'CentOS 7'", "mean CentOS"
    ),
    "platform misspelt": sidecar("Platform: Ubunto", "'Ubunto'", "mean Ubuntu"),
    "tags as a map": sidecar(
        "Tag: {env: prod}", "not a list", r"as in \[\{Key: env, Value: prod\}\]"
    ),
    "plural of a field": sidecar("Tags: []", "Tags: is no field", "mean Tag"),
    "field in small letters": sidecar(
        "platform: Ubuntu", "is no field", "mean Platform"
    ),
    "value in capitals": sidecar("OSType: Linux", "OSType: is 'Linux'", "mean linux"),
    "boot mode in small letters": sidecar("BootMode: uefi", "'uefi'", "mean UEFI"),
    "boot mode of firmware": sidecar("BootMode: EFI", "'EFI'", "mean UEFI"),
    "image name with a digit in front": sidecar(
        "ImageName: 1web", "starts with '1'", "starts with a letter"
    ),
    "image name that is a number": sidecar("ImageName: 2024", "a number", "in quotes"),
    "one disk without a list": sidecar(
        "DiskDeviceMapping: {Format: QCOW2}", "not a list", r"put it in \[ \]"
    ),
    "format of a tool": sidecar(
        "DiskDeviceMapping: [{Format: qcow}]", "'qcow'", "use RAW, VHD or QCOW2"
    ),
    "size with a unit": sidecar(
        "DiskDeviceMapping: [{DiskImageSize: 40GB}]", "is text", "without a unit"
    ),
    "another format than the file": sidecar(
        "DiskDeviceMapping: [{Format: VHD}]", "qcow2", r"fix|correct|remove|upload"
    ),
    "role of the uploader's choice": sidecar(
        "RoleName: Admin", "not for uploaders", "ask the operator to add RoleName"
    ),
    "disk outside the folder": sidecar(
        "DiskDeviceMapping: [{}, {OSSObject: ../db.qcow2}]",
        r"'\.\./db\.qcow2'",
        "name an object in the sidecar's own folder",
    ),
    "YAML in a .json": sidecar(
        "Platform: Ubuntu", "is not JSON", r"ends in \.yaml", name="web.qcow2.json"
    ),
    "empty sidecar": sidecar("", "sidecar is empty", r"write \{\}"),
    "sidecar with half the name": sidecar(
        "{}", "web.yaml is no sidecar", r"name it web\.qcow2\.yaml", name="web.yaml"
    ),
    "sidecar in capitals": sidecar(
        "{}", "has no effect", r"name it web\.qcow2\.yaml", name="web.qcow2.YAML"
    ),
    "two sidecars": Mistake(
        command="plan web.qcow2",
        files={"web.qcow2": QCOW2, "web.qcow2.json": b"{}", "web.qcow2.yml": b"{}"},
        cause="more than one sidecar",
        step="keep one of them",
    ),
    "VMDK sent as text": file(
        "web.vmdk", VMDK, "changed line ends", "transfer it again as binary"
    ),
    "empty file": file("web.qcow2", b"", "no bytes at all", "upload one of these"),
    "text in place of an image": file(
        "web.qcow2",
        b"<html>not found</html>" * 100,
        "a web page",
        "upload one of these",
    ),
    "packed image cut short": file(
        "web.qcow2.gz", gzip.compress(QCOW2)[:-9], "cut short", "upload it again"
    ),
    "data disk without a manifest": file(
        "web-data1.qcow2", QCOW2, "data disk", "list it in a manifest"
    ),
    "command misspelt": typed("statsu", "No such command 'statsu'", "mean status"),
    "option misspelt": typed("sweep images --dryrun", "--dryrun", "--dry-run"),
    "setting misspelt": typed(
        "plan x --set IMPORT_TAGET=public", "no such setting", "mean IMPORT_TARGET"
    ),
    "setting without a value": typed(
        "plan x --set DRY_RUN", "NAME=VALUE", "--set IMPORT_TARGET=public"
    ),
    "target that does not exist": typed(
        "plan x --set IMPORT_TARGET=apsara",
        "IMPORT_TARGET holds 'apsara'",
        "apsara-pop",
    ),
    "object without its scheme": typed(
        "plan images/web.qcow2", "no file here", "give oss://images/web.qcow2"
    ),
    "no region": typed("status images", "region", "set REGION_ID", REGION_ID=None),
    "region without its country": typed(
        "status images", REGION.format("hangzhou"), "such as cn-hangzhou",
        REGION_ID="hangzhou",
    ),
    "region of the endpoint": typed(
        "status images", REGION.format("oss-cn-hangzhou"), "without oss-",
        REGION_ID="oss-cn-hangzhou",
    ),
    "bucket in capitals": typed(
        "status Images", "no bucket's name", "give oss://BUCKET"
    ),
    "bucket misspelt": typed(
        "plan oss://image/web.qcow2", "NoSuchBucket.* bucket image ", "Check its name"
    ),
    "key in other letters": typed(
        "plan oss://images/Web.qcow2", "NoSuchKey|not there|404", "case-sensitive"
    ),
    "no credentials": typed(
        "status images", "no credentials.*are not set", "aliyun configure", **NO_KEYS
    ),
    "profile that does not exist": typed(
        "status images --profile prod", "there is no .*config.json", "aliyun configure"
    ),
    "sweep outside the prefix": typed(
        "sweep images/other/ --dry-run", "outside KEY_PREFIX=in/", "--set KEY_PREFIX=",
        KEY_PREFIX="in/",
    ),
    "time in words": typed(
        "status images --since yesterday", "'yesterday'", "such as 90m"
    ),
    "page and lines at once": typed(
        "status images --html x.html --json", "--html goes with neither", "--json"
    ),
    "file that is not there": typed(
        "redrive failed.jsonl", "cannot be read", "give a file"
    ),
    "local event without its bucket": Mistake(
        command="invoke event.json --local",
        files={"event.json": json.dumps(EVENT).encode()},
        cause="there is no folder",
        step="--bucket-dir",
    ),
    "receiver without TLS": typed(
        "notify --test", "no https:// URL", "https://", NOTIFY="http://example.com/hook"
    ),
    "receivers not set here": typed("notify --test", "names nobody", "set it to"),
    "cancel on Apsara Stack": typed(
        "cancel oss://images/web.qcow2 --set IMPORT_TARGET=apsara-pop --yes",
        "no CancelTask", "delete the image in the console",
        ECS_ENDPOINT="https://ecs.example.com", OSS_ENDPOINT="https://oss.example.com",
    ),
    "doctor for any region": typed(
        "doctor --image-bucket images --ledger-bucket ledger --region * --account-id *",
        "one account in one region", "give --region and --account-id",
    ),
}  # fmt: skip


IN_CHINESE = {
    "architecture of Debian": ("'amd64'", "是否想写 x86_64"),
    "architecture of Linux": ("'aarch64'", "是否想写 arm64"),
    "platform with its version": ("'CentOS 7'", "是否想写 CentOS"),
    "platform misspelt": ("'Ubunto'", "是否想写 Ubuntu"),
    "tags as a map": ("不是列表", r"例如 \[\{Key: env, Value: prod\}\]"),
    "plural of a field": ("Tags: 不是附属文件的字段", "是否想写 Tag"),
    "field in small letters": ("不是附属文件的字段", "是否想写 Platform"),
    "value in capitals": ("OSType: 的值是 'Linux'", "是否想写 linux"),
    "boot mode in small letters": ("'uefi'", "是否想写 UEFI"),
    "boot mode of firmware": ("'EFI'", "是否想写 UEFI"),
    "image name with a digit in front": ("以 '1' 开头", "须以字母或汉字开头"),
    "image name that is a number": ("是数字", "加上引号"),
    "one disk without a list": ("不是列表", r"请放在 \[ \] 中"),
    "format of a tool": ("'qcow'", "请写 RAW、VHD 或 QCOW2"),
    "size with a unit": ("是文本，不是整数", "不带单位"),
    "another format than the file": ("qcow2", "请改正附属文件中的 Format"),
    "role of the uploader's choice": ("不能由上传者指定", "请运维人员把 RoleName"),
    "disk outside the folder": (r"'\.\./db\.qcow2'", "只能引用附属文件所在文件夹"),
    "YAML in a .json": ("不是 JSON", r"以 \.yaml 结尾"),
    "empty sidecar": ("附属文件为空", r"请写 \{\}"),
    "sidecar with half the name": (r"web\.yaml 不是", r"请命名为 web\.qcow2\.yaml"),
    "sidecar in capitals": ("不起作用", r"请命名为 web\.qcow2\.yaml"),
    "two sidecars": ("不止一个附属文件", "请只保留一个"),
    "VMDK sent as text": ("改变了换行符", "请以二进制方式重新传输"),
    "empty file": ("它是空文件", "请上传其中一种"),
    "text in place of an image": ("它是网页", "请上传其中一种"),
    "packed image cut short": ("文件不完整", "请重新上传"),
    "data disk without a manifest": ("它是数据盘", "清单中列出它"),
    "command misspelt": ("没有命令“statsu”", "是否想输入 status"),
    "option misspelt": ("没有选项 '--dryrun'", "--dry-run"),
    "setting misspelt": ("没有这个配置项", "是否想输入 IMPORT_TARGET"),
    "setting without a value": ("NAME=VALUE", "例如 --set IMPORT_TARGET=public"),
    "target that does not exist": ("IMPORT_TARGET 的值是 'apsara'", "apsara-pop"),
    "object without its scheme": ("不是本机上的文件", "请写 oss://images/web.qcow2"),
    "no region": ("地域", "请设置 REGION_ID"),
    "region without its country": ("REGION_ID 的值是 'hangzhou'", "形如 cn-hangzhou"),
    "region of the endpoint": ("REGION_ID 的值是 'oss-cn-hangzhou'", "不带 oss-"),
    "bucket in capitals": ("不是存储空间的名称", "请写 oss://BUCKET"),
    "bucket misspelt": ("NoSuchBucket.*存储空间 image。", "请检查其名称"),
    "key in other letters": ("NoSuchKey.*对象不存在", "区分大小写"),
    "no credentials": ("没有凭证：未设置", "aliyun configure"),
    "profile that does not exist": (r"不存在 .*config\.json", "aliyun configure"),
    "sweep outside the prefix": ("在 KEY_PREFIX=in/ 之外", "--set KEY_PREFIX="),
    "time in words": ("'yesterday' 既不是时长", "例如 90m"),
    "page and lines at once": ("--html 不能与", "--json"),
    "file that is not there": ("无法读取", "请给出文件"),
    "local event without its bucket": ("没有文件夹", "--bucket-dir"),
    "receiver without TLS": ("不是不带用户名的 https:// 网址", "可以写 Webhook"),
    "receivers not set here": ("没有写任何接收方", "请设置为"),
    "cancel on Apsara Stack": ("没有 CancelTask", "在控制台删除镜像"),
    "doctor for any region": ("一个账号的一个地域", "--region 和 --account-id"),
}
"""By the names of the mistakes: cause and step for whoever reads Chinese."""


@pytest.fixture(scope="module")
def cloud() -> Iterator[FakeAliyun]:
    with FakeAliyun() as made:
        made.oss.put("images", "web.qcow2", QCOW2)
        yield made


def answer(
    mistake: Mistake,
    cloud: FakeAliyun,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    language: str,
) -> str:
    """Return what the command says, on one line."""
    for file_name, data in mistake.files.items():
        (folder / file_name).write_bytes(data)
    monkeypatch.chdir(folder)
    environ = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": cloud.credentials.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": cloud.credentials.access_key_secret,
        "REGION_ID": "cn-hangzhou",
        "HOME": str(folder),
        "COLUMNS": "300",
        "IMAGE_IMPORT_LANG": language,
        **mistake.environ,
    }
    ended = CliRunner(env=environ).invoke(cli, mistake.command.split())
    assert not isinstance(ended.exception, Exception), ended.exception
    return " ".join(ended.output.split())


@pytest.mark.parametrize("name", MISTAKES)
def test_a_typical_mistake_is_answered_with_its_cause_and_the_next_step(
    name: str, cloud: FakeAliyun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mistake = MISTAKES[name]
    said = answer(mistake, cloud, tmp_path, monkeypatch, language="en")
    assert re.search(mistake.cause, said), said
    assert re.search(mistake.step, said), said


@pytest.mark.parametrize("name", MISTAKES)
def test_who_reads_chinese_is_told_cause_and_next_step_in_chinese(
    name: str, cloud: FakeAliyun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cause, step = IN_CHINESE[name]
    said = answer(MISTAKES[name], cloud, tmp_path, monkeypatch, language="zh")
    assert re.search(cause, said), said
    assert re.search(step, said), said
    assert re.search("[\u4e00-\u9fff]", said), said


def test_the_table_holds_forty_mistakes_at_least() -> None:
    assert len(MISTAKES) >= 40
