#!/bin/bash
# Usage: gitlab-runner-configure SECRET REGION
# Writes gitlab-runner's config.toml from the template, with this host's name and the token from Secrets Manager.
# The token appears on no command line and in no other file.
set -euo pipefail

# Tests set another root.
readonly ROOT="${NEX_ROOT:-}"
readonly TEMPLATE="$ROOT/etc/nex/config.toml"
readonly TARGET="$ROOT/etc/gitlab-runner/config.toml"
# A new GitLab server needs about 15 minutes before it can issue a token.
readonly WAIT_SECONDS="${WAIT_SECONDS:-1800}"
readonly POLL_SECONDS=10

# Use IMDSv2 only.
export AWS_EC2_METADATA_V1_DISABLED=true

fetch_token() { # SECRET REGION
  local value reason errors end=$((SECONDS + WAIT_SECONDS))
  errors=$(mktemp)
  until value=$(aws secretsmanager get-secret-value --secret-id "$1" --region "$2" \
    --query SecretString --output text 2>"$errors"); do
    reason=$(tail -n 1 "$errors")
    if ((SECONDS >= end)); then
      rm -f "$errors"
      echo "gitlab-runner-configure: no token in $1 after $WAIT_SECONDS s: $reason" >&2
      return 1
    fi
    sleep "$POLL_SECONDS"
  done
  rm -f "$errors"
  # A token needs no escaping in TOML. The message must not repeat the value, which may be a secret.
  if [[ ! $value =~ ^[A-Za-z0-9_.=-]{8,512}$ ]]; then
    echo "gitlab-runner-configure: the value of $1 is not a valid runner token" >&2
    return 1
  fi
  printf '%s' "$value"
}

host_name() {
  local name
  name=$(hostname)
  # Characters that are not valid in a host name could need escaping in TOML.
  printf '%s' "${name//[^A-Za-z0-9.-]/-}"
}

fill() { # HOSTNAME TOKEN: turns the template on standard input into the configuration
  local line
  while IFS= read -r line || [[ -n $line ]]; do
    case $line in
      'token = "{token}"') line="token = \"$2\"" ;;
      'name = '*) line=${line//'{hostname}'/"$1"} ;;
    esac
    printf '%s\n' "$line"
  done
}

main() {
  local token part
  token=$(fetch_token "$1" "$2")
  umask 077
  mkdir -p "$(dirname "$TARGET")"
  part=$(mktemp "$TARGET.XXXXXX")
  fill "$(host_name)" "$token" <"$TEMPLATE" >"$part"
  mv -f "$part" "$TARGET"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  main "$@"
fi
