import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from image_import_cli.package.archive import (
    MANIFEST,
    Package,
    copy_source,
    files_in,
    is_dead_weight,
    packages_in,
    prune,
    write_manifest,
    write_stand_ins,
    write_zip,
)
from image_import_cli.package.build import OURS
from repository import FUNCTIONS


@pytest.mark.parametrize(
    ("path", "is_dead"),
    [
        ("Crypto/SelfTest/Cipher/test_AES.py", True),
        ("Crypto/Cipher/AES.py", False),
        ("Crypto/Cipher/AES.pyi", True),
        ("Crypto/py.typed", True),
        ("bin/normalizer", True),
        ("crcmod/test.py", True),
        ("crcmod/crcmod.py", False),
        ("requests/tests/test_api.py", True),
        ("yaml/_yaml.cpython-310-x86_64-linux-gnu.so", True),
        ("yaml/loader.py", False),
        ("charset_normalizer/md.cpython-310-x86_64-linux-gnu.so", True),
        ("charset_normalizer/md.py", True),
        ("certifi/cacert.pem", False),
        ("six-1.17.0.dist-info/METADATA", False),
        ("six-1.17.0.dist-info/LICENSE", False),
        ("idna-3.20.dist-info/licenses/LICENSE.md", False),
        ("six-1.17.0.dist-info/RECORD", True),
        ("six-1.17.0.dist-info/direct_url.json", True),
    ],
)
def test_dead_weight_is_told_by_its_path(path: str, *, is_dead: bool) -> None:
    assert is_dead_weight(PurePosixPath(path)) is is_dead


def install(folder: Path, name: str, files: list[str], metadata: str) -> None:
    info = folder / f"{name}.dist-info"
    info.mkdir(parents=True)
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(file, "utf-8")
    lines = [f"{file},sha256=x,1" for file in files] + [f"{info.name}/RECORD,,"]
    (info / "RECORD").write_text("\n".join(lines), "utf-8")
    (info / "METADATA").write_text(metadata, "utf-8")


def test_a_package_of_which_nothing_is_left_is_not_listed(tmp_path: Path) -> None:
    install(
        tmp_path, "a-1", ["a/__init__.py", "a/tests/test_a.py"], "Name: a\nVersion: 1"
    )
    install(tmp_path, "b-3", ["b/tests/x.py"], "Name: b\nVersion: 3")
    prune(tmp_path)
    left = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*"))
    assert left == ["a", "a-1.dist-info", "a-1.dist-info/METADATA", "a/__init__.py"]


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ("License-Expression: MIT\nLicense: no", "MIT"),
        (
            "Classifier: License :: OSI Approved :: BSD License\nLicense: x",
            "BSD License",
        ),
        ("License: Apache 2.0\n 2004\n", "Apache 2.0"),
        ("", "not stated"),
    ],
    ids=["expression", "classifier", "text", "none"],
)
def test_the_licence_is_taken_from_where_it_is_shortest(
    tmp_path: Path, fields: str, licence: str
) -> None:
    install(tmp_path, "a-1", ["a.py"], f"Name: a\nVersion: 1\n{fields}")
    assert list(packages_in(tmp_path)) == [
        Package(name="a", version="1", licence=licence)
    ]


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    for number, order in enumerate(["ab", "ba"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name in order:
            (folder / name).write_text(name, "utf-8")
            os.utime(folder / name, (number, number))
            (folder / name).chmod(0o600 + number * 0o100)
        write_zip(folder, tmp_path / f"{number}.zip")
    first, second = (tmp_path / f"{number}.zip" for number in (0, 1))
    assert first.read_bytes() == second.read_bytes()
    assert zipfile.ZipFile(first).namelist() == ["a", "b"]


def test_of_a_source_only_modules_are_copied(tmp_path: Path) -> None:
    source = tmp_path / "image_import"
    (source / "knowledge").mkdir(parents=True)
    for name in ("a.py", "knowledge/b.py"):
        (source / name).write_text(name, "utf-8")
    for name in ("py.typed", ".env", "a.py~", ".#a.py", "notes.txt", "a.pyc"):
        (source / name).write_text("secret", "utf-8")
    copy_source([source], tmp_path / "out")
    copied = {str(p.relative_to(tmp_path / "out")) for p in files_in(tmp_path / "out")}
    assert copied == {"image_import/a.py", "image_import/knowledge/b.py"}


@pytest.mark.parametrize("package", OURS)
def test_the_function_is_made_of_nothing_but_modules(package: str) -> None:
    files = files_in(FUNCTIONS / package)
    others = {p.name for p in files if p.suffix not in {".py", ".pyc"}}
    assert others <= {"README.md", "py.typed"}


def test_the_source_s_hash_knows_names_and_contents(tmp_path: Path) -> None:
    hashes = set()
    for number, (name, text) in enumerate([("a", "x"), ("a", "y"), ("b", "x")]):
        source = tmp_path / str(number) / "image_import"
        source.mkdir(parents=True)
        (source / f"{name}.py").write_text(text, "utf-8")
        hashes.add(copy_source([source], tmp_path / f"out{number}"))
    assert len(hashes) == 3


def test_the_manifest_lists_what_is_inside(tmp_path: Path) -> None:
    package = Package(name="a", version="1", licence="MIT")
    write_manifest(tmp_path, packages=[package], about={"python": "3.10"})
    assert json.loads((tmp_path / MANIFEST).read_text("utf-8")) == {
        "packages": [{"licence": "MIT", "name": "a", "version": "1"}],
        "python": "3.10",
    }


def test_what_stands_in_for_encryption_says_so_when_it_is_used(tmp_path: Path) -> None:
    write_stand_ins(tmp_path)
    script = "from Crypto.Cipher import AES; AES(b'key')"
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=False,
        text=True,
    )
    assert "NotImplementedError: Crypto.Cipher.AES is left out: this" in run.stderr
