"""`image-import status` on Apsara Stack: by the POP gateway, and by a route alone."""

from collections.abc import Mapping

import pytest
from stacks import POP, ROUTE, ROUTE_AND_POP
from status_bucket import BROKEN, PAST_ANY_LEASE, Bucket
from uploads import BUCKET

KEY = "incoming/web.qcow2"

looked_up = pytest.mark.parametrize(
    ("environ", "has_task"),
    [
        pytest.param(POP, True, id="apsara-pop"),
        pytest.param(ROUTE_AND_POP, False, id="apsara-route with POP look-up"),
    ],
)


@looked_up
def test_an_import_is_shown_until_its_image_is_available(
    environ: Mapping[str, str], *, has_task: bool
) -> None:
    bucket = Bucket(dict(environ))
    sent = bucket.uploads.upload(KEY)
    shown = [bucket.json()[0]]
    for _ in range(3):
        bucket.pass_time(250)
        shown += bucket.json()
    states = ["submitted", "progress", "progress", "available"]
    assert [told["state"] for told in shown] == states
    assert all(told["image_name"] == sent.image_name for told in shown)
    assert all(bool(told.get("task_id")) is has_task for told in shown)
    image = bucket.uploads.cloud.ecs.images[sent.image_name]
    assert shown[-1]["image_id"] == image.image_id
    assert shown[-1]["progress"] == "100%"
    assert (bucket.run().exit_code, "next_step" in shown[-1]) == (0, False)


@looked_up
def test_a_failed_import_is_shown_with_as_much_as_the_target_tells(
    environ: Mapping[str, str], *, has_task: bool
) -> None:
    bucket = Bucket(dict(environ))
    bucket.uploads.cloud.ecs.fail_import(BROKEN, "The block table is damaged.")
    bucket.uploads.upload(KEY)
    bucket.pass_time(PAST_ANY_LEASE)
    (told,) = bucket.json()
    assert told["state"] == "create_failed"
    assert told.get("error_code", "") == (BROKEN if has_task else "")
    assert ("open a ticket" in told["reason"]) is not has_task
    assert told["next_command"] == f"image-import redrive oss://{BUCKET}/{KEY}"
    assert bucket.run().exit_code == 1


def test_where_a_route_alone_leads_to_ecs_the_console_is_named() -> None:
    bucket = Bucket(ROUTE)
    sent = bucket.uploads.upload(KEY)
    (told,) = bucket.json()
    assert (told["state"], told.get("task_id")) == ("submitted", None)
    bucket.pass_time(PAST_ANY_LEASE)
    (told,) = bucket.json()
    assert told["state"] == "unfollowed"
    assert told["next_step"] == (
        f"Look for an image named {sent.image_name} in the console."
    )
    shown = bucket.run(place=f"oss://{BUCKET}/{KEY}").stdout
    assert "task ID" not in shown
    assert "this service has no look-up" in " ".join(shown.split())


def test_a_watch_of_what_nothing_can_follow_ends_with_the_word_of_the_ledger() -> None:
    bucket = Bucket(ROUTE)
    bucket.uploads.upload(KEY)
    bucket.pass_time(PAST_ANY_LEASE)
    run = bucket.run("--watch", place=f"oss://{BUCKET}/{KEY}")
    assert "unfollowed" in run.stdout
    assert run.stdout.splitlines()[-1] == "1 import: 1 unfollowed"
