"""Requests that hand a message to EventBridge or Simple Message Queue.

The first goes through EventBridge's OpenAPI, which signs as ECS does.
"""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import requests

from image_import.aliyun.ecs.auth import Acs3Auth, NoAuth
from image_import.aliyun.ecs.request import FORM
from image_import.aliyun.ecs.signatures import hmac_sha1
from image_import.config.credentials import Credentials

XML = "text/xml;charset=utf-8"


def put_events(
    event: Mapping[str, Any],
    *,
    bus: str,
    region_id: str,
    credentials: Credentials,
    now: Callable[[], datetime],
    nonce: Callable[[], str],
) -> requests.PreparedRequest:
    """Return the signed request that puts one CloudEvent on an event bus.

    Source: "PutEvents", EventBridge API 2020-04-01, and the endpoints of
    alibabacloud-eventbridge20200401 8.7.0, read 2026-12.
    """
    held = {
        "Id": event["id"],
        "Source": event["source"],
        "Type": event["type"],
        "Subject": event["subject"],
        "Time": event["time"],
        "SpecVersion": event["specversion"],
        "DataContentType": event["datacontenttype"],
        "Data": event["data"],
    }
    form = {"EventBusName": bus, "EventList": json.dumps([held], ensure_ascii=False)}
    request = requests.Request(
        "POST",
        f"https://eventbridge-console.{region_id}.aliyuncs.com/",
        data=urlencode(form).encode(),
        headers={
            "Accept": "application/json",
            "Content-Type": FORM,
            "x-acs-action": "PutEvents",
            "x-acs-version": "2020-04-01",
        },
        auth=Acs3Auth(credentials, now=now, nonce=nonce),
    )
    return request.prepare()


def put_events_failed(body: bytes) -> str:
    """Return why EventBridge did not take the event, "" if it did.

    It answers 200 with failures inside.
    """
    try:
        said = json.loads(body)
        entries = (said.get("Data") or said).get("EntryList") or []
        failed = [entry for entry in entries if entry.get("ErrorCode")]
        is_taken = not failed and said.get("Success", True) is not False
    except (ValueError, AttributeError, TypeError):
        return "an answer that is not EventBridge's"
    if is_taken and (entries or "RequestId" in said):
        return ""
    return str(failed[0]["ErrorCode"] if failed else said.get("Code", "no entry"))


def send_message(
    event: Mapping[str, Any],
    *,
    account_id: str,
    path: str,
    region_id: str,
    credentials: Credentials,
    now: Callable[[], datetime],
) -> requests.PreparedRequest:
    """Return the signed request that sends an event to a queue or publishes it.

    Args:
        path: `queues/NAME` or `topics/NAME`.

    Sources: "SendMessage", "PublishMessage" and "Sign requests", Simple Message Queue
    API, read 2026-12. The body of a message should be Base64.
    """
    text = json.dumps(event, ensure_ascii=False).encode()
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Message xmlns="http://mns.aliyuncs.com/doc/v1/">'
        f"<MessageBody>{escape(base64.b64encode(text).decode())}</MessageBody></Message>"
    ).encode()
    resource = f"/{path}/messages"
    headers = {
        "Content-Type": XML,
        "Date": format_datetime(now().astimezone(timezone.utc), usegmt=True),
        "x-mns-version": "2015-06-06",
    }
    headers["Authorization"] = mns_authorization(
        resource, headers=headers, credentials=credentials
    )
    if credentials.security_token:
        headers["security-token"] = credentials.security_token
    url = f"https://{account_id}.mns.{region_id}.aliyuncs.com{resource}"
    return requests.Request(
        "POST", url, data=body, headers=headers, auth=NoAuth()
    ).prepare()


def mns_authorization(
    resource: str, *, headers: Mapping[str, str], credentials: Credentials
) -> str:
    """Return the header Authorization of a POST to Simple Message Queue.

    Args:
        resource: The path with its query, as it is sent.
    """
    own = sorted((name, v) for name, v in headers.items() if name.startswith("x-mns-"))
    lines = "".join(f"{name}:{value}\n" for name, value in own)
    date, kind = headers["Date"], headers["Content-Type"]
    signed = f"POST\n\n{kind}\n{date}\n{lines}{resource}"
    made = hmac_sha1(credentials.access_key_secret, signed)
    return f"MNS {credentials.access_key_id}:{made}"
