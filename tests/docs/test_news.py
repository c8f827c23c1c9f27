"""The messages in the manual are those that people get."""

import re
from datetime import datetime, timedelta, timezone

from image_import.notification.news import ImportNews
from image_import.notification.texts import ENGLISH, text
from manual import PAGES

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


def messages() -> str:
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
            ENGLISH,
        )
        for kind, said in SAMPLES.items()
    ]
    return "\n\n".join(told)


def test_the_manual_shows_the_messages_of_the_five_kinds_as_they_are() -> None:
    page = PAGES["docs/operate.md"]
    shown = re.search(r"<!-- news -->\n```text\n(.*?)\n```\n", page, re.DOTALL)
    assert shown
    assert shown[1] == messages()
