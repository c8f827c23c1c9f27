"""Sparse bytes: any span of them is what the same span of plain bytes is."""

import pytest
from fake_aliyun.core.content import Content, Zeros
from hypothesis import given
from hypothesis import strategies as st

parts = st.lists(st.one_of(st.binary(max_size=20), st.integers(0, 30).map(Zeros)))


def plain(listed: list[bytes | Zeros]) -> bytes:
    return b"".join(p if isinstance(p, bytes) else bytes(len(p)) for p in listed)


@given(parts, st.integers(0, 150), st.integers(0, 150))
def test_a_span_is_the_span_of_the_plain_bytes(
    listed: list[bytes | Zeros], start: int, stop: int
) -> None:
    assert Content(listed).span(start, stop).to_bytes() == plain(listed)[start:stop]


@given(parts)
def test_a_reader_gives_all_bytes(listed: list[bytes | Zeros]) -> None:
    assert Content(listed).open().read() == plain(listed)


def test_head_and_tail_may_not_be_more_than_the_whole() -> None:
    with pytest.raises(ValueError, match="size_bytes is 3, but head and tail alone"):
        Content.sparse(head=b"ab", tail=b"cd", size_bytes=3)


def test_a_huge_sparse_content_costs_only_what_was_given() -> None:
    content = Content.sparse(head=b"ab", tail=b"yz", size_bytes=40 * 1024**3)
    assert len(content) == 40 * 1024**3
    assert content.span(40 * 1024**3 - 4, 40 * 1024**3).to_bytes() == b"\0\0yz"
