"""The same exchanges as ours, with the official SDKs: what they cost there.

The head of each disk (all are called qcow2 and are), three possible sidecars, the
ledger's listing, the line before the call and the one after it, the note of what is
under way, the pointers of a set. What can be asked at once is asked at once.
"""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import oss2
from official import ecs_client, import_request, oss_bucket

HEAD_BYTES = 68 * 1024
STANDARD = {"x-oss-range-behavior": "standard"}
POOL = ThreadPoolExecutor(56)


def handler(event, context):
    """Import the image of an event of one record, once."""
    record = json.loads(event)["events"][0]
    bucket = oss_bucket(record, context)
    key = record["oss"]["object"]["key"]
    head = start_read(bucket, key)
    sidecars = [
        POOL.submit(read_if_there, bucket, f"{key}.{ending}")
        for ending in ("json", "yaml", "yml")
    ]
    folder = f".image-import/images/{key}/"
    listing = POOL.submit(bucket.list_objects_v2, folder, max_keys=1000)
    found = next((d for future in sidecars if (d := future.result())), b"{}")
    sidecar = json.loads(found)
    if listing.result().object_list:
        return json.dumps({"outcome": "duplicate"})
    size_gib, etag = finish_read(head)
    disks = [d["OSSObject"] for d in sidecar.get("DiskDeviceMapping", [])]
    parent = key.rpartition("/")[0]
    others = [f"{parent}/{name}" if parent else name for name in disks[1:]]
    read_others(bucket, others)
    request = import_request(record, sidecar, size_gib=size_gib)
    return send(bucket, request, record, context, ledger=f"{folder}{etag}.jsonl")


def start_read(bucket, key):
    """Start to read the first bytes of an object."""
    return POOL.submit(read_range, bucket, key, (0, HEAD_BYTES - 1))


def read_range(bucket, key, byte_range):
    """Return a reply whose body has been read."""
    reply = bucket.get_object(key, byte_range=byte_range, headers=STANDARD)
    reply.read()
    return reply


def finish_read(head):
    """Return the size in GiB that is declared, and the ETag."""
    headers = head.result().headers
    size = int(headers["Content-Range"].rpartition("/")[2])
    return -(-size // 1024**3), headers["ETag"].strip('"')


def read_if_there(bucket, key):
    """Return a small object, None if there is none."""
    try:
        return bucket.get_object(key).read()
    except oss2.exceptions.NoSuchKey:
        return None


def read_others(bucket, keys):
    """Look at the other disks of a set, and leave each a pointer to it."""
    heads = [start_read(bucket, key) for key in keys]
    for head in heads:
        finish_read(head)
    pointers = [
        POOL.submit(bucket.put_object, f".image-import/images/{key}/.set.json", b"{}")
        for key in keys
    ]
    for pointer in pointers:
        pointer.result()


def send(bucket, request, record, context, *, ledger):
    """Write what will be sent, send it, and write what came of it."""
    claim = uuid.uuid4().hex
    intent = json.dumps({"state": "intent", "claim": claim, **request.to_map()})
    note_key = f".image-import/open/{claim}.json"
    note = POOL.submit(bucket.put_object, note_key, b"{}")
    written = bucket.append_object(ledger, 0, intent.encode() + b"\n")
    note.result()
    request.client_token = claim
    answer = ecs_client(record, context).import_image(request)
    outcome = {"state": "submitted", "image_id": answer.body.image_id}
    line = json.dumps(outcome).encode() + b"\n"
    bucket.append_object(ledger, written.next_position, line)
    return json.dumps({"outcome": "submitted", "image_id": answer.body.image_id})
