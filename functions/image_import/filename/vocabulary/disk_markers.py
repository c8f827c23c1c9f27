"""How names say which disk of a machine a file holds.

Sources:
    virt-v2v-output-local(1), read 2026-11: <name>-sda, <name>-sdb.
    virt-v2v-copy-to-local(1), read 2026-11: <name>-disk1, <name>-disk2.
    Observed in tests/data/image-names.jsonl: vm-<id>-disk-<n> of Proxmox VE, virtioa
    and virtiob of EVE-NG, -disk1 and -disk002 of OVF exports, PRIMARY and AUXILIARY of
    firewalls in two disks, osDisk of Azure.
    disk-drive-scsi0.raw and the like, in public notes on restoring backups of Proxmox
    VE with `vma extract`.
    Common knowledge, no page read: Azure's _OsDisk_1_ and _DataDisk_0_, the first disk
    of Windows is PhysicalDrive0.
"""

SYSTEM_DISKS = (
    "os disk", "sys disk", "system disk", "boot disk", "root disk", "root vol",
    "root volume", "os volume", "os drive", "system drive", "boot drive", "c drive",
    "系统盘",
)  # fmt: skip
"""A space stands for an optional gap."""

SYSTEM_WORDS = ("system", "sys", "os", "boot", "root", "primary")
"""At the end of a name only, behind a separator."""

DATA_WORDS = ("data", "auxiliary", "auxilary", "secondary", "swap", "数据盘")

INNER_DATA_WORDS = ("datastor",)
"""May stand inside a name: F5 ships BIGIP-11.6.0.0.0.401.DATASTOR.ALL.qcow2 as the
second disk of BIGIP-11.6.0.0.0.401.ALL.qcow2 (observed in public notes on EVE-NG)."""

PAIRED_WORDS = frozenset({"primary", "auxiliary", "auxilary", "secondary", "datastor"})
"""There is no primary disk without another."""

PAIRED_SERVERS = frozenset({
    "postgres", "postgresql", "pg", "mysql", "mariadb", "mongo", "mongodb", "redis",
    "db", "database", "dns", "dhcp", "ntp", "ldap", "ns", "dc", "kafka", "etcd", "node",
    "server", "srv", "site", "replica", "cluster", "radius", "proxy",
})  # fmt: skip
"""Beside these, primary and secondary are two machines: postgres14-primary."""

SPACED_DISK_WORDS = ("virtual hard disk", "hard disk", "disk")
"""May stand apart from their number, at the end of a name."""

CHINESE_END = frozenset("盘")
"""The last character of every marker in Chinese, which stand in a text without gaps."""

DISK_WORDS = (*SPACED_DISK_WORDS, "dsk", "磁盘", "硬盘", "диск")

NUMBERED_WORDS = ("hd", "hdd", "drive", "vol", "volume", "lun", "ssd")
"""Glued to a number at the end of a name; `disk` may also stand elsewhere."""

DEVICES = ("vd", "sd", "xvd", "hd")
"""With a letter at the end of a name."""

NOT_DEVICES = frozenset({
    "hdd", "hdf", "hdi", "hdl", "hdp", "sdi", "sdk", "sdl", "sdm", "sdn", "sdo", "sdp",
    "vdi", "vdm", "vdo", "vdp",
})  # fmt: skip
"""Hard disk drive, Hortonworks' data platforms, software development kit, software
defined network, virtual desktop infrastructure and other short names: win10-vdi is a
whole machine far more often than the ninth disk of one."""

HANA_WORDS = frozenset({"sap", "hana"})
"""HDB is SAP's name for the HANA database, beside them no second disk."""

DRIVES_FROM_0 = ("physical drive",)
"""Windows calls the first disk PhysicalDrive0."""

BUSES_FROM_0 = ("virtio", "scsi", "sata", "ide")
"""Proxmox VE calls the first disk virtio0, backups disk-drive-virtio0; whole names."""

WHOLE_NAME_DEVICES = ("virtio", "sata", "scsi", "megasas", "lsi", "virtide")
"""With a letter, and nothing else in the name."""

NOT_DISK_DATA = ("user", "meta", "vendor", "init", "seed", "test", "sample")
"""user-data and meta-data are files of cloud-init, not disks."""

ALL_MARKERS = tuple(
    {
        word.split(" ", maxsplit=1)[0]: None
        for words in (
            SYSTEM_DISKS, SYSTEM_WORDS, DATA_WORDS, ("数据", "nvme"), DISK_WORDS,
            INNER_DATA_WORDS, NUMBERED_WORDS, DEVICES, WHOLE_NAME_DEVICES,
            DRIVES_FROM_0, BUSES_FROM_0,
        )
        for word in words
    }
)  # fmt: skip
"""What a marker of any kind may begin with."""
