"""What goes into the zip, what stays out, and the same bytes every time."""

import email
import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

MANIFEST = "MANIFEST.json"
# The first moment that a zip can hold.
EPOCH = (1980, 1, 1, 0, 0, 0)

_DEAD_FOLDERS = {"SelfTest", "emscripten", "test", "tests", "__pycache__"}
# PyYAML's C parser is one that we do not ask for. charset_normalizer guesses the
# encoding of texts for requests, which does without where it is missing: nothing here
# asks for a guess, and it would be loaded at every start.
_DEAD_PACKAGES = {"_yaml", "bin", "charset_normalizer"}
_DEAD_SUFFIXES = {".c", ".exe", ".h", ".pxd", ".pyi", ".pyx"}
_DEAD_NAMES = {"py.typed"}
_DEAD_FILES = (
    "crcmod/test.py",
    "yaml/_yaml.*.so",
    # Belongs to charset_normalizer.
    "*__mypyc.*.so",
    # The way to zstd for a Python that loads no extension modules.
    "zstandard/_cffi*.so",
    "zstandard/backend_cffi.py",
)
_ENCRYPTION = {
    "aliyun-python-sdk-core",
    "aliyun-python-sdk-kms",
    "cffi",
    "cryptography",
    "jmespath",
    "pycparser",
    "pycryptodome",
}
"""What oss2 needs for its client-side encryption, which nothing here uses.

Measured 2026-12: of the zip's 9.4 MB all but 2.5, and a fifth of the CPU of a cold
start. Among it are copies of requests 2.18.3 and urllib3 1.24.3, with all the holes
that were found in them since (aliyunsdkcore.vendored).
"""
_STAND_INS = (
    "Crypto/Cipher.py",
    "Crypto/PublicKey.py",
    "Crypto/Util.py",
    "aliyunsdkcore/acs_exception/exceptions.py",
    "aliyunsdkcore/http.py",
    "aliyunsdkkms/request/v20160120.py",
)
"""The modules that oss2 2.19.1 names names of when it is imported."""
_STAND_IN = '''"""Stands in for a package that oss2 needs for encryption alone."""


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)

    def left_out(*args, **kwargs):
        raise NotImplementedError(
            f"{__name__}.{name} is left out: this function encrypts nothing itself"
        )

    return left_out
'''
_LEGAL = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS")


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """A package in the zip."""

    name: str
    version: str
    licence: str


def is_dead_weight(path: PurePosixPath) -> bool:
    """Return whether a file of the installed dependencies is of no use at run time."""
    folders = set(path.parts[:-1])
    if path.parts[0].endswith(".dist-info"):
        is_legal = "licenses" in folders or path.name.upper().startswith(_LEGAL)
        return not is_legal and path.name != "METADATA"
    return (
        bool(folders & _DEAD_FOLDERS)
        or path.parts[0] in _DEAD_PACKAGES
        or path.suffix in _DEAD_SUFFIXES
        or path.name in _DEAD_NAMES
        or any(path.match(pattern) for pattern in _DEAD_FILES)
    )


def leave_out_encryption(folder: Path) -> None:
    """Delete what oss2 encrypts with, and let it import stand-ins."""
    for info in folder.glob("*.dist-info"):
        if package_of((info / "METADATA").read_text("utf-8")).name in _ENCRYPTION:
            for file in _recorded(info):
                (folder / file).unlink(missing_ok=True)
            shutil.rmtree(info)
    write_stand_ins(folder)


def write_stand_ins(folder: Path) -> None:
    """Write what stands in for the packages that oss2 encrypts with."""
    for name in _STAND_INS:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for package in PurePosixPath(name).parents[:-1]:
            (folder / package / "__init__.py").write_text(_STAND_IN, "utf-8")
        path.write_text(_STAND_IN, "utf-8")


def prune(folder: Path) -> None:
    """Delete dead weight, and the metadata of packages of which nothing is left."""
    records = {info: _recorded(info) for info in folder.glob("*.dist-info")}
    for path in files_in(folder):
        if is_dead_weight(PurePosixPath(path.relative_to(folder))):
            path.unlink()
    for info, files in records.items():
        if not any((folder / file).exists() for file in files):
            shutil.rmtree(info)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _recorded(info: Path) -> list[str]:
    """Return the files that a package says it has, metadata aside."""
    lines = (info / "RECORD").read_text("utf-8").splitlines()
    names = [line.rpartition(",")[0].rpartition(",")[0] for line in lines]
    return [name for name in names if ".dist-info/" not in name]


def files_in(folder: Path) -> list[Path]:
    """Return every file under a folder, in the order of their names."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def packages_in(folder: Path) -> Iterator[Package]:
    """Yield what is installed in a folder."""
    for info in sorted(folder.glob("*.dist-info")):
        yield package_of((info / "METADATA").read_text("utf-8"))


def package_of(text: str) -> Package:
    """Return what a package's METADATA says of it."""
    metadata = email.message_from_string(text)
    name, version = metadata["Name"], metadata["Version"]
    return Package(name=name, version=version, licence=_licence(metadata))


def _licence(metadata: "email.message.Message[str, str]") -> str:
    """Return a package's licence, from the field that says it shortest."""
    if expression := metadata["License-Expression"]:
        return expression
    classifiers = metadata.get_all("Classifier", [])
    named = [c.rpartition(" :: ")[2] for c in classifiers if c.startswith("License")]
    written = (metadata["License"] or "").strip().splitlines()
    return ", ".join(named) or (written[0] if written else "not stated")


def copy_source(sources: Iterable[Path], folder: Path) -> str:
    """Copy packages' modules; return the hash of their names and contents.

    What else lies beside them, such as an editor's copies or a file of secrets, stays.
    """
    digest = hashlib.sha256()
    for source, path in ((s, path) for s in sources for path in files_in(s)):
        if path.suffix != ".py" or path.name.startswith("."):
            continue
        relative = path.relative_to(source.parent)
        target = folder / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        data = path.read_bytes()
        target.write_bytes(data)
        digest.update(f"{relative.as_posix()}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def write_manifest(
    folder: Path, *, packages: Iterable[Package], about: dict[str, object]
) -> None:
    """Write what is inside: versions, licences, and how it was made."""
    content = {**about, "packages": [asdict(package) for package in packages]}
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", "utf-8")


def write_zip(folder: Path, output: Path) -> int:
    """Write all files of a folder, always with the same bytes; return how many.

    Names are sorted, and dates, owners and permissions are the same for all.
    """
    files = files_in(folder)
    partial = output.with_name(f".{output.name}.part")
    with zipfile.ZipFile(
        partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9
    ) as archive:
        for path in files:
            info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            archive.writestr(info, path.read_bytes(), compresslevel=9)
    partial.replace(output)
    return len(files)
