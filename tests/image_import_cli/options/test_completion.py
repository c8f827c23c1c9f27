"""Tab behind `oss://` offers what is there, and says nothing where it cannot know."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from fake_aliyun import FakeAliyun
from image_import_cli.main import cli
from image_import_cli.ui.bash import JoinedWords
from loopback import Say, serving

SET = ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN", "PROFILE")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in SET:
        monkeypatch.delenv(f"ALIBABA_CLOUD_{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("REGION_ID", "cn-hangzhou")


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAliyun]:
    cloud = FakeAliyun(region_id="cn-hangzhou")
    for bucket in ("images", "images-code", "ledger"):
        cloud.oss.create_bucket(bucket)
    for key in ("top.raw", "incoming/web.qcow2", "incoming/db.qcow2", "it's one.raw"):
        cloud.oss.put("images", key, b"x")
    with cloud.serve(0) as server:
        monkeypatch.setenv("OSS_ENDPOINT", server.url)
        yield cloud


@pytest.fixture
def signed(cloud: FakeAliyun, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = cloud.credentials
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", keys.access_key_id)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", keys.access_key_secret)


def offered(*words: str) -> list[str]:
    *before, begun = words
    shell = ShellComplete(cli, {}, "image-import", "_X")
    return [item.value for item in shell.get_completions(before, begun)]


@pytest.mark.usefixtures("signed")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("status", "os"), ["oss://"]),
        (("status", "oss://im"), ["oss://images/", "oss://images-code/"]),
        (
            ("sweep", "oss://images/"),
            ["oss://images/incoming/", "oss://images/top.raw"],
        ),
        (("cancel", "oss://images/incoming/w"), ["oss://images/incoming/web.qcow2"]),
        (("plan", "oss://images/t"), ["oss://images/top.raw"]),
        (("upload", "web.qcow2", "oss://le"), ["oss://ledger/"]),
        (("event", "oss://nobodys-bucket/"), []),
        (("event", "oss://No_Bucket/"), []),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_buckets_folders_and_keys_are_offered(
    words: tuple[str, ...], expected: list[str]
) -> None:
    assert offered(*words) == expected


def test_a_profile_with_keys_is_taken_as_well(
    cloud: FakeAliyun, tmp_path: Path
) -> None:
    keys = cloud.credentials
    held = {
        "name": "lab",
        "mode": "AK",
        "access_key_id": keys.access_key_id,
        "access_key_secret": keys.access_key_secret,
    }
    folder = tmp_path / ".aliyun"
    folder.mkdir()
    said = {"current": "other", "profiles": [held]}
    (folder / "config.json").write_text(json.dumps(said), "utf-8")
    assert offered("status", "--profile", "lab", "oss://led") == ["oss://ledger/"]


def test_without_credentials_nobody_is_asked_and_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(Say(status=500)) as oss:
        monkeypatch.setenv("OSS_ENDPOINT", oss.url)
        assert offered("status", "oss://images/") == []
        assert oss.got == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("signed")
@pytest.mark.parametrize("assigned", ["OSS_ENDPOINT=?", "NO_SUCH=1", "IMPORT_TARGET=x"])
def test_what_the_command_would_refuse_offers_nothing(
    assigned: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert offered("status", "--set", assigned, "oss://images/") == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("signed")
@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (("status", "oss", ":", "//images/t"), "plain,//images/top.raw"),
        (("status", "oss", ":", "//led"), "part,//ledger/"),
        (("status", "oss", ":"), "part,//"),
        (("status", "--set", "IMPORT_TARGET", "=", "pub"), "plain,public"),
        (("status", "--set", "IMPORT_TARGET", "="), "plain,public"),
        (("status", "--set", "IMPORT_TAR"), "part,IMPORT_TARGET="),
        (("status", "--set", "REGION_ID", "=", "x", "--lo"), "plain,--long"),
        (("status", "oss://images/t"), "plain,oss://images/top.raw"),
        (("sta",), "plain,status"),
        (("status", ""), None),
    ],
)
def test_bash_is_told_what_stands_in_the_place_of_the_last_piece(
    pieces: tuple[str, ...], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMP_WORDS", "\n".join(("image-import", *pieces)))
    monkeypatch.setenv("COMP_CWORD", str(len(pieces)))
    said = JoinedWords(cli, {}, "image-import", "_X").complete().splitlines()
    assert said[:1] == ([expected] if expected else [])


@pytest.mark.needs("bash")
def test_the_script_leaves_no_space_where_more_follows() -> None:
    script = CliRunner().invoke(cli, ["completion", "bash"]).stdout
    said = "part,//images/\npart,//images-code/"
    bash = f"""image-import() {{ echo "{said}"; }}
        env() {{ while [[ $1 == *=* ]]; do shift; done; "$@"; }}
        compopt() {{ echo "compopt $*"; }}
        {script}
        _image_import_completion image-import
        echo "${{COMPREPLY[*]}}" """
    shown = subprocess.run(
        ["bash", "-c", bash], capture_output=True, text=True, check=True
    )
    assert shown.stdout.split("\n")[-2] == "//images/ //images-code/"
    assert "nospace" in shown.stdout
