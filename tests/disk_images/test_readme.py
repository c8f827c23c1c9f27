"""The README's example looks into a real image, far from this repository."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from made_images import NEEDS, make_disk
from repository import FUNCTIONS
from small_debian import DEBIAN

README = FUNCTIONS / "disk_images" / "README.md"
OF_A_CLOUD = re.compile(
    r"\b(?:ECS|OSS|Alibaba|aliyun|Apsara|ImportImage)\b", re.IGNORECASE
)


def examples() -> list[str]:
    return re.findall(r"(?s)```python\n(.*?)```", README.read_text("utf-8"))


@pytest.mark.needs("qemu-img")
def test_qemu_img_finds_what_the_second_example_made_the_same(tmp_path: Path) -> None:
    raw, image = tmp_path / "raw", tmp_path / "web.vmdk"
    raw.write_bytes(bytes(200_192) + b"data" * 50_048)
    convert = ["qemu-img", "convert", "-O", "vmdk", "-o", "subformat=streamOptimized"]
    subprocess.run([*convert, raw, image], check=True)
    environ = {"PYTHONPATH": str(FUNCTIONS)}
    command = [sys.executable, "-c", examples()[1]]
    run = subprocess.run(
        command, cwd=tmp_path, env=environ, capture_output=True, check=True, text=True
    )
    assert run.stdout.startswith("map because ")
    made = tmp_path / "web-converted.qcow2"
    subprocess.run(["qemu-img", "check", "-q", made], check=True)
    subprocess.run(["qemu-img", "compare", "-q", made, raw], check=True)
    assert len(examples()[1].splitlines()) <= 15


@pytest.mark.needs(*NEEDS["ext4"], *NEEDS["gpt"], "qemu-img")
def test_the_example_tells_which_system_is_in_a_local_file(tmp_path: Path) -> None:
    example = examples()[0]
    tree = {
        path.removeprefix("/"): text if isinstance(text, bytes) else text.encode()
        for path, text in DEBIAN.items()
    }
    raw = make_disk(tmp_path, tree)
    image = tmp_path / "web.qcow2"
    convert = ["qemu-img", "convert", "-O", "qcow2", str(raw), str(image)]
    subprocess.run(convert, check=True)
    run = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        env={"PYTHONPATH": str(FUNCTIONS)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert "os_name: Debian GNU/Linux 13 (trixie)" in run.stdout
    assert len(example.splitlines()) <= 15


@pytest.mark.parametrize(
    "path",
    sorted(p for p in README.parent.rglob("*.*") if p.suffix in {".py", ".md"}),
    ids=lambda path: str(path.relative_to(README.parent)),
)
def test_no_module_has_a_word_of_a_cloud(path: Path) -> None:
    assert OF_A_CLOUD.findall(path.read_text("utf-8")) == []
