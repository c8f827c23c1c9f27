import pytest
from image_import.filename.reader import KeyClues, read_key
from image_import.model.targets import APSARA_POP, APSARA_ROUTE, PUBLIC


def told(key: str) -> tuple[str | None, str | None]:
    clues = read_key(key)
    return clues.platform(PUBLIC), clues.architecture


@pytest.mark.parametrize(
    ("key", "kind", "image_format"),
    [
        ("web.qcow2", "image", "qcow2"),
        ("WEB.VHD", "image", "vhd"),
        ("web.img", "image", "ambiguous"),
        ("web", "image", "ambiguous"),
        ("web.fresh", "image", "ambiguous"),
        ("centos-7.9", "image", "ambiguous"),
        (".qcow2", "image", "ambiguous"),
        ("web.vmdk", "image", "unsupported"),
        ("web.qcow2.gz", "image", "unsupported"),
        ("web.iso", "image", "unsupported"),
        ("web.ova", "image", "unsupported"),
        ("web.qcow2.json", "sidecar", "unsupported"),
        ("web.yaml", "sidecar", "unsupported"),
        ("web.qcow2.gz.json", "other", "unsupported"),
        ("web.qcow2.sha256", "other", "unsupported"),
        ("web.qcow2.partial", "other", "unsupported"),
        ("images/", "other", "unsupported"),
        ("", "other", "unsupported"),
    ],
)
def test_the_last_extension_tells_kind_and_format(
    key: str, kind: str, image_format: str
) -> None:
    clues = read_key(key)
    assert (clues.kind, clues.format) == (kind, image_format)


@pytest.mark.parametrize(
    ("key", "public", "apsara"),
    [
        ("ubuntu-24.04.img", "Ubuntu", "Ubuntu"),
        ("CentOS-Stream-9.qcow2", "CentOS Stream", "CentOS"),
        ("rocky9.qcow2", "Rocky Linux", "Others Linux"),
        ("fedora-coreos-40.qcow2", "Fedora CoreOS", "CoreOS"),
        ("fcos-40.qcow2", "Fedora CoreOS", "Others Linux"),
        ("alpine.qcow2", "Others Linux", "Others Linux"),
        ("win2012.vhd", "Windows Server 2012", "Windows Server 2012"),
        ("win2019.vhd", "Windows Server 2019", None),
        ("win11.vhd", "Other Windows", None),
        ("FreeBSD-14.qcow2", "FreeBSD", None),
        ("web.qcow2", None, None),
    ],
)
def test_each_target_has_its_own_list(
    key: str, public: str | None, apsara: str | None
) -> None:
    clues = read_key(key)
    assert clues.platform(PUBLIC) == public
    assert clues.platform(APSARA_POP) == apsara
    assert clues.platform(APSARA_ROUTE) == apsara


@pytest.mark.parametrize(
    ("key", "platform", "architecture"),
    [
        ("ubuntu/x86_64/disk.qcow2", "Ubuntu", "x86_64"),
        ("fedora/arm64/debian.qcow2", "Debian", "arm64"),
        ("amd64/debian-arm64.qcow2", "Debian", "arm64"),
        ("windows-11/virtio-win.iso", None, None),
        ("ubuntu/FortiGate.qcow2", None, None),
        ("home/ubuntu/disk.qcow2", None, None),
        ("Users/fedora/disk.qcow2", None, None),
        ("arch/disk.qcow2", None, None),
        ("noble/disk.qcow2", None, None),
        ("linux/disk.qcow2", None, None),
        ("bionic/disk.qcow2", "Ubuntu", None),
        ("a/b/c/d/e/f/g/h/debian/disk.qcow2", "Debian", None),
        ("debian/a/b/c/d/e/f/g/h/disk.qcow2", None, None),
        ("centos/9-stream/x86_64/disk.qcow2", "CentOS Stream", "x86_64"),
        ("centos/stream9.qcow2", "CentOS Stream", None),
        ("centos/node9/disk.qcow2", "CentOS", None),
        ("centos/9.qcow2", "CentOS", None),
        ("fedora/coreos/disk.qcow2", "Fedora CoreOS", None),
        ("windows/2019/x64/disk.vhd", "Windows Server 2019", "x86_64"),
        ("windows/server/2022/disk.vhd", "Windows Server 2022", None),
        ("win/10/disk.vhd", "Other Windows", None),
        ("windows/2019/06/01/disk.vhd", None, None),
        ("windows/2019/06/disk.vhd", None, None),
        ("windows/backup-2019.vhd", None, None),
        ("windows/10.vhd", None, None),
        ("windows/ubuntu/disk.vhd", "Ubuntu", None),
        ("windows/---.vhd", None, None),
        ("rocky/payroll.vhd", None, None),
        ("rocky/9/payroll.vhd", "Rocky Linux", None),
        ("prod/rocky9/payroll.vhd", "Rocky Linux", None),
        ("ppc/campaign.vhd", None, None),
    ],
)
def test_folders_fill_in_what_the_file_name_leaves_open(
    key: str, platform: str | None, architecture: str | None
) -> None:
    assert told(key) == (platform, architecture)


@pytest.mark.parametrize(
    ("key", "platform"),
    [
        ("ubuntukylin-13.10.iso", "Ubuntu"),
        ("ubuntuOS.qcow2", "Ubuntu"),
        ("kylindisk.qcow2", "Kylin"),
        ("kylinsec.qcow2", "Others Linux"),
        ("rancheros-aliyun.vhd", "Others Linux"),
        ("aliyun_3_x64.vhd", "Aliyun"),
        ("mine-aliyun.vhd", None),
        ("CentOS-7-2003.qcow2", "CentOS"),
        ("centos9.qcow2", "CentOS Stream"),
        ("centos63.qcow2", "CentOS"),
        ("debian-13-20250814-2204.raw", "Debian"),
        ("bird2-debian.qcow2", "Debian"),
        ("truenas-24.04-bookworm.img", None),
        ("raspios-bookworm.img", "Others Linux"),
        ("neweros-bookworm-amd64.img", None),
        ("newerlinux-3.img", "Others Linux"),
        ("openSUSE.qcow2", "OpenSUSE"),
        ("opensled.qcow2", None),
        ("noble-server-cloudimg-amd64.img", "Ubuntu"),
        ("noble-cause.img", None),
        ("noble-golden.img", "Ubuntu"),
        ("fbsd14.img", "FreeBSD"),
        ("stretch-goals.img", None),
        ("noble-numbat.qcow2", "Ubuntu"),
        ("buster-backports-amd64.qcow2", "Debian"),
        ("debian-hurd-amd64.img", None),
        ("debian-kfreebsd-amd64.img", None),
        ("cent7.vhd", "CentOS"),
        ("cents7.vhd", None),
        ("agama-Leap_16.0.iso", "OpenSUSE"),
        ("quantum-leap.img", None),
        ("mariner-2.0.vhd", "Others Linux"),
        ("ancient-mariner.vhd", None),
        ("HCE-2.0-x86_64.qcow2", "Others Linux"),
        ("红帽8.qcow2", "RedHat"),
        ("kylinv10.qcow2", "Kylin"),
        ("UOSV20-1060e.qcow2", "UOS"),
        ("kylinv.qcow2", None),
        ("archv2.qcow2", None),
        ("precise64.box", "Ubuntu"),
        ("arch.qcow2", "Others Linux"),
        ("my-arch.qcow2", None),
        ("void-x86_64.qcow2", "Others Linux"),
        ("into-the-void.qcow2", None),
        ("archive.qcow2", None),
        ("syslinux.img", None),
        ("nobleserver.img", None),
        ("astra01.vhd", None),
        ("astra-1.7.vhd", "Others Linux"),
        ("rocky-mountain.vhd", None),
        ("rocky-2-db.vhd", None),
        ("photon-2.0.vhd", "Others Linux"),
        ("web-rocky9.vhd", "Rocky Linux"),
        ("rocky-20240501.vhd", "Rocky Linux"),
        ("alpine-live-music.vhd", None),
        ("alpine-edge-x86_64.raw", "Others Linux"),
        ("garuda-dr460nized-linux.iso", "Others Linux"),
        ("fedora-hat.vhd", None),
        ("centos-to-rocky.vhd", None),
        ("centos2alma.vhd", None),
        ("centos7-to-alma8.vhd", None),
        ("debian12-built-on-ubuntu.vhd", "Debian"),
        ("ubuntu-server-22.04-vs-debian.vhd", "Ubuntu"),
        ("debian-jammy-server.vhd", None),
        ("focal-server-or-buster-server.vhd", None),
        ("suse-leap-15.5.vhd", "OpenSUSE"),
        ("FC5-i386.img", "Fedora"),
        ("AlmaLinux-Kitten-10.raw", "AlmaLinux"),
        ("ubuntu-win10-dual.img", None),
        ("银河麒麟V10.qcow2", "Kylin"),
        ("统信UOS.qcow2", "UOS"),
    ],
)
def test_a_distribution_is_told_by_its_name(key: str, platform: str | None) -> None:
    assert read_key(key).platform(PUBLIC) == platform


@pytest.mark.parametrize(
    ("key", "os_type", "platform"),
    [
        ("win2k8r2.vhd", "windows", "Windows Server 2008"),
        ("WS2016.vhd", "windows", "Windows Server 2016"),
        ("server2019-dc.vhd", "windows", "Windows Server 2019"),
        ("2012R2.vhd", "windows", "Windows Server 2012"),
        ("win201202r2_9600.vhd", "windows", "Windows Server 2012"),
        ("SW_DVD9_Win_Server_STD_2022.iso", "windows", "Windows Server 2022"),
        ("WIN_ENT_LTSC_2019_64.iso", "windows", "Other Windows"),
        ("windows-server-ltsc-2022.vhd", "windows", "Windows Server 2022"),
        ("Win_Pro_10_20H2.iso", "windows", "Other Windows"),
        ("wincore_2004_x64.vhd", "windows", "Other Windows"),
        ("winsrv2031_1809.vhd", "windows", None),
        ("windows8.1.vhd", "windows", "Other Windows"),
        ("WinXP.vhd", "windows", "Other Windows"),
        ("win2k.vhd", "windows", "Other Windows"),
        ("win2k99.vhd", "windows", None),
        ("windows-2019-06-01.vhd", "windows", None),
        ("windows.vhd", "windows", None),
        ("9600.16415.amd64fre_server_eval.vhd", "windows", "Windows Server 2012"),
        ("9600.17050.x64fre_client.iso", "windows", "Other Windows"),
        ("SERVER_EVAL_x64FRE.iso", "windows", None),
        ("9600-web.vhd", None, None),
        ("SQLServer2019.vhd", None, None),
        ("web-2019.vhd", None, None),
        ("window-manager.vhd", None, None),
        ("WindowServer2016.iso", "windows", "Windows Server 2016"),
        ("windows_sql_2019.vhd", "windows", None),
        ("zabbix-win2019.vhd", "windows", "Windows Server 2019"),
        ("darwin.vhd", None, None),
        ("Base17C-WS16-1607.vhd", "windows", "Windows Server 2016"),
        ("WIN22CORESYSPREP.vhdx", "windows", "Windows Server 2022"),
        ("ws12r2.vhd", "windows", "Windows Server 2012"),
        ("ws16.vhd", None, None),
        ("WinSvr22.vhd", "windows", "Windows Server 2022"),
        ("W10x64.vhd", "windows", "Other Windows"),
        ("w11pro.vhd", "windows", "Other Windows"),
        ("W10-22H2.vhd", "windows", "Other Windows"),
        ("w10.vhd", None, None),
        ("w10-web.vhd", None, None),
        ("w-10-pro.vhd", None, None),
        ("win-server-22.vhd", "windows", None),
        ("winsrv03.vhd", "windows", "Windows Server 2003"),
        ("windowsxpsp3.qcow2", "windows", "Other Windows"),
        ("Win10_19H2_dc.iso", "windows", "Other Windows"),
        ("srv2019.vhd", "windows", "Windows Server 2019"),
        ("srv19.vhd", None, None),
        ("windows-6.3-server.xz", "windows", "Windows Server 2012"),
        ("windows-6.1-client.vhd", "windows", "Other Windows"),
        ("windows-10.0-server.xz", "windows", None),
        ("windows-10.0.17763-server.vhd", "windows", "Windows Server 2019"),
        ("windows-10.0-client.vhd", "windows", "Other Windows"),
        ("windows-nt-6.1-server.vhd", "windows", "Windows Server 2008"),
        ("windows-6.3.vhd", "windows", None),
        ("win2012r2-to-win2019.vhd", "windows", None),
        ("win7-win-7.vhd", "windows", "Other Windows"),
        ("hyperv2012r2-web.vhd", None, None),
        ("hyper-v-2012r2-web.vhd", None, None),
        ("hyperv2022-win2019.vhd", "windows", "Windows Server 2019"),
        ("win2019-for-linux.vhd", None, None),
    ],
)
def test_a_release_of_windows_is_told(
    key: str, os_type: str | None, platform: str | None
) -> None:
    clues = read_key(key)
    assert (clues.os_type, clues.platform(PUBLIC)) == (os_type, platform)


@pytest.mark.parametrize(
    ("key", "architecture"),
    [
        ("a-x86_64.raw", "x86_64"),
        ("a-x86-64.raw", "x86_64"),
        ("a-genericx86-64.raw", "x86_64"),
        ("a (64bit).raw", "x86_64"),
        ("a_X64_b.raw", "x86_64"),
        ("systemvmtemplate64.raw", "x86_64"),
        ("a_64_20G.raw", "x86_64"),
        ("a_64_b.raw", None),
        ("debian_9_64_b.raw", "x86_64"),
        ("CentOS_5.4_32.raw", "i386"),
        ("centos64.raw", None),
        ("trusty32.raw", "i386"),
        ("a-i686.raw", "i386"),
        ("a-x86.raw", None),
        ("win7-x86.vhd", "i386"),
        ("win7_x86_x64.iso", None),
        ("a-Arm64.raw", "arm64"),
        ("a-arm.raw", None),
        ("centos_7_amd_x64.raw", "x86_64"),
        ("a-amd.raw", None),
        ("a-sw_64.raw", "unsupported"),
        ("a-ppc64le.raw", "unsupported"),
        ("ppcpap02.raw", None),
        ("a-riscv64.raw", "unsupported"),
        ("a-loongarch64.raw", "unsupported"),
        ("a-armhf.raw", "unsupported"),
        ("a-x86_64-arm64.raw", None),
        ("a-arm64-aarch64.raw", "arm64"),
        ("vmx64-1.raw", None),
        ("base64.raw", None),
        ("CentOS 7.9 64位.raw", "x86_64"),
        ("Windows Server 2008 32 位中文版.vhd", "i386"),
        ("1664位.raw", None),
        ("a-qemux86-64.raw", "x86_64"),
        ("a-qemux86.raw", "i386"),
        ("a-qemuarm64.raw", "arm64"),
        ("a-qemuarm.raw", "unsupported"),
        ("Win10_22H2_English_x32.iso", "i386"),
        ("debian-x32.raw", None),
        ("mips-benchmark.raw", None),
        ("mips-rootfs.raw", "unsupported"),
        ("mips.raw", "unsupported"),
        ("debian-mips.raw", "unsupported"),
        ("win-ppc-campaign.vhd", None),
        ("image-i386d0f3.raw", None),
        ("a-x64v2.raw", "x86_64"),
        ("22631.1_a64fre_client.iso", "arm64"),
        ("yitian710.raw", "arm64"),
    ],
)
def test_an_architecture_is_told_or_left_open(
    key: str, architecture: str | None
) -> None:
    assert read_key(key).architecture == architecture


@pytest.mark.parametrize(
    ("key", "index", "set_name", "is_data_disk"),
    [
        ("a/web-disk2.qcow2", 2, "a/web", True),
        ("a/web-disk1.qcow2", 1, None, False),
        ("web_data-disk2.qcow2", 2, "web", True),
        ("web_data1.qcow2", 2, "web", True),
        ("web-data.qcow2", None, None, True),
        ("myDataDisk.vhd", None, None, True),
        ("win2008r2-data.vhd", None, None, False),
        ("user-data.img", None, None, False),
        ("web-vdb.qcow2", 2, "web", True),
        ("virtiob.qcow2", 2, None, True),
        ("nvme1n1.raw", 2, None, True),
        ("nvme20n1.raw", None, None, False),
        ("web-data40.raw", None, None, False),
        ("web-hdd.img", None, None, False),
        ("x-osDisk.vhd", 1, None, False),
        ("x_OsDisk_1_0a1b2c3d4e5f60718293a4b5c6d7e8f9.vhd", 1, None, False),
        ("x_DataDisk_0_0a1b2c3d4e5f60718293a4b5c6d7e8f9.vhd", 2, "x", True),
        ("x-PRIMARY.qcow2", 1, "x", False),
        ("x-AUXILIARY.qcow2", None, "x", True),
        ("vm-100-disk-0.raw", 1, None, False),
        ("ipva-disk2-14r2.vmdk", 2, "ipva-14r2", True),
        ("web-disk18.raw", None, None, False),
        ("web-disk2.iso", None, None, False),
        ("web-disk2.qcow2.md5", None, None, False),
        ("web-disk2.vhd.gz", 2, "web", True),
        ("web-000002.vmdk", None, None, False),
        ("blank-disk-1s.raw", None, None, False),
        ("vmdisk-19.3.qcow2", None, None, False),
        ("disk2.raw", 2, None, True),
        ("磁盘2.vhd", 2, None, True),
        ("麒麟V10系统盘.vhd", 1, None, False),
        ("统信UOS数据盘1.vhd", 2, "统信UOS", True),
        ("服务器数据盘.vhd", None, None, True),
        ("服务器磁盘2.vhd", 2, "服务器", True),
        ("光盘.vhd", None, None, False),
        ("web-vdb_20240501.qcow2", 2, "web_20240501", True),
        ("web-sdb-2024-05-01T12:00:00Z.img", 2, "web-2024-05-01T12:00:00Z", True),
        ("web-vda-backup.raw", 1, None, False),
        ("web-vdb.full.20240501.raw", 2, "web.full.20240501", True),
        ("web-vdb-notes.raw", None, None, False),
        ("postgres14-primary.qcow2", None, None, False),
        ("dns-secondary.qcow2", None, None, False),
        ("win10-vdi.vhd", None, None, False),
        ("sandbox-hdp.qcow2", None, None, False),
        ("sap-hdb.qcow2", None, None, False),
        ("web-hdb.qcow2", 2, "web", True),
        ("web-vde.qcow2", 5, "web", True),
        (
            "BIGIP-11.6.0.0.0.401.DATASTOR.ALL.qcow2",
            None,
            "BIGIP-11.6.0.0.0.401.ALL",
            True,
        ),
        ("web-vdb-4711.raw", None, None, False),
        ("disk2-web.vmdk", 2, "web", True),
        ("PhysicalDrive0.vhd", 1, None, False),
        ("WEB_PhysicalDrive1.vhd", 2, "WEB", True),
        ("virtio0.raw", 1, None, False),
        ("drive-scsi1.raw", 2, None, True),
        ("restored/disk-drive-virtio1.raw", 2, None, True),
        ("disk-drive-efidisk0.raw", None, None, False),
        ("web-scsi1.raw", None, None, False),
        ("Virtual Hard Disk 2.vhd", 2, None, True),
        ("harddisk2.vhd", 2, None, True),
        ("es-data-01.vhd", None, None, False),
        ("es-data1.vhd", None, None, False),
        ("data-01.vhd", 2, None, True),
        ("web01-data-1.vhd", 2, "web01", True),
        ("elasticsearch-data.vhd", None, None, False),
        ("fw-secondary.vhd", None, None, False),
        ("secondary.vhd", None, None, True),
        ("big-data.vhd", None, None, False),
        ("m-bp1d9k2m4x7p0q3s5t8v_data_xvdb.raw", 2, "m-bp1d9k2m4x7p0q3s5t8v", True),
        ("本番DB_データディスク.vhd", None, None, True),
        ("데이터디스크2.vhd", 3, None, True),
        ("serveur_disque_données.vhd", None, None, True),
        ("сервер_системный_диск.vhd", 1, None, False),
    ],
)
def test_which_disk_it_is(
    key: str, index: int | None, set_name: str | None, *, is_data_disk: bool
) -> None:
    clues = read_key(key)
    assert (clues.disk_index, clues.set_name) == (index, set_name)
    assert clues.is_data_disk == is_data_disk


def clue(clues: KeyClues, name: str) -> str:
    return f"{clues.clues[name].token}: {clues.clues[name].rule}"


def test_every_value_has_a_clue() -> None:
    clues = read_key("noble/jammy-server-cloudimg-amd64-disk2.img")
    assert clue(clues, "platform") == "jammy: codename of Ubuntu, in the file name"
    assert clue(clues, "os_type") == clue(clues, "platform")
    assert clue(clues, "architecture").startswith("amd64: names the architecture")
    assert clue(clues, "disk_index") == "disk2: numbers a disk"
    assert clue(clues, "set_name") == clue(clues, "disk_index")
    assert clue(clues, "format").startswith("img: a disk image, though")


def test_a_folder_is_named_as_such() -> None:
    clues = read_key("fedora/aarch64/disk.raw")
    assert clue(clues, "platform") == "fedora: name of Fedora, in a folder's name"
    assert clue(clues, "architecture").endswith("in a folder's name")


def test_what_is_not_told_has_no_clue() -> None:
    assert set(read_key("web.qcow2").clues) == {"format"}


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        ("fortios.qcow2", "Fortinet: a product; the system inside is unknown"),
        ("openbsd.qcow2", "name of OpenBSD"),
        ("ubuntu-win10.img", "names two systems"),
        ("win10-linux.img", "names two systems"),
    ],
)
def test_a_name_that_keeps_its_system_to_itself_says_why(key: str, rule: str) -> None:
    clues = read_key(key)
    assert clues.platform(PUBLIC) is None
    assert clues.clues["platform"].rule == f"{rule}, in the file name"
