"""What tools leave beside an image is ignored, and it is said what it is."""

import pytest
from image_import.filename.reader import read_key
from image_import.filename.vocabulary.companions import companion

COMPANIONS = {
    "packer-manifest.json": "Packer",
    "builds/41.2024/x86_64/meta.json": "coreos-assembler",
    "builds/41.2024/x86_64/commitmeta.json": "coreos-assembler",
    "manifest-lock.x86_64.json": "coreos-assembler",
    "fedora.osbuild.json": "osbuild",
    "minimal-raw.osbuild-manifest.json": "osbuild",
    "box/metadata.json": "Vagrant",
    "Vagrantfile": "Vagrant",
    "box.ovf": "OVF",
    "appliance/web01.OVF": "OVF",
    "SHA256SUMS": "checksums",
    "MD5SUMS": "checksums",
    "Fedora-Cloud-41-1.4-x86_64-CHECKSUM": "checksums",
    "web.qcow2.sha256sum": "checksums",
}


@pytest.mark.parametrize(("key", "what"), COMPANIONS.items())
def test_a_companion_of_an_image_is_known_for_what_it_is(key: str, what: str) -> None:
    assert read_key(key).kind == "other"
    assert what in companion(key.rpartition("/")[2])


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("web.qcow2.json", "sidecar"),
        ("metadata.qcow2", "image"),
        ("checksum.qcow2", "image"),
        ("meta.qcow2.yaml", "sidecar"),
        ("box.ova", "image"),
    ],
)
def test_an_image_and_its_sidecar_are_none(key: str, kind: str) -> None:
    assert read_key(key).kind == kind
    assert companion(key) == ""
