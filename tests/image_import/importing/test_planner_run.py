"""The plan of what was gathered."""

from typing import Any

import pytest
from image_import.model.result import Outcome
from uploads import Uploads


@pytest.mark.parametrize(
    ("of_object", "platform"),
    [({}, "CentOS"), ({"platform": "Debian"}, "Debian")],
    ids=["no metadata", "metadata"],
)
def test_metadata_of_the_object_counts_before_its_name(
    of_object: dict[str, str], platform: str
) -> None:
    result = Uploads().upload("centos-7.qcow2", metadata=of_object)
    assert result.parameters["Platform"] == platform


def test_a_sidecar_that_cannot_be_used_ends_before_anything_is_claimed() -> None:
    uploads = Uploads()
    uploads.put("web.qcow2.json", b'{"Platfrom": "Debian"}')
    result = uploads.upload("web.qcow2")
    assert result.outcome is Outcome.REFUSED
    assert "Platfrom" in result.reason
    assert uploads.notes == []


def test_each_parameter_says_where_it_came_from() -> None:
    evidence: dict[str, Any] = dict(Uploads().upload("centos-7.qcow2").evidence)
    assert evidence["Platform"]["source"] == "object key"
    assert evidence["DiskDeviceMapping.1.Format"]["source"] == "header"
