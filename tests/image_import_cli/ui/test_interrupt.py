"""Ctrl-C while a service does not answer: at once, with 130, and what that leaves.

To wait for the threads that read would take their read time-out, or more.
"""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from loopback import Say, serving
from patient_command import patient_command
from repository import ROOT
from waiting import PATIENCE_SECONDS, wait_until

EVENT = ROOT / "events" / "put-qcow2" / "event.json"
GOES_ON = "the same command goes on where it stopped"
LISTED = Say(
    body=b"""<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult><Name>images</Name><Prefix></Prefix><MaxKeys>1000</MaxKeys>
<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated><KeyCount>1</KeyCount>
<Contents><Key>%s</Key><LastModified>2026-11-23T03:00:00.000Z</LastModified>
<ETag>"5D41402ABC4B2A76B9719D911017C592"</ETag><Type>Normal</Type><Size>512</Size>
<StorageClass>Standard</StorageClass></Contents></ListBucketResult>"""
    % b".image-import%2Fimages%2Fweb.qcow2-0%2F0.jsonl",
    headers={"Content-Type": "application/xml"},
)
SILENCE = Say(keep_silent=True)


def interrupted(
    command: str, *answers: Say, requests: int, times: int = 1
) -> tuple[int, str]:
    """Return exit status and last line of a command that gets no (more) answer."""
    with serving(*answers, SILENCE) as server:
        environ = {
            **os.environ,
            "OSS_ENDPOINT": server.url,
            "ECS_ENDPOINT": server.url,
            "OSS_ADDRESSING": "path",
            "REGION_ID": "cn-hangzhou",
            "ALIBABA_CLOUD_ACCESS_KEY_ID": "x",
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "y",
        }
        process = subprocess.Popen(
            patient_command(*command.split()),
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_until(lambda: len(server.got) >= requests)
        for _ in range(times):
            process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert "Traceback" not in said
    return process.returncode, said.splitlines()[-1]


@pytest.mark.parametrize(
    ("command", "left"),
    [
        ("plan oss://images/a.qcow2", "nothing was changed"),
        ("event oss://images/a.qcow2", "nothing was changed"),
        ("status oss://images/", "nothing was changed"),
        ("redrive oss://images/", "nothing was delivered"),
        (f"invoke {EVENT}", "an import that has begun goes on;"),
        ("cancel oss://images/a.qcow2 --yes", "if the task was cancelled already"),
        ("sweep images/ --position STATE", GOES_ON),
        ("sweep images/ --dry-run", GOES_ON),
    ],
)
def test_nobody_is_waited_for_who_does_not_answer_at_all(
    tmp_path: Path, command: str, left: str
) -> None:
    command = command.replace("STATE", str(tmp_path / "position"))
    status, said = interrupted(command, requests=1)
    assert (status, said.partition("; ")[0]) == (130, "interrupted")
    assert said.partition("; ")[2].startswith(left)


@pytest.mark.parametrize("command", ["status oss://images/", "redrive oss://images/"])
def test_nobody_is_waited_for_whose_ledger_does_not_come(command: str) -> None:
    status, said = interrupted(command, LISTED, requests=2)
    assert (status, said.partition("; ")[0]) == (130, "interrupted")


def test_a_sweep_does_not_wait_for_whether_an_image_is_known(tmp_path: Path) -> None:
    image = LISTED.body.replace(b"%2Fimages%2Fweb.qcow2-0%2F0.jsonl", b".qcow2")
    none = LISTED.body[: LISTED.body.index(b"<Contents>")] + b"</ListBucketResult>"
    listings = (Say(body=body, headers=LISTED.headers) for body in (none, image))
    command = f"sweep images/ --position {tmp_path / 'position'}"
    status, said = interrupted(command, *listings, requests=3)
    assert (status, said) == (130, f"interrupted; {GOES_ON}")
