"""The list of buckets, in pages and as a whole."""

import oss2
from fake_aliyun import FakeAliyun
from oss2.xml_utils import ElementTree

PUBLIC = "https://oss-cn-hangzhou.aliyuncs.com"
OF_PAGES = {"Prefix", "Marker", "MaxKeys", "IsTruncated", "NextMarker"}


class Kept(oss2.Service):  # type: ignore[misc] # untyped
    """Keeps the names of the elements of its last answer."""

    last: set[str]

    def _parse_result(self, resp: object, parse_func: object, klass: object) -> object:
        def parse(result: object, body: bytes) -> object:
            self.last = {child.tag for child in ElementTree.fromstring(body)}
            return parse_func(result, body)  # type: ignore[operator] # untyped

        return super()._parse_result(resp, parse, klass)


def test_buckets_come_in_pages_and_the_whole_without_a_word_of_them(
    cloud: FakeAliyun,
) -> None:
    for name in ("bucket-a", "bucket-b", "other"):
        cloud.oss.create_bucket(name)
    with cloud:
        service = Kept(oss2.AuthV4("an-id", "a-secret"), PUBLIC, region="cn-hangzhou")
        pages = oss2.BucketIterator(service, prefix="bucket", max_keys=1)
        assert [bucket.name for bucket in pages] == ["bucket-a", "bucket-b"]
        service.list_buckets(max_keys=2)
        assert service.last >= OF_PAGES
        service.list_buckets(max_keys=3)
        assert service.last == {"Owner", "Buckets"}
