#!/bin/sh
# Tells of each image whether it would be imported and has what ECS asks for:
#
#   sh gate.sh FILE...
#
# What was found is written into reports/, as JSON. Fails where one image fails.
set -eu
mkdir -p reports
failed=0
for image in "$@"; do
  for question in plan inspect; do
    report="reports/$(basename "$image").$question.json"
    if image-import "$question" --json "$image" >"$report"; then
      echo "$image: $question passes"
    else
      echo "$image: $question fails, see $report" >&2
      failed=1
    fi
  done
done
exit "$failed"
