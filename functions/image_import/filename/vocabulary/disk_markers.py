"""How names say which disk of a machine a file holds.

Sources:
    virt-v2v-output-local(1), read 2026-11: <name>-sda, <name>-sdb.
    virt-v2v-copy-to-local(1), read 2026-11: <name>-disk1, <name>-disk2.
    Observed in tests/data/image-names.jsonl: vm-<id>-disk-<n> of Proxmox VE, virtioa
    and virtiob of EVE-NG, -disk1 and -disk002 of OVF exports, PRIMARY and AUXILIARY of
    firewalls in two disks, osDisk of Azure.
    disk-drive-scsi0.raw and the like, in public notes on restoring backups of Proxmox
    VE with `vma extract`.
    resource_alicloud_image_export.go, github.com/aliyun/terraform-provider-alicloud,
    read 2026-12: ECS exports to <prefix>_m-<20 characters>_system.raw.tar.gz; data
    disks lie beside it as m-..._data_xvdb.raw.
    Common knowledge, no page read: Azure's _OsDisk_1_ and _DataDisk_0_, the first disk
    of Windows is PhysicalDrive0; words for disks in other languages.
"""

SYSTEM_DISKS = (
    "os disk", "sys disk", "system disk", "boot disk", "root disk", "root vol",
    "root volume", "os volume", "os drive", "system drive", "boot drive", "c drive",
    "系统盘", "c盘", "システム ディスク", "ブート ディスク", "起動 ディスク",
    "os ディスク", "시스템 디스크", "부팅 디스크", "부트 디스크", "os 디스크",
    "системный диск", "загрузочный диск", "قرص النظام", "قرص التشغيل", "disque système",
    "disque systeme", "system platte", "system festplatte", "disco de sistema",
    "disco del sistema", "disco do sistema", "disco sistema", "disco di sistema",
    "systémový disk", "systemovy disk", "dysk systemowy", "systeemschijf",
)  # fmt: skip
"""A space stands for an optional gap."""

SYSTEM_WORDS = ("system", "sys", "os", "boot", "root", "primary")
"""At the end of a name only, behind a separator."""

DATA_WORDS = ("data", "auxiliary", "auxilary", "secondary", "swap")
"""At the end of a name only, behind a separator."""

DATA_DISKS = ("data disk", "data drive", "data vol", "data volume")
"""At the end as well, and in camel case: data-disk-tester is a machine."""

FOREIGN_DATA_DISKS = (
    "数据盘", "d盘", "e盘", "データ ディスク", "데이터 디스크", "диск данных",
    "диск с данными", "قرص البيانات", "قرص بيانات",
    "disque de données", "disque de donnees", "disque données", "disque donnees",
    "daten platte", "daten festplatte", "daten disk", "disco de datos", "disco datos",
    "disco de dados", "disco dados", "disco dati", "datový disk", "datovy disk",
    "dysk danych", "dysk z danymi", "dataschijf", "gegevensschijf",
)  # fmt: skip

NUMBERED_DATA_WORDS = ("data", "数据", "データ", "데이터")
DATA_UNITS = ("disk", "drive", "vol", "volume", "盘", "ディスク", "디스크")
"""May stand between such a word and its number: data-disk-2, 数据盘2."""

INNER_DATA_WORDS = ("datastor",)
"""May stand inside a name: F5 ships BIGIP-11.6.0.0.0.401.DATASTOR.ALL.qcow2 as the
second disk of BIGIP-11.6.0.0.0.401.ALL.qcow2 (observed in public notes on EVE-NG)."""

PAIRED_WORDS = frozenset({"primary", "auxiliary", "auxilary", "secondary", "datastor"})
"""There is no primary disk without another."""

MACHINE_WORDS = frozenset({"secondary"})
"""The second of two machines (fw-secondary), unless a system disk is beside it."""

DATA_NODES = frozenset({
    "elasticsearch", "elastic", "es", "opensearch", "node", "nodes", "hot", "warm",
    "cold", "frozen", "hadoop", "hdfs", "hbase", "cassandra", "scylla", "clickhouse",
    "kafka", "druid", "cluster", "couchbase", "solr", "master", "worker", "pinot",
    "doris", "starrocks", "ceph", "minio", "influx", "influxdb", "coordinator",
})  # fmt: skip
"""Beside these, data is the role of a machine: es-data-01 holds a whole node.

Source: "Node roles", Elasticsearch Reference (data, data_hot, data_warm, data_cold,
data_frozen); "Node types", OpenSearch documentation; read 2026-12. The other clusters
are common knowledge."""

PAIRED_SERVERS = frozenset({
    "postgres", "postgresql", "pg", "mysql", "mariadb", "mongo", "mongodb", "redis",
    "db", "database", "dns", "dhcp", "ntp", "ldap", "ns", "dc", "kafka", "etcd", "node",
    "server", "srv", "site", "replica", "cluster", "radius", "proxy",
})  # fmt: skip
"""Beside these, primary and secondary are two machines: postgres14-primary."""

SPACED_DISK_WORDS = ("virtual hard disk", "hard disk", "disk")
"""May stand apart from their number, at the end of a name."""

DISK_WORDS = (*SPACED_DISK_WORDS, "dsk", "磁盘", "硬盘", "диск", "ディスク", "디스크")

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

NOT_DISK_DATA = (
    "user", "meta", "vendor", "init", "seed", "test", "sample", "big", "open", "market",
    "weather", "sensor", "customer", "training",
)  # fmt: skip
"""user-data and meta-data are files of cloud-init; big data or market data is what a
machine works on."""

ALL_MARKERS = tuple(
    {
        word.split(" ", maxsplit=1)[0]: None
        for words in (
            SYSTEM_DISKS, SYSTEM_WORDS, DATA_WORDS, DATA_DISKS,
            FOREIGN_DATA_DISKS, ("nvme",), DISK_WORDS,
            INNER_DATA_WORDS, NUMBERED_WORDS, DEVICES, WHOLE_NAME_DEVICES,
            DRIVES_FROM_0, BUSES_FROM_0,
        )
        for word in words
    }
)  # fmt: skip
"""What a marker of any kind may begin with."""
