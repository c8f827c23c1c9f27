"""What to do about the risks that ECS's image check finds."""

import pytest
from image_import.model.image_check import ADVICE, OTHERWISE, advice_on, sentence
from image_import.model.ownership import CheckFinding


def test_a_finding_says_what_to_do_in_both_languages() -> None:
    found = CheckFinding("GUESTOS.Virtio", "absent", "High", "no-virtio")
    assert sentence(found) == (
        "High GUESTOS.Virtio=absent (no-virtio): install the virtio drivers; without "
        "them an instance may not start"
    )
    assert sentence(found, "zh") == (
        "High GUESTOS.Virtio=absent (no-virtio)：安装 virtio 驱动，否则实例可能无法启动"
    )


def test_an_item_that_is_new_to_us_sends_to_the_console() -> None:
    assert advice_on(CheckFinding("GUESTOS.Quantum", "", "Medium")) == OTHERWISE.en


# Of the page "Check and repair custom images", both systems; those without a repair
# suggestion (Platform, OSVersion, Architecture, BootMode, KernelVersion) left out.
LISTED = """
RtcTimeMode Virtio Nvme Fstab Grub Dhcp Selinux OnlineResizeFS SystemImage
CloudAssistant CloudInit SecurityCenterAgent SupportMocInstanceTypes BCD Registry
Hotfix Disk Sysprep Update Xen Server DesktopConfig BootMgr
"""


@pytest.mark.parametrize("name", LISTED.split())
def test_each_item_that_ecs_lists_has_advice(name: str) -> None:
    found = CheckFinding(f"GUESTOS.{name}", "", "High")
    assert advice_on(found) != OTHERWISE.en
    assert advice_on(found, "zh") != OTHERWISE.zh


def test_no_advice_is_for_an_item_that_ecs_does_not_have() -> None:
    assert set(ADVICE) == {name.lower() for name in LISTED.split()}
