import pytest
from image_import.errors import SidecarError
from image_import.model.declaration import DeclaredDisk
from image_import.model.disk import DiskFormat
from image_import.model.targets import APSARA_POP, PUBLIC, Target
from image_import.sidecar.disks import Surroundings, read_disks


def around(target: Target = PUBLIC, image_key: str = "in/web.raw") -> Surroundings:
    return Surroundings(
        bucket="images",
        sidecar_key=f"{image_key}.json",
        image_key=image_key,
        target=target,
    )


def refusal(value: object, target: Target = PUBLIC) -> SidecarError:
    with pytest.raises(SidecarError) as caught:
        read_disks(value, around(target))
    return caught.value


DATA = {"OSSObject": "d.raw"}


def test_the_system_disk_needs_no_name() -> None:
    disks, notes = read_disks([{}, DATA], around())
    assert [disk.object_key for disk in disks] == ["in/web.raw", "in/d.raw"]
    assert notes == ()


def test_names_are_relative_to_the_root_for_a_sidecar_there() -> None:
    disks, _ = read_disks([{"OSSObject": "w"}, DATA], around(image_key="w"))
    assert [disk.object_key for disk in disks] == ["w", "d.raw"]


@pytest.mark.parametrize("text", ["QCOW2", "qcow2", "Qcow2"])
def test_a_format_may_be_written_in_any_case(text: str) -> None:
    disks, _ = read_disks([{"Format": text}], around(APSARA_POP))
    assert disks[0].format is DiskFormat.QCOW2


def test_the_old_name_of_the_size_is_taken_and_noted() -> None:
    disks, notes = read_disks([{"DiskImSize": 80, "DiskImageSize": 80}], around())
    assert disks == (DeclaredDisk(object_key="in/web.raw", disk_image_size_gib=80),)
    assert notes == (
        "DiskDeviceMapping[0].DiskImSize is sent as DiskImageSize, its new name",
    )


@pytest.mark.parametrize("device", ["/dev/xvda", "null", None])
def test_a_device_is_dropped_with_a_note(device: object) -> None:
    _, notes = read_disks([{"Device": device}], around())
    assert notes == (
        "DiskDeviceMapping[0].Device has no effect: ECS is about to drop it",
    )


@pytest.mark.parametrize(
    ("target", "index", "size"),
    [
        (PUBLIC, 0, 1),
        (PUBLIC, 1, 2048),
        (APSARA_POP, 0, 5),
        (APSARA_POP, 0, 500),
        (APSARA_POP, 1, 1000),
    ],
)
def test_a_size_at_the_limit_is_taken(target: Target, index: int, size: int) -> None:
    disks: list[dict[str, object]] = [{}, {**DATA}]
    disks[index]["DiskImageSize"] = size
    read, _ = read_disks(disks, around(target))
    assert read[index].disk_image_size_gib == size


@pytest.mark.parametrize(
    ("target", "index", "size", "message"),
    [
        (PUBLIC, 0, 0, "is 0; target public takes a whole number of GiB from 1 to"),
        (PUBLIC, 1, 2049, "is 2049; target public takes a whole number of GiB from 1"),
        (APSARA_POP, 0, 501, "from 5 to 500 for a system disk"),
        (APSARA_POP, 1, 4, "from 5 to 1000 for a data disk"),
        (PUBLIC, 0, -(10**30), "is far too much"),
        (PUBLIC, 0, "40", "is text, not a whole number"),
        (PUBLIC, 0, 40.0, "is a number, not a whole number"),
        (PUBLIC, 0, True, "is true, not a whole number"),
        (PUBLIC, 0, None, "is nothing (null), not a whole number"),
    ],
)
def test_a_size_beyond_the_limits_is_refused(
    target: Target, index: int, size: object, message: str
) -> None:
    disks: list[dict[str, object]] = [{}, {**DATA}]
    disks[index]["DiskImageSize"] = size
    error = refusal(disks, target)
    assert error.field == f"DiskDeviceMapping[{index}].DiskImageSize"
    assert message in str(error)


@pytest.mark.parametrize(
    ("value", "field", "message"),
    [
        ({}, "DiskDeviceMapping", "is an object, not a list"),
        ([], "DiskDeviceMapping", "is an empty list"),
        ([{}] * 18, "DiskDeviceMapping", "lists 18 disks; ECS takes 1 system disk"),
        (["web.raw"], "DiskDeviceMapping[0]", "is text, not an object"),
        ([{"ossobject": "w"}], "DiskDeviceMapping[0].ossobject", "mean OSSObject?"),
        ([{"OSSBucket": "b"}], "DiskDeviceMapping[0].OSSBucket", "is another bucket"),
        ([{"Format": "vmdk"}], "DiskDeviceMapping[0].Format", "use RAW, VHD or QCOW2"),
        ([{"Format": 2}], "DiskDeviceMapping[0].Format", "is a number, not text"),
        ([{}, {}], "DiskDeviceMapping[1].OSSObject", "is missing"),
        ([{}, DATA, DATA], "DiskDeviceMapping[2].OSSObject", "is listed already"),
        ([{}, {"OSSObject": "web.raw"}], "DiskDeviceMapping[1].OSSObject", "already"),
        ([DATA], "DiskDeviceMapping[0].OSSObject", "which here is in/web.raw"),
        (
            [{"DiskImSize": 5, "DiskImageSize": 6}],
            "DiskDeviceMapping[0].DiskImSize",
            "is 5, but DiskImageSize is 6",
        ),
        (
            [{}, {"OSSObject": "k" * 1021}],
            "DiskDeviceMapping[1].OSSObject",
            "more than 1023 bytes",
        ),
    ],
)
def test_a_bad_list_of_disks_is_refused(
    value: object, field: str, message: str
) -> None:
    error = refusal(value)
    assert error.field == field
    assert message in str(error)


@pytest.mark.parametrize(
    "name",
    [
        "../secret.raw",
        "a/../../secret.raw",
        "/secret.raw",
        "./d.raw",
        "a//d.raw",
        "a/",
        "",
        "..",
        "oss://other/secret.raw",
        "\\secret.raw",
    ],
)
def test_a_disk_outside_of_the_folder_is_refused(name: str) -> None:
    error = refusal([{}, {"OSSObject": name}])
    assert error.field == "DiskDeviceMapping[1].OSSObject"
    assert "must name an object in the sidecar's own folder or below it" in str(error)


def test_a_name_with_a_control_character_is_refused() -> None:
    assert "control character" in str(refusal([{}, {"OSSObject": "a\x00.raw"}]))


def test_a_name_keeps_its_spaces_dots_and_percent_signs() -> None:
    disks, _ = read_disks([{}, {"OSSObject": " a%2F..b /d ..raw "}], around())
    assert disks[1].object_key == "in/ a%2F..b /d ..raw "
