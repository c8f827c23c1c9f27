"""Signatures once and for all; the other implementations are compared beside this."""

from datetime import datetime, timezone

from image_import.aliyun.messaging import mns_authorization
from image_import.config.credentials import Credentials
from image_import.notification.signatures import (
    dingtalk_query,
    feishu_fields,
    standard_webhook,
)

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def test_a_webhook_is_signed_as_standard_webhooks_says() -> None:
    signed = standard_webhook(
        SECRET,
        message_id="msg_1",
        timestamp=1700000000,
        body='{"type":"image.available"}',
    )
    assert signed == "v1,4qU30b3HGuNACj2yl7Bx5JdXZpgQl7QzdSbGSCYJOh4="


def test_a_dingtalk_robot_s_signature_is_in_its_url() -> None:
    query = dingtalk_query("SECexample", timestamp_ms=1700000000000)
    assert query == (
        "&timestamp=1700000000000&sign=uroalHrWHORz59talE1o26b8HuX2kOp8WlAN91F9Pj0%3D"
    )


def test_a_feishu_robot_s_signature_is_in_the_body() -> None:
    assert feishu_fields("example", timestamp=1700000000) == {
        "timestamp": "1700000000",
        "sign": "IDYtqgwsyU5irwQ/8nvd4ncBjc/KPCpVGkxbLfWDsyg=",
    }


def test_a_queue_s_signature_covers_method_type_date_and_path() -> None:
    now = datetime(2026, 12, 1, tzinfo=timezone.utc)
    signed = mns_authorization(
        "/queues/q/messages",
        headers={
            "Content-Type": "text/xml",
            "Date": f"{now:%a, %d %b %Y %H:%M:%S} GMT",
            "x-mns-version": "2015-06-06",
        },
        credentials=Credentials(access_key_id="ak", access_key_secret="secret"),
    )
    assert signed == "MNS ak:cXPlodsDbd2YkLwY3x1pd2XfN3I="
