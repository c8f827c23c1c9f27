"""The zip as it is built: small, whole, and running in Function Compute's contract."""

import io
import json
import re
import sys
import zipfile
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import oss2
import pytest
from click.testing import CliRunner
from fake_aliyun import FakeAliyun
from fake_aliyun.fc.runtime.function import FcFunction, FunctionConfig
from fake_aliyun.ram.models import KeyPair
from image_import.events.parser import ObjectCreated, parse_event
from image_import_cli.delivery.on_fakes import fill_bucket
from image_import_cli.options.settings import read_env_file
from image_import_cli.package.archive import MANIFEST
from image_import_cli.package.build import BuildOrder, Built, build
from image_import_cli.package.command import (
    BUNDLED,
    PYTHON_VERSIONS,
    package,
    report,
)
from image_import_cli.package.tools import Interpreter
from repository import FUNCTIONS, ROOT
from rich.console import Console
from shared_folders import folder_of_this_run, one_at_a_time

MOST_BYTES = 3_000_000
"""A tenth of it converts: importer and converter are deployed from the same zip."""
KEYS = KeyPair(access_key_id="a", access_key_secret="b", security_token="c")
PYTHONS = [
    pytest.param(version, marks=pytest.mark.needs(f"python{version}"))
    for version in PYTHON_VERSIONS
]

# Imports all of the function and tells which files its modules come from. To ask a
# module that was left for later is to load it and what it imports: so all are asked
# first.
PROBE = """
import importlib, pkgutil, sys

def handler(event, context):
    import image_import
    for module in pkgutil.iter_modules(image_import.__path__, "image_import."):
        importlib.import_module(module.name)
    for module in list(sys.modules.values()):
        getattr(module, "__file__", None)
    modules = {name: getattr(module, "__file__", None) or "" for name, module
               in list(sys.modules.items()) if name != "__main__"}
    cached = {name: getattr(module, "__cached__", None) or "" for name, module
              in list(sys.modules.items())}
    return {"modules": modules, "cached": cached, "standard": sys.base_prefix}
"""


@pytest.fixture(scope="session")
def make_zip(
    tmp_path_factory: pytest.TempPathFactory, tool_path: Callable[[str], str]
) -> Callable[[str], Path]:
    """Build the zip for a Python, once for all test processes."""
    shared = folder_of_this_run(tmp_path_factory)

    def make(version: str) -> Path:
        output = shared / f"image-import-python{version}.zip"
        with one_at_a_time(shared / f"{version}.lock"):
            if not output.exists():
                python = Interpreter(path=tool_path(f"python{version}"), version="test")
                order = BuildOrder(
                    clone=BUNDLED, python_version=version, interpreter=python
                )
                build(order, output, step=lambda: None)
        return output

    return make


@pytest.fixture(params=PYTHONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def built_zip(version: str, make_zip: Callable[[str], Path]) -> Path:
    return make_zip(version)


@pytest.fixture
def probed(
    version: str, built_zip: Path, tmp_path: Path, tool_path: Callable[[str], str]
) -> tuple[Path, Any]:
    """Return where the zip was unpacked, and what the probe saw there."""
    folder = tmp_path / "code"
    with zipfile.ZipFile(built_zip) as archive:
        archive.extractall(folder)
    (folder / "probe.py").write_text(PROBE, "utf-8")
    config = FunctionConfig(handler="probe.handler")
    python = tool_path(f"python{version}")
    with FcFunction(folder, config, interpreter=python) as function:
        invocation = function.invoke(b"{}", credentials=KEYS)
    assert invocation.error_type == "", invocation.log
    return folder, json.loads(invocation.payload)


def test_the_zip_is_small_enough(built_zip: Path) -> None:
    assert built_zip.stat().st_size <= MOST_BYTES


def test_the_zip_holds_the_function_and_its_dependencies_alone(built_zip: Path) -> None:
    names = zipfile.ZipFile(built_zip).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {"image_import", "oss2", "requests", "yaml", MANIFEST} <= tops
    assert not {"image_import_cli", "fake_aliyun", "click", "rich", "responses"} & tops
    assert "charset_normalizer" not in tops


def test_nothing_of_what_oss2_encrypts_with_is_in_the_zip(built_zip: Path) -> None:
    """Least of all the old requests and urllib3 that aliyunsdkcore brings along."""
    names = zipfile.ZipFile(built_zip).namelist()
    assert [name for name in names if "vendored" in name] == []
    assert not {"cryptography", "jmespath", "cffi"} & {n.split("/")[0] for n in names}
    libraries = [name for name in names if name.endswith(".so")]
    assert [name for name in libraries if not name.startswith("crcmod/")] == []


def test_the_manifest_names_versions_and_licences(
    built_zip: Path, version: str
) -> None:
    manifest = json.loads(zipfile.ZipFile(built_zip).read(MANIFEST))
    licences = {p["name"]: p["licence"] for p in manifest["packages"]}
    assert manifest["python"] == version
    assert {"oss2", "requests", "PyYAML", "crcmod"} <= licences.keys()
    assert not {"cryptography", "aliyun-python-sdk-core"} & licences.keys()
    assert "not stated" not in licences.values()


def test_the_zip_holds_our_own_licence(built_zip: Path) -> None:
    with zipfile.ZipFile(built_zip) as archive:
        ours = json.loads(archive.read(MANIFEST))["image_import"]
        assert archive.read("LICENSE") == (BUNDLED / "LICENSE").read_bytes()
    assert ours["licence"] == "Apache-2.0"


def test_the_zip_imports_nothing_outside_itself(probed: tuple[Path, Any]) -> None:
    folder, seen = probed
    inside = (str(folder), seen["standard"])
    outside = {
        n: f for n, f in seen["modules"].items() if f and not f.startswith(inside)
    }
    assert "oss2.api" in seen["modules"]
    assert {n for n, f in outside.items() if "site-packages" in f} == set()
    assert outside == {}


def test_every_module_comes_compiled(probed: tuple[Path, Any]) -> None:
    folder, seen = probed
    ours = {
        name: cached
        for name, cached in seen["cached"].items()
        if seen["modules"].get(name, "").startswith(str(folder))
        and seen["modules"][name].endswith(".py")
        and name != "probe"
    }
    assert len(ours) > 100
    assert [name for name, cached in ours.items() if not Path(cached).exists()] == []


EVENTS = ROOT / "events"
NONCE = re.compile(r"(?<=\[image-import )[0-9a-f]{16}\]$")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
NEW_EACH_TIME = ("ecs_request_id", "image_id", "task_id")


def group(sample: Path) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return a sample's region and settings: what one deployment can serve."""
    records = parse_event((sample / "event.json").read_bytes())
    created = [r for r in records if isinstance(r, ObjectCreated)]
    regions = [r.region_id for r in created if r.region_id]
    file = sample / "settings.env"
    settings = read_env_file(file) if file.exists() else {}
    return (regions[0] if regions else "cn-hangzhou"), tuple(settings.items())


def fill(cloud: FakeAliyun, sample: Path) -> None:
    records = parse_event((sample / "event.json").read_bytes())
    bucket = next((record.bucket for record in records if record.bucket), "images")
    if (sample / "bucket").is_dir():
        fill_bucket(cloud, bucket, sample / "bucket")


def comparable(payload: bytes) -> list[dict[str, Any]]:
    """Return the records without what is new each time, or when it was."""
    records: list[dict[str, Any]] = json.loads(payload)["records"]
    for record in records:
        record.update({k: "*" for k in NEW_EACH_TIME if record.get(k)})
        record["reason"] = MOMENT.sub("*", record.get("reason", ""))
        sent = record.get("parameters", {})
        record["parameters"] = {n: NONCE.sub("*]", v) for n, v in sent.items()}
    return records


def run_samples(
    code: Path, python: str, *, layer: str | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Deploy code beside a cloud and return what becomes of each sample event."""
    results = {}
    samples = sorted(path.parent for path in EVENTS.glob("*/event.json"))
    for (region_id, settings), those in groupby(sorted(samples, key=group), key=group):
        with FakeAliyun(region_id=region_id) as cloud, cloud.serve() as server:
            config = FunctionConfig(
                handler="image_import.handler.on_object_created",
                initializer="image_import.handler.initialize",
                region_id=region_id,
                environment={
                    **dict(settings),
                    "OSS_ENDPOINT": server.url,
                    "ECS_ENDPOINT": server.url,
                },
                layer_paths=(layer,) if layer else None,
            )
            with FcFunction(code, config, interpreter=python) as function:
                for sample in those:
                    cloud.reset()
                    fill(cloud, sample)
                    keys = cloud.ram.assume_role("image-import-function")
                    event = (sample / "event.json").read_bytes()
                    invocation = function.invoke(event, credentials=keys)
                    assert invocation.error_type == "", invocation.log
                    results[sample.name] = comparable(invocation.payload)
    return results


@pytest.fixture(scope="session")
def from_source() -> dict[str, list[dict[str, Any]]]:
    packages = str(Path(oss2.__file__).parents[1])
    return run_samples(FUNCTIONS, sys.executable, layer=packages)


def test_sample_events_end_as_they_do_from_source(
    version: str,
    built_zip: Path,
    tool_path: Callable[[str], str],
    from_source: dict[str, list[dict[str, Any]]],
) -> None:
    results = run_samples(built_zip, tool_path(f"python{version}"))
    assert len(results) >= 14
    assert results == from_source


@pytest.mark.needs("python3.10")
def test_building_again_gives_the_same_bytes(
    tmp_path: Path, make_zip: Callable[[str], Path], tool_path: Callable[[str], str]
) -> None:
    version = "3.10"
    python = Interpreter(path=tool_path(f"python{version}"), version="test")
    order = BuildOrder(clone=BUNDLED, python_version=version, interpreter=python)
    again = build(order, tmp_path / "again.zip", step=lambda: None)
    assert again.path.read_bytes() == make_zip(version).read_bytes()


def test_without_options_it_is_the_function_that_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered: list[BuildOrder] = []

    def build_nothing(
        order: BuildOrder, output: Path, *, step: Callable[[], None]
    ) -> Built:
        step()
        ordered.append(order)
        return Built(path=output, size_bytes=0, files=0, packages=(), stripped=True)

    monkeypatch.setattr("image_import_cli.package.command.build", build_nothing)
    answer = CliRunner().invoke(package, ["--output", str(tmp_path / "function.zip")])
    assert answer.exit_code == 0, answer.output
    assert [order.layer for order in ordered] == [""]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("/proc/function.zip", "/proc/function.zip cannot be written: No such file"),
        ("/proc/x/function.zip", "there is no folder /proc/x; make it"),
        ("", "--output is '', expected the zip to write"),
    ],
    ids=["no files", "no folder", "no name"],
)
def test_a_place_that_takes_no_file_is_told_before_anything_is_built(
    place: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build_nothing(
        order: BuildOrder, output: Path, *, step: Callable[[], None]
    ) -> Built:
        raise AssertionError(order, output, step)

    monkeypatch.setattr("image_import_cli.package.command.build", build_nothing)
    answer = CliRunner().invoke(package, ["--output", place])
    assert answer.exit_code == 2
    assert said in answer.output


def test_no_folder_is_made_but_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build_nothing(
        order: BuildOrder, output: Path, *, step: Callable[[], None]
    ) -> Built:
        step()
        return Built(
            path=output, size_bytes=0, files=0, packages=(), stripped=bool(order)
        )

    monkeypatch.setattr("image_import_cli.package.command.build", build_nothing)
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(package, ["--output", "a/b/x.zip"]).exit_code == 2
    assert list(tmp_path.iterdir()) == []
    assert CliRunner().invoke(package, []).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["build"]


def test_a_source_that_is_no_clone_is_refused(tmp_path: Path) -> None:
    answer = CliRunner().invoke(package, ["--source", str(tmp_path)])
    assert answer.exit_code == 2
    assert "has no locks/function.txt" in answer.output
    assert "leave --source out" in answer.output


def test_a_python_without_a_runtime_is_a_usage_error() -> None:
    answer = CliRunner().invoke(package, ["--python", "3.11"])
    assert answer.exit_code == 2
    assert "'3.10', '3.12'" in answer.output


def reported(interpreter: Interpreter | None, *, stripped: bool = True) -> str:
    stream = io.StringIO()
    built = Built(
        path=Path("x.zip"),
        size_bytes=8_000_000,
        files=3,
        packages=(),
        stripped=stripped,
    )
    console = Console(file=stream, width=80)
    report(built, interpreter, python_version="3.12", console=console)
    return stream.getvalue()


def test_a_zip_that_is_not_compiled_is_said_loudly() -> None:
    assert "NOT PRECOMPILED: there is no Python 3.12 here" in reported(None)


def test_a_zip_that_is_compiled_needs_no_warning() -> None:
    python = Interpreter(path="python3.12", version="3.12.1")
    assert reported(python).strip() == ""
    assert "symbols" in reported(python, stripped=False)
