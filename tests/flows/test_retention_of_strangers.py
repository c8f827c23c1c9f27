"""Nothing of a stranger's is ever deprecated or deleted, whatever the account holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from image_import.ledger.entries import LedgerEntry, State
from image_import.ledger.layout import LedgerKeys
from image_import.ledger.store import Snapshot
from image_import.model.ownership import ExistingImage
from image_import.retry import RetryPolicy
from image_import.tracking.retention.decide import Decision, Fate, Judge
from image_import.tracking.retention.kept import KeptImage, replaced
from image_import.tracking.retention.retention import A_RUN, in_turn

NOW = datetime(2026, 12, 1, tzinfo=timezone.utc)
WEEK = timedelta(days=7)
IDS = [f"m-{number}" for number in range(8)]
NONCES = [f"{number:016x}" for number in range(8)]
REGIONS = ["cn-hangzhou", "cn-beijing"]
KEYS = LedgerKeys(prefix=".image-import/", bucket="images", object_key="web.qcow2")


@dataclass
class Account:
    """What one region of an account holds."""

    images: Sequence[ExistingImage]
    shared: frozenset[str]
    in_use: frozenset[str]
    scaling: frozenset[str] = frozenset()
    templates: frozenset[str] = frozenset()
    changed: list[str] = field(default_factory=list)

    def find_images_by_id(self, image_ids: Sequence[str]) -> list[ExistingImage]:
        return [image for image in self.images if image.image_id in image_ids]

    def find_images_in_use(self, image_ids: Sequence[str]) -> list[ExistingImage]:
        found = self.find_images_by_id(image_ids)
        return [image for image in found if image.image_id in self.in_use]

    def find_images_of_scaling(self) -> frozenset[str]:
        return self.scaling

    def find_images_of_templates(self) -> frozenset[str]:
        return self.templates

    def describe_shares(self, image_id: str) -> list[str]:
        return ["1000000000000001"] if image_id in self.shared else []

    def modify_image(self, image_id: str, parameters: object) -> None:
        raise AssertionError((image_id, parameters))

    def delete_image(self, image_id: str) -> None:
        raise AssertionError(image_id)


def shown(image_id: str, nonce: str) -> st.SearchStrategy[ExistingImage]:
    """Return what ECS may show of an image: ours, or one that looks like it."""
    ours, another = f"[image-import {nonce}]", f"[image-import {NONCES[0][::-1]}1]"
    return st.builds(
        ExistingImage,
        image_id=st.just(image_id),
        image_name=st.just("web"),
        status=st.sampled_from(["Available", "Deprecated", "Creating"]),
        description=st.sampled_from([ours, ours, ours, another, "", f"{ours} x"]),
        import_bucket=st.sampled_from(["", "images", "images", "theirs"]),
        import_object_key=st.sampled_from(["", "web.qcow2", "web.qcow2", "other"]),
    )


SOME_IDS = st.frozensets(st.sampled_from(IDS))
ACCOUNTS = st.builds(
    Account,
    images=st.tuples(*map(shown, IDS, NONCES)),
    shared=SOME_IDS,
    in_use=SOME_IDS,
    scaling=SOME_IDS,
    templates=SOME_IDS,
)


@st.composite
def kept(draw: st.DrawFn, *, number: int) -> KeptImage:
    """Return an image of a ledger, with copies or without."""
    made = NOW - timedelta(hours=draw(st.integers(1, 999)))
    deprecated = draw(st.none() | st.integers(0, 30).map(timedelta))
    line = LedgerEntry(
        state=State.AVAILABLE,
        at=made,
        version=f"v{number}",
        disks=(("web.qcow2", "E"),),
        bucket="images",
        nonce=draw(st.sampled_from(["", *[NONCES[number]] * 4])),
        image_id=IDS[number],
    )
    regions = draw(st.sampled_from([REGIONS[:1], REGIONS]))
    return KeptImage(
        snapshot=Snapshot(keys=KEYS, etag="E", entries=(line,)),
        line=line,
        group="web",
        made=made,
        regions=dict.fromkeys(regions, IDS[number]),
        is_in_use=draw(st.sampled_from([True, True, False])),
        is_under_way=draw(st.sampled_from([False, False, True])),
        deprecated=None if deprecated is None else NOW - deprecated,
    )


GROUPS = st.integers(3, 6).flatmap(
    lambda count: st.tuples(*(kept(number=number) for number in range(count)))
)


def decisions_about(
    images: Sequence[KeptImage], accounts: dict[str, Account], *, keep_last: int
) -> list[Decision]:
    errors: list[Exception] = []
    judge = Judge(
        api=accounts.__getitem__,
        retry=RetryPolicy(
            remaining=lambda: 60, sleep=lambda _: None, random=lambda: 0.5
        ),
        now=NOW,
        delete_after=WEEK,
        failed=errors.append,
    )
    decided = judge.decide(replaced(images, keep_last=keep_last))
    assert errors == []
    return decided


@given(GROUPS, ACCOUNTS, ACCOUNTS, st.integers(1, 2))
def test_only_what_is_provably_ours_and_nobody_needs_is_changed(
    images: Sequence[KeptImage], home: Account, north: Account, keep_last: int
) -> None:
    accounts = dict(zip(REGIONS, (home, north), strict=True))
    for decision in decisions_about(images, accounts, keep_last=keep_last):
        if decision.fate not in {Fate.DEPRECATE, Fate.DELETE}:
            continue
        account, image = accounts[decision.region_id], decision.image
        (found,) = account.find_images_by_id([decision.image_id])
        assert image.line.nonce
        assert found.description.endswith(f"[image-import {image.line.nonce}]")
        assert found.import_bucket in {"", "images"}
        assert found.import_object_key in {"", "web.qcow2"}
        assert not image.is_under_way
        newer = [i for i in images if i.made >= image.made and i is not image]
        assert sum(i.is_in_use and not i.deprecated for i in newer) >= keep_last
        if decision.fate is Fate.DEPRECATE:
            assert decision.image_id not in account.shared
        else:
            named = account.scaling | account.templates
            assert decision.image_id not in account.in_use | named
            assert image.deprecated is not None
            assert image.deprecated <= NOW - WEEK


@given(GROUPS, st.integers(1, 3))
def test_what_is_ours_and_free_is_not_left_for_ever(
    images: Sequence[KeptImage], keep_last: int
) -> None:
    ours = [
        replace(i, is_under_way=False, deprecated=None, line=replace(i.line, nonce="n"))
        for i in images
    ]
    account = Account(
        images=[
            ExistingImage(
                image_id=i.line.image_id,
                image_name="web",
                status="Available",
                description="[image-import n]",
            )
            for i in ours
        ],
        shared=frozenset(),
        in_use=frozenset(),
    )
    accounts = dict.fromkeys(REGIONS, account)
    decided = decisions_about(ours, accounts, keep_last=keep_last)
    assert {decision.fate for decision in decided} <= {Fate.DEPRECATE}


def test_every_note_has_its_turn_though_others_stay() -> None:
    due = [f"note{number}" for number in range(120)]
    seen = [
        note
        for run in range(24)
        for note in in_turn(due, now=NOW + timedelta(seconds=run * A_RUN))
    ]
    assert set(seen) == set(due)
    assert len(seen) == 24 * 50
    assert in_turn(due[:50], now=NOW) == due[:50]
