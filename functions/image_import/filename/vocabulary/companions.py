"""Files that tools leave beside an image, which are neither image nor sidecar.

Sources, read 2026-12: Packer, post-processor "manifest"; coreos-assembler,
docs/working.md (meta.json, commitmeta.json); osbuild and image-builder, manifests and
build logs; Vagrant, "Box File Format" (metadata.json, info.json, Vagrantfile, box.ovf);
DMTF DSP0243 (.ovf, .mf); GNU coreutils, sha256sum; Fedora's and Red Hat's CHECKSUM.
"""

import re

_PACKER = "Packer's list of what it built"
_COSA = "what coreos-assembler says of a build"
_OSBUILD = "what osbuild was told to build"
_VAGRANT = "what Vagrant says of a box"
_OVF = "the description of a machine (OVF), whose disks are other files"
_SUMS = "a list of checksums"

_BY_NAME = {
    "packer-manifest.json": _PACKER,
    "packer_manifest.json": _PACKER,
    "meta.json": _COSA,
    "commitmeta.json": _COSA,
    "builds.json": _COSA,
    "cosa-build.json": _COSA,
    "osbuild-manifest.json": _OSBUILD,
    "image-builder-manifest.json": _OSBUILD,
    "metadata.json": _VAGRANT,
    "info.json": _VAGRANT,
    "vagrantfile": _VAGRANT,
}

_PATTERNS = (
    (re.compile(r".+\.osbuild(?:-manifest)?\.json"), _OSBUILD),
    (re.compile(r"manifest-lock\.(?:generated\.)?\w+\.json"), _COSA),
    (re.compile(r".+\.ovf"), _OVF),
    (
        re.compile(
            r"(?:.*[-_.])?(?:(?:md5|sha1|sha224|sha256|sha384|sha512|b2)sums?|checksums?)"
        ),
        _SUMS,
    ),
)  # fmt: skip


def companion(file_name: str) -> str:
    """Return what a file is that a tool left beside an image, "" if it is none."""
    name = file_name.lower()
    if told := _BY_NAME.get(name):
        return told
    return next((what for rule, what in _PATTERNS if rule.fullmatch(name)), "")
