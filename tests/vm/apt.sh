# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Owns the private package lists through which kernels and roots come: this machine's own Debian
# sources with the suite replaced, in directories of their own. apt checks signatures and hashes.
# Must not know what the packages are for, nor touch anything under /etc/apt or /var/lib.

# Re-read the package lists when they are older than this (minutes).
apt_max_age=${MMSCOPE_APT_MAX_AGE:-720}

apt_host_codename() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release; }

apt_dir() { echo "$cache_dir/apt/$1"; }

# apt_in SUITE TOOL ARGS...: run an apt tool on the private lists of SUITE's release; a suite such
# as trixie-backports is preferred to its base.
apt_in()
{
	local suite=$1 tool=$2 codename=${1%%-*} dir

	shift 2
	dir=$(apt_dir "$codename")
	[ "$suite" = "$codename" ] || set -- -o APT::Default-Release="$suite" "$@"
	"$tool" -o Dir::Etc::sourcelist="$dir/debian.sources" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
		-o Dir::State::lists="$dir/lists" -o Dir::State::status=/dev/null \
		-o Dir::Cache="$dir" -o Dir::Cache::archives="$dir/archives" \
		-o APT::Architecture=amd64 -o APT::Architectures=amd64 \
		-o APT::Sandbox::User=root "$@"
}

# apt_signed_by URI: the Signed-By of the machine's source with that URI, if it names one.
apt_signed_by()
{
	find /etc/apt/sources.list /etc/apt/sources.list.d \
		\( -name '*.list' -o -name '*.sources' \) -exec awk -v want="$1" '
		function same(a) { sub(/\/+$/, "", a); b = want; sub(/\/+$/, "", b); return a == b }
		function done() {
			if (hit && key && !found++)
				print key
			hit = 0; key = ""; inkey = 0
		}
		FNR == 1 || /^[[:space:]]*$/ { done() }
		/^deb[ \t]/ {
			k = ""
			if (match($0, /signed-by=[^] \t]+/))
				k = substr($0, RSTART + 10, RLENGTH - 10)
			for (i = 2; i <= NF; i++) if (same($i) && k && !found++) print k
			next
		}
		/^[Uu][Rr][Ii][Ss]:/ { for (i = 2; i <= NF; i++) if (same($i)) hit = 1 }
		/^[Ss]igned-[Bb]y:/ { key = $0; sub(/^[^:]*:[ \t]*/, "", key); inkey = 1; next }
		/^[ \t]/ && inkey { key = key "\n" $0; next }
		{ inkey = 0 }
		END { done() }' {} + 2>/dev/null
}

# apt_debian_targets: "URI suite label" of each main section that the machine gets from Debian.
apt_debian_targets()
{
	# shellcheck disable=SC2016	# apt's own variables
	apt-get indextargets \
		--format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN) $(LABEL)' \
		'Identifier: Packages' | awk '$3 == "main" && $4 == "Debian" { print $1, $2, $5 }' |
		sort -u
}

# apt_write_sources CODENAME: the machine's Debian sources for another suite.
apt_write_sources()
{
	local codename=$1 host targets uri suite label key

	host=$(apt_host_codename)
	targets=$(apt_debian_targets)
	if [ -z "$targets" ]; then	# a fresh image: lists never read
		quietly "apt-get update" apt-get -q update || return 1
		targets=$(apt_debian_targets)
	fi
	[ -n "$targets" ] || { say "apt names no Debian source on this machine"; return 1; }
	while read -r uri suite label; do
		suite=${suite/#stable/$host}
		case $suite in
		"$host")
			[ "$label" = Debian ] || continue
			suite=$codename
			[ "$codename" = "$host" ] || suite="$codename $codename-backports"
			;;
		"$host"-updates | "$host"-security) suite=$codename-${suite##*-} ;;
		*) continue ;;
		esac
		printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n' "$uri" "$suite"
		key=$(apt_signed_by "$uri")
		[ -z "$key" ] || printf 'Signed-By: %s\n' "$key"
		echo
	done <<<"$targets"
}

# apt_ready SUITE: lists present; fresh if the archive can be reached
apt_ready()
{
	local codename=${1%%-*} dir

	dir=$(apt_dir "$codename")
	if [ -n "$(find "$dir/updated" -mmin "-$apt_max_age" 2>/dev/null)" ]; then
		return 0
	fi
	# Without the archive, ask again only after a while: each try may cost its whole timeout.
	if [ "$apt_max_age" -gt 0 ] && [ -n "$(find "$dir/tried" -mmin -10 2>/dev/null)" ]; then
		[ -e "$dir/updated" ]
		return
	fi
	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	apt_write_sources "$codename" >"$dir/debian.sources.new" &&
		mv "$dir/debian.sources.new" "$dir/debian.sources" &&
		quietly "reading the package lists of $codename" \
			apt_in "$codename" apt-get -q -o APT::Update::Error-Mode=any update && {
		rm -f "$dir/tried"
		touch "$dir/updated"
		return 0
	}
	touch "$dir/tried"
	[ -e "$dir/updated" ] || return 1
	say "the archive cannot be reached; going by the lists of $(date -r "$dir/updated" +%F)," \
		"and by the cache"
}

# apt_depends SUITE PACKAGE: what it depends on, one per line
apt_depends()
{
	apt_in "$1" apt-cache depends --important "$2" 2>/dev/null |
		sed -n 's/^ *|*\(Pre\)*Depends: //p'
}

# apt_version SUITE PACKAGE: the version that would be taken; fails when there is none
apt_version()
{
	apt_in "$1" apt-cache policy "$2" 2>/dev/null |
		awk '/^  Candidate:/ && $2 != "(none)" { print $2; ok = 1 } END { exit !ok }'
}

# apt_download SUITE DIR PACKAGE...: fetch and verify into DIR
apt_download()
{
	local suite=$1 dir=$2

	shift 2
	(cd "$dir" && quietly "downloading $*" apt_in "$suite" apt-get -q download "$@")
}
