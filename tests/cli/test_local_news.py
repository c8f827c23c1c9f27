"""The lines that `image-import local` prints as things happen."""

from desks import QCOW2, client, desk_with, wait_for_deliveries
from fake_aliyun import FakeAliyun, ManualClock
from image_import_cli.local_news import News


def told(news: News) -> list[str]:
    """Return what is new, without the time."""
    return [" ".join(line.split()[1:]) for line in news.lines()]


def test_each_thing_is_told_once() -> None:
    with desk_with() as desk:
        news = News(desk.cloud)
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
        submitted, ended = told(News(desk.cloud))
    assert submitted.startswith("submitted debian-12.qcow2 -> debian-12-")
    assert ended.startswith("CreateFailed debian-12-")
    assert ended.endswith(": InvalidImage.Broken")


def test_what_is_given_up_is_told_to_be() -> None:
    def handler(*_: object) -> None:
        raise KeyError("a bug")

    cloud = FakeAliyun(clock=ManualClock())
    news = News(cloud)
    cloud.fc.invoke_async(cloud.fc.create_function("s", "f", handler), b"")
    cloud.fc.run_due()
    tried = told(news)
    cloud.fc.drain()
    assert tried == ["retrying an invocation: KeyError: 'a bug'"]
    assert told(news) == [
        "given up an invocation: KeyError: 'a bug'",
        "given up an invocation after 4 attempts",
    ]
