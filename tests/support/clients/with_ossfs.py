"""A file system over OSS in the bucket images; arguments: URL, key ID, secret."""

import sys

import fsspec


def main(url: str, key_id: str, secret: str) -> None:
    files = fsspec.filesystem("oss", endpoint=url, key=key_id, secret=secret)
    files.pipe_file("/images/dir/a b", b"0123456789")
    assert files.cat_file("/images/dir/a b") == b"0123456789"
    # ossfs takes `end` for the last byte, unlike other file systems.
    assert files.cat_file("/images/dir/a b", start=2, end=4) == b"234"
    assert files.info("/images/dir/a b")["size"] == 10
    files.copy("/images/dir/a b", "/images/dir/copy")
    assert len(files.ls("/images/dir")) == 2
    assert "/images" in files.ls("/", detail=False)
    with files.open("/images/big", "wb") as stream:
        stream.write(bytes(1024**2))
    assert files.size("/images/big") == 1024**2
    with files.open("/images/big", "rb") as stream:
        stream.seek(1024**2 - 4)
        assert stream.read() == bytes(4)
    files.append_object("/images/log", 0, b"one")
    files.rm("/images/big")
    files.rm("/images/dir", recursive=True)
    files.rm("/images/log")
    assert not files.exists("/images/big")


if __name__ == "__main__":
    main(*sys.argv[1:])
