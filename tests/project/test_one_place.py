"""CONTRIBUTING.md names one place for each addition, and it is the only one."""

import re

import pytest
from repository import FUNCTIONS, ROOT

GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
EXCEPT_FAKES = ("disk_images", "image_import", "image_import_cli")

# Of each kind one that no rule of its own needs: what says its name is all that whoever
# adds another one has to touch.
PLACES = {
    "Add a setting": (
        EXCEPT_FAKES,
        "stuck_after_seconds: |STUCK_AFTER_SECONDS",
        "functions/image_import/config/settings.py",
    ),
    "Add a field of ImportImage": (
        EXCEPT_FAKES,
        r'"ResourceGroupId"|\bresource_group_id: ',
        "functions/image_import/model/image_fields.py",
    ),
    "Add a target": (
        ("disk_images", "image_import"),
        '"apsara-pop"',
        "functions/image_import/model/targets.py",
    ),
    "Add an error code": (
        EXCEPT_FAKES,
        "InvalidBootMode.NotSupport",
        "functions/image_import/aliyun/error_catalogue.py",
    ),
    "Add a format to recognise": (
        EXCEPT_FAKES,
        "partclone",
        "functions/disk_images/formats/table.py",
    ),
    "Add an operation of a fake": (
        ("fake_aliyun",),
        '"DescribeTaskAttribute"',
        "functions/fake_aliyun/ecs/operations.py",
    ),
    "Add an option or a command": (
        EXCEPT_FAKES,
        '"--despite-doubt"',
        "functions/image_import_cli/main.py",
    ),
}


def section(heading: str) -> str:
    _, found, rest = GUIDE.partition(f"\n## {heading}\n")
    assert found, heading
    return rest.partition("\n## ")[0].strip()


@pytest.mark.parametrize("heading", PLACES)
def test_an_addition_is_described_in_ten_lines_that_name_its_place(
    heading: str,
) -> None:
    packages, witness, place = PLACES[heading]
    assert len(section(heading).splitlines()) <= 10
    assert f"`{place}`" in section(heading)
    saying = {
        path.relative_to(ROOT).as_posix()
        for package in packages
        for path in (FUNCTIONS / package).rglob("*.py")
        if re.search(witness, path.read_text("utf-8"))
    }
    if "option" in heading:
        (module,) = saying
        assert module in commands()
    else:
        assert saying == {place}


def commands() -> set[str]:
    """Return the modules that main.py lists as commands."""
    text = (FUNCTIONS / "image_import_cli" / "main.py").read_text("utf-8")
    names = re.findall(r'"(image_import_cli\.[\w.]+):', text)
    return {f"functions/{name.replace('.', '/')}.py" for name in names}


def test_every_addition_that_is_described_is_looked_after() -> None:
    assert set(re.findall(r"^## (Add .+)$", GUIDE, re.MULTILINE)) == set(PLACES)


def test_every_path_that_the_guide_names_is_there() -> None:
    paths = re.findall(r"`((?:functions|tests|locks|docs)/[\w/.-]+)`", GUIDE)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []
