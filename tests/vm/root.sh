# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Owns the root file systems: the guest's disk image, and the unpacked suites inside which modules
# of newer kernels are built. Both are unpacked, not installed: no maintainer script runs.
# Must not know kernels.

# What a test or a demo may use in the guest.
guest_packages="base-files base-passwd bash bpfcc-tools bpftool bpftrace bsdutils coreutils dash
	debianutils diffutils e2fsprogs file findutils gawk grep gzip hostname iproute2 jq kmod
	libbpf1 libcmocka0 libelf1 libubsan1 libasan8 linux-perf mawk mount
	ncurses-base ncurses-bin netcat-openbsd numactl procps psmisc python3 redis-server
	redis-tools sed sqlite3 strace stress-ng sysstat tar time util-linux util-linux-extra
	xxd xz-utils zlib1g zstd"

# What building a kernel module takes; the compiler is added by the caller.
build_packages="base-files bash binutils coreutils dash diffutils findutils grep kmod libelf1t64
	libssl3t64 make mawk pahole perl-base sed xz-utils zlib1g"

# unpack_suite SUITE DIR PACKAGE...: a root with these packages and their dependencies
unpack_suite()
{
	local suite=$1 dir=$2 include

	shift 2
	with_lock "apt-$suite" apt_ready "$suite" || return 1
	include=$(echo "$@" | tr -s ' \t\n' ,)
	quietly "unpacking $suite" mmdebstrap --quiet --mode=root --variant=extract \
		--aptopt='APT::Sandbox::User "root"' --include="$include" \
		"$suite" "$dir" "$(apt_dir "$suite")/debian.sources" || return 1
	[ -e "$dir/usr/bin/awk" ] || ln -s mawk "$dir/usr/bin/awk"
}

# finish_guest DIR: what maintainer scripts would have made, as far as programs miss it
finish_guest()
{
	local dir=$1

	cp "$dir/usr/share/base-passwd/passwd.master" "$dir/etc/passwd"
	cp "$dir/usr/share/base-passwd/group.master" "$dir/etc/group"
	echo 'redis:x:101:101::/var/lib/redis:/usr/sbin/nologin' >>"$dir/etc/passwd"
	echo 'redis:x:101:' >>"$dir/etc/group"
	echo guest >"$dir/etc/hostname"
	printf '127.0.0.1\tlocalhost guest\n' >"$dir/etc/hosts"
	echo 'hosts: files' >"$dir/etc/nsswitch.conf"
	ln -sf /proc/self/mounts "$dir/etc/mtab"
	mkdir -p "$dir"/{lab,out,run,root,lib/modules,var/lib/redis}
	chmod 1777 "$dir/tmp"
	rm -rf "$dir"/usr/share/{doc,man,locale,info,lintian} "$dir"/var/cache/apt/archives/*.deb \
		"$dir"/var/lib/apt/lists/*
}

# make_guest DIR: DIR/root.ext4 and DIR/files, the list of what it holds
make_guest()
{
	local dir=$1 tree=$1/tree suite size

	suite=$(apt_host_codename)
	say "unpacking the guest's root ($suite)"
	mkdir -p "$dir"
	# shellcheck disable=SC2086	# a list of words
	unpack_suite "$suite" "$tree" $guest_packages || return 1
	finish_guest "$tree"
	(cd "$tree" && find . \( -type f -o -type l \) | cut -c2-) >"$dir/files"
	# Room to work in: the image is sparse, and each run has a copy-on-write view of its own.
	size=$(($(du -sm "$tree" | cut -f1) + 3072))
	quietly "making the guest's root" mke2fs -q -t ext4 -m 0 -E lazy_itable_init=1 \
		-O ^has_journal -d "$tree" "$dir/root.ext4" "${size}M" || return 1
	rm -r "$tree"
}

# make_build SUITE COMPILER DIR
make_build()
{
	local suite=$1 compiler=$2 dir=$3

	say "unpacking $suite to build modules in, with $compiler"
	# shellcheck disable=SC2086	# a list of words
	unpack_suite "$suite" "$dir" $build_packages "$compiler"
}

# ready_root PREFIX KEY CMD...: the path of roots/PREFIX-KEY, made by CMD... DIR when missing
ready_root()
{
	local prefix=$1 key=$2 home=$cache_dir/roots

	shift 2
	mkdir -p "$home"
	if [ ! -d "$home/$prefix-$key" ]; then
		rm -rf "$home/tmp.$prefix"*
		"$@" "$home/tmp.$prefix-$key" || { rm -rf "$home/tmp.$prefix-$key"; return 1; }
		mv "$home/tmp.$prefix-$key" "$home/$prefix-$key"
		touch "$home/$prefix-$key"
	fi
	echo "$home/$prefix-$key"
}

# guest_root: the directory with the guest's root.ext4, made if need be
guest_root()
{
	local key

	key=$( (echo "$guest_packages"; declare -f make_guest finish_guest unpack_suite) | hash_of)
	with_lock root-guest ready_root guest "$key" make_guest
}

# build_root SUITE COMPILER: a directory to chroot into
build_root()
{
	local key

	key=$( (echo "$build_packages $2"; declare -f unpack_suite) | hash_of)
	with_lock "root-$1" ready_root "$1" "$key" make_build "$1" "$2"
}
