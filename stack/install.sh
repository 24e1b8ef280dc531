#!/bin/sh
# Install Debian packages, as root: sh install.sh PACKAGE…
#
# Debian starts the services of what it installs (Prometheus on port 9090, a registry on 5000). Ours
# are run by the local stack, so none is started here, nor at the next boot. An Engine is: it is
# started when it is needed.
set -eu
policy=${POLICY_RC_D:-/usr/sbin/policy-rc.d}

output=$(mktemp)

restore() {
    rm -f "$policy" "$output"
    if [ -e "$policy.before-onward" ]; then mv "$policy.before-onward" "$policy"; fi
}
trap restore EXIT
trap 'exit 1' HUP INT TERM

if [ -e "$policy" ]; then mv "$policy" "$policy.before-onward"; fi
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"

export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -qq && apt-get install -qq -y --no-install-recommends "$@"; } </dev/null >"$output" 2>&1; then
    cat "$output" >&2
    exit 1
fi

if [ -d /run/systemd/system ]; then
    for unit in docker-registry prometheus prometheus-alertmanager; do
        case " $* " in *" $unit "*) systemctl disable --now "$unit" >/dev/null 2>&1 || true ;; esac
    done
fi
