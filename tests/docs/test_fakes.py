"""What the README of the fakes shows is real: its example, its command, its names."""

import re
import subprocess
from pathlib import Path

import pytest
from fake_aliyun import FakeAliyun
from fake_aliyun.__main__ import parser
from repository import ROOT

README = (ROOT / "functions/fake_aliyun/README.md").read_text("utf-8")
ROWS = re.findall(r"^\| .* \| (`cloud\..*) \|$", README, re.MULTILINE)
ALONE = ".venv-fakes/bin/python"
RUN = """
import importlib.util, runpy, sys
more = [n for n in ("click", "fc2", "pytest", "rich") if importlib.util.find_spec(n)]
assert not more, f"this environment has more than the extra: {more}"
tests = [f for n, f in runpy.run_path(sys.argv[1]).items() if n.startswith("test_")]
for test in tests:
    test()
print(len(tests), "passed")
"""


def example() -> str:
    found = re.search(r"example: begin -->\n```python\n(.*?)```", README, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.needs(ALONE)
def test_the_example_runs_where_only_the_extra_is_installed(tmp_path: Path) -> None:
    file = tmp_path / "their_test.py"
    file.write_text(example(), "utf-8")
    done = subprocess.run(
        [ROOT / ALONE, "-W", "ignore", "-c", RUN, file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("1 passed\n", "")


def test_the_example_is_short() -> None:
    assert len([line for line in example().splitlines() if line.strip()]) <= 15


def test_the_options_of_the_command_exist() -> None:
    command = re.search(r"\$ python -m fake_aliyun (.*)", README)
    assert command
    options = parser().parse_args(command[1].split())
    assert (options.port, options.bucket) == (0, ["images"])


@pytest.mark.parametrize("row", ROWS)
def test_the_names_of_the_table_exist(row: str) -> None:
    cloud = FakeAliyun()
    service = cloud
    for name in re.findall(r"`([a-z_.]+)", row):
        if name.startswith("cloud."):
            first, _, rest = name.removeprefix("cloud.").partition(".")
            service = getattr(cloud, first)
            assert not rest or hasattr(service, rest.partition("(")[0])
        else:
            assert hasattr(service, name.removeprefix("."))


MORE_WAYS = """
from fake_aliyun import with_fake_aliyun


def test_the_fixture(aliyun):
    assert aliyun.oss.put("images", "k", b"1").size_bytes == 1


@with_fake_aliyun
def test_the_decorator(cloud):
    assert cloud.oss.put("images", "k", b"1").size_bytes == 1


def test_a_cloud_within_a_cloud(aliyun):
    with FakeAliyun() as cloud:
        cloud.oss.put("images", "k", b"1")
    assert not aliyun.oss.buckets
"""
PYTEST = {"pytest", "_pytest", "pluggy", "iniconfig", "pygments", "py.py"}
NEEDED = {*PYTEST, "exceptiongroup", "tomli", "typing_extensions.py"}
"""What pytest is made of; the last three on older versions of Python only."""


@pytest.mark.needs(ALONE)
def test_every_way_in_works_where_only_the_extra_and_pytest_are(tmp_path: Path) -> None:
    for name in sorted(NEEDED):
        held = Path(pytest.__file__).parents[1] / name
        if held.exists():
            (tmp_path / name).symlink_to(held)
    (tmp_path / "test_theirs.py").write_text(example() + MORE_WAYS, "utf-8")
    done = subprocess.run(
        [ROOT / ALONE, "-m", "pytest", "-q", "-p", "fake_aliyun.pytest_plugin",
         "-p", "no:cacheprovider", "-W", "ignore", "--rootdir", ".",
         "test_theirs.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert "4 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.needs(ALONE)
def test_the_command_explains_itself_where_only_the_extra_is() -> None:
    done = subprocess.run(
        [ROOT / ALONE, "-m", "fake_aliyun", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--state FILE" in done.stdout
