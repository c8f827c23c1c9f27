from image_import.aliyun.error_catalogue import CATALOGUE
from image_import.config.settings import SETTINGS
from make_reference import catalogue_markdown, markdown, settings_markdown


def test_cells_cannot_break_a_table() -> None:
    assert markdown(("a",), [("x|y\nz",)]) == "| a |\n| --- |\n| x\\|y z |\n"


def test_the_settings_table_has_a_row_for_each_setting() -> None:
    lines = settings_markdown().splitlines()
    assert [line.split("`")[1] for line in lines[2:]] == [row.name for row in SETTINGS]


def test_the_settings_table_shows_what_depends_on_the_target() -> None:
    table = settings_markdown()
    assert "| 1-2048 (public), 5-500 (apsara-pop), 5-500 (apsara-route) |" in table
    assert "| neither (public), neither (apsara-pop), form (apsara-route) |" in table
    assert "| `LEASE_SECONDS` | 300 |" in table


def test_the_catalogue_has_a_line_for_each_code() -> None:
    lines = catalogue_markdown().splitlines()
    assert [line.split("`")[1] for line in lines[2:]] == [e.code for e in CATALOGUE]
    assert {line.count(" | ") for line in lines} == {5}
