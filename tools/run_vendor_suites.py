"""Run the suites that Alibaba wrote for its own SDKs against the fake cloud.

    python tools/run_vendor_suites.py oss2 FOLDER
    python tools/run_vendor_suites.py oss-v2 FOLDER --python .venv-clients/bin/python

FOLDER is a checkout of the SDK's repository, outside of this one:
github.com/aliyun/aliyun-oss-python-sdk for `oss2` and
github.com/aliyun/alibabacloud-oss-python-sdk-v2 for `oss-v2`. The suites are for
running, never for copying. What they assert, the real OSS does; so each test that does
not pass is either repaired here or named with its reason in
functions/fake_aliyun/README.md.

Each module runs in a process of its own, against a cloud of its own. The suites' own
clean-up of all buckets is switched off.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import unittest
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FUNCTIONS = Path(__file__).parents[1] / "functions"
KEY_ID, SECRET, REGION = "an-id", "a-secret", "cn-hangzhou"
MOST_SECONDS = 300
PASSED, SKIPPED = "passed", "skipped"


@dataclass(frozen=True, kw_only=True)
class Suite:
    """One suite.

    Attributes:
        package: Where its modules are.
        common: The module that holds its clean-up.
        cleanups: The functions there that empty the account.
        modules: Those in scope.
    """

    package: str
    common: str
    cleanups: tuple[str, ...]
    modules: tuple[str, ...]


SUITES = {
    "oss2": Suite(
        package="tests",
        common="tests.common",
        cleanups=("clean_and_delete_bucket", "clean_and_delete_bucket_by_prefix"),
        modules=(
            "test_object", "test_multipart", "test_list_objects_v2", "test_iterator",
            "test_chinese", "test_headers", "test_object_versioning",
            "test_bucket_versioning", "test_sign", "test_put_object_chunked",
            "test_exception_ec",
        ),
    ),
    "oss-v2": Suite(
        package="tests.integration",
        common="tests.integration",
        cleanups=("clean_buckets", "clean_objects"),
        modules=(
            "test_client", "test_client_filelike", "test_object_basic",
            "test_paginator", "test_presign",
        ),
    ),
}  # fmt: skip


class Outcomes(unittest.TestResult):
    """What came of each test, by its name without the package."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def _note(self, test: unittest.TestCase, outcome: str) -> None:
        name = ".".join(test.id().split(".")[-3:])
        self.found[name] = outcome

    def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest's
        """Note a test that passed."""
        self._note(test, PASSED)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802
        """Note a test that the suite leaves out itself."""
        self._note(test, f"{SKIPPED}: {reason}")

    def addFailure(self, test: unittest.TestCase, err: object) -> None:  # noqa: N802
        """Note a test whose claim does not hold."""
        self._note(test, _last_line(err))

    def addError(self, test: unittest.TestCase, err: object) -> None:  # noqa: N802
        """Note a test that broke off."""
        self._note(test, _last_line(err))


def _last_line(err: object) -> str:
    kind, error, trace = err if isinstance(err, tuple) else (Exception, err, None)
    lines = []
    while trace is not None:
        lines.append(trace.tb_lineno)
        file = Path(trace.tb_frame.f_code.co_filename).name
        if file.startswith("test_"):
            place = f"{file}:{trace.tb_lineno}"
        trace = trace.tb_next
    text = " ".join(str(error).split())[:300]
    return f"{locals().get('place', '')} {kind.__name__}: {text}"


def run_here(suite: Suite, module: str) -> None:
    """Run a module in this process, and print what came of it as JSON."""
    sys.path.insert(0, str(Path.cwd()))
    common = importlib.import_module(suite.common)
    for name in suite.cleanups:
        setattr(common, name, lambda *_args, **_named: None)
    outcomes = Outcomes()
    tests = unittest.defaultTestLoader.loadTestsFromName(f"{suite.package}.{module}")
    tests.run(outcomes)
    print(json.dumps(outcomes.found))  # noqa: T201 - what the parent reads


def run(name: str, module: str, *, folder: Path, python: str) -> dict[str, str]:
    """Return what came of a module's tests, run against a cloud of its own."""
    from fake_aliyun import FakeAliyun  # noqa: PLC0415 - only where it is installed

    cloud = FakeAliyun(access_key_id=KEY_ID, access_key_secret=SECRET)
    with cloud.serve() as server:
        environment = {
            **os.environ,
            "OSS_TEST_ACCESS_KEY_ID": KEY_ID,
            "OSS_TEST_ACCESS_KEY_SECRET": SECRET,
            "OSS_TEST_ENDPOINT": server.url,
            "OSS_TEST_REGION": REGION,
            "OSS_TEST_BUCKET": "suite",
            "OSS_TEST_UID": cloud.account_id,
            "OSS_TEST_USER_ID": cloud.account_id,
        }
        done = subprocess.run(  # noqa: S603 - a program that the caller names
            [python, str(Path(__file__).resolve()), name, str(folder),
             "--here", module],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=MOST_SECONDS,
        )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing said"])[-1]
        return {f"{module}": f"did not load: {last}"}
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a suite; print what did not pass and how many did."""
    sys.path.insert(0, str(FUNCTIONS))
    command = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    command.add_argument("suite", choices=SUITES)
    command.add_argument("folder", type=Path, help="a checkout of the SDK")
    command.add_argument("--python", default=sys.executable, help="that has the SDK")
    command.add_argument("--module", action="append", help="only this; repeatable")
    command.add_argument("--here", help=argparse.SUPPRESS)
    options = command.parse_args(arguments)
    suite = SUITES[options.suite]
    if options.here:
        run_here(suite, options.here)
        return 0
    python = options.python
    python = str(Path(python).absolute()) if os.sep in python else python
    outcomes: dict[str, str] = {}
    for module in options.module or suite.modules:
        outcomes |= run(options.suite, module, folder=options.folder, python=python)
    counted = {t: o for t, o in outcomes.items() if not o.startswith(SKIPPED)}
    failed = {test: outcome for test, outcome in counted.items() if outcome != PASSED}
    for test, outcome in failed.items():
        print(f"{test}: {outcome}")  # noqa: T201 - what the command is for
    passing = len(counted) - len(failed)
    print(f"{passing} of {len(counted)} pass")  # noqa: T201 - what the command is for
    return 0


if __name__ == "__main__":
    sys.exit(main())
