#!/bin/bash
# Backs up GitLab's data and its configuration. A restore needs both: without gitlab-secrets.json every
# encrypted column is lost, and GitLab's own backup leaves it out.
set -euo pipefail
# shellcheck source=/dev/null
. /etc/nex/server.conf
export AWS_DEFAULT_REGION=$REGION AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=8

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The configuration first: it is small, and worth having even when the data's backup fails.
gitlab-ctl backup-etc --backup-path "$work"
for archive in "$work"/gitlab_config_*.tar; do
  aws s3 cp --only-show-errors "$archive" "s3://$BACKUPS_BUCKET/${BACKUPS_PREFIX}config/${archive##*/}"
done

# GitLab uploads this one itself, by the settings in gitlab.rb; DIRECTORY is the prefix.
arguments=(create)
[[ -z $BACKUPS_PREFIX ]] || arguments+=("DIRECTORY=${BACKUPS_PREFIX%/}")
gitlab-backup "${arguments[@]}"
