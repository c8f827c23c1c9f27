"""Invoking and looking at a function with aliyun-fc2.

Arguments: URL, key ID, secret; the function imports/echo is there.
"""

import sys

import fc2

NAMES = ("imports", "echo")
CONFIG = ("imports", "LATEST", "echo")


def main(url: str, key_id: str, secret: str) -> None:
    client = fc2.Client(endpoint=url, accessKeyID=key_id, accessKeySecret=secret)
    assert client.invoke_function(*NAMES, payload=b"event").data == b"event"
    later = {"x-fc-invocation-type": "Async"}
    assert client.invoke_function(*NAMES, payload=b"", headers=later).data == b""
    assert client.list_services().data["services"]
    assert client.get_service("imports").data["serviceName"] == "imports"
    assert client.list_functions("imports").data["functions"]
    assert client.get_function(*NAMES).data["functionName"] == "echo"
    heard = {"events": ["oss:ObjectCreated:PutObject"], "filter": {"key": {}}}
    source = "acs:oss:cn-hangzhou:1:images"
    client.create_trigger(*NAMES, "uploads", "oss", heard, source, "")
    assert client.list_triggers(*NAMES).data["triggers"]
    assert client.get_trigger(*NAMES, "uploads").data["triggerName"] == "uploads"
    client.delete_trigger(*NAMES, "uploads")
    often = {"cronExpression": "@every 5m", "enable": True}
    client.create_trigger(*NAMES, "timer", "timer", often, "", "")
    client.delete_trigger(*NAMES, "timer")
    client.put_function_async_invoke_config(*CONFIG, {"maxAsyncRetryAttempts": 1})
    shown = client.get_function_async_invoke_config(*CONFIG).data
    assert shown["maxAsyncRetryAttempts"] == 1
    client.delete_function_async_invoke_config(*CONFIG)


if __name__ == "__main__":
    main(*sys.argv[1:])
