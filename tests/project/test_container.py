"""The container of the local cloud: its files, its steps, and what it does.

Where docker or podman works it is built and run. Where neither does, each step of the
Dockerfile is carried out in a folder, and its command as a user who is not root.
"""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from repository import ROOT
from waiting import PATIENCE_SECONDS, wait_until

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
TOOLS = Path(sys.executable).parent
ENGINE = "docker or podman"
"""As tests/conftest.py finds one that works."""

PORT = "8000"
NOBODY = 65_534
USABLE = "import ensurepip, sys; sys.exit(sys.version_info < (3, 10))"
VENV, SOURCE = "/opt/image-import", "/src"

Instruction = tuple[str, str]


def instructions() -> list[list[Instruction]]:
    """Return the instructions of each stage; the first are those before any."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", "")
    stages: list[list[Instruction]] = [[]]
    for line in filter(None, text.splitlines()):
        name, _, rest = line.partition(" ")
        if name == "FROM":
            stages.append([])
        stages[-1].append((name, rest))
    return stages


ARGUMENTS, BUILD, FINAL = instructions()


def said(name: str) -> str:
    """Return what an instruction of the last stage says, which has one of them."""
    (rest,) = [rest for instruction, rest in FINAL if instruction == name]
    return rest


def command_line() -> list[str]:
    words: list[str] = json.loads(said("ENTRYPOINT")) + json.loads(said("CMD"))
    return words


def check(*command: str) -> None:
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_has_no_fault_that_hadolint_knows() -> None:
    check(str(TOOLS / "hadolint"), "Dockerfile")


def test_the_compose_file_is_one() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    check(str(TOOLS / "check-jsonschema"), *schema, "docker-compose.yml")


def test_the_context_has_what_is_copied_and_nothing_else() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    first, *rules = [line for line in ignored if not line.startswith("#")]
    kept = sorted(line[1:] for line in rules if line.startswith("!"))
    copied = [rest.split()[:-1] for name, rest in BUILD if name == "COPY"]
    assert first == "*"
    assert kept == sorted(name for names in copied for name in names)
    assert "**/__pycache__" in rules


def test_nothing_runs_as_root() -> None:
    user = said("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert FINAL.index(("USER", user)) < FINAL.index(("ENTRYPOINT", said("ENTRYPOINT")))


def test_each_package_is_pinned_by_its_hash() -> None:
    installs = re.findall(r"pip install ([^&\n]*)", DOCKERFILE)
    assert len(installs) == 3
    assert all("--no-deps" in options for options in installs)
    assert all(" -r locks/" in o for o in installs if "--require-hashes" in o)
    assert [o for o in installs if "--require-hashes" not in o] == [
        "--no-deps --no-build-isolation . "
    ]


def test_the_job_of_the_compose_file_waits_and_knows_where_the_cloud_is() -> None:
    cloud, job = COMPOSE["services"]["cloud"], COMPOSE["services"]["job"]
    assert job["depends_on"] == {"cloud": {"condition": "service_healthy"}}
    assert cloud["command"][:5] == command_line()[1:]
    assert job["environment"]["OSS_ENDPOINT"] == f"http://{cloud['hostname']}:{PORT}"
    (volume,) = job["volumes"]
    here, there, _ = volume.split(":")
    (file,) = [word for word in job["command"] if word.startswith(there)]
    assert (ROOT / here / file.removeprefix(f"{there}/")).is_file()


class Container:
    """What the Dockerfile makes, in a folder, and its commands as somebody else."""

    def __init__(self, folder: Path, python: str) -> None:
        self._folder = folder
        self._user = NOBODY if os.geteuid() == 0 else None
        (folder / "tools").mkdir()
        (folder / "tools/python").symlink_to(python)
        self._path = f"{folder}/tools:{os.defpath}"

    def here(self, text: str) -> str:
        """Return a line of the Dockerfile with its folders in ours."""
        for name in (VENV, SOURCE):
            text = text.replace(name, f"{self._folder}{name}")
        return text

    def build(self) -> None:
        """Carry out the first stage: copies and commands, with what it sets."""
        work, environ = self._folder, {"PATH": self._path, "HOME": str(self._folder)}
        for name, rest in BUILD:
            if name == "ENV":
                environ |= dict(word.split("=", 1) for word in shlex.split(rest))
            elif name == "WORKDIR":
                work = Path(self.here(rest))
                work.mkdir(parents=True)
            elif name == "COPY":
                *sources, target = rest.split()
                for source in sources:
                    copy(ROOT / source, work / target)
            elif name == "RUN":
                run = ["sh", "-c", self.here(rest)]
                done = subprocess.run(
                    run, cwd=work, env=environ, capture_output=True, check=False
                )
                assert done.returncode == 0, done.stderr.decode()
            else:
                assert name in {"FROM", "ARG"}

    def mounted(self, word: str) -> str:
        """Return a word of the job's command with what is mounted where it stands."""
        (volume,) = COMPOSE["services"]["job"]["volumes"]
        here, there, _ = volume.split(":")
        place = self._folder / "mounted"
        if not place.exists():
            copy(ROOT / here, place)
        return word.replace(there, str(place), 1) if word.startswith(there) else word

    def start(self, words: list[str], **environ: str) -> subprocess.Popen[str]:
        """Run a command as the last stage does."""
        own = dict(word.split("=", 1) for word in shlex.split(self.here(said("ENV"))))
        path = own.pop("PATH").replace("$PATH", os.defpath)
        return subprocess.Popen(
            words,
            cwd="/tmp",  # noqa: S108 - where the Dockerfile stays
            env={"PATH": path, **own, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user else None,
        )

    def run(self, words: list[str], **environ: str) -> tuple[int, str]:
        """Return the status and the output of a command."""
        with self.start(words, **environ) as process:
            output, _ = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, output


def copy(source: Path, target: Path) -> None:
    if source.is_dir():
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(source, target, symlinks=True, ignore=ignored)
    else:
        shutil.copy(source, target)


def python_for_all() -> str:
    """Return an interpreter that is run by whoever runs the container."""
    user = NOBODY if os.geteuid() == 0 else None
    for path in (Path(sys.executable).resolve(), Path("/usr/bin/python3")):
        if all(folder.stat().st_mode & 0o001 for folder in path.parents):
            asked = [str(path), "-c", USABLE]
            done = subprocess.run(asked, user=user, capture_output=True, check=False)
            if done.returncode == 0:
                return str(path)
    pytest.skip(
        "a Python with ensurepip that others than root may run: not on this machine"
    )


@pytest.fixture(scope="module")
def container() -> Iterator[Container]:
    # Not in pytest's folder, which nobody else may enter.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        made = Container(folder, python_for_all())
        made.build()
        yield made


@pytest.fixture
def port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


def test_the_steps_make_a_cloud_that_is_healthy_and_does_the_job(
    container: Container, port: str
) -> None:
    kind, _, asked = said("HEALTHCHECK").partition(" CMD ")
    assert kind
    health = [word.replace(PORT, port) for word in json.loads(asked)]
    cloud, job = COMPOSE["services"]["cloud"], COMPOSE["services"]["job"]
    entrypoint = json.loads(said("ENTRYPOINT"))
    served = [*entrypoint, *(w.replace(PORT, port) for w in cloud["command"])]
    assert container.run(["pip", "check"]) == (0, "No broken requirements found.\n")
    assert container.run(health)[0] != 0
    with container.start(served) as process:
        try:
            wait_until(lambda: container.run(health)[0] == 0 or process.poll())
            # The names of a network of containers lead to the cloud.
            proxy = {"http_proxy": f"http://127.0.0.1:{port}"}
            words = [*entrypoint, *map(container.mounted, job["command"])]
            status, output = container.run(words, **job["environment"], **proxy)
            assert (status, "Available" in output) == (0, True), output
            process.send_signal(signal.Signals[said("STOPSIGNAL")])
            told, _ = process.communicate(timeout=PATIENCE_SECONDS)
        finally:
            process.kill()
    assert process.returncode == 0
    assert told.endswith("stopped; what was here is gone\n")


@pytest.mark.needs(ENGINE)
def test_an_engine_builds_and_runs_it(tool_path: Callable[[str], str]) -> None:
    engine, name = tool_path(ENGINE), f"image-import-test-{os.getpid()}"

    def ask(*words: str) -> str:
        done = subprocess.run(
            [engine, *words], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    # podman drops the health check from an image of its own format.
    form = ["--format", "docker"] if "podman" in engine else []
    cloud, job = COMPOSE["services"]["cloud"], COMPOSE["services"]["job"]
    here, mounted = job["volumes"][0].split(":", 1)
    variables = [f"--env={key}={value}" for key, value in job["environment"].items()]
    ask("build", *form, "--tag", name, ".")
    ask("network", "create", name)
    try:
        place = ("--network", name)
        named = ("--name", name, "--hostname", "cloud", "--network-alias", "cloud")
        ask("run", "--detach", *place, *named, name, *cloud["command"])
        wait_until(lambda: ask(
            "inspect", "--format", "{{.State.Health.Status}}", name
        ).strip() == "healthy")  # fmt: skip
        assert ask("exec", name, "id", "-u").strip() == str(NOBODY)
        volume = f"--volume={(ROOT / here).resolve()}:{mounted}"
        ask("run", "--rm", *place, *variables, volume, name, *job["command"])
        ask("stop", name)
        assert "stopped; what was here is gone" in ask("logs", name)
        assert ask("inspect", "--format", "{{.State.ExitCode}}", name).strip() == "0"
    finally:
        subprocess.run([engine, "rm", "--force", name], check=False)
        subprocess.run([engine, "network", "rm", name], check=False)
        subprocess.run([engine, "rmi", "--force", name], check=False)
