"""The messages in the manual are those that people get."""

import re
from datetime import datetime, timedelta, timezone

import pytest
from image_import.notification.news import ImportNews
from image_import.notification.texts import CHINESE, ENGLISH, Words, text
from manual import CHINESE_PAGES, PAGES

AT = datetime(2026, 12, 1, 9, 30, tzinfo=timezone.utc)
SAMPLES = {
    "available": {"image_id": "m-bp1abc", "started": AT - timedelta(minutes=25)},
    "create_failed": {
        "reason": "OperationDenied.OSVersionNotSupported: the system is not supported",
        "started": AT - timedelta(minutes=70),
    },
    "refused": {"reason": "Platform: is 'Ubunto' (did you mean Ubuntu?)"},
    "failed": {"reason": "NoSetRoletoECSServiceAcount: ECS may not read the bucket"},
    "stuck": {"reason": "no progress since 2026-12-01 03:30:00Z"},
}


def messages(words: Words) -> str:
    """Return the block of the manual."""
    told = [
        text(
            ImportNews(
                id="1",
                kind=kind,
                at=AT,
                bucket="images",
                object_key="incoming/web.qcow2",
                region_id="cn-hangzhou",
                image_name="web-3f2a9c01d4b7",
                **said,  # type: ignore[arg-type]
            ),
            words,
        )
        for kind, said in SAMPLES.items()
    ]
    return "\n\n".join(told)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (PAGES["docs/operate.md"], ENGLISH),
        (CHINESE_PAGES["docs/zh/operate.md"], CHINESE),
    ],
    ids=["English", "Chinese"],
)
def test_the_manual_shows_the_messages_of_the_five_kinds_as_they_are(
    page: str, words: Words
) -> None:
    shown = re.search(r"<!-- news -->\n```text\n(.*?)\n```\n", page, re.DOTALL)
    assert shown
    assert shown[1] == messages(words)
