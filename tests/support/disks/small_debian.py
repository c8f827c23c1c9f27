"""A small Debian as {path: content}, and programs of which only the header is real."""

import struct
from collections.abc import Mapping

ELF_X86_64 = b"\x7fELF\x02\x01" + bytes(10) + struct.pack("<HH", 2, 62)
ELF_ARM64 = b"\x7fELF\x02\x01" + bytes(10) + struct.pack("<HH", 2, 183)
_MZ = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0"
PE_X86_64 = _MZ + b"\x64\x86"
PE_ARM64 = _MZ + b"\x64\xaa"

DEBIAN: Mapping[str, bytes | str] = {
    "/etc/os-release": 'ID=debian\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\n'
    'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n',
    "/etc/fstab": "LABEL=system / ext4 defaults 0 1\n",
    "/etc/ssh/sshd_config": "",
    "/etc/cloud/cloud.cfg": "",
    "/etc/initramfs-tools/initramfs.conf": "MODULES=most\n",
    "/bin/sh": ELF_X86_64,
    "/usr/lib/os-release": "ID=other\n",
    "/boot/vmlinuz-6.12.9-amd64": "",
    "/boot/initrd.img-6.12.9-amd64": b"\x28\xb5\x2f\xfd",
    "/boot/grub/grub.cfg": "linux /boot/vmlinuz root=LABEL=system ro\n",
    "/lib/modules/6.12.9-amd64/modules.dep": "kernel/drivers/block/virtio_blk.ko.xz:\n"
    "kernel/drivers/nvme/host/nvme.ko.xz:\n",
    "/lib/modules/6.1.0-amd64/modules.dep": "",
}
