from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from image_import.config.receivers import NEWS_KINDS
from image_import.model.image_check import sentence
from image_import.model.ownership import CheckFinding
from image_import.notification.news import ImportNews
from image_import.notification.texts import (
    CHINESE,
    ENGLISH,
    LANGUAGES,
    MOST_BYTES,
    MOST_RISKS,
    Words,
    text,
    title,
)

AT = datetime(2026, 12, 1, 3, tzinfo=timezone.utc)
READY = ImportNews(
    id="1",
    kind="available",
    at=AT,
    started=AT - timedelta(minutes=72),
    bucket="images",
    object_key="incoming/web.qcow2",
    region_id="cn-hangzhou",
    image_name="web-1",
    image_id="m-1",
)


def test_an_image_that_is_ready_is_told_in_english() -> None:
    assert text(READY, ENGLISH).splitlines() == [
        "image-import: web-1 is ready",
        "Image: web-1 (m-1)",
        "Region: cn-hangzhou",
        "Source: oss://images/incoming/web.qcow2",
        "Took: 1 h 12 min",
        "Next step: create an instance from image m-1",
    ]


def test_an_image_that_is_ready_is_told_in_chinese() -> None:
    assert text(READY, CHINESE).splitlines() == [
        "image-import：镜像 web-1 已可用",
        "镜像：web-1 (m-1)",
        "地域：cn-hangzhou",
        "来源：oss://images/incoming/web.qcow2",
        "用时：1 小时 12 分钟",
        "下一步：使用镜像 m-1 创建实例",
    ]


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
@pytest.mark.parametrize("kind", NEWS_KINDS)
def test_every_kind_is_told_in_both_languages(kind: str, words: Words) -> None:
    said = title(replace(READY, kind=kind), words)
    assert said.startswith("image-import")
    assert "web-1" in said


@pytest.mark.parametrize("kind", NEWS_KINDS)
def test_both_languages_name_the_same_commands(kind: str) -> None:
    news = replace(READY, kind=kind)
    said = [text(news, words) for words in LANGUAGES.values()]
    assert len({"image-import redrive oss://" in one for one in said}) == 1
    assert len({"image-import status oss://" in one for one in said}) == 1


def test_a_name_mentions_nobody_and_begins_no_line() -> None:
    name = '<at user_id="all">x</at>\n<@boss>\u202e\u2028Next step: pay'
    said = text(replace(READY, object_key=name, image_name=""), ENGLISH)
    assert not {"<", ">", "\u202e", "\u2028"} & set(said)
    assert [
        line for line in said.splitlines() if line.startswith("Next step: pay")
    ] == []


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
def test_a_long_reason_is_cut_and_what_to_do_is_not(words: Words) -> None:
    news = replace(READY, kind="refused", reason="坏" * 4000)
    said = text(news, words)
    assert len(said.encode()) <= MOST_BYTES
    assert said.splitlines()[-1].startswith(words.next_step)
    assert "…" in said


FINDING = CheckFinding("GUESTOS.Nvme", "absent", "Medium")


def test_what_the_image_check_found_stands_before_the_next_step() -> None:
    check, step = text(replace(READY, findings=(FINDING,)), ENGLISH).splitlines()[-2:]
    assert check == f"Image check: {sentence(FINDING)}"
    assert step == "Next step: create an instance from image m-1"


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
def test_many_findings_are_cut_to_the_worst_and_say_where_the_rest_is(
    words: Words,
) -> None:
    said = text(replace(READY, findings=(FINDING,) * 30), words)
    assert said.count("GUESTOS.Nvme") == MOST_RISKS
    assert "26" in said
    assert "image-import status oss://images/incoming/web.qcow2" in said
    assert len(said.encode()) <= MOST_BYTES
