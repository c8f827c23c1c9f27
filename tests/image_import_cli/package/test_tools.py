import sys
from pathlib import Path

import pytest
from image_import_cli.package.tools import PackagingError, find_interpreter, run

VERSION = "{}.{}".format(*sys.version_info[:2])


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(0o755)


def test_an_interpreter_is_found_on_path(tmp_path: Path) -> None:
    script(tmp_path / "bin" / "python3.10", "echo 3.10.99")
    found = find_interpreter("3.10", search_path=f"{tmp_path}/bin", home=tmp_path)
    assert found
    assert (found.path, found.version) == (f"{tmp_path}/bin/python3.10", "3.10.99")


def test_a_shim_that_refuses_is_no_interpreter(tmp_path: Path) -> None:
    script(tmp_path / "bin" / "python3.10", "echo 'command not found' >&2; exit 127")
    assert not find_interpreter("3.10", search_path=f"{tmp_path}/bin", home=tmp_path)


def test_pyenv_is_asked_before_path(tmp_path: Path) -> None:
    script(tmp_path / "bin" / "python3.10", "exit 127")
    script(tmp_path / ".pyenv/versions/3.10.2/bin/python3.10", "echo 3.10.2")
    found = find_interpreter("3.10", search_path=f"{tmp_path}/bin", home=tmp_path)
    assert found
    assert found.version == "3.10.2"


def test_what_a_failed_program_said_last_is_told() -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such package')"]
    with pytest.raises(PackagingError, match="no such package"):
        run(command)
