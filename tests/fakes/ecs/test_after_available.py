"""What ECS does to an image once it is there: copies, shares, families, tags, its end.

Learned from the operations' models in alibabacloud-ecs20140526 7.11.8 and 7.0.2, from
the error tables in github.com/AlibabaCloudDocs/ecs (2021-07), and from pull request 204
of github.com/cloudfoundry/bosh-alicloud-cpi-release; read 2026-12.
"""

from collections.abc import Callable
from typing import Any

import pytest
from fake_aliyun import FakeAliyun, ManualClock, NotImitatedError
from fake_aliyun.ecs.errors import EcsError
from fake_aliyun.ecs.images import CheckItem
from fake_aliyun.ecs.operations import EcsOperations

HERE, THERE = "cn-hangzhou", "cn-beijing"
OTHER_ACCOUNT = "1000000000000001"


class Account:
    """The operations of ECS without HTTP, on a cloud with one Available image."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.cloud = FakeAliyun(clock=self.clock)
        self.cloud.oss.put("images", "web.raw", b"bytes")
        self._operations = EcsOperations(self.cloud._backends.ecs)
        self.image_id = self.imported("web")

    def run(self, action: str, **parameters: str) -> dict[str, Any]:
        named = {name.replace("__", "."): value for name, value in parameters.items()}
        given = {"RegionId": HERE, **named}
        return self._operations.run(action, given, door="public")

    def imported(self, name: str, **parameters: str) -> str:
        made = self.run(
            "ImportImage",
            ImageName=name,
            DiskDeviceMapping__1__OSSBucket="images",
            DiskDeviceMapping__1__OSSObject="web.raw",
            **parameters,
        )
        self.cloud.ecs.finish_imports()
        return str(made["ImageId"])

    def of_image(self, action: str, **parameters: str) -> dict[str, Any]:
        return self.run(action, **{"ImageId": self.image_id, **parameters})

    def copy(self, **parameters: str) -> str:
        given = {"DestinationRegionId": THERE, **parameters}
        return str(self.of_image("CopyImage", **given)["ImageId"])

    def shown(self, image_id: str, region_id: str = HERE) -> dict[str, Any]:
        found = self.run(
            "DescribeImages", RegionId=region_id, ImageId=image_id, Status="ALL"
        )
        (image,) = found["Images"]["Image"]
        return dict(image)


@pytest.fixture
def account() -> Account:
    return Account()


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(EcsError) as caught:
        call()
    return caught.value.code


def test_a_copy_is_an_image_of_the_other_region_and_has_no_task(
    account: Account,
) -> None:
    image_id = account.copy(DestinationImageName="web")
    assert account.run("DescribeTasks", RegionId=THERE)["TotalCount"] == 0
    assert account.shown(image_id, THERE)["Status"] == "Waiting"
    account.cloud.ecs.finish_imports()
    shown = account.shown(image_id, THERE)
    assert (shown["Status"], shown["IsCopied"]) == ("Available", True)


def test_a_copy_has_the_tags_of_the_call_and_neither_features_nor_family(
    account: Account,
) -> None:
    account.of_image(
        "ModifyImageAttribute",
        Features__NvmeSupport="supported",
        ImageFamily="base",
    )
    account.run(
        "TagResources",
        ResourceType="image",
        ResourceId__1=account.image_id,
        Tag__1__Key="of",
        Tag__1__Value="source",
    )
    shown = account.shown(account.copy(Tag__1__Key="of", Tag__1__Value="copy"), THERE)
    tags = [(tag["TagKey"], tag["TagValue"]) for tag in shown["Tags"]["Tag"]]
    assert (shown["Features"], shown["ImageFamily"], tags) == ({}, "", [("of", "copy")])


def test_the_same_token_makes_one_copy(account: Account) -> None:
    first = account.copy(ClientToken="t")
    assert account.copy(ClientToken="t") == first
    different = refusal(lambda: account.copy(ClientToken="t", DestinationImageName="x"))
    assert different == "IdempotentParameterMismatch"


def test_five_copies_of_a_region_are_made_at_a_time(account: Account) -> None:
    ids = [account.copy(DestinationImageName=f"web-{n}") for n in range(6)]
    for _ in range(3):
        seen = [account.shown(image_id, THERE)["Status"] for image_id in ids]
    assert seen == ["Creating"] * 5 + ["Waiting"]
    for _ in range(5):
        seen = [account.shown(image_id, THERE)["Status"] for image_id in ids]
    assert seen == ["Available"] * 6


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"DestinationRegionId": HERE}, "IncorrectDestinationRegion"),
        ({"DestinationRegionId": "mars"}, "DestinationRegion.NotFound"),
        ({"RegionId": "mars"}, "SourceRegion.NotFound"),
        ({"ImageId": "m-0"}, "InvalidImageId.NotFound"),
        ({"DestinationImageName": "1"}, "InvalidImageName.Malformed"),
        ({"KMSKeyId": "k"}, "InvalidParameter.EncryptedIllegal"),
        ({"DryRun": "true"}, "DryRunOperation"),
    ],
)
def test_a_copy_is_refused(
    account: Account, parameters: dict[str, str], code: str
) -> None:
    assert refusal(lambda: account.copy(**parameters)) == code


def test_a_name_that_the_other_region_has_is_taken(account: Account) -> None:
    account.copy(DestinationImageName="web")
    account.cloud.ecs.finish_imports()
    again = refusal(lambda: account.copy(DestinationImageName="web"))
    assert again == "InvalidImageName.Duplicated"


def test_a_copy_under_way_is_cancelled_and_not_deleted(account: Account) -> None:
    image_id = account.copy()
    there = {"RegionId": THERE, "ImageId": image_id}
    refused = [
        refusal(lambda: account.of_image("DeleteImage")),
        refusal(lambda: account.run("DeleteImage", **there)),
    ]
    assert refused == ["OperationDenied.ImageCopying"] * 2
    account.run("CancelCopyImage", **there)
    account.of_image("DeleteImage")
    assert not account.cloud.ecs.images


def test_what_is_no_copy_or_has_ended_is_not_cancelled(account: Account) -> None:
    imported = refusal(lambda: account.of_image("CancelCopyImage"))
    there = {"RegionId": THERE, "ImageId": account.copy()}
    account.cloud.ecs.finish_imports()
    ended = refusal(lambda: account.run("CancelCopyImage", **there))
    assert (imported, ended) == ("ImageCreatedNotFromCopy", "IncorrectImageStatus")


def test_a_deprecated_image_is_neither_copied_nor_shared_until_it_is_restored(
    account: Account,
) -> None:
    share = {"AddAccount__1": OTHER_ACCOUNT}
    account.of_image("ModifyImageAttribute", Status="Deprecated")
    refused = [
        refusal(account.copy),
        refusal(lambda: account.of_image("ModifyImageSharePermission", **share)),
    ]
    assert refused == ["IncorrectImageStatus"] * 2
    account.of_image("ModifyImageAttribute", Status="Available")
    account.of_image("ModifyImageSharePermission", **share)


def test_a_look_that_names_no_status_misses_a_deprecated_image(
    account: Account,
) -> None:
    account.of_image("ModifyImageAttribute", Status="Deprecated")
    found = [
        account.run("DescribeImages", ImageId=account.image_id, **status)["TotalCount"]
        for status in ({}, {"Status": "Deprecated"}, {"Status": "ALL"})
    ]
    assert found == [0, 1, 1]


def test_a_shared_image_is_neither_deprecated_nor_deleted(account: Account) -> None:
    account.of_image("ModifyImageSharePermission", AddAccount__1=OTHER_ACCOUNT)
    refused = [
        refusal(lambda: account.of_image("ModifyImageAttribute", Status="Deprecated")),
        refusal(lambda: account.of_image("DeleteImage")),
    ]
    assert refused == ["IncorrectImageStatus", "ImageUseShared"]
    account.of_image("ModifyImageSharePermission", RemoveAccount__1=OTHER_ACCOUNT)
    account.of_image("DeleteImage")


@pytest.mark.parametrize(
    ("account_id", "code"),
    [
        ("somebody", "InvalidAccount.NotFound"),
        ("1234567890123456", "InvalidAccount.Forbbiden"),
    ],
)
def test_an_image_is_shared_with_others_by_their_number(
    account: Account, account_id: str, code: str
) -> None:
    share = {"AddAccount__1": account_id}
    call = refusal(lambda: account.of_image("ModifyImageSharePermission", **share))
    assert call == code


def test_an_image_is_shared_with_fifty_accounts_ten_at_a_time(
    account: Account,
) -> None:
    for ten in range(5):
        ids = {f"AddAccount__{n}": f"{1000 + 10 * ten + n}" for n in range(1, 11)}
        account.of_image("ModifyImageSharePermission", **ids)
    more = {"AddAccount__1": "1"}
    code = refusal(lambda: account.of_image("ModifyImageSharePermission", **more))
    assert code == "QuotaExceed.ShareImageUser"
    shares = account.of_image("DescribeImageSharePermission", PageSize="100")
    assert (shares["TotalCount"], len(shares["Accounts"]["Account"])) == (50, 50)
    # ECS leaves an eleventh of a call out without a word, which nobody wants.
    with pytest.raises(NotImitatedError, match=r"AddAccount\.11"):
        account.of_image("ModifyImageSharePermission", AddAccount__11="1")


def test_an_image_encrypted_with_the_service_key_is_not_shared(
    account: Account,
) -> None:
    image_id = account.copy(Encrypted="true")
    account.cloud.ecs.finish_imports()
    share = {"RegionId": THERE, "ImageId": image_id, "AddAccount__1": OTHER_ACCOUNT}
    code = refusal(lambda: account.run("ModifyImageSharePermission", **share))
    assert code == "OperationDeined.EncryptedSnapshot"


def test_the_newest_available_image_of_a_family_is_the_familys(
    account: Account,
) -> None:
    account.of_image("ModifyImageAttribute", ImageFamily="base")
    account.clock.advance(60)
    newer = account.imported("newer")
    account.run("ModifyImageAttribute", ImageId=newer, ImageFamily="base")

    def newest() -> str:
        found = account.run("DescribeImageFromFamily", ImageFamily="base")
        return str(found["Image"]["ImageId"])

    assert newest() == newer
    account.run("ModifyImageAttribute", ImageId=newer, Status="Deprecated")
    assert newest() == account.image_id


@pytest.mark.parametrize("family", ["", "1base", "aliyun-base", "acs:base", "x"])
def test_a_family_has_a_name_of_its_own_and_keeps_it(
    account: Account, family: str
) -> None:
    account.of_image("ModifyImageAttribute", ImageFamily="base")
    change = {"ImageFamily": family}
    code = refusal(lambda: account.of_image("ModifyImageAttribute", **change))
    assert code == "InvalidParameter"
    assert account.shown(account.image_id)["ImageFamily"] == "base"


def test_metadata_service_v2_is_not_taken_back(account: Account) -> None:
    account.of_image("ModifyImageAttribute", Features__ImdsSupport="v2")
    change = {"Features__ImdsSupport": "v1"}
    code = refusal(lambda: account.of_image("ModifyImageAttribute", **change))
    assert code == "InvalidParameter.FeaturesImdsSupport"


def test_nothing_changes_where_one_value_is_wrong(account: Account) -> None:
    change = {"ImageName": "new", "BootMode": "Floppy"}
    refusal(lambda: account.of_image("ModifyImageAttribute", **change))
    assert account.shown(account.image_id)["ImageName"] == "web"


def test_an_available_image_can_be_usable_later(account: Account) -> None:
    account.cloud.ecs.usable_seconds = 60
    image_id = account.imported("slow")
    assert account.shown(image_id)["Usable"] is False
    usable = {"ImageId": image_id, "Usable": "true"}
    assert (
        refusal(lambda: account.run("DescribeImages", **usable)) == "MissingParameter"
    )
    asked = {**usable, "Status": "Available"}
    assert account.run("DescribeImages", **asked)["TotalCount"] == 0
    account.clock.advance(60)
    assert account.run("DescribeImages", **asked)["TotalCount"] == 1
    assert account.shown(image_id)["Usable"] is True


def test_the_check_of_an_image_ends_after_it_is_available(account: Account) -> None:
    account.cloud.ecs.check_seconds = 60
    account.cloud.ecs.find_by_check(
        "checked", CheckItem("GUESTOS.Virtio", "absent", "High", "no-virtio")
    )
    image_id = account.imported("checked", DetectionStrategy="Standard")
    assert account.shown(image_id)["DetectionOptions"]["Status"] == "Processing"
    account.clock.advance(60)
    assert account.shown(image_id)["DetectionOptions"] == {
        "Status": "Finished",
        "Items": {
            "Item": [
                {
                    "Name": "GUESTOS.Virtio",
                    "Value": "absent",
                    "RiskLevel": "High",
                    "RiskCode": "no-virtio",
                }
            ]
        },
    }
    assert "DetectionOptions" not in account.shown(account.image_id)


def test_an_image_in_use_is_deleted_by_force_alone(account: Account) -> None:
    account.cloud.ecs.use_image("web", "i-1")
    used = account.run("DescribeImages", Usage="instance")
    assert used["TotalCount"] == 1
    assert refusal(lambda: account.of_image("DeleteImage")) == "ImageUsingByInstance"
    account.of_image("DeleteImage", Force="true")
    assert refusal(lambda: account.of_image("DeleteImage")) == "InvalidImageId.NotFound"


def test_the_task_of_a_deleted_image_stays(account: Account) -> None:
    account.of_image("DeleteImage")
    (task,) = account.run("DescribeTasks")["TaskSet"]["Task"]
    assert task["TaskStatus"] == "Finished"


def test_images_are_found_by_the_minute_of_their_creation(account: Account) -> None:
    minute = account.clock().strftime("%Y-%m-%dT%H:%MZ")
    account.clock.advance(3600)
    later = account.clock().strftime("%Y-%m-%dT%H:%MZ")
    found = [
        account.run("DescribeImages", Filter__1__Key=key, Filter__1__Value=value)[
            "TotalCount"
        ]
        for key, value in (
            ("CreationStartTime", minute),
            ("CreationStartTime", later),
            ("CreationEndTime", later),
        )
    ]
    assert found == [1, 0, 1]


def test_a_tag_is_replaced_taken_away_and_listed(account: Account) -> None:
    tagged = {"ResourceType": "image", "ResourceId__1": account.image_id}

    def listed() -> list[tuple[str, str]]:
        found = account.run("ListTagResources", **tagged)["TagResources"]
        return [(tag["TagKey"], tag["TagValue"]) for tag in found["TagResource"]]

    for value in ("a", "b"):
        account.run("TagResources", **tagged, Tag__1__Key="team", Tag__1__Value=value)
    assert listed() == [("team", "b")]
    account.run("UntagResources", **tagged, TagKey__1="team", TagKey__2="none")
    assert listed() == []


def test_tags_of_an_image_that_is_not_there_are_refused(account: Account) -> None:
    tagged = {"ResourceType": "image", "ResourceId__1": "m-0", "Tag__1__Key": "k"}
    code = refusal(lambda: account.run("TagResources", **tagged))
    assert code == "InvalidResourceId.NotFound"


@pytest.mark.parametrize(
    ("nvme", "count"), [("unsupported", 1), ("supported", 2)], ids=["SCSI", "NVMe"]
)
def test_instance_types_with_nvme_disks_need_an_image_that_supports_them(
    account: Account, nvme: str, count: int
) -> None:
    account.of_image("ModifyImageAttribute", Features__NvmeSupport=nvme)
    types = account.of_image("DescribeImageSupportInstanceTypes")["InstanceTypes"]
    assert len(types["InstanceType"]) == count
