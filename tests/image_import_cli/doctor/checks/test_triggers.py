from dataclasses import replace

import pytest
from account_in_order import FINE, JOBS
from image_import_cli.doctor.account.facts import DeployedFunction, DeployedTrigger
from image_import_cli.doctor.checks.triggers import is_hourly, trigger_findings


@pytest.mark.parametrize(
    "schedule",
    [
        "@every 5m",
        "@every 1h",
        "@every 60m",
        "@every 30s",
        "0 0 * * * *",
        "0 */5 * * * *",
        "CRON_TZ=Asia/Shanghai 0 0 * * * *",
        "0 30 0-23 * * ?",
        "0 0 */1 * * *",
        "0 0 0-11,12-23 * * *",
        "0 0 0/1 * * *",
    ],
)
def test_what_runs_in_every_hour_is_hourly(schedule: str) -> None:
    assert is_hourly(schedule)


@pytest.mark.parametrize(
    "schedule",
    [
        "@every 24h",
        "@every 61m",
        "@every 1h1s",
        "@every",
        "0 0 4 * * *",
        "CRON_TZ=Asia/Shanghai 0 0 4 * * *",
        "0 0 */2 * * *",
        "0 0 8-18 * * *",
        "0 */5 * * * MON-FRI",
        "0 */5 * 1 * *",
        "0 */5 x * * *",
        "*/5 * * * *",
        "",
    ],
)
def test_what_skips_an_hour_or_cannot_be_read_is_not(schedule: str) -> None:
    assert not is_hourly(schedule)


@pytest.mark.parametrize(
    "triggers",
    [(), (replace(JOBS, prefix=".image-import/"),), (replace(JOBS, bucket="b"),)],
    ids=["none", "another folder", "another bucket"],
)
def test_a_converter_that_hears_of_no_job_fails(
    triggers: tuple[DeployedTrigger, ...],
) -> None:
    assert isinstance(FINE.converter, DeployedFunction)
    facts = replace(FINE, converter=replace(FINE.converter, triggers=triggers))
    (found,) = (f for f in trigger_findings(facts) if f.status != "ok")
    assert (found.check, found.status) == ("jobs", "fail")
    assert "no OSS trigger on .image-import/jobs/ in my-ledger" in found.text
