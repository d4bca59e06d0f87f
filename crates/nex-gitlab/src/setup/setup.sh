#!/bin/bash
# Sets this machine up as the GitLab server. Written by nex; holds no secret. To run all or some steps again:
#   bash /var/lib/cloud/instance/user-data.txt [STEP...]
# A full run reports its progress in /var/lib/nex/setup-status: "running STEP", "failed STEP" or "done".
set -euo pipefail
umask 022 # packages and Omnibus need it; secrets are written with 077
export DEBIAN_FRONTEND=noninteractive HOME=${HOME:-/root} # cloud-init sets no HOME

steps=(files tools agent package secrets database certificate configure timers ready)
root=${NEX_ROOT:-} # tests set another root
secrets=$root/etc/gitlab/secrets.d
ssl=$root/etc/gitlab/ssl
ca=$root/etc/gitlab/rds-ca-bundle.pem
keyrings=/usr/share/keyrings

fail() {
  echo "nex: $*" >&2
  exit 1
}

# retry TRIES COMMAND...: networks, package mirrors and new IAM roles fail now and then.
retry() {
  local tries=$1 n
  shift
  for ((n = 1; n < tries; n++)); do
    "$@" && return
    sleep $((n * 5))
  done
  "$@"
}

# wait_for SECONDS WHAT COMMAND...: for resources that may appear after this server.
wait_for() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    ((SECONDS < end)) || fail "gave up waiting for $what"
    sleep 20
  done
}

# put MODE PATH: writes standard input to the file atomically.
put() {
  local path=$root$2
  mkdir -p "${path%/*}"
  (umask 077 && cat >"$path.new")
  chmod "$1" "$path.new"
  mv -f "$path.new" "$path"
}

apt_get() {
  # unattended-upgrades may hold the lock at first boot.
  apt-get -q -y -o DPkg::Lock::Timeout=600 "$@"
}

download() {
  retry 8 curl -fsSL --connect-timeout 10 --max-time 600 -o "$2" "$1"
}

# keyring NAME FINGERPRINT URL: trusts only the expected one of the keys at the URL.
keyring() {
  local home=$work/$1
  mkdir -p "$home"
  download "$3" "$home/key"
  gpg --batch --quiet --homedir "$home" --import "$home/key"
  gpg --batch --homedir "$home" --export "$2" | put 0644 "$keyrings/$1.gpg"
  [[ -s $root$keyrings/$1.gpg ]] || fail "the key $2 is not at $3"
}

# fetch SECRET FILE: writes the secret to a file that only root can read.
fetch() {
  (umask 077 && aws secretsmanager get-secret-value --secret-id="$1" --query SecretString --output text >"$2.new") &&
    mv -f "$2.new" "$2"
}

step_files() {
  :
  # @files@
}

step_tools() {
  retry 8 apt_get update
  retry 3 apt_get install ca-certificates curl gnupg gpgv jq openssl
  # Ubuntu's package needs no extra signing key, which could expire. Ubuntu 24.04 has only AWS's snap.
  command -v aws >/dev/null || retry 3 apt_get install awscli || retry 3 snap install aws-cli --classic
}

# Early, so that CloudWatch has the log of a failed set-up.
step_agent() {
  local base=https://amazoncloudwatch-agent.s3.amazonaws.com deb=$work/amazon-cloudwatch-agent.deb
  local ctl=$root/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl
  if [[ ! -x $ctl ]]; then
    keyring amazon-cloudwatch-agent 937616F3450B7D806CBD9725D58167303B789C72 "$base/assets/amazon-cloudwatch-agent.gpg"
    download "$base/ubuntu/$(dpkg --print-architecture)/latest/amazon-cloudwatch-agent.deb" "$deb"
    download "$base/ubuntu/$(dpkg --print-architecture)/latest/amazon-cloudwatch-agent.deb.sig" "$deb.sig"
    gpgv --keyring "$root$keyrings/amazon-cloudwatch-agent.gpg" "$deb.sig" "$deb"
    dpkg -i -E "$deb"
  fi
  "$ctl" -a fetch-config -m ec2 -s -c file:"$root"/etc/nex/amazon-cloudwatch-agent.json
}

step_package() {
  local release
  if dpkg-query -W -f '${db:Status-Status}' gitlab-ce 2>/dev/null | grep -qx installed; then
    echo "nex: gitlab-ce is already installed; set-up never upgrades it"
    return
  fi
  keyring gitlab-ce F6403F6544A38863DAA0B6E03F01618A51312F3F https://packages.gitlab.com/gpgkey/gpg.key
  # shellcheck source=/dev/null
  release=$(. /etc/os-release && echo "$ID/$VERSION_CODENAME $VERSION_CODENAME")
  echo "deb [signed-by=$keyrings/gitlab-ce.gpg] https://packages.gitlab.com/gitlab/gitlab-ce/$release main" |
    put 0644 /etc/apt/sources.list.d/gitlab-ce.list
  retry 8 apt_get update
  # Without EXTERNAL_URL and gitlab.rb, the package installs but does not configure GitLab yet.
  unset EXTERNAL_URL
  retry 3 apt_get install "$GITLAB_PACKAGE"
  apt-mark hold gitlab-ce
}

step_secrets() {
  install -d -m 0755 "$root/etc/gitlab"
  install -d -m 0700 "$secrets"
  retry 8 fetch "$DATABASE_PASSWORD_SECRET" "$secrets/database_password"
  retry 8 fetch "$ROOT_PASSWORD_SECRET" "$secrets/root_password"
  [[ -z $MAIL_PASSWORD_SECRET ]] || retry 8 fetch "$MAIL_PASSWORD_SECRET" "$secrets/mail_password"
}

database_answers() {
  local psql=("$root"/opt/gitlab/embedded/postgresql/*/bin/psql)
  PGPASSWORD=$(<"$secrets/database_password") PGHOST=$DATABASE_HOST PGPORT=$DATABASE_PORT \
    PGDATABASE=$DATABASE_NAME PGUSER=$DATABASE_USER PGSSLMODE=$DATABASE_SSLMODE PGSSLROOTCERT=$ca \
    PGCONNECT_TIMEOUT=10 "${psql[-1]}" -qtAc 'SELECT 1'
}

step_database() {
  download "https://truststore.pki.rds.amazonaws.com/$REGION/$REGION-bundle.pem" "$work/ca"
  put 0644 /etc/gitlab/rds-ca-bundle.pem <"$work/ca"
  wait_for 1800 "the database $DATABASE_NAME and its role $DATABASE_USER" database_answers
}

# The secret may hold only the key until the certificate is issued.
certificate_there() {
  fetch "$ORIGIN_CERTIFICATE_SECRET" "$1" && jq -e '.certificate and .key' "$1" >/dev/null
}

# A timer also runs this step, so that nginx gets a replaced certificate.
step_certificate() {
  local json=$work/json sums=$work/sums public
  wait_for 3600 "the origin certificate in the secret $ORIGIN_CERTIFICATE_SECRET" certificate_there "$json"
  jq -er .certificate "$json" >"$work/origin.crt"
  jq -er .key "$json" >"$work/origin.key"
  public=$(openssl x509 -noout -pubkey -in "$work/origin.crt")
  [[ $public == "$(openssl pkey -pubout -in "$work/origin.key")" ]] ||
    fail "the origin certificate and its key do not match"
  (cd "$work" && sha256sum origin.*) >"$sums"
  if cmp -s "$sums" "$root/var/lib/nex/certificate" && (cd "$ssl" && sha256sum -c --status "$sums"); then
    return
  fi
  put 0644 /etc/gitlab/ssl/origin.crt <"$work/origin.crt"
  put 0600 /etc/gitlab/ssl/origin.key <"$work/origin.key"
  if gitlab-ctl status nginx >/dev/null 2>&1; then gitlab-ctl hup nginx; fi
  # Last, so that an interrupted run loads the certificate again.
  put 0644 /var/lib/nex/certificate <"$sums"
  echo "nex: installed a new origin certificate"
}

# Reconfigure also sets up an empty database. The rake task for that purpose would erase a full one.
step_configure() {
  put 0600 /etc/gitlab/gitlab.rb <"$root"/etc/nex/gitlab.rb
  retry 3 gitlab-ctl reconfigure
}

step_timers() {
  systemctl daemon-reload
  systemctl enable --now nex-gitlab-backup.timer nex-gitlab-certificate.timer
}

# --insecure, because only the proxy trusts the origin certificate and this call stays on loopback.
gitlab_answers() {
  curl -fsS -o /dev/null --insecure --resolve "$WEB_HOST:443:127.0.0.1" "https://$WEB_HOST/-/readiness"
}

step_ready() {
  wait_for 1200 "GitLab to answer" gitlab_answers
}

status() {
  echo "$*" | put 0644 /var/lib/nex/setup-status
  echo "nex: $*"
}

finish() {
  local code=$?
  rm -rf "$work"
  ((code == 0 || parts)) || status "failed $step"
}

settings() {
  # shellcheck source=/dev/null
  . "$root/etc/nex/server.conf"
  export AWS_DEFAULT_REGION=$REGION AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=8
}

main() {
  local todo=("$@")
  parts=$#
  ((parts)) || todo=("${steps[@]}")
  work=$(mktemp -d)
  trap finish EXIT
  for step in "${todo[@]}"; do
    ((parts)) || status "running $step"
    [[ $step == files ]] || settings
    "step_$step"
  done
  ((parts)) || status "done"
}

main "$@"
