#!/bin/bash
# Turns an Amazon Linux 2023 instance into a runner of the fleet. Safe to run again at any time.
set -euo pipefail

# @VALUES@

# Use IMDSv2 only.
export AWS_EC2_METADATA_V1_DISABLED=true
# Tests set another root.
readonly ROOT="${NEX_ROOT:-}"
readonly STATUS="$ROOT/var/lib/nex/bootstrap.status"

say() { echo "nex-bootstrap: $*"; }

put() { # MODE PATH: writes standard input to the file atomically
  local path="$ROOT$2" part
  mkdir -p "$(dirname "$path")"
  part=$(mktemp "$path.XXXXXX")
  cat >"$part"
  chmod "$1" "$part"
  mv -f "$part" "$path"
}

write_files() {
# @FILES@
}

failed=()
step() { # NAME FUNCTION: records a failure and returns, so that the next step still runs
  local result=ok
  say "$1"
  set +e
  (set -e; "$2")
  # shellcheck disable=SC2181 # `if (...)` would disable errexit inside
  [[ $? -eq 0 ]] || result=failed
  set -e
  [[ $result == ok ]] || failed+=("$1")
  echo "step $1 $result" >>"$STATUS.new"
}

# Mirrors and DNS may not answer during a host's first seconds.
install() {
  local try
  for try in 1 2 3 4 5; do
    if dnf install --assumeyes "$@"; then return 0; fi
    say "dnf failed, try $try of 5"
    sleep $((try * 5))
  done
  return 1
}

cleanup_timer() {
  systemctl daemon-reload
  systemctl enable --now docker-cleanup.timer
}

docker_engine() {
  install docker
  systemctl enable --now docker
}

system_log() {
  install rsyslog logrotate
  systemctl enable rsyslog logrotate.timer
  systemctl restart rsyslog
  systemctl start logrotate.timer
}

runner_package() {
  # An upgrade of the package would otherwise prune Docker objects that jobs are using.
  export NO_DOCKER_PRUNE=true
  install "gitlab-runner-$RUNNER_VERSION" "gitlab-runner-helper-images-$RUNNER_VERSION"
}

log_agent() {
  install amazon-cloudwatch-agent
  "$ROOT/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl" -a fetch-config -m ec2 -s \
    -c "file:$ROOT/etc/nex/amazon-cloudwatch-agent.json"
}

runner_service() {
  local verb=restart
  # A restart would wait for the jobs of a configured runner, which reloads its configuration by itself.
  if grep -qs '^\[\[runners\]\]' "$ROOT/etc/gitlab-runner/config.toml"; then verb=start; fi
  "$ROOT/usr/local/sbin/gitlab-runner-configure" "$TOKEN_SECRET" "$REGION"
  systemctl daemon-reload
  systemctl enable gitlab-runner
  systemctl "$verb" gitlab-runner
}

verdict() { # failed if the runner cannot work, degraded if only an extra is missing
  local name state=ready
  for name in "${failed[@]}"; do
    case $name in
      files | docker | runner-package | runner-service) state=failed ;;
      *) [[ $state == failed ]] || state=degraded ;;
    esac
  done
  echo "$state"
}

main() {
  local state
  mkdir -p "$(dirname "$STATUS")"
  : >"$STATUS.new"
  step files write_files
  step cleanup cleanup_timer
  step docker docker_engine
  step system-log system_log
  step log-agent log_agent
  step runner-package runner_package
  step runner-service runner_service
  state=$(verdict)
  echo "state $state" >>"$STATUS.new"
  mv -f "$STATUS.new" "$STATUS"
  say "state $state environment $ENVIRONMENT group $GROUP failed ${failed[*]:-none}"
  [[ $state == ready ]]
}

# When sourced, the script only defines its functions.
if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  main "$@"
fi
