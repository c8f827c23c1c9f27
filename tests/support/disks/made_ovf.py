"""Descriptors of machines as VMware and VirtualBox export them, cut down.

Source: DMTF DSP0243, "Open Virtualization Format Specification" 2.1, read 2026-12.
"""

_ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1"
 xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
 xmlns:vmw="http://www.vmware.com/schema/ovf"
 xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/x">
<References>{files}</References>
<DiskSection>{disks}</DiskSection>
{systems}
</Envelope>"""
_SYSTEM = """<VirtualSystem ovf:id="web">
<OperatingSystemSection ovf:id="96" vmw:osType="debian11_64Guest"/>
<VirtualHardwareSection>
<Item><rasd:InstanceID>3</rasd:InstanceID><rasd:ResourceType>6</rasd:ResourceType>
</Item>{items}<vmw:Config vmw:key="firmware" vmw:value="efi"/>
</VirtualHardwareSection></VirtualSystem>"""
_ITEM = """<Item><rasd:AddressOnParent>{slot}</rasd:AddressOnParent>
<rasd:HostResource>ovf:/disk/{disk}</rasd:HostResource><rasd:Parent>3</rasd:Parent>
<rasd:ResourceType>17</rasd:ResourceType></Item>"""


def ovf(
    *disks: tuple[str, str, int],
    file_says: str = "",
    disk_says: str = "",
    systems: int = 1,
) -> bytes:
    """Return a descriptor.

    Args:
        disks: ID, file ("" for an empty disk) and slot of each.
        file_says: More attributes of each file.
        disk_says: More attributes of each disk.
    """
    files = "".join(
        f'<File ovf:id="f-{disk}" ovf:href="{file}" {file_says}/>'
        for disk, file, _ in disks
        if file
    )
    listed = "".join(
        f'<Disk ovf:diskId="{disk}" ovf:capacity="8" {disk_says}'
        ' ovf:capacityAllocationUnits="byte * 2^30"'
        + (f' ovf:fileRef="f-{disk}"/>' if file else "/>")
        for disk, file, _ in disks
    )
    items = "".join(_ITEM.format(slot=slot, disk=disk) for disk, _, slot in disks)
    machines = _SYSTEM.format(items=items) * systems
    return _ENVELOPE.format(files=files, disks=listed, systems=machines).encode()
