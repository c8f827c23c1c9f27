"""What the last extension of a file name tells.

Sources:
    "ImportImage", ECS API 2014-05-26, DiskDeviceMapping.N.Format, read 2026-11: RAW,
    VHD and QCOW2 are taken (VMDK by invitation only), nothing compressed.
    qemu-block-drivers(7), read 2026-11: names of the other disk formats.
    `.img` and `.qcow` are ambiguous: Ubuntu's `.img` is qcow2, others' is raw, as
    observed in tests/data/image-names.jsonl.
"""

from enum import Enum


class FileKind(Enum):
    """What stands behind an extension, in a person's words."""

    IMAGE = "a disk image that ImportImage takes"
    UNSURE = "a disk image, though the name does not tell its format"
    FOREIGN = "a disk image in a format that ImportImage does not take"
    INSTALLER = "an optical disc, not the disk of a machine"
    BUNDLE = "a package around one or more disks; unpack it first"
    COMPRESSED = "compressed; unpack it first"
    SIDECAR = "JSON or YAML"
    OTHER = "not a disk image"


FORMATS = {"qcow2": "qcow2", "raw": "raw", "vhd": "vhd"}

_WORDS = {
    FileKind.IMAGE: "qcow2 raw vhd",
    FileKind.UNSURE: "img qcow qcow2c qco disk image",
    FileKind.FOREIGN: (
        "vmdk vdi vhdx avhd avhdx vhds dmg qed hdd hds cow sparseimage sparsebundle "
        "vmsn vmss"
    ),
    FileKind.INSTALLER: "iso nrg cdr toast",
    FileKind.BUNDLE: "ova ovf xva vma box oci utm pvm",
    FileKind.COMPRESSED: (
        "gz tgz bz2 tbz tbz2 xz txz zst zstd tzst lz4 lzma lz lzo lrz zip 7z rar tar z "
        "br sz cpio cab wim esd swm"
    ),
    FileKind.SIDECAR: "json yaml yml",
    FileKind.OTHER: (
        "md5 md5sum md5sums sha1 sha1sum sha224 sha224sum sha256 sha256sum sha256sums "
        "sha384 sha384sum sha512 sha512sum sha512sums b2 b2sum b3 blake3 crc crc32 "
        "crc64 sum checksum checksums sig sign asc gpg pgp minisig pem crt cer cert "
        "pub xml txt text md rst html htm csv tsv log out partial part tmp temp swp "
        "crdownload download filepart aria2 torrent metalink meta4 zsync bmap lock lck "
        "license licence manifest mf list packages changelog changes index idx info "
        "meta properties ini conf cfg cnf toml env nvram vmx vmxf vmsd vbox vmcx vmrs "
        "vmgs sbom spdx cdx prov attestation sh ps1 bat cmd py rb pl js css exe msi "
        "dll rpm deb apk jar war pdf doc docx xls xlsx ppt pptx png jpg jpeg gif svg "
        "webp ico mp3 mp4 mkv avi"
    ),
}
"""What is not listed here, and a name without an extension, is UNSURE."""

KIND_BY_EXTENSION = {
    extension: kind for kind, words in _WORDS.items() for extension in words.split()
}
