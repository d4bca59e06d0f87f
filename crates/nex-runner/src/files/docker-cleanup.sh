#!/bin/bash
# Frees the disk of what jobs left: containers, images and build cache older than KEEP, and volumes that belong to
# no container. Docker takes no `until` for volumes, so they have a command of their own.
set -uo pipefail

readonly KEEP="${KEEP:-4h}"
# From here on the disk counts more than the cache: a full one fails every job.
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
  echo "docker-cleanup: the disk is $used % full: all that no job is using goes"
  attempt docker image prune --all --force
  attempt docker builder prune --all --force
  # Named volumes too: the caches that the runner keeps between jobs. One in use refuses to go.
  docker volume ls --quiet --filter dangling=true | xargs --no-run-if-empty docker volume rm || true
fi
exit "$failed"
