import pytest
from image_import.filename.machine_sets import read_keys

Expected = dict[str, tuple[int | None, str | None]]

CASES: dict[str, Expected] = {
    "a second disk makes a set of the first": {
        "a/web-disk1.qcow2": (1, "a/web"),
        "a/web-disk2.qcow2": (2, "a/web"),
        "b/web-disk1.qcow2": (1, None),
    },
    "a name without a marker is the system disk": {
        "SQL.VHD": (1, "SQL"),
        "SQL-DISK3.VHDX": (3, "SQL"),
    },
    "case does not part a set": {
        "Web-disk1.vhd": (1, "Web"),
        "web-DISK2.vhd": (2, "Web"),
    },
    "numbers may begin at 0": {
        "vm-100-disk-0.raw": (1, "vm-100"),
        "vm-100-disk-1.raw": (2, "vm-100"),
        "vm-100-disk-2.raw": (3, "vm-100"),
    },
    "data disks may be numbered by themselves": {
        "web-os.vhd": (1, "web"),
        "web-data-disk1.vhd": (2, "web"),
        "web-data-disk2.vhd": (3, "web"),
    },
    "data disks may begin at 0": {
        "web.vhd": (1, "web"),
        "web-data0.vhd": (2, "web"),
        "web-data1.vhd": (3, "web"),
    },
    "other words stand where a role stands": {
        "x-1.2-OS.qcow2": (1, "x-1.2"),
        "x-1.2-CMDB.qcow2": (None, "x-1.2"),
    },
    "an unnumbered data disk has no place": {
        "cloud_config.qcow2": (None, "cloud"),
        "cloud_data.qcow2": (None, "cloud"),
    },
    "a word with a meaning of its own is no role": {
        "web-os.qcow2": (1, None),
        "web-minimal.qcow2": (None, None),
        "web-debian.qcow2": (None, None),
        "web-arm64.qcow2": (None, None),
    },
    "what ECS exports is one machine": {
        "p_m-bp1d9k2m4x7p0q3s5t8v_system.raw": (1, "p_m-bp1d9k2m4x7p0q3s5t8v"),
        "p_m-bp1d9k2m4x7p0q3s5t8v_data_xvdb.raw": (2, "p_m-bp1d9k2m4x7p0q3s5t8v"),
        "p_m-bp1d9k2m4x7p0q3s5t8v_data_xvdc.raw": (3, "p_m-bp1d9k2m4x7p0q3s5t8v"),
    },
    "data nodes are machines": {
        "es-data-01.vhd": (None, None),
        "es-data-02.vhd": (None, None),
    },
    "beside a system disk they are disks": {
        "es-os.vhd": (1, "es"),
        "es-data-01.vhd": (2, "es"),
        "es-data-02.vhd": (3, "es"),
    },
    "a secondary is a machine beside another one": {
        "fw.raw": (None, None),
        "fw-secondary.raw": (None, None),
    },
    "a secondary is a disk beside a system disk": {
        "fw-system.raw": (1, "fw"),
        "fw-secondary.raw": (None, "fw"),
    },
    "other formats are other images": {
        "web-os.qcow2": (1, None),
        "web-db.vhd": (None, None),
    },
    "one disk in two formats is no set": {
        "trusty-disk1.img": (1, None),
        "trusty-disk1.vmdk": (1, None),
        "trusty.img": (None, None),
    },
    "a disk beside a base that is taken": {
        "web.qcow2": (None, None),
        "web-vda.qcow2": (1, "web"),
        "web-vdb.qcow2": (2, "web"),
    },
    "side files are no disks": {
        "web.md5": (None, None),
        "web-disk2.raw": (2, "web"),
    },
    "a place beyond the last one is none": {
        "web-disk0.raw": (1, "web"),
        "web-disk17.raw": (None, "web"),
    },
}


@pytest.mark.parametrize("expected", CASES.values(), ids=CASES)
def test_keys_that_are_read_together_tell_of_each_other(expected: Expected) -> None:
    read = read_keys(expected)
    assert {c.object_key: (c.disk_index, c.set_name) for c in read} == expected


def test_the_order_of_the_keys_is_kept_and_does_not_matter() -> None:
    keys = ["w-disk2.raw", "w.raw", "x.raw", "w-disk2.raw"]
    read = read_keys(keys)
    assert [clues.object_key for clues in read] == keys
    assert read_keys(keys[::-1]) == read[::-1]


def test_a_companion_of_a_system_disk_is_a_data_disk() -> None:
    system, other = read_keys(["x-os.raw", "x-cmdb.raw"])
    assert (system.is_data_disk, other.is_data_disk) == (False, True)
    assert other.clues["set_name"] == ("os", "marks a disk beside it")
