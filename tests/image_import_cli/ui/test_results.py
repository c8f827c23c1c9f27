"""What a person sees keeps every word at any usual width."""

import pytest
from click.testing import CliRunner
from image_import.ledger.entries import State
from image_import.model.result import Outcome, Result
from image_import_cli.delivery.output import show_line
from image_import_cli.main import cli
from image_import_cli.status.table import style_of
from image_import_cli.ui.results import COLOURS, render
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
    assert max(map(len, lines)) <= width
    assert "…" not in captured.get()
    assert any("DiskDeviceMapping.1.DiskImageSize  40" in line for line in lines)
    assert any(line.split()[-1:] == ["file"] for line in lines)
    at = next(n for n, line in enumerate(lines) if line.startswith("  Platform"))
    assert lines[at].split() == ["Platform", "Ubuntu", "sidecar"]
    assert lines[at + 1].split() == ["instead", "of", "Debian", "object", "key"]


@pytest.mark.parametrize("width", [80, 120])
def test_a_value_of_a_plan_is_broken_between_its_words(width: int) -> None:
    told = {"source": "IMAGE_NAME_TEMPLATE", "overrode": {"x-oss-meta-image-name": 7}}
    name = "my-" + "-".join(["ubuntu"] * 12)
    parameters = {"DiskDeviceMapping.1.DiskImageSize": "40", "ImageName": name}
    result = Result(
        outcome=Outcome.PLANNED, parameters=parameters, evidence={"ImageName": told}
    )
    console = Console(width=width)
    with console.capture() as captured:
        console.print(render(result))
    words = captured.get().split()
    assert {"IMAGE_NAME_TEMPLATE", "x-oss-meta-image-name"} <= set(words)
    pieces = [word for word in words if "ubuntu" in word]
    assert "".join(pieces) == name
    assert all(piece.endswith(("-", "ubuntu")) for piece in pieces)


def test_what_would_act_on_a_terminal_is_shown_and_does_not() -> None:
    hostile = "\x1b[2J\u202eweb.qcow2"
    result = Result(
        outcome=Outcome.REFUSED,
        reason=hostile,
        object_key=hostile,
        image_name=hostile,
        parameters={"ImageName": hostile},
        notes=(hostile,),
    )
    console = Console(width=80)
    with console.capture() as captured:
        console.print(render(result))
        show_line(result, console)
    assert all(c.isprintable() for c in captured.get().replace("\n", ""))
    assert captured.get().count(r"\x1b[2J\u202eweb.qcow2") == 7


def test_a_misspelt_setting_is_a_usage_error_that_names_what_was_meant() -> None:
    run = CliRunner().invoke(cli, ["plan", "x", "--set", "IMPORT_TARGT=public"])
    assert run.exit_code == 2
    assert "did you mean IMPORT_TARGET" in " ".join(run.stderr.split())


def test_every_outcome_and_every_state_has_its_colour() -> None:
    assert set(COLOURS) == set(Outcome)
    assert all(style_of(state) for state in State)
