"""Simple Message Queue with aliyun-mns-sdk.

Arguments: URL, key ID, secret; the queue and the topic `told` are there.
"""

import hashlib
import sys
from collections.abc import Callable

from mns.account import Account
from mns.mns_exception import MNSServerException
from mns.queue import Message
from mns.topic import TopicMessage


def refused(code: str, call: Callable[[], object]) -> None:
    """See that a call is refused with a code."""
    try:
        call()
    except MNSServerException as exc:
        assert exc.type == code, exc  # noqa: PT017 - no pytest here
    else:
        raise AssertionError(code)


def main(url: str, key_id: str, secret: str) -> None:
    account = Account(url, key_id, secret)
    sent = account.get_queue("told").send_message(Message("镜像 <web>"))
    assert sent.message_id
    published = account.get_topic("told").publish_message(TopicMessage("web"))
    digest = hashlib.md5(b"web", usedforsecurity=False).hexdigest()
    assert published.message_body_md5.lower() == digest
    another = Account(url, key_id, "another")
    refused("QueueNotExist", lambda: account.get_queue("no").send_message(Message("x")))
    refused(
        "TopicNotExist",
        lambda: account.get_topic("no").publish_message(TopicMessage("x")),
    )
    queue = another.get_queue("told")
    refused("SignatureDoesNotMatch", lambda: queue.send_message(Message("x")))
    account.mns_client.close_connection()


if __name__ == "__main__":
    main(*sys.argv[1:])
