import pytest
from image_import.filename.tokenizer import Table, folder_part, pieces, split_key


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("debian-12-genericcloud", "debian 12 genericcloud"),
        ("WindowsServer2016Docker", "windows server 2016 docker"),
        ("openSUSE", "open suse"),
        ("win2k12r2", "win 2 k 12 r 2"),
        ("XMLFile", "xml file"),
        ("genericx86-64", "generic x 86 64"),
        ("x86_64", "x 86 64"),
        ("银河麒麟V10", "银河麒麟 v 10"),
        ("ｕｂｕｎｔｕ２４", "ubuntu 24"),
        ("a-0a02e01da9f008b1-b", "a b"),
        ("os_3C751701-D577-46EB-BB58-6B6FD0DB6EEA", "os"),
        ("WIN-2012ABCDEFG-web", "web"),
        ("win-7hgf2k9dlq0", ""),
        ("WIN-2019SERVER1", "win 2019 server 1"),
        ("DESKTOP-2008R2X", ""),
        ("desktop-centos7", "desktop centos 7"),
        ("ip-10-0-0-64", ""),
        ("web-i-bp1win8x64k2p9qzt3ab", "web"),
        ("윈도우서버2016", "windows server 2016"),
        ("Виндовс_٢٠١٩", "windows 2019"),
        ("Süse-ÉCOLE", "suse ecole"),
        ("20240501", "20240501"),
        ("deadbeef", "deadbeef"),
        ("...", ""),
    ],
)
def test_a_name_falls_into_the_pieces_its_author_meant(name: str, texts: str) -> None:
    assert " ".join(piece.text for piece in pieces(name)) == texts


def test_a_piece_knows_whether_a_separator_stood_before_it() -> None:
    assert [piece.is_glued for piece in pieces("a1-b")] == [False, True, False]


@pytest.mark.parametrize(
    ("key", "folders", "file_name"),
    [
        ("a/b/c.raw", ["a", "b"], "c.raw"),
        ("a\\b.vhd", ["a"], "b.vhd"),
        ("//a//b", ["a"], "b"),
        ("a/", ["a"], ""),
        ("", [], ""),
    ],
)
def test_both_slashes_part_folders(
    key: str, folders: list[str], file_name: str
) -> None:
    assert split_key(key) == (folders, file_name)
    assert folder_part(key) + file_name == key


WORDS = Table([("red hat", 1), ("arch", 2), ("arch linux", 3), ("x 86 64", 4)])


@pytest.mark.parametrize(
    ("name", "meanings"),
    [
        ("RedHat", [1]),
        ("red-hat-9", [1]),
        ("Red_Hat", [1]),
        ("arch", [2]),
        ("arch-linux", [3]),
        ("archlinux", [3]),
        ("archive", []),
        ("a-r-c-h", []),
        ("x86-64", [4]),
        ("x_86_64", [4]),
        ("arch-x86_64-arch", [2, 4, 2]),
    ],
)
def test_words_are_found_at_the_borders_of_pieces(
    name: str, meanings: list[int]
) -> None:
    assert [meaning for _, meaning in WORDS.phrases(pieces(name))] == meanings


def test_of_two_meanings_the_first_counts() -> None:
    assert Table([("a", 1), ("a", 2)]).get("a") == 1


def test_a_gap_that_the_table_does_not_write_is_none() -> None:
    table = Table([("redhat", 1)])
    assert [m for _, m in table.phrases(pieces("redhat"))] == [1]
    assert list(table.phrases(pieces("red-hat"))) == []
