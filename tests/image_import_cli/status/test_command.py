"""`image-import status` on a bucket in the fakes: table, timeline, JSON, filters."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from image_import.ledger.layout import LedgerKeys
from image_import_cli.ui.pools import side_by_side
from image_import_cli.ui.text import folded, shortened
from rich.cells import cell_len
from stacks import POP
from status_bucket import BROKEN, Bucket
from uploads import BUCKET, LEDGER, QCOW2

ALL = {
    "failed": "failed",
    "broken": "create_failed",
    "refused": "refused",
    "stuck": "stuck",
    "gone": "gone",
    "throttled": "retrying",
    "cancelled": "cancelled",
    "db-disk2": "waiting",
    "new": "submitted",
    "moving": "progress",
    "noble-server-cloudimg-amd64": "available",
}


@pytest.fixture(scope="module")
def full() -> Bucket:
    """Return a bucket with an import in each state; nobody changes it."""
    bucket = Bucket()
    bucket.fill()
    return bucket


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


def stem(key: str) -> str:
    return Path(key).stem


def test_each_import_is_in_the_state_that_it_came_to(full: Bucket) -> None:
    found = {stem(s["object_key"]): s["state"] for s in full.json()}
    assert found == ALL


def test_trouble_comes_first_and_the_last_line_counts(full: Bucket) -> None:
    run = full.run()
    shown = re.findall(r"^(\w+) .*incoming/([\w-]+)\.", run.stdout, re.MULTILINE)
    assert shown == [(state, name) for name, state in ALL.items()]
    *_, almost, last = run.stdout.splitlines()
    assert almost.startswith("11 imports: 1 failed, 1 create_failed, 1 refused, ")
    assert last.endswith("1 available")
    assert run.exit_code == 1


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("columns", [40, 80, 120])
def test_each_import_has_one_line_that_fits(
    full: Bucket, columns: int, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGE_IMPORT_LANG", language)
    _, *lines = full.run(columns=columns).stdout.splitlines()
    for (name, state), line in zip(ALL.items(), lines, strict=False):
        assert line.split()[0] == state
        assert f"incoming/{name[:4]}" in line
        assert cell_len(line.rstrip()) < columns


def test_a_line_has_the_whole_key_and_the_image_if_that_has_room_too(
    full: Bucket,
) -> None:
    (image,) = full.json("--state", "available")
    narrow, wide = (
        full.run("--state", "available", columns=columns).stdout.splitlines()[1]
        for columns in (80, 100)
    )
    assert narrow.endswith(f"  {image['object_key']}")
    assert wide.endswith(f"  {image['object_key']}  {image['image_id']}")


def test_what_stands_in_long_lines_only_is_said_where_somebody_has_to_act(
    full: Bucket,
) -> None:
    assert "add --long for reasons" in full.run("--state", "failed").stderr
    assert full.run("--state", "available").stderr == ""
    assert full.run("--long").stderr == ""


@pytest.mark.parametrize("columns", [80, 99, 120, 200])
def test_nothing_is_wider_than_the_terminal_and_no_id_is_cut(
    full: Bucket, columns: int
) -> None:
    shown = full.run("--long", columns=columns).stdout
    lines = [line for line in shown.splitlines() if "image-import" not in line]
    assert max(map(len, lines)) <= columns
    for told in full.json():
        assert told["object_key"] in shown.replace("\n", "")
        assert told.get("image_id", "") in shown
        assert told.get("ecs_request_id", "") in shown


@pytest.mark.parametrize("columns", [20, 30, 40, 50])
def test_which_import_it_is_stands_on_a_narrow_terminal_too(
    full: Bucket, columns: int
) -> None:
    shown = full.run("--long", columns=columns).stdout.splitlines()
    lines = [line for line in shown if "image-import" not in line]
    assert max(map(len, lines)) <= columns
    whole = "".join(line.strip() for line in lines)
    for name, state in ALL.items():
        assert f"incoming/{name}." in whole
        assert any(line.split()[:1] == [state] for line in lines)
    assert ("progress" in shown[0]) == (columns >= 40)


def test_a_command_stands_alone_in_one_line_however_narrow(full: Bucket) -> None:
    command = "    image-import sweep oss://images/incoming/failed.qcow2 --again"
    assert command in full.run("--long", columns=40).stdout.splitlines()


def test_a_progress_bar_shows_how_far_it_is(full: Bucket) -> None:
    lines = full.run(columns=120).stdout.splitlines()
    (moving,) = [line for line in lines if "incoming/moving" in line]
    assert re.match(r"progress +━━━─────  40% +5m ", moving)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ("--state stuck", "stuck"),
        ("--state gone --state waiting", "db-disk2 gone"),
        ("--open", "moving new stuck throttled"),
        ("--since 10m", "db-disk2 moving new stuck throttled"),
        ("--since 2020-01-01 --state failed", "failed"),
        ("--since 2999-01-01T00:00:00Z", ""),
    ],
)
def test_filters_leave_out_the_rest(full: Bucket, options: str, names: str) -> None:
    found = full.json(*options.split())
    assert sorted(stem(told["object_key"]) for told in found) == names.split()


@pytest.mark.parametrize(
    ("order", "first"), [("trouble", "failed"), ("newest", "new"), ("key", "broken")]
)
def test_an_order_can_be_asked_for(full: Bucket, order: str, first: str) -> None:
    lines = full.run("--sort", order).stdout.splitlines()
    assert f"incoming/{first}." in lines[1]


def test_a_limit_shows_the_first_and_counts_all(full: Bucket) -> None:
    shown = full.run("--long", "--limit", "2", columns=200).stdout
    assert shown.count("oss://images/incoming/") == 2
    assert "11 imports (the first 2 shown; --limit 0 shows all): " in shown


def test_what_is_open_is_read_without_the_history(full: Bucket) -> None:
    full.uploads.cloud.requests.clear()
    full.run("--open")
    asked = [r for r in full.uploads.cloud.requests if r.action == "ListObjectsV2"]
    assert [r.parameters["prefix"] for r in asked] == [f"{LEDGER}open/"]


def test_since_does_not_read_what_was_not_written_to(full: Bucket) -> None:
    full.uploads.cloud.requests.clear()
    full.run("--since", "1m")
    read = [r for r in full.uploads.cloud.requests if r.action == "GetObject"]
    assert len(read) < len(ALL)


def test_a_single_key_shows_its_whole_timeline(full: Bucket) -> None:
    run = full.run(place=f"oss://{BUCKET}/incoming/broken.qcow2", columns=120)
    lines = run.stdout.splitlines()
    _, _, below = run.stdout.partition("Timeline")
    words = ["claimed", "submitted", "create_failed"]
    assert re.findall(r"Z  (\w+)", below) == words
    assert "  next: ECS does not accept the image's content as that" in run.stdout
    assert "Check it with qemu-img check, or convert it again." in run.stdout
    assert "    image-import redrive oss://images/incoming/broken.qcow2" in lines
    assert "DiskDeviceMapping.1.OSSObject      incoming/broken.qcow2" in below
    assert "incoming/broken.qcow2 is there" in run.stdout
    assert run.exit_code == 1


def test_a_timeline_says_which_invocation_wrote_each_line(full: Bucket) -> None:
    place = f"oss://{BUCKET}/incoming/broken.qcow2"
    (told,) = full.json(place=place)
    shown = full.run(place=place).stdout
    assert len(told["timeline"]) == 3
    for line in told["timeline"]:
        assert f"FC {line['fc_request_id']}, claim {line['claim']}" in shown


def test_a_timeline_says_how_far_each_step_of_a_distribution_is(
    bucket: Bucket,
) -> None:
    uploads = bucket.uploads
    uploads.environ = {**uploads.environ, "COPY_TO_REGIONS": "cn-beijing"}
    uploads.upload("web.qcow2")
    uploads.cloud.ecs.finish_imports()
    for _ in range(3):
        uploads.track()
        uploads.cloud.ecs.finish_imports()
    copy_id = uploads.cloud.ecs.everywhere[-1].image_id
    shown = bucket.run(place=f"{BUCKET}/web.qcow2", columns=120).stdout
    assert re.findall(r"Z  (distribut\w+) +(.*\S)", shown) == [
        ("distributing", "copy cn-beijing: begun"),
        ("distributing", f"copy cn-beijing: begun, {copy_id}"),
        ("distributing", "copy cn-beijing: done"),
        ("distributed", "wherever it was wanted"),
    ]


def test_each_version_of_a_key_has_a_timeline(bucket: Bucket) -> None:
    bucket.uploads.upload("web.qcow2")
    bucket.pass_time()
    bucket.uploads.upload("web.qcow2", QCOW2 + bytes(512))
    assert len(bucket.json(place=f"{BUCKET}/web.qcow2")) == 2
    assert bucket.run(place=f"{BUCKET}/web.qcow2").stdout.count("Timeline") == 2


def test_a_prefix_takes_what_begins_with_it(full: Bucket) -> None:
    found = full.json(place=f"{BUCKET}/incoming/st")
    assert [stem(told["object_key"]) for told in found] == ["stuck"]


def test_a_key_that_the_ledger_does_not_know_is_said_with_status_1(
    full: Bucket,
) -> None:
    run = full.run(place=f"{BUCKET}/incoming/never.qcow2")
    assert run.exit_code == 1
    assert "knows nothing of oss://images/incoming/never.qcow2" in run.stderr


def test_a_folder_without_imports_is_no_failure(full: Bucket) -> None:
    run = full.run(place=f"{BUCKET}/empty/")
    assert (run.exit_code, run.stdout) == (0, "no imports\n")
    assert f" in oss://{BUCKET}/{LEDGER}; if the function" in run.stderr
    assert run.stderr.startswith(f"looked for oss://{BUCKET}/")
    assert "set LEDGER_BUCKET and LEDGER_PREFIX as it does" in run.stderr


def test_what_went_well_is_status_0(bucket: Bucket) -> None:
    bucket.uploads.upload("web.qcow2")
    bucket.pass_time()
    run = bucket.run()
    assert run.exit_code == 0
    assert run.stdout.endswith("1 import: 1 available\n")


def test_without_an_argument_all_that_the_ledgers_bucket_knows_is_shown() -> None:
    bucket = Bucket({"LEDGER_BUCKET": "ledger"})
    bucket.uploads.cloud.oss.create_bucket("ledger")
    bucket.uploads.upload("web.qcow2")
    bucket.uploads.upload("broken.qcow2", b"QFI\xfb" + bytes(2000))
    found = {told["object_key"]: told["bucket"] for told in bucket.json(place="")}
    assert found == {"web.qcow2": BUCKET, "broken.qcow2": BUCKET}


def test_a_ledger_older_than_its_buckets_name_is_known_by_its_place(
    bucket: Bucket,
) -> None:
    bucket.uploads.upload("broken.qcow2", b"QFI\xfb" + bytes(2000))
    (key,) = bucket.uploads.cloud.oss.keys(BUCKET, f"{LEDGER}images/")
    data = bucket.uploads.cloud.oss.get(BUCKET, key).content.to_bytes()
    bucket.uploads.cloud.oss.put(BUCKET, key, data.replace(b'"bucket"', b'"b"'))
    assert bucket.json()[0]["bucket"] == BUCKET


def test_an_object_that_is_gone_is_told_and_not_to_be_imported_again(
    bucket: Bucket,
) -> None:
    bucket.uploads.cloud.ecs.fail_import(BROKEN)
    bucket.uploads.upload("web.qcow2")
    bucket.pass_time()
    bucket.uploads.cloud.oss.delete(BUCKET, "web.qcow2")
    (told,) = bucket.json()
    assert told["next_step"] == (
        "Upload it again if it is still wanted: web.qcow2 was deleted."
    )
    assert "next_command" not in told


def test_an_object_that_was_uploaded_anew_has_its_own_ledger(bucket: Bucket) -> None:
    bucket.uploads.upload("web.qcow2", b"QFI\xfb" + bytes(2000))
    bucket.uploads.upload("web.qcow2")
    steps = {told["state"]: told.get("next_step", "") for told in bucket.json()}
    assert steps["refused"].startswith("Nothing here: web.qcow2 was uploaded anew")
    assert steps["submitted"] == ""


def test_a_tracker_that_does_not_run_is_seen(bucket: Bucket) -> None:
    bucket.uploads.upload("web.qcow2")
    bucket.uploads.clock.advance(3601)
    (told,) = bucket.json()
    assert told["state"] == "stuck"
    assert told["reason"].startswith("nothing on record since ")
    assert "tracker's timer" in told["next_step"]


def test_who_reads_chinese_is_told_each_next_step_and_the_sum_in_chinese(
    full: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGE_IMPORT_LANG", "zh")
    shown = full.run("--long", columns=200).stdout
    steps = re.findall(r"^ *→ (.*)$", shown, re.MULTILINE)
    assert len(steps) == len(ALL) - 3
    assert [step for step in steps if not re.search("[\u4e00-\u9fff]", step)] == []
    assert "11 个导入：1 failed, 1 create_failed, " in shown


def test_who_reads_chinese_has_a_timeline_in_chinese(
    full: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGE_IMPORT_LANG", "zh")
    place = "oss://images/incoming/broken.qcow2"
    shown = full.run(place=place, columns=200).stdout
    for said in ("下一步: ECS 认为", "错误码", "\n时间线\n", "租期至 ", " 前"):
        assert said in shown


def test_imports_of_apsara_stack_are_shown_as_well() -> None:
    bucket = Bucket(POP)
    bucket.fill()
    found = bucket.json()
    states = {stem(told["object_key"]): told["state"] for told in found}
    known = {name: ALL[name] for name in ("stuck", "moving", "new", "gone")}
    assert {name: states[name] for name in known} == known


HOSTILE = "</script>\x1b[31m\u202e\r\n'$(id)"


def test_control_characters_of_a_key_never_reach_the_terminal(bucket: Bucket) -> None:
    place = LedgerKeys(prefix=LEDGER, bucket=BUCKET, object_key=HOSTILE)
    line = {
        "state": "create_failed",
        "at": "2026-11-26T00:00:00.000Z",
        "version": "v",
        "disks": [[HOSTILE, "A1"]],
        "bucket": BUCKET,
        "reason": "\x1b]0;title\x07",
    }
    ledger = place.ledger_key("A1")
    bucket.uploads.cloud.oss.put(BUCKET, ledger, json.dumps(line).encode() + b"\n")
    for shown in (bucket.run(), bucket.run(place=f"{BUCKET}/{HOSTILE}")):
        assert r"</script>\x1b[31m\u202e\r\n'$(id)" in shown.stdout
        assert all(c.isprintable() for c in shown.stdout.replace("\n", ""))
    assert bucket.json()[0]["object_key"] == HOSTILE


def test_a_lone_surrogate_is_still_json(bucket: Bucket) -> None:
    line = b'{"state": "refused", "at": "2026-11-26T00:00:00Z", "version": "v", '
    line += rb'"disks": [["\udc80", "A1"]], "bucket": "images"}' + b"\n"
    bucket.uploads.cloud.oss.put(BUCKET, f"{LEDGER}images/x-0/A1.jsonl", line)
    assert bucket.json()[0]["object_key"] == "\udc80"


def test_a_ledger_that_is_not_ours_is_named_and_makes_the_status_1(
    bucket: Bucket,
) -> None:
    bucket.uploads.upload("web.qcow2")
    bucket.uploads.cloud.oss.put(BUCKET, f"{LEDGER}images/x-0/A1.jsonl", b"scribble\n")
    run = bucket.run()
    assert run.exit_code == 1
    assert f"{LEDGER}images/x-0/A1.jsonl: line 1 of the ledger is not" in run.stderr
    assert "1 import: 1 submitted" in run.stdout


def test_a_continued_ledger_is_one_import(bucket: Bucket) -> None:
    bucket.uploads.upload("web.qcow2")
    (key,) = bucket.uploads.cloud.oss.keys(BUCKET, f"{LEDGER}images/")
    first = bucket.uploads.cloud.oss.get(BUCKET, key).content.to_bytes()
    bucket.uploads.cloud.oss.put(BUCKET, key, first)
    bucket.pass_time()
    assert len(bucket.uploads.cloud.oss.keys(BUCKET, f"{LEDGER}images/")) == 2
    (told,) = bucket.json()
    assert told["state"] == "available"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "REGION_ID="], "set REGION_ID"),
        (["--since", "yesterday"], "neither a time ago such as 90m"),
        (["--state", "lost"], "'lost' is not one of"),
        (["--html", "x.html", "--json"], "goes with neither"),
        (["--html", "/no/such/folder/x.html"], "cannot be written to"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_cannot_be_asked_for_is_said_with_status_2(
    bucket: Bucket, arguments: list[str], said: str
) -> None:
    run = bucket.run(*arguments)
    assert run.exit_code == 2
    assert said in run.stderr


def test_no_argument_and_no_ledger_bucket_is_status_2(bucket: Bucket) -> None:
    run = bucket.run(place="")
    assert run.exit_code == 2
    assert "set LEDGER_BUCKET" in run.stderr


@pytest.mark.parametrize(
    "place", ["oss://", "oss:///web.qcow2", "web.qcow2", "oss://Images/"]
)
def test_a_place_without_a_buckets_name_is_status_2_and_not_all_there_is(
    bucket: Bucket, place: str
) -> None:
    run = bucket.run("--set", "LEDGER_BUCKET=images", place=place)
    assert run.exit_code == 2
    assert "give oss://BUCKET/KEY, oss://BUCKET/PREFIX" in run.stderr
    assert "[oss://BUCKET/KEY|PREFIX]" in run.stderr


def test_a_ledger_that_may_not_be_listed_is_said_with_what_to_do(
    bucket: Bucket,
) -> None:
    bucket.uploads.cloud.oss.fail_next("AccessDenied", action="ListObjectsV2")
    run = bucket.run()
    assert run.exit_code == 1
    assert "OSS ListObjectsV2: AccessDenied" in run.stderr
    assert "look for a Deny in the bucket's policy" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("place", [BUCKET, f"{BUCKET}/incoming/web"])
def test_ledgers_that_could_not_be_read_are_counted_and_a_few_named(
    bucket: Bucket, place: str
) -> None:
    for n in range(6):
        bucket.uploads.upload(f"incoming/web{n}.qcow2")
    oss = bucket.uploads.cloud.oss
    oss.fail_next("AccessDenied", action="GetObject", http_status=403, times=99)
    run = bucket.run(place=place)
    assert (run.exit_code, run.stdout) == (1, "6 ledgers could not be read\n")
    assert run.stderr.count("AccessDenied") == 3
    assert "and others" in run.stderr
    assert "LEDGER_BUCKET" not in run.stderr


def test_what_could_not_be_read_is_counted_beside_what_could(bucket: Bucket) -> None:
    for n in range(3):
        bucket.uploads.upload(f"web{n}.qcow2")
    oss = bucket.uploads.cloud.oss
    oss.fail_next("AccessDenied", action="GetObject", http_status=403)
    told = bucket.run().stdout.splitlines()[-1]
    assert told == "2 imports: 2 submitted; 1 ledger could not be read"
    oss.fail_next("AccessDenied", action="GetObject", http_status=403)
    run = bucket.run("--json")
    assert len(run.stdout.splitlines()) == 2
    assert run.stderr.endswith("1 ledger could not be read\n")


def test_a_single_key_whose_ledger_could_not_be_read_is_told(bucket: Bucket) -> None:
    bucket.uploads.upload("web.qcow2")
    oss = bucket.uploads.cloud.oss
    oss.fail_next("AccessDenied", action="GetObject", http_status=403, times=9)
    run = bucket.run(place=f"{BUCKET}/web.qcow2")
    assert (run.exit_code, run.stdout) == (1, "")
    assert run.stderr.endswith("1 ledger could not be read\n")


def test_the_next_step_says_what_the_services_code_means(bucket: Bucket) -> None:
    ecs = bucket.uploads.cloud.ecs
    ecs.fail_next("InsufficientBalance", action="ImportImage", http_status=403)
    bucket.uploads.upload("web.qcow2")
    (told,) = bucket.json()
    expected = "The account has no balance. Top it up. Then run"
    assert told["next_step"] == expected
    assert expected in bucket.run("--long", columns=120).stdout


def test_a_long_name_is_folded_between_its_words_and_not_cut() -> None:
    name = "incoming/ubuntu-24.04-server-cloudimg-amd64.qcow2"
    assert folded(name, 30) == "incoming/ubuntu-24.04-server-\ncloudimg-amd64.qcow2"
    assert folded("x" * 25, 10) == "xxxxxxxxxx\nxxxxxxxxxx\nxxxxx"


def test_wide_characters_take_the_columns_that_they_take() -> None:
    assert folded("镜像" * 4, 6) == "镜像镜\n像镜像\n镜像"
    assert shortened("镜像" * 8, 9) == "镜像…镜像"
    assert folded("中", 1) == "中"


def test_a_very_long_key_takes_some_lines_and_is_whole_elsewhere(
    bucket: Bucket,
) -> None:
    key = f"incoming/{'very-long-' * 90}end.qcow2"
    bucket.uploads.upload(key)
    for columns in (60, 80, 120):
        shown = bucket.run("--long", columns=columns).stdout.splitlines()
        assert len(shown) < 16, columns
        assert "incoming/very-long-" in shown[1]
        assert "end.qcow2" in "".join(line.strip() for line in shown), columns
    assert bucket.json()[0]["object_key"] == key
    assert key in "".join(bucket.run(place=f"{BUCKET}/{key}").stdout.split())


def test_where_an_id_has_no_room_in_its_column_it_stands_below(full: Bucket) -> None:
    shown = full.run("--long", columns=60).stdout
    lines = [line.rstrip() for line in shown.splitlines()]
    assert lines[0].split() == ["state", "progress", "age", "object"]
    for told in full.json():
        for name in ("image_name", "image_id", "ecs_request_id"):
            assert not told.get(name) or f"  {told[name]}" in lines


def test_how_far_it_is_is_not_guessed(bucket: Bucket) -> None:
    bucket.uploads.upload("incoming/web.qcow2")
    line = bucket.run().stdout.splitlines()[1]
    assert line.split()[:1] == ["submitted"]
    assert "%" not in line


def test_a_reason_beside_its_key_does_not_name_it_again(full: Bucket) -> None:
    refused = full.run("--long", "--state", "refused").stdout
    assert refused.count("incoming/refused.qcow2") == 2  # the line, and the command


def test_no_more_is_begun_than_may_be_under_way() -> None:
    begun: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(1000):
            begun.append(number)
            yield number

    with ThreadPoolExecutor(2) as pool:
        found = side_by_side(str, numbers(), pool=pool, most=8)
        assert next(found) == "0"
        assert len(begun) == 8
        assert list(found) == [str(n) for n in range(1, 1000)]
