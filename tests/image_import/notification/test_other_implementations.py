"""Receivers' own implementations, and those of others, take what we send.

A robot of WeCom has no signature: the key stands in its URL.
"""

import base64
import json
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree as ET

import pytest
from alibabacloud_eventbridge20200401 import models as eventbridge
from alibabacloud_eventbridge20200401.client import Client as EventBridgeClient
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_openapi.utils import Utils
from darabonba.request import DaraRequest
from dingtalkchatbot.chatbot import DingtalkChatbot
from image_import.aliyun.messaging import put_events, send_message
from image_import.config.credentials import Credentials
from image_import.config.receivers import parse_receiver
from image_import.notification.news import ImportNews
from image_import.notification.receivers import (
    ReceiverRequest,
    cloud_event,
    to_message,
)
from image_import.notification.texts import ENGLISH, text
from loopback import Got, Say, serving
from mns.account import Account
from mns.queue import Message
from mns.topic import TopicMessage
from onepush.providers.dingtalk import DingTalk
from onepush.providers.lark import Lark
from onepush.providers.wechatworkbot import WechatWorkBot
from requests import PreparedRequest
from standardwebhooks import Webhook, WebhookVerificationError

AT = datetime(2026, 12, 1, 3, tzinfo=timezone.utc)
NEWS = ImportNews(
    id="3f2a9c01d4b70000",
    kind="available",
    at=AT,
    bucket="images",
    object_key="incoming/网页 web&1.qcow2",
    image_name="web",
)
WHSEC = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
DINGTALK = "https://oapi.dingtalk.com/robot/send?access_token=TOKEN"
FEISHU = "https://open.feishu.cn/open-apis/bot/v2/hook/TOKEN"
WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=KEY"
KEYS = Credentials(access_key_id="testid", access_key_secret="testsecret")
TEMPORARY = Credentials(
    access_key_id="testid", access_key_secret="testsecret", security_token="tok/en+=="
)
BOTH_KEYS = pytest.mark.parametrize(
    "credentials", [KEYS, TEMPORARY], ids=["long-term key", "security token"]
)


def sent_to(item: str, *, now: datetime = AT) -> ReceiverRequest:
    return to_message(NEWS, parse_receiver(item), words=ENGLISH, now=now)


# Webhooks


@pytest.mark.parametrize("secret", [WHSEC, WHSEC.rstrip("=")], ids=["padded", "not"])
def test_standardwebhooks_verifies_what_a_webhook_gets(secret: str) -> None:
    now = datetime.now(timezone.utc)
    sent = sent_to(f"https://hooks.example.com/a#{secret}", now=now)
    event = Webhook(secret).verify(sent.body, dict(sent.headers))
    assert event["subject"] == NEWS.object_key


def test_standardwebhooks_refuses_another_body_and_another_secret() -> None:
    now = datetime.now(timezone.utc)
    sent = sent_to(f"https://hooks.example.com/a#{WHSEC}", now=now)
    headers = dict(sent.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(WHSEC).verify(sent.body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify(sent.body, headers)


# Robots


@pytest.mark.parametrize("secret", ["SECexample", "SEC/+ =&"])
def test_dingtalkchatbot_makes_the_same_url(secret: str) -> None:
    robot = DingtalkChatbot(DINGTALK, secret=secret)
    robot.webhook, robot.start_time = DINGTALK, AT.timestamp()
    robot.update_webhook()
    assert sent_to(f"{DINGTALK}#{secret}").url == robot.webhook


def test_onepush_says_the_same_to_a_robot_of_dingtalk() -> None:
    said = DingTalk()._prepare_data(content=text(NEWS, ENGLISH))
    assert json.loads(sent_to(DINGTALK).body) == said


def test_onepush_signs_for_a_robot_of_feishu_as_we_do() -> None:
    said = json.loads(sent_to(f"{FEISHU}#example").body)
    assert said.pop("sign") == Lark().gen_sign(said.pop("timestamp"), "example")
    assert said == Lark()._prepare_data(
        keyword="", sign="", content=text(NEWS, ENGLISH)
    )


def test_onepush_calls_a_robot_of_wecom_as_we_do() -> None:
    robot, sent = WechatWorkBot(), sent_to(WECOM)
    assert sent.url == robot._prepare_url("KEY")
    said = robot._prepare_data()
    said["text"]["content"] = text(NEWS, ENGLISH)  # it leaves that out
    assert json.loads(sent.body) == said


# EventBridge


def ours_to_bus(credentials: Credentials) -> PreparedRequest:
    return put_events(
        cloud_event(NEWS),
        bus="images",
        region_id="cn-hangzhou",
        credentials=credentials,
        now=lambda: AT,
        nonce=lambda: "nonce",
    )


def theirs_to_bus() -> Got:
    """Return what the official SDK sends of the same event."""
    event = cloud_event(NEWS)
    one = eventbridge.PutEventsRequestEventList(
        id=event["id"],
        source=event["source"],
        type=event["type"],
        subject=event["subject"],
        time=event["time"],
        spec_version=event["specversion"],
        data_content_type=event["datacontenttype"],
        data=event["data"],
    )
    wanted = eventbridge.PutEventsRequest(event_bus_name="images", event_list=[one])
    with serving(Say(json={"RequestId": "1", "Success": True})) as server:
        config = Config(
            access_key_id="testid",
            access_key_secret="testsecret",
            endpoint=server.host,
            protocol="http",
        )
        EventBridgeClient(config).put_events(wanted)
        return server.only


def test_alibabacloud_eventbridge_puts_the_same_event() -> None:
    ours, theirs = ours_to_bus(KEYS), theirs_to_bus()
    assert isinstance(ours.body, bytes)
    form = dict(parse_qsl(ours.body.decode()))
    assert json.loads(form.pop("EventList")) == json.loads(theirs.form["EventList"])
    assert form == {"EventBusName": theirs.form["EventBusName"]}
    assert (ours.method, urlsplit(str(ours.url)).path) == (theirs.method, theirs.path)
    for name in ("x-acs-action", "x-acs-version", "content-type"):
        assert ours.headers[name] == theirs.headers[name]


@BOTH_KEYS
def test_alibabacloud_eventbridge_signs_as_we_do(credentials: Credentials) -> None:
    ours = ours_to_bus(credentials)
    authorization = str(ours.headers["Authorization"])
    names = authorization.split("SignedHeaders=")[1].split(",", maxsplit=1)[0]
    theirs = DaraRequest()
    theirs.method, theirs.pathname, theirs.query = "POST", "/", {}
    theirs.headers = {name: ours.headers[name] for name in names.split(";")}
    assert authorization == Utils.get_authorization(
        theirs,
        "ACS3-HMAC-SHA256",
        ours.headers["x-acs-content-sha256"],
        "testid",
        "testsecret",
    )
    assert "host" in names
    assert not credentials.security_token or "x-acs-security-token" in names


# Simple Message Queue


def ours_to_smq(path: str, credentials: Credentials) -> PreparedRequest:
    return send_message(
        cloud_event(NEWS),
        account_id="1234567890123456",
        path=path,
        region_id="cn-hangzhou",
        credentials=credentials,
        now=lambda: AT,
    )


def theirs_to_smq(path: str, event: str) -> Got:
    """Return what the official SDK sends of the same event."""
    answer = (
        b'<Message xmlns="http://mns.aliyuncs.com/doc/v1/"><MessageId>1</MessageId>'
        b"<MessageBodyMD5>2</MessageBodyMD5></Message>"
    )
    kind, _, name = path.partition("/")
    said = Say(body=answer, status=201, headers={"x-mns-request-id": "1"})
    with serving(said) as server:
        account = Account(server.url, "testid", "testsecret", "tok/en+==")
        if kind == "queues":
            account.get_queue(name).send_message(Message(event))
        else:
            encoded = base64.b64encode(event.encode()).decode()
            account.get_topic(name).publish_message(TopicMessage(encoded))
        account.mns_client.close_connection()
        return server.only


def read(body: bytes) -> tuple[str, dict[str, str]]:
    root = ET.fromstring(body)  # noqa: S314 - ours and the SDK's
    return root.tag, {
        child.tag: base64.b64decode(child.text or "").decode() for child in root
    }


of_both = pytest.mark.parametrize("path", ["queues/q-1", "topics/t-1"])


@of_both
def test_aliyun_mns_sdk_sends_the_same_message(path: str) -> None:
    ours = ours_to_smq(path, TEMPORARY)
    event = json.dumps(cloud_event(NEWS), ensure_ascii=False)
    theirs = theirs_to_smq(path, event)
    assert isinstance(ours.body, bytes)
    assert read(ours.body) == read(theirs.body)
    assert (ours.method, urlsplit(str(ours.url)).path) == (theirs.method, theirs.path)
    for name in ("x-mns-version", "security-token"):
        assert ours.headers[name] == theirs.headers[name]


@of_both
@BOTH_KEYS
def test_aliyun_mns_sdk_signs_as_we_do(path: str, credentials: Credentials) -> None:
    ours = ours_to_smq(path, credentials)
    headers = {name.lower(): value for name, value in ours.headers.items()}
    client: Any = Account("http://127.0.0.1", "testid", "testsecret").mns_client
    assert headers["authorization"] == client.get_signature(
        "POST", headers, f"/{path}/messages", client.credentials_provider.credentials
    )
