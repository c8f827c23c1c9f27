"""Words that are no system: purposes, editions, clouds and hypervisors.

They tell nothing by themselves, but an uncertain word beside one of them is meant: in
`noble-server-cloudimg` a release of Ubuntu, in `noble-cause` not.

Source: observed in the file names of tests/data/image-names.jsonl, which come from the
mirrors of Ubuntu, Debian, CentOS and Fedora and from Alibaba Cloud's image IDs.
"""

IMAGE_WORDS = frozenset((
    "server", "srv", "desktop", "workstation", "kworkstation", "education", "cloud",
    "cloudimg", "cloudimage", "generic", "genericcloud", "nocloud", "cloudinit",
    "minimal", "min", "mini", "base", "basic", "standard", "std", "full", "live",
    "livecd", "install", "installer", "netinstall", "netinst", "netboot",
    "netinstaller", "boot", "dvd", "cd", "everything", "daily", "weekly", "latest",
    "current", "stable", "testing", "unstable", "beta", "rc", "nightly", "snapshot",
    "release", "rolling", "lts", "image", "img", "disk", "root", "rootfs", "system",
    "template", "preinstalled", "uefi", "efi", "bios", "hybrid", "kvm", "qemu", "xen",
    "hvm", "hyperv", "virtualbox", "vbox", "vmware", "esx", "esxi", "vagrant",
    "libvirt", "proxmox", "openstack", "aws", "ec2", "ami", "ebs", "azure", "gcp",
    "gce", "gcloud", "aliyun", "alicloud", "tencentcloud", "oracle", "oci",
    "digitalocean", "hetzner", "vultr", "linode", "ovh", "ibmcloud", "virt", "vm",
    "jeos", "simply", "cinnamon", "mate", "xfce", "kde", "gnome", "plasma", "lxqt",
    "lxde", "budgie", "edge", "oem", "gui", "cli", "gnu", "os", "backports",
    "golden", "gold",
    "production", "rootfs", "minirootfs", "rpi", "tmpl", "tpl", "ova", "ovf",
))  # fmt: skip

COMMON_WORDS = frozenset({
    "root", "education", "full", "live", "current", "testing", "system", "boot", "cd",
    "dvd", "mate", "edge", "plasma", "cinnamon", "oracle", "daily", "weekly",
    "hybrid", "simply", "gnu", "os", "budgie", "release", "base", "basic", "standard",
    "gold", "golden", "production", "mini", "stable", "rolling", "cloud", "gnome",
})  # fmt: skip
"""Image words that are as ordinary as what they would be company for: alpine-base-camp.
Where nothing but image words stands in a name, they are meant: alpine-base."""

CONNECTIVES = frozenset({"to", "2", "from", "vs", "and", "or", "into", "on", "with"})
"""Between the names of two systems."""

CLOUD_IMAGE_WORDS = frozenset({
    "cloudimg", "cloudimage", "cloudinit", "genericcloud", "nocloud", "minirootfs",
})  # fmt: skip
"""Nothing but the image of a system is called so: they need not stand beside it."""

SERVED_WORDS = frozenset({
    "repo", "repos", "repository", "packages", "isos",
    "exporter", "wiki", "forum", "forums", "blog", "magazine", "org", "compatible",
    "like", "non", "ex", "former", "formerly", "fake", "anti",
})  # fmt: skip
"""Beside the name of a system, what a machine serves (debian-wiki), or that it runs
another one: non-windows-kiosk."""

MIRRORS = frozenset({"mirror", "mirrors"})
"""The same wherever they stand: centos-vault-mirror."""

CONTENT_WORDS = frozenset({"with", "for", "running", "hosting"})
"""What stands behind them is in the system, or beside it: docker-with-alpine-3.19."""

CHINESE_IMAGE_WORDS = (
    "系统", "服务", "桌面", "企业", "版", "模板", "镜像", "虚拟机", "终端", "国产",
    "信创",
)  # fmt: skip
"""Make a system of two characters that are a word as well: 麒麟桌面, but 麒麟大厦."""

LINUX_WORDS = frozenset({"linux"})
"""Tell Linux, but no distribution: `nocloud_linux-x86_64.raw`."""

NOT_DISTRIBUTIONS = frozenset(
    {"selinux", "syslinux", "isolinux", "extlinux", "pxelinux", "uclinux"}
)  # fmt: skip
"""Words on -linux that are no distribution's name, as rockylinux or eurolinux are."""

PURPOSES = IMAGE_WORDS | frozenset({
    "my", "our", "the", "old", "new", "web", "db", "app", "dev", "test", "prod",
    "admin", "corp", "lab", "demo", "main", "any", "just", "non", "gnu", "other", "run",
    "bare",
})  # fmt: skip
"""Before -linux they make no name of a distribution: devlinux is somebody's Linux."""

SUFFIXES = (
    "linux", "server", "desktop", "disk", "image", "img", "cloud", "base", "template",
    "minimal", "min", "box", "vm", "os",
)  # fmt: skip
"""Glued to a name in lower case: kylindisk, ubuntuserver."""

FOLDERS_OF_PEOPLE = frozenset({"home", "users"})
"""The folder inside is somebody's login: home/ubuntu/ says nothing about the image."""

PREFIXES_OF_OTHERS = frozenset({"open"})
"""Glued to a name they make another one: openSUSE is no SUSE, openKylin no Kylin."""

ENDINGS_OF_OWN_NAMES = ("os", "bian", "buntu")
"""An unknown word ending so names a system of its own, whatever codename follows."""
