"""What to do about each risk that ECS's own image check finds, in two languages.

Source: "Check and repair custom images", ECS documentation, "Image check items and
repair suggestions", read 2026-12.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from image_import.model.ownership import CheckFinding

Language = Literal["en", "zh"]


class Advice(NamedTuple):
    """What to do about one check item."""

    en: str
    zh: str


ADVICE: Mapping[str, Advice] = {
    "virtio": Advice(
        "install the virtio drivers; without them an instance may not start",
        "安装 virtio 驱动，否则实例可能无法启动",
    ),
    "nvme": Advice(
        "install the NVMe driver, or leave out instance types with NVMe disks",
        "安装 NVMe 驱动，或不使用 NVMe 云盘的实例规格",
    ),
    "fstab": Advice(
        "name disks by UUID in /etc/fstab, and none that are not there",
        "在 /etc/fstab 中使用 UUID，并去掉不存在的磁盘",
    ),
    "grub": Advice(
        "let GRUB name the root by UUID (root=UUID=...), not by device",
        "在 GRUB 中使用 UUID 指定根分区（root=UUID=...），不要使用设备名",
    ),
    "dhcp": Advice(
        "let the network card take its address by DHCP",
        "将网卡配置为 DHCP",
    ),
    "selinux": Advice("disable SELinux in the image", "在镜像中关闭 SELinux"),
    "rtctimemode": Advice("set the hardware clock to UTC", "将硬件时钟（RTC）设为 UTC"),
    "onlineresizefs": Advice(
        "install cloud-init and growpart, or the root stays as small as the image",
        "安装 cloud-init 和 growpart，否则根分区不会自动扩容",
    ),
    "systemimage": Advice(
        "upload the system disk of a machine, not an ISO or an empty disk",
        "上传系统盘镜像，而不是 ISO 或空磁盘",
    ),
    "cloudassistant": Advice("install the Cloud Assistant Agent", "安装云助手 Agent"),
    "cloudinit": Advice("install cloud-init", "安装 cloud-init"),
    "securitycenteragent": Advice(
        "install the Security Center agent", "安装云安全中心 Agent"
    ),
    "supportmocinstancetypes": Advice(
        "use a system that its vendor still maintains; newer instance families do not "
        "start this one",
        "使用厂商仍在维护的操作系统版本；较新的实例规格无法启动该系统",
    ),
    "bcd": Advice("repair the boot configuration (BCD)", "修复启动配置数据（BCD）"),
    "bootmgr": Advice("repair the boot manager (BootMgr)", "修复启动管理器（BootMgr）"),
    "registry": Advice("repair the registry files", "修复注册表文件"),
    "hotfix": Advice(
        "remove or add the Windows updates that the check names",
        "按检测结果卸载或安装 Windows 补丁",
    ),
    "disk": Advice(
        "remove drivers of disks that are gone from the registry",
        "清理注册表中残留的磁盘驱动",
    ),
    "sysprep": Advice(
        "let Sysprep end before you make the disk", "等待 Sysprep 完成后再制作镜像"
    ),
    "update": Advice(
        "let Windows Update end before you make the disk",
        "等待 Windows 更新完成后再制作镜像",
    ),
    "xen": Advice("remove the Xen drivers", "卸载残留的 Xen 驱动"),
    "server": Advice(
        "let Windows install device drivers (DeviceInstallDisabled)",
        "允许 Windows 安装设备驱动（DeviceInstallDisabled）",
    ),
    "desktopconfig": Advice("put desktop.ini back", "恢复 desktop.ini"),
}
"""By the item's name without `GUESTOS.`, in small letters."""

OTHERWISE = Advice(
    "see the image's check results in the ECS console",
    "在 ECS 控制台查看该镜像的检测结果",
)


def advice_on(finding: CheckFinding, language: Language = "en") -> str:
    """Return what to do about a finding."""
    name = finding.name.rpartition(".")[2].lower()
    return getattr(ADVICE.get(name, OTHERWISE), language)  # type: ignore[no-any-return]


def sentence(finding: CheckFinding, language: Language = "en") -> str:
    """Return one finding with what to do, on one line."""
    code = f" ({finding.risk_code})" if finding.risk_code else ""
    found = f"{finding.name}{f'={finding.value}' if finding.value else ''}{code}"
    colon = "：" if language == "zh" else ": "
    return f"{finding.risk_level} {found}{colon}{advice_on(finding, language)}"


def in_order(findings: Iterable[CheckFinding]) -> tuple[CheckFinding, ...]:
    """Return findings, those first that may keep an instance from starting."""
    return tuple(sorted(findings, key=lambda one: one.risk_level.lower() != "high"))
