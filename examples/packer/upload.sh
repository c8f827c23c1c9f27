#!/bin/sh
# A post-processor of Packer: uploads what was built, and waits until it is an image of ECS.
#
#   IMAGE   the disk that Packer built: qcow2, raw, VMDK, ...
#   TARGET  where to, as oss://BUCKET/PREFIX/
#   RESULT  written: a JSON object a line; the last one has the image's ID
set -eu
image-import upload "$IMAGE" "$TARGET" --wait --json >"$RESULT" || {
  cat "$RESULT" >&2
  exit 1
}
cat "$RESULT"
