"""What a person sees keeps every word at any usual width."""

import pytest
from click.testing import CliRunner
from image_import.outcome import Outcome, Result
from image_import_cli.main import cli
from image_import_cli.show import render
from rich.console import Console

NAME = "ubuntu-noble-server-cloudimg-amd64-0123456789ab"
EVIDENCE = {
    "ImageName": {"source": "IMAGE_NAME_TEMPLATE"},
    "Platform": {"source": "sidecar", "overrode": {"object key": "Debian"}},
}


@pytest.mark.parametrize("width", [80, 120])
def test_a_plan_is_not_cut_at_the_width_of_a_terminal(width: int) -> None:
    parameters = {
        "DiskDeviceMapping.1.DiskImageSize": "40",
        "ImageName": NAME,
        "Platform": "Ubuntu",
    }
    result = Result(outcome=Outcome.PLANNED, parameters=parameters, evidence=EVIDENCE)
    console = Console(width=width)
    with console.capture() as captured:
        console.print(render(result, origin="file"))
    lines = captured.get().splitlines()
    words = "".join("".join(lines).split())
    assert max(map(len, lines)) <= width
    assert "insteadof" in words
    assert "…" not in words
    assert any("DiskDeviceMapping.1.DiskImageSize  40" in line for line in lines)
    assert any("Debian" in line for line in lines)
    assert any(line.split()[-1:] == ["file"] for line in lines)


def test_a_misspelt_setting_is_a_usage_error_that_names_what_was_meant() -> None:
    run = CliRunner().invoke(cli, ["plan", "x", "--set", "IMPORT_TARGT=public"])
    assert run.exit_code == 2
    assert "did you mean IMPORT_TARGET" in " ".join(run.stderr.split())
