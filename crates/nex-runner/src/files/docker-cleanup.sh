#!/bin/bash
# Removes what jobs left on the disk: containers, images and build cache older than KEEP, and volumes without a
# container. Docker does not support `until` for volumes.
set -uo pipefail

readonly KEEP="${KEEP:-4h}"
# From this usage on, free space is worth more than the cache: every job fails on a full disk.
readonly FULL_PERCENT="${FULL_PERCENT:-85}"

failed=0
attempt() {
  "$@" || { echo "docker-cleanup: failed: $*" >&2; failed=1; }
}

attempt docker container prune --force --filter "until=$KEEP"
attempt docker image prune --all --force --filter "until=$KEEP"
attempt docker builder prune --all --force --filter "until=$KEEP"
attempt docker volume prune --force

used=$(df --output=pcent "$(docker info --format '{{.DockerRootDir}}')" | tail -n 1 | tr -dc '0-9')
if [[ ${used:-0} -ge $FULL_PERCENT ]]; then
  echo "docker-cleanup: the disk is $used % full: removing everything that no job uses"
  attempt docker image prune --all --force
  attempt docker builder prune --all --force
  # Also named volumes: the caches that the runner keeps between jobs. Docker refuses to remove a volume in use.
  docker volume ls --quiet --filter dangling=true | xargs --no-run-if-empty docker volume rm || true
fi
exit "$failed"
