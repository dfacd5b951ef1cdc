#!/bin/sh
# Renders the bundle of every environment into rendered/<environment>, from where Argo CD
# takes it, and commits what has changed. Run it where the gate has passed, on the branch
# that Argo CD watches:
#
#   sh ci/deploy.sh            render, then commit
#   sh ci/deploy.sh render     render only, to look at it
#
# ROUTES        routes directory                                    (routes)
# ENVIRONMENTS  environments to render                              (all of routes/_env)
# GROUP         gateway group                                       (default)
# NAME          name of the ConfigMaps                              (lintel-bundle)
# NAMESPACE     namespace of the gateways                           (gateways)
# SIGN_KEY      file with the key that signs bundles                (none)
# PUSH          where to push the commit, such as origin HEAD:main  (nowhere)
set -eu

ROUTES=${ROUTES:-routes}
NAME=${NAME:-lintel-bundle}
NAMESPACE=${NAMESPACE:-gateways}
GROUP=${GROUP:-default}
SIGN_KEY=${SIGN_KEY:-}
PUSH=${PUSH:-}
if [ -z "${ENVIRONMENTS:-}" ]; then
	ENVIRONMENTS=$(for file in "$ROUTES"/_env/*.cue; do [ -f "$file" ] && basename "$file" .cue; done || true)
fi
[ -n "$ENVIRONMENTS" ] || {
	echo "$0: there is no environment in $ROUTES/_env: name them in ENVIRONMENTS" >&2
	exit 1
}
# The commit that changed a bundle last, not the newest one: what is committed here must
# not change the revision of the next bundle.
REVISION=${REVISION:-$(git log -1 --format=%H -- "$ROUTES" .lintel-version)}

render() {
	for environment in $ENVIRONMENTS; do
		to=rendered/$environment
		mkdir -p "$to"
		set -- "$ROUTES" --env "$environment" --group "$GROUP" --revision "$REVISION" --name "$NAME" --namespace "$NAMESPACE" --candidate
		[ -z "$SIGN_KEY" ] || set -- "$@" --sign-key "$SIGN_KEY"
		lintel render "$@" >"$to/bundle.yaml.new"
		mv "$to/bundle.yaml.new" "$to/bundle.yaml"
		if [ -f hooks/candidate.yaml ]; then
			cp hooks/candidate.yaml "$to/candidate.yaml"
		fi
		echo "$to/bundle.yaml: $(grep -m 1 -o 'sha256:[0-9a-f]*' "$to/bundle.yaml") of $REVISION"
	done
}

commit() {
	git add rendered
	if git diff --cached --quiet -- rendered; then
		echo "nothing has changed for any environment"
		return
	fi
	git commit -q -m "rendered: $(git log -1 --format=%s "$REVISION")" -- rendered
	echo "committed $(git rev-parse --short HEAD)"
	# shellcheck disable=SC2086 # a remote and a refspec
	[ -z "$PUSH" ] || git push -q $PUSH
}

[ $# -gt 0 ] || set -- render commit
for stage; do
	case $stage in
	render | commit) "$stage" ;;
	*)
		echo "$0: $stage is no stage; there are render and commit" >&2
		exit 2
		;;
	esac
done
