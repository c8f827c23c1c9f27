import pytest
from image_import_cli.package.lock import Pinned, read_lock

LOCK = """\
# made by a tool
cffi==2.1.1 ; platform_python_implementation != 'PyPy' \\
    --hash=sha256:aa \\
    --hash=sha256:bb
pycparser==3.11 ; python_full_version < '3.11' and implementation_name != 'PyPy' \\
    --hash=sha256:cc
pycparser==3.12 ; python_full_version >= '3.11' and implementation_name != 'PyPy' \\
    --hash=sha256:dd
pywin32==300 ; sys_platform == 'win32' \\
    --hash=sha256:ee
six==1.17.0 \\
    --hash=sha256:ff
"""


@pytest.mark.parametrize(
    ("python_version", "pycparser"), [("3.10", "3.11"), ("3.12", "3.12")]
)
def test_markers_are_read_for_the_runtime_and_not_for_this_python(
    python_version: str, pycparser: str
) -> None:
    pinned = read_lock(LOCK, python_version=python_version)
    assert [(p.name, p.version) for p in pinned] == [
        ("cffi", "2.1.1"),
        ("pycparser", pycparser),
        ("six", "1.17.0"),
    ]


def test_each_version_keeps_all_its_hashes() -> None:
    cffi = read_lock(LOCK, python_version="3.10")[0]
    assert cffi == Pinned(
        name="cffi", version="2.1.1", hashes=("sha256:aa", "sha256:bb")
    )
    assert cffi.line() == "cffi==2.1.1 --hash=sha256:aa --hash=sha256:bb"
