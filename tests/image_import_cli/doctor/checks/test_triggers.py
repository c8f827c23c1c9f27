import pytest
from image_import_cli.doctor.checks.triggers import is_hourly


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
