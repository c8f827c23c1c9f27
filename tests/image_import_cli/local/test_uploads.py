"""Many clients upload at once."""

from concurrent.futures import ThreadPoolExecutor

from desks import QCOW2, client, desk_with, wait_for_deliveries
from image_import_cli.local.deliveries import read_delivery

CLIENTS, UPLOADS = 8, 5


def test_uploads_of_parallel_clients_all_end_as_images() -> None:
    keys = [f"{c}/debian-12-{n}.qcow2" for c in range(CLIENTS) for n in range(UPLOADS)]
    with desk_with() as desk:

        def upload(number: int) -> list[int]:
            bucket = client(desk)
            mine = keys[number::CLIENTS]
            return [bucket.put_object(k, QCOW2 + k.encode()).status for k in mine]

        with ThreadPoolExecutor(CLIENTS) as pool:
            statuses = [s for some in pool.map(upload, range(CLIENTS)) for s in some]
        deliveries = wait_for_deliveries(desk, len(keys))
        imported = {i.disks[0].object_key for i in desk.cloud.ecs.images.values()}
    assert statuses == [200] * len(keys)
    assert {read_delivery(d).outcome for d in deliveries} == {"submitted"}
    assert imported == set(keys)
