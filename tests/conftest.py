"""What every test may use, and the list of what could not run here.

A test that needs a program from outside carries ``@pytest.mark.needs("qemu-img")``, and
one that needs what `make test` installs here carries its path, with a slash in it.
Where either is missing the test is left out, and the end of the run says so; with
REQUIRE_ALL_GROUPS=1 (as in .ci/run) a group left out fails the run.
"""

import gc
import os
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import hypothesis
import pytest
from repository import ROOT

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# Nobody's own profiles, and no machine's role: tests that want them say so.
os.environ["ALIBABA_CLOUD_CLI_PROFILE_DISABLED"] = "true"
os.environ["ALIBABA_CLOUD_ECS_METADATA_DISABLED"] = "true"

NOT_INSTALLED = "not installed here"
# Other Pythons, and what runs containers, come from nowhere that .ci/run could ask:
# named, but no failure.
NOT_PRESENT = "not on this machine"
ENGINE = "docker or podman"


@cache
def find_engine() -> str | None:
    """Return what runs containers here; a docker without its daemon does not."""
    for name in ("docker", "podman"):
        asked = [path, "info"] if (path := shutil.which(name)) else ["false"]
        if subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return path
    return None


def find_tool(name: str) -> str | None:
    """Return the path of a program, or of what stands in this repository.

    A Python may stand in pyenv, which comes first: its shim on PATH refuses versions
    that are not activated.
    """
    if name == ENGINE:
        return find_engine()
    if "/" in name:
        return str(ROOT / name) if (ROOT / name).exists() else None
    if name.startswith("python3."):
        versions = Path.home().glob(f".pyenv/versions/{name[6:]}.*/bin/{name}")
        if found := next((str(path) for path in sorted(versions)), None):
            return found
    return shutil.which(name)


@pytest.fixture(scope="session")
def tool_path() -> Callable[[str], str]:
    """Return where a program is that the test's `needs` mark vouches for."""

    def path_of(name: str) -> str:
        path = find_tool(name)
        assert path, f"{name}: mark the test with needs({name!r})"
        return path

    return path_of


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Let no finalizer of other tests' garbage run.

    For what reads up to the limit of recursion: a call from the collector fails there,
    and pytest takes that for this test's fault.
    """
    gc.disable()
    yield
    gc.enable()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--live", action="store_true", help="test against a real account")
    parser.addoption(
        "--whole", action="store_true", help="play every case of a table, not a share"
    )


def pytest_configure() -> None:
    """Let Ctrl-C reach what tests start, though a shell started us with `&`."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    for item in items:
        marks = item.iter_markers("needs")
        tools = [str(tool) for mark in marks for tool in mark.args]
        if missing := [tool for tool in tools if find_tool(tool) is None]:
            elsewhere = all(t == ENGINE or t.startswith("python3.") for t in missing)
            why = NOT_PRESENT if elsewhere else NOT_INSTALLED
            reason = f"{', '.join(missing)} {why}"
            item.add_marker(pytest.mark.skip(reason=reason))
        if item.get_closest_marker("live") and not config.getoption("--live"):
            item.add_marker(pytest.mark.skip(reason="needs --live and an account"))


def left_out(config: pytest.Config) -> Counter[str]:
    """Return how many tests were skipped, by reason."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    reasons = [r.longrepr[2] for r in skipped if isinstance(r.longrepr, tuple)]
    return Counter(reason.removeprefix("Skipped: ") for reason in reasons)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that must be whole and was not."""
    must_run_all = os.environ.get("REQUIRE_ALL_GROUPS", "") not in {"", "0"}
    lacking = any(NOT_INSTALLED in reason for reason in left_out(session.config))
    if must_run_all and lacking and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def tables(reporter: pytest.TerminalReporter) -> list[str]:
    """Return what tests have to show, recorded with `record_property("table", ...)`."""
    reports = [*reporter.stats.get("passed", []), *reporter.stats.get("failed", [])]
    recorded = [pair for report in reports for pair in report.user_properties]
    return [text for name, text in recorded if name == "table"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for text in tables(terminalreporter):
        title, *lines = text.splitlines()
        terminalreporter.section(title)
        terminalreporter.write_line("\n".join(lines))
    if reasons := left_out(terminalreporter.config):
        terminalreporter.section("groups left out")
        for reason, count in sorted(reasons.items()):
            terminalreporter.line(f"{count:4} tests: {reason}")
