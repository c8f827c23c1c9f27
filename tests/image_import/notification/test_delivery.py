import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

from image_import.config.receivers import Receiver, parse_receiver
from image_import.ledger.entries import State
from image_import.notification.delivery import MOST_MISSES, NewsRound
from image_import.notification.news import ImportNews
from image_import.notification.outbox import PAUSES, Outbox
from image_import.notification.receivers import Reception
from image_import.notification.sender import Told
from uploads import LEDGER, Uploads

AT = datetime(2026, 12, 1, 3, tzinfo=timezone.utc)
FIRST = parse_receiver("https://first.example.com/")
SECOND = parse_receiver("https://second.example.com/")
TOLD = Told(verdict=Reception.TOLD)
BUSY = Told(verdict=Reception.LATER, why="HTTP 503")


def news(number: int = 1, *, key: str = "web.qcow2", etag: str = "E") -> ImportNews:
    return ImportNews(
        id=f"n{number:03}",
        kind="available",
        at=AT + timedelta(seconds=number),
        bucket="images",
        object_key=key,
        etag=etag,
    )


@dataclass
class Ears:
    """Receivers that answer as a test wants it, and remember what they took."""

    answer: Callable[[Receiver], Told] = lambda _: TOLD
    heard: list[tuple[Receiver, ImportNews]] = field(default_factory=list)
    asked: int = 0

    def tell(self, news: ImportNews, receiver: Receiver) -> Told:
        self.asked += 1
        told = self.answer(receiver)
        if told.verdict is Reception.TOLD:
            self.heard.append((receiver, news))
        return told

    def by(self, receiver: Receiver, key: str = "web.qcow2") -> list[str]:
        return [
            n.id for who, n in self.heard if who is receiver and n.object_key == key
        ]


class Post:
    """An outbox in a bucket of the fakes, and rounds over it."""

    def __init__(self, ears: Ears, *receivers: Receiver) -> None:
        self.uploads = Uploads()
        self.ears, self.receivers = ears, receivers
        self.now = AT
        with self.uploads.cloud:
            self.store = self.uploads.tracker().store
        self.outbox = Outbox(store=self.store, prefix=LEDGER)

    def add(self, *told: ImportNews) -> None:
        with self.uploads.cloud:
            for one in told:
                self.outbox.add(one, place=int(one.id[1:]))

    def round(self) -> int:
        with self.uploads.cloud, ThreadPoolExecutor(1) as pool:
            return NewsRound(
                outbox=self.outbox,
                store=self.store,
                sender=self.ears,
                receivers=self.receivers,
                pool=pool,
                now=lambda: self.now,
                remaining=lambda: 200.0,
            ).run()

    def waiting(self) -> list[str]:
        with self.uploads.cloud:
            return self.outbox.keys()


def test_what_every_receiver_has_is_out_of_the_outbox() -> None:
    post = Post(ears := Ears(), FIRST, SECOND)
    post.add(news())
    assert (post.round(), post.waiting()) == (0, [])
    assert (ears.by(FIRST), ears.by(SECOND)) == (["n001"], ["n001"])


def test_the_same_news_is_kept_once() -> None:
    post = Post(Ears(), FIRST)
    post.add(news(), news())
    assert len(post.waiting()) == 1


def test_the_order_is_that_of_the_ledger_whatever_the_clock_said() -> None:
    post = Post(ears := Ears(), FIRST)
    with post.uploads.cloud:
        post.outbox.add(news(1), place=12)
        post.outbox.add(news(2), place=9)
    post.round()
    assert ears.by(FIRST) == ["n002", "n001"]


def test_what_nobody_is_asked_about_is_not_read() -> None:
    post = Post(Ears(lambda _: BUSY), FIRST)
    post.add(*(news(n, key=f"{n}.qcow2") for n in range(MOST_MISSES + 20)))
    before = post.uploads.calls("GetObject")
    post.round()
    assert post.uploads.calls("GetObject") - before == MOST_MISSES


def test_a_receiver_that_is_away_is_tried_again_when_it_is_time() -> None:
    answers = iter([BUSY, BUSY, TOLD])
    post = Post(ears := Ears(lambda _: next(answers)), FIRST)
    post.add(news())
    for _ in range(3):
        post.round()
    assert ears.asked == 1
    post.now += PAUSES[1]
    post.round()
    post.now += PAUSES[2]
    assert (post.round(), ears.by(FIRST)) == (0, ["n001"])


def test_a_dead_receiver_holds_nobody_else() -> None:
    ears = Ears(lambda who: BUSY if who is FIRST else TOLD)
    post = Post(ears, FIRST, SECOND)
    post.add(news(1), news(2))
    assert post.round() == 2
    assert ears.by(SECOND) == ["n001", "n002"]


def test_a_dead_receiver_is_left_alone_for_the_rest_of_a_round() -> None:
    post = Post(ears := Ears(lambda _: BUSY), FIRST)
    post.add(*(news(n, key=f"{n}.qcow2") for n in range(MOST_MISSES + 20)))
    post.round()
    assert ears.asked == MOST_MISSES


def test_what_is_later_news_of_an_upload_is_told_later() -> None:
    answers = iter([BUSY, TOLD, TOLD])
    post = Post(ears := Ears(lambda _: next(answers)), FIRST)
    post.add(news(1), news(2))
    post.round()
    assert ears.asked == 1
    post.now += PAUSES[1]
    post.round()
    assert ears.by(FIRST) == ["n001", "n002"]


def test_a_receiver_that_wants_no_more_is_not_asked_again() -> None:
    post = Post(
        ears := Ears(lambda _: Told(verdict=Reception.NEVER, why="HTTP 410")), FIRST
    )
    post.add(news())
    assert (post.round(), post.waiting(), ears.asked) == (0, [], 1)


def test_in_the_end_a_message_is_given_up_and_the_ledger_says_so() -> None:
    post = Post(Ears(lambda _: BUSY), FIRST)
    uploads = post.uploads
    sent = uploads.upload("web.qcow2")
    post.add(news(etag=sent.etag))
    for pause in (*PAUSES[1:], timedelta()):
        post.round()
        post.now += pause
    assert post.waiting() == []
    last = uploads.ledger("web.qcow2")[-1]
    assert last.state is State.NOTIFIED
    assert last.reason == "available: webhook first.example.com given up: HTTP 503"


def test_who_was_told_changes_nothing_of_where_the_import_is() -> None:
    post = Post(Ears(), FIRST)
    sent = post.uploads.upload("web.qcow2")
    post.add(news(etag=sent.etag))
    post.round()
    assert post.uploads.ledger("web.qcow2")[-1].state is State.NOTIFIED
    again = post.uploads.handle(post.uploads.cloud.oss.event("images", "web.qcow2"))
    assert again.outcome.value == "duplicate"
    assert post.uploads.track()["open"] == 1


def test_messages_arrive_in_order_though_half_of_all_attempts_fail() -> None:
    chance = random.Random(7)  # noqa: S311 - a plan of faults
    ears = Ears(lambda _: TOLD if chance.random() < 0.5 else BUSY)
    post = Post(ears, FIRST)
    keys = [f"{n}.qcow2" for n in range(50)]
    sent = [news(n * 5 + i, key=key) for n, key in enumerate(keys) for i in range(5)]
    post.add(*sent)
    rounds = 0
    while post.round() and rounds < 400:
        rounds += 1
        post.now += timedelta(days=1)
    assert post.waiting() == []
    for key in keys:
        told = ears.by(FIRST, key)
        assert told == sorted(told)
    assert len(ears.heard) == len(sent)


def test_what_is_not_ours_in_the_outbox_holds_nothing_else() -> None:
    post = Post(ears := Ears(), FIRST)
    post.uploads.cloud.oss.put("images", f"{LEDGER}outbox/0/x.json", b"[]")
    post.add(replace(news()))
    post.round()
    assert ears.by(FIRST) == ["n001"]
