from image_import.planning.evidence import choose


def test_the_first_source_that_says_something_wins() -> None:
    choice = choose([("sidecar", None), ("metadata", "Debian"), ("key", "Ubuntu")])
    assert choice is not None
    assert choice.as_dict() == {
        "value": "Debian",
        "source": "metadata",
        "overrode": {"key": "Ubuntu"},
    }


def test_sources_that_agree_overrode_nothing() -> None:
    choice = choose([("sidecar", "Debian"), ("key", "Debian")])
    assert choice is not None
    assert choice.as_dict() == {"value": "Debian", "source": "sidecar"}


def test_where_nobody_says_anything_there_is_no_choice() -> None:
    assert choose([("sidecar", None), ("key", None)]) is None
