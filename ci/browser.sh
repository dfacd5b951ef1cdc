#!/bin/sh
# Prints the path of a Chromium that tests can run: $LINTEL_BROWSER and no other when
# that is set, else one that is installed, else one that it installs through apt-get
# when it runs as root. Exits 1 with the reason when there is none.
set -eu

find_browser() {
	for name in chromium chromium-browser google-chrome google-chrome-stable; do
		command -v "$name" && return 0
	done
	return 1
}

if [ -n "${LINTEL_BROWSER:-}" ]; then
	command -v "$LINTEL_BROWSER" && exit 0
	echo "there is no browser $LINTEL_BROWSER, which LINTEL_BROWSER names" >&2
	exit 1
fi
find_browser && exit 0
if ! command -v apt-get >/dev/null 2>&1; then
	echo "no Chromium is installed, and there is no apt-get to install it with; set LINTEL_BROWSER" >&2
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	echo "no Chromium is installed, and only root may install it: apt-get install chromium, or set LINTEL_BROWSER" >&2
	exit 1
fi

# A second run waits for the first one's lock. The lists may be too old to find the
# package's files: refresh them once.
install_browser() {
	DEBIAN_FRONTEND=noninteractive timeout "${LINTEL_BROWSER_TIMEOUT:-300}" \
		apt-get -o DPkg::Lock::Timeout=240 -qq -y --no-install-recommends install chromium fonts-dejavu-core >&2 </dev/null
}
if ! install_browser; then
	timeout 120 apt-get -o DPkg::Lock::Timeout=60 -qq update >&2 </dev/null || true
	install_browser || true
fi
if ! find_browser; then
	echo "Chromium could not be installed through apt-get" >&2
	exit 1
fi
