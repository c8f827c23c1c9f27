"""The lines that `image-import local` prints as things happen."""

from desks import BUCKET, QCOW2, client, desk_with, wait_for_deliveries
from fake_aliyun import FakeAliyun, ManualClock
from image_import.config.settings import read_settings
from image_import_cli.local.console import News
from image_import_cli.local.desk import Desk


def told(news: News) -> list[str]:
    """Return what is new, without the time."""
    return [" ".join(line.split()[1:]) for line in news.lines()]


def test_each_thing_is_told_once() -> None:
    with desk_with() as desk:
        news = News(desk)
        client(desk).put_object("notes.txt", b"text")
        wait_for_deliveries(desk, 1)
        first, second = told(news), told(news)
    assert [line.split(":")[0] for line in first] == ["ignored notes.txt"]
    assert second == []


def test_an_import_that_fails_is_told_with_its_code() -> None:
    with desk_with() as desk:
        desk.cloud.ecs.fail_import("InvalidImage.Broken")
        client(desk).put_object("debian-12.qcow2", QCOW2)
        wait_for_deliveries(desk, 1)
        submitted, ended = told(News(desk))
    assert submitted.startswith("submitted debian-12.qcow2 -> debian-12-")
    assert ended.startswith("CreateFailed debian-12-")
    assert ended.endswith(": InvalidImage.Broken")


def test_what_is_given_up_is_told_to_be() -> None:
    def handler(*_: object) -> None:
        raise KeyError("a bug")

    cloud = FakeAliyun(clock=ManualClock())
    desk = Desk(
        cloud=cloud, environ={}, settings=read_settings({}), url="", bucket=BUCKET
    )
    news = News(desk)
    cloud.fc.invoke_async(cloud.fc.create_function("s", "f", handler), b"")
    cloud.fc.run_due()
    tried = told(news)
    cloud.fc.drain()
    assert tried == ["retrying an invocation: KeyError: 'a bug'"]
    assert told(news) == [
        "given up an invocation: KeyError: 'a bug'",
        "given up an invocation after 4 attempts",
    ]


def test_what_the_trigger_does_not_hear_is_told_with_the_reason() -> None:
    with desk_with(KEY_PREFIX="incoming/") as desk:
        news = News(desk)
        client(desk).put_object("debian-12.qcow2", QCOW2)
        client(desk).append_object("incoming/debian-12.qcow2", 0, QCOW2)
        first, second = told(news), told(news)
        desk.cloud.reset()
        desk.cloud.oss.put("other", "k", b"")
        (third,) = told(news)
    outside, grown = first
    assert outside.startswith("not delivered oss://images/debian-12.qcow2: the ")
    assert outside.endswith(" listens to keys that begin with incoming/")
    assert "does not listen to AppendObject, since nothing tells when" in grown
    assert second == []
    assert third.startswith("not delivered oss://other/k: it is in other;")


def test_a_reason_does_not_name_its_object_again() -> None:
    with desk_with() as desk:
        client(desk).put_object("web.iso", b"text")
        wait_for_deliveries(desk, 1)
        (line,) = told(News(desk))
    assert line.startswith("refused web.iso: it is text: 'text';")
