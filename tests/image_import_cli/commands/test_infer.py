import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from image_import.model.targets import PUBLIC
from image_import_cli.commands.infer import infer
from rich.cells import cell_len

CONTRACT = {
    "key", "kind", "format", "os_type", "platform", "architecture", "disk_index",
    "set_name", "source",
}  # fmt: skip


def run(*args: str, stdin: bytes | str = "", columns: int = 80) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(infer, args, input=stdin)


def told(*args: str, stdin: bytes | str = "") -> list[dict[str, Any]]:
    result = run(*args, stdin=stdin)
    assert result.exit_code == 0
    return [json.loads(line) for line in result.stdout_bytes.splitlines()]


def test_each_key_is_one_json_object_on_one_line() -> None:
    lines = told("jammy-server-cloudimg-amd64.img", "镜像.qcow2")
    assert [line["key"] for line in lines] == [
        "jammy-server-cloudimg-amd64.img",
        "镜像.qcow2",
    ]
    assert all(set(line) >= CONTRACT for line in lines)


def test_a_field_that_is_told_names_its_source() -> None:
    [line] = told("jammy-server-cloudimg-amd64.img")
    assert line["platform"] == "Ubuntu"
    assert line["source"]["platform"] == {
        "token": "jammy",
        "rule": "codename of Ubuntu, in the file name",
    }


def test_what_is_not_told_is_null_and_has_no_source() -> None:
    [line] = told("web.qcow2")
    untold = {name for name, value in line.items() if value is None}
    assert untold == {"os_type", "platform", "architecture", "disk_index", "set_name"}
    assert set(line["source"]) == {"format"}


def test_the_target_picks_the_list_of_platforms() -> None:
    assert told("rocky9.qcow2")[0]["platform"] == "Rocky Linux"
    [line] = told("--target", "apsara-pop", "rocky9.qcow2")
    assert line["platform"] == "Others Linux"


def test_platforms_that_the_cloud_takes_beyond_the_list_are_inferred() -> None:
    added = ("--extra-platforms", "Rocky Linux, Windows Server 2019")
    lines = told("--target", "apsara-pop", *added, "rocky9.raw", "win2019.vhd")
    platforms = [line["platform"] for line in lines]
    assert platforms == ["Rocky Linux", "Windows Server 2019"]


def test_a_dash_reads_keys_from_standard_input() -> None:
    lines = told("first.raw", "-", stdin="debian.raw\n\nfedora.raw\n")
    assert [line["key"] for line in lines] == ["first.raw", "debian.raw", "fedora.raw"]


def test_keys_that_come_together_tell_each_others_sets() -> None:
    lines = told("-", stdin="web-disk1.raw\nweb-disk2.raw\n")
    assert [(line["disk_index"], line["set_name"]) for line in lines] == [
        (1, "web"),
        (2, "web"),
    ]


def test_bytes_that_are_no_text_come_out_as_json_all_the_same() -> None:
    [line] = told("-", stdin=b"\xff\x1b[2J\xe2\x80\xa8.img\n")
    assert line["key"] == "\udcff\x1b[2J\u2028.img"


def test_one_line_stays_one_line_for_every_reader() -> None:
    text = run("a\u2028b\x85c\nd.img").stdout
    assert len(text.splitlines()) == 1
    assert json.loads(text)["key"] == "a\u2028b\x85c\nd.img"


def test_lists_may_come_from_windows() -> None:
    assert told("-", stdin="web.raw\r\n")[0]["key"] == "web.raw"


def test_no_keys_make_no_output() -> None:
    assert run("-").stdout == ""


@pytest.mark.parametrize("args", [(), ("--target", "nowhere", "web.raw")])
def test_wrong_usage_ends_with_2(args: tuple[str, ...]) -> None:
    assert run(*args).exit_code == 2


def test_explain_lays_out_the_evidence_and_what_a_sidecar_could_say() -> None:
    text = run("--explain", "noble-server-cloudimg.img").stdout
    assert "platform      Ubuntu" in text
    assert "'noble': codename of Ubuntu, in the file name" in text
    assert "architecture  unknown" in text
    assert "a sidecar noble-server-cloudimg.img.json could say" in text
    assert "Architecture: i386 | x86_64 | arm64" in text
    assert "Platform:" not in text


def test_explain_offers_what_the_target_takes() -> None:
    text = run("--explain", "--target", "apsara-route", "web.qcow2").stdout
    assert "Architecture: i386 | x86_64\n" in text
    assert "Rocky Linux" not in text


def test_explain_has_no_hint_where_all_is_told_or_nothing_is_an_image() -> None:
    assert "could say" not in run("--explain", "debian-amd64.raw").stdout
    assert "could say" not in run("--explain", "debian.raw.md5").stdout


def test_explain_says_where_a_data_disk_is_listed() -> None:
    text = run("--explain", "web-disk2.raw").stdout
    assert "a data disk is listed in the sidecar of its system disk" in text


def test_explain_writes_nothing_that_acts_on_a_terminal() -> None:
    text = run("--explain", "a\x1b[2J\u202eb.raw").stdout
    assert "\x1b" not in text
    assert "\\x1b[2J\\u202eb.raw" in text


LONG = f"{'folder/' * 20}rhel-guest-image-9.4-20240419.25.aarch64.qcow2.gz"
KEYS = (
    "noble-server-cloudimg.img",
    "部署/镜像/服务器-debian-12-genericcloud-amd64.qcow2",
    "the-name-of-a-set-that-is-longer-than-a-column-of-values-disk1.raw",
    "the-name-of-a-set-that-is-longer-than-a-column-of-values-disk2.raw",
    LONG,
)


@pytest.mark.parametrize("columns", [80, 100, 120])
def test_an_explanation_fits_the_terminal_but_for_what_is_copied(columns: int) -> None:
    lines = run("--explain", *KEYS, columns=columns).stdout.splitlines()
    copied = {*KEYS, *(f"{key}.json" for key in KEYS)}
    others = [line for line in lines if not any(key in line for key in copied)]
    assert max(map(cell_len, others)) < columns


@pytest.mark.parametrize("columns", [80, 120])
def test_what_a_sidecar_could_say_is_broken_between_values_only(columns: int) -> None:
    text = run("--explain", "web.qcow2", columns=columns).stdout
    _, _, hint = text.partition("Platform: ")
    platforms, _, _ = hint.partition("\n    Architecture")
    lines = [line.strip().removesuffix(" |") for line in platforms.splitlines()]
    assert len(lines) > 1
    said = [platform for line in lines for platform in line.split(" | ")]
    assert said == list(PUBLIC.platforms)


def test_a_rule_goes_on_under_where_it_began() -> None:
    lines = run("--explain", LONG).stdout.splitlines()
    (first,) = [line for line in lines if line.startswith("  os_type")]
    second = lines[lines.index(first) + 1]
    assert first.endswith("name of Red Hat Enterprise Linux, in the")
    assert second.strip() == "file name"
    assert second.index("file name") == first.index("'rhel'")


def test_a_value_longer_than_its_column_has_its_reason_below() -> None:
    lines = run("--explain", *KEYS[2:4]).stdout.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("  set_name"))
    assert lines[at].endswith(
        " the-name-of-a-set-that-is-longer-than-a-column-of-values"
    )
    assert lines[at + 1].strip() == "'disk1': numbers a disk"


def test_the_name_of_a_sidecar_stays_whole() -> None:
    lines = run("--explain", KEYS[2]).stdout.splitlines()
    at = lines.index("  a sidecar of this name could say")
    assert lines[at + 1] == f"    {KEYS[2]}.json"
