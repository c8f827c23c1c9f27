import json
from datetime import datetime, timezone

import pytest
from image_import.config.receivers import parse_receiver
from image_import.notification.news import ImportNews, from_json
from image_import.notification.receivers import (
    Reception,
    to_message,
    verdict,
)
from image_import.notification.texts import ENGLISH

AT = datetime(2026, 12, 1, 3, tzinfo=timezone.utc)
NEWS = ImportNews(id="n1", kind="available", at=AT, bucket="b", object_key="k.qcow2")
WHSEC = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
DINGTALK = "https://oapi.dingtalk.com/robot/send?access_token=TOKEN"


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        ("https://hooks.example.com/a?b=c", "webhook"),
        (f"https://hooks.example.com/a#{WHSEC}", "webhook"),
        (f"{DINGTALK}#SECx", "dingtalk"),
        ("https://open.feishu.cn/open-apis/bot/v2/hook/x", "feishu"),
        ("https://open.larksuite.com/open-apis/bot/v2/hook/x#s", "feishu"),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x", "wecom"),
        ("eventbridge://my-bus", "eventbridge"),
        ("mns://1234567890123456/queues/images", "mns"),
        ("mns://1234567890123456/topics/images", "mns"),
    ],
)
def test_a_receiver_is_known_by_its_url(item: str, kind: str) -> None:
    assert parse_receiver(item).kind == kind


@pytest.mark.parametrize(
    "item",
    [
        "http://hooks.example.com/",
        "https://",
        "https://me:pw@hooks.example.com/",
        "https://hooks.example.com/#not base64",
        "https://hooks.example.com/#whsec_",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x#secret",
        "eventbridge://",
        "eventbridge://bus/more",
        "mns://queues/images",
        "mns://1/queues/",
        "mns://1/other/x",
        "mns://1/queues/*",
        "mns://1/topics/a/b",
        "ftp://x",
    ],
)
def test_what_names_no_receiver_is_refused_without_showing_it(item: str) -> None:
    with pytest.raises(ValueError, match=r"^(a|an) ") as caught:
        parse_receiver(item)
    assert "pw" not in str(caught.value)
    assert "secret" not in str(caught.value).replace("a webhook secret", "").replace(
        "with a secret", ""
    )


def test_what_is_shown_of_a_receiver_is_no_secret() -> None:
    receiver = parse_receiver(f"{DINGTALK}#SECx")
    shown = f"{receiver!r} {receiver.label} {receiver.id}"
    assert "dingtalk oapi.dingtalk.com" in shown
    assert not [word for word in ("TOKEN", "SECx") if word in shown]


def test_a_webhook_gets_a_signed_cloudevent_whose_id_stays() -> None:
    receiver = parse_receiver(f"https://hooks.example.com/a#{WHSEC}")
    message = to_message(NEWS, receiver, words=ENGLISH, now=AT)
    assert message.url == "https://hooks.example.com/a"
    assert message.headers["webhook-id"] == "n1"
    assert message.headers["webhook-signature"].startswith("v1,")
    event = json.loads(message.body)
    assert (event["type"], event["subject"]) == ("image.available", "k.qcow2")
    assert from_json(event["data"]) == NEWS


def test_a_robot_gets_plain_text() -> None:
    message = to_message(NEWS, parse_receiver(DINGTALK), words=ENGLISH, now=AT)
    said = json.loads(message.body)
    assert said["msgtype"] == "text"
    assert said["text"]["content"].startswith("image-import: k.qcow2 is ready")


@pytest.mark.parametrize(
    ("kind", "status", "body", "expected"),
    [
        ("webhook", 204, b"", Reception.TOLD),
        ("webhook", 302, b"", Reception.LATER),
        ("webhook", 410, b"", Reception.NEVER),
        ("webhook", 429, b"", Reception.LATER),
        ("dingtalk", 200, b'{"errcode":0}', Reception.TOLD),
        ("dingtalk", 200, b'{"errcode":130101}', Reception.LATER),
        ("wecom", 200, b"<html>", Reception.LATER),
        ("feishu", 200, b'{"code":0}', Reception.TOLD),
        ("feishu", 200, b"[]", Reception.LATER),
    ],
)
def test_an_answer_is_believed_only_if_the_receiver_says_so(
    kind: str, status: int, body: bytes, expected: Reception
) -> None:
    assert verdict(kind, status, body) is expected
