#!/bin/bash
# shellcheck disable=SC2016,SC2028 # the secrets look like code on purpose, and JSON needs a literal \n
# Replaces every command with which the set-up would change a machine. A symbolic link gives each command its name.
# Logs each call with its arguments; FAKE_STATE keeps state between calls.
set -euo pipefail
name=${0##*/}
echo "$name $*" >>"$FAKE_STATE/calls"

# first ID: succeeds on the first call with this ID only.
first() {
  [[ ! -e $FAKE_STATE/$1 ]] && touch "$FAKE_STATE/$1"
}

case "$name $*" in
"aws "*database*)
  # The first call of a new IAM role fails.
  if first aws; then exit 254; fi
  echo 's3cret-database $(exit 1)'
  ;;
"aws "*root*) echo 's3cret-root' ;;
"aws "*mail*) echo 's3cret-mail' ;;
"aws "*certificate*)
  # The certificate appears after the server.
  if first certificate; then exit 254; fi
  if [[ -e $FAKE_STATE/second ]]; then
    echo '{"certificate": "s3cret-pem of another", "key": "s3cret-key of another"}'
    exit
  fi
  echo '{"certificate": "s3cret-pem\nline two", "key": "s3cret-key\nline two"}'
  ;;
"curl "*readiness*) ;;
"curl "*)
  if first curl; then exit 6; fi
  while [[ $1 != -o ]]; do shift; done
  echo downloaded >"$2"
  ;;
"gpg "*--export*) echo "only $*" | sed 's/--homedir [^ ]*//' ;;
"dpkg --print-architecture") echo amd64 ;;
"dpkg -i"*) ln -s "$NEX_ROOT/fakes.sh" "$NEX_ROOT/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl" ;;
"dpkg-query "*) [[ -e $FAKE_STATE/installed ]] && printf installed ;;
"apt-get "*gitlab-ce=*)
  [[ ! -e $NEX_ROOT/etc/gitlab/gitlab.rb && -z ${EXTERNAL_URL+set} ]]
  touch "$FAKE_STATE/installed"
  ;;
"openssl "*) echo PUBLIC ;;
"psql "*) [[ $PGPASSWORD == 's3cret-database $(exit 1)' && $PGSSLMODE == verify-full && -s $PGSSLROOTCERT ]] ;;
"gitlab-ctl backup-etc"*) touch "$3/gitlab_config_1_2027_01_01.tar" ;;
"gitlab-ctl status nginx") [[ -e $FAKE_STATE/configured ]] ;;
"gitlab-ctl reconfigure") touch "$FAKE_STATE/configured" && [[ ! -e $FAKE_STATE/broken && $(umask) == 0022 && -n $HOME ]] ;;
esac
