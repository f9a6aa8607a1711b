# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Owns the load: the tar file, seen by the guest as a disk, that holds all that differs between
# runs (command, settings, module, tool, files of -f with their libraries). Must not know QEMU.

# libraries PROGRAM: the shared objects it needs, one path per line
# (none for a static one)
libraries() { ldd "$1" 2>/dev/null | grep -o '/[^ ]*' || :; }

# add_file HOST GUEST: a file or tree, and the libraries that the guest's root lacks
add_file()
{
	local from=$1 to=$work/load/$2 file lib

	mkdir -p "$(dirname "$to")"
	cp -aL "$from" "$to" || return 1
	find "$to" -type f -size +3c | while read -r file; do
		[ "$(head -c 4 "$file" | tr -d '\0')" = $'\x7fELF' ] || continue
		libraries "$file" | while read -r lib; do
			grep -qxF -e "$lib" -e "/usr$lib" "$root/files" && continue
			lib=$(realpath "$(dirname "$lib")")/${lib##*/}
			mkdir -p "$work/load/$(dirname "$lib")"
			cp -L "$lib" "$work/load/$lib"
		done
	done
}

# add_files: the files of -f; FILE[:PATH], PATH defaulting to /root/NAME
add_files()
{
	local spec from to

	for spec in "${files[@]+"${files[@]}"}"; do
		from=${spec%%:*} to=
		[ "$from" = "$spec" ] || to=${spec#*:}
		case $to in
		'') to=/root/$(basename "$from") ;;
		*/) to=$to$(basename "$from") ;;
		/*) ;;
		*) to=/root/$to ;;
		esac
		# The root's own links (bin -> usr/bin) must stay links.
		case $to in
		/bin/* | /sbin/* | /lib/* | /lib64/*) to=/usr$to ;;
		esac
		add_file "$from" "$to" || return 1
	done
}

# make_load FILE
make_load()
{
	local lab=$work/load/lab

	mkdir -p "$lab"
	[ ${#command[@]} -eq 0 ] || printf '%s\0' "${command[@]}" >"$lab/argv"
	printf 'lab_insmod=%s\nlab_shell=%s\n' "$insmod" "$shell" >"$lab/settings"
	cp "$vm_dir/guest-init" "$lab/guest-init"
	chmod 755 "$lab/guest-init"
	[ -z "$insmod" ] || cp "$build_dir/ko/$kernel/mmscope.ko" "$lab/" || return 1
	if [ -x "$build_dir/mmscope" ]; then
		add_file "$build_dir/mmscope" /usr/local/sbin/mmscope || return 1
	fi
	add_files || return 1
	tar -C "$work/load" --owner=0 --group=0 -cf "$1" . --transform='s,^\./,,'
}
