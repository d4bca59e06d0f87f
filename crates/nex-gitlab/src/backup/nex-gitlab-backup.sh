#!/bin/bash
# Backs up GitLab's data and configuration. A restore needs both: GitLab's own backup omits gitlab-secrets.json,
# and without that file every encrypted column is lost.
set -euo pipefail
# shellcheck source=/dev/null
. /etc/nex/server.conf
export AWS_DEFAULT_REGION=$REGION AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=8

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The configuration goes first: it is small, and useful even if the backup of the data fails.
gitlab-ctl backup-etc --backup-path "$work"
for archive in "$work"/gitlab_config_*.tar; do
  aws s3 cp --only-show-errors "$archive" "s3://$BACKUPS_BUCKET/${BACKUPS_PREFIX}config/${archive##*/}"
done

# GitLab uploads this archive itself, with the settings in gitlab.rb; DIRECTORY is the prefix.
arguments=(create)
[[ -z $BACKUPS_PREFIX ]] || arguments+=("DIRECTORY=${BACKUPS_PREFIX%/}")
gitlab-backup "${arguments[@]}"
