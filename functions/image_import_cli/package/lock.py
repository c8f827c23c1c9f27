"""The pinned dependencies of the function, for the Python it will run on."""

from collections.abc import Iterable
from dataclasses import dataclass

from packaging.requirements import Requirement

# Published as source alone. Both are plain Python once built without a compiler.
WITHOUT_WHEELS = frozenset({"crcmod", "oss2"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Pinned:
    """One version of one package, and the hashes of the files it may come from."""

    name: str
    version: str
    hashes: tuple[str, ...]

    def line(self) -> str:
        """Return it as pip reads it in --require-hashes mode."""
        hashes = " ".join(f"--hash={value}" for value in self.hashes)
        return f"{self.name}=={self.version} {hashes}"


def read_lock(text: str, *, python_version: str) -> list[Pinned]:
    """Return what a lock pins for Linux on x86-64 and a Python such as 3.10.

    pip itself reads the markers of a lock as they are for the Python that runs pip.
    """
    environment = {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{python_version}.0",
        "python_version": python_version,
        "sys_platform": "linux",
    }
    pinned = []
    for line in _logical_lines(text):
        wanted, *hashes = line.split(" --hash=")
        requirement = Requirement(wanted)
        if requirement.marker is None or requirement.marker.evaluate(environment):
            version = str(requirement.specifier).removeprefix("==")
            pinned.append(
                Pinned(name=requirement.name, version=version, hashes=tuple(hashes))
            )
    return pinned


def _logical_lines(text: str) -> Iterable[str]:
    joined = " ".join(text.replace("\\\n", " ").split(" ")).splitlines()
    lines = (" ".join(line.split()) for line in joined)
    return (line for line in lines if line and not line.startswith("#"))
