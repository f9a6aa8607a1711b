# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Owns kernels that are built here: Debian's own source with options for debugging that no package
# has. Made to look as if unpacked from packages (vmlinuz, modules, headers). Must not know what
# boots them, nor what for.
#
# A row of `kernels` with config=NAME+NAME... is made of config/base and config/NAME... What is built lies in
# a directory named after its configuration, source and compiler, and is built on where it was
# left when a build was interrupted. A change of a configuration is a new directory; ccache has
# what did not change.

source_dir=$cache_dir/source
debug_compiler=gcc-12
# The same words in every call of make: others would rebuild all.
debug_make=(env -i PATH="$PATH" LC_ALL=C HOME="$source_dir" CCACHE_DIR="$cache_dir/ccache"
	CCACHE_MAXSIZE=5G CCACHE_COMPILERCHECK=content CCACHE_BASEDIR="$cache_dir"
	KBUILD_BUILD_USER=lab KBUILD_BUILD_HOST=lab "KBUILD_BUILD_TIMESTAMP=Thu Jan  1 00:00:00 UTC 2026"
	make -s ARCH=x86_64 "CC=ccache $debug_compiler" RUSTC=false)

# source_package SUITE PATTERN: the newest package of that form
source_package()
{
	local package

	# shellcheck disable=SC2053	# a pattern
	apt_in "$1" apt-cache pkgnames "${2%%[[*]*}" | sort -rV | while read -r package; do
		[[ $package == $2 ]] && apt_version "$1" "$package" >/dev/null || continue
		echo "$package"
		cat >/dev/null	# let sort finish
	done
}

# source_tree SUITE PACKAGE VERSION: the path of the unpacked source
source_tree()
{
	local suite=$1 package=$2 version=$3 dir=$source_dir/$2-$3 tmp=$source_dir/tmp.$$

	if [ ! -d "$dir" ]; then
		say "fetching $package $version"
		rm -rf "$source_dir"/tmp.*
		mkdir -p "$tmp"
		apt_download "$suite" "$tmp" "$package=$version" &&
			dpkg-deb --fsys-tarfile "$tmp"/*.deb |
			tar -x -f - -C "$tmp" "./usr/src/$package.tar.xz" &&
			tar -x -f "$tmp/usr/src/$package.tar.xz" -C "$tmp" &&
			mv "$tmp/$package" "$dir" || { rm -rf "$tmp"; return 1; }
		rm -rf "$tmp"
	fi
	echo "$dir"
}

# check_config NAME: ends where the table names a fragment that there is not
check_config()
{
	local name

	for name in $(kernel_flag "$1" config | tr + ' '); do
		[ -f "$vm_dir/config/$name" ] || die $EX_LAB "$1: no fragment $vm_dir/config/$name"
	done
}

# fragments NAME: "SYMBOL=VALUE" a line, the last word on each symbol
fragments()
{
	local name files=("$vm_dir/config/base")

	# each is there: check_config
	for name in $(kernel_flag "$1" config | tr + ' '); do files+=("$vm_dir/config/$name"); done
	grep -hv '^#' "${files[@]}" | xargs -n 1 -d ' ' 2>/dev/null |
		awk -F= 'NF > 1 { value[$1] = substr($0, length($1) + 2); if (!seen[$1]++) name[n++] = $1 }
			END { for (i = 0; i < n; i++) print name[i] "=" value[name[i]] }'
}

# unmet CONFIG: of "SYMBOL=VALUE" lines on stdin those that CONFIG does not have
unmet()
{
	local symbol value got

	while IFS='=' read -r symbol value; do
		got=$(sed -n "s/^CONFIG_$symbol=//p" "$1")
		[ "${got:-n}" = "$value" ] || echo "CONFIG_$symbol: asked for $value, got ${got:-n}"
	done
}

# configure TREE OUT NAME: OUT/.config, or the symbols that could not be had
configure()
{
	local tree=$1 out=$2 name=$3 missing

	mkdir -p "$out"
	fragments "$name" | sed 's/^/CONFIG_/' >"$out/wanted"
	quietly "configuring the $name kernel" "${debug_make[@]}" -C "$tree" O="$out" \
		KCONFIG_ALLCONFIG="$out/wanted" allnoconfig || return 1
	missing=$(fragments "$name" | unmet "$out/.config")
	[ -z "$missing" ] || { say "$name: its configuration cannot be had:"$'\n'"$missing"; return 1; }
}

# compile TREE OUT NAME: OUT/arch/x86/boot/bzImage, vmlinux and the modules; goes on where it ended
compile()
{
	local tree=$1 out=$2 name=$3 start=$SECONDS

	[ ! -e "$out/built" ] || return 0
	# A configuration that was obtained stays: making it anew would touch what all objects need.
	[ -e "$out/configured" ] || configure "$tree" "$out" "$name" || return 1
	touch "$out/configured"
	say "$name: building Linux from source in $out (about 25 minutes of two processors)"
	"${debug_make[@]}" -C "$tree" O="$out" -j"${MMSCOPE_BUILD_JOBS:-2}" bzImage modules \
		</dev/null >"$out/build.log" 2>&1 || {
		tail -n 20 "$out/build.log" >&2
		say "$name: the kernel does not build; all of it: $out/build.log"
		return 1
	}
	touch "$out/built"
	say "$name: built in $((SECONDS - start)) s"
	# What modules are built against is vmlinux, headers and the build's own programs.
	find "$out" \( -name '*.o' -o -name '.tmp_vmlinux*' -o -name vmlinux.unstripped \) ! -path "$out/scripts/*" \
		! -path "$out/tools/*" -delete
}

# debug_key NAME VERSION: what a built kernel depends on
debug_key() { (fragments "$1"; echo "$2"; "$debug_compiler" --version | head -n 1) | hash_of; }

# unpack_built DIR NAME TREE OUT: fill DIR as packages would
unpack_built()
{
	local dir=$1 tree=$3 out=$4 release

	release=$(<"$out/include/config/kernel.release")
	mkdir -p "$dir/root/usr/src" "$dir/root/usr/lib"
	ln -s usr/lib "$dir/root/lib"
	"${debug_make[@]}" -C "$tree" O="$out" INSTALL_MOD_PATH="$dir/root" INSTALL_MOD_STRIP=1 \
		DEPMOD=true modules_install >/dev/null || return 1
	rm -f "$dir/root/usr/lib/modules/$release"/{build,source}
	ln -s "$out" "$dir/root/usr/src/linux-headers-$release"
	cp "$out/arch/x86/boot/bzImage" "$dir/vmlinuz"
	echo "$release" >"$dir/release"
	pack_modules "$dir" "$release" && pack_initramfs "$dir" "$release"
}

# prune_built NAME KEEP: what was built before the last two goes away, and sources of a day ago that
# nothing was built from
prune_built()
{
	touch "$2"
	find "$cache_dir/debug" -mindepth 1 -maxdepth 1 -regex ".*/$1-[0-9a-f]*" -printf '%T@ %p\n' | sort -rn |
		tail -n +3 | cut -d' ' -f2- | xargs -r rm -rf
	find "$source_dir" -mindepth 1 -maxdepth 1 -type d -ctime +0 | while read -r tree; do
		readlink -f "$cache_dir"/debug/*/source | grep -qxF "$(readlink -f "$tree")" || rm -rf "$tree"
	done
}
