# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Owns what a kernel brings into its guest: a disk image with its modules, and the initramfs that
# mounts the root. Must not know the root's content, nor where kernels come from.

# Modules that guest-boot loads to reach its disks and ports; some are built in, some kernels have
# none of that name.
boot_modules="virtio_pci virtio_blk virtio_console ext4"

# What the guest may modprobe: subtrees of the kernel's own modules. The whole tree of a flavour
# for real machines holds gigabytes of drivers for hardware that the guest has not.
module_trees="arch block crypto fs lib mm net/core net/sched net/ipv4 net/ipv6 net/netfilter
	net/unix kernel security drivers/block drivers/char drivers/virtio drivers/dax
	drivers/nvdimm drivers/net/virtio_net.ko* drivers/net/veth.ko* drivers/net/dummy.ko*
	drivers/net/tun.ko* drivers/vfio drivers/md drivers/hv drivers/misc/mei"

# pack_modules DIR RELEASE: DIR/modules.ext4, to be mounted on /lib/modules
pack_modules()
{
	local dir=$1 release=$2 from=$1/root/usr/lib/modules/$2 to=$1/modules/$2 tree files size

	mkdir -p "$to/kernel"
	for tree in $module_trees; do
		# shellcheck disable=SC2086	# the glob is meant
		for files in "$from"/kernel/$tree; do
			[ -e "$files" ] || continue
			mkdir -p "$to/kernel/$(dirname "${files#"$from/kernel/"}")"
			cp -al "$files" "$to/kernel/$(dirname "${files#"$from/kernel/"}")/"
		done
	done
	cp "$from"/modules.{order,builtin,builtin.modinfo} "$to/"
	mkdir -p "$dir/depmod/lib"
	ln -s ../../modules "$dir/depmod/lib/modules"
	depmod -b "$dir/depmod" "$release" || return 1
	size=$(($(du -sm "$dir/modules" | cut -f1) * 5 / 4 + 16))
	quietly "packing modules" mke2fs -q -t ext4 -O ^has_journal -m 0 -d "$dir/modules" \
		"$dir/modules.ext4" "${size}M" || return 1
}

# pack_initramfs DIR RELEASE: DIR/initramfs.cpio. Not compressed: reading it is quicker that way.
pack_initramfs()
{
	local dir=$1 release=$2 root=$1/initramfs module path

	mkdir -p "$root"/{bin,dev,proc,sys,mnt,modules}
	cp "$(command -v busybox)" "$root/bin/busybox"
	cp "$vm_dir/guest-boot" "$root/init"
	chmod 755 "$root/init"
	for module in $boot_modules; do
		modprobe -d "$dir/depmod" -S "$release" --show-depends "$module" 2>/dev/null || :
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$dir/boot-order"
	while read -r path; do
		module=$(basename "$path")
		case $module in
		*.xz) xz -dc "$path" ;;
		*.zst) zstd -dcq "$path" ;;
		*.gz) gzip -dc "$path" ;;
		*) cat "$path" ;;
		esac >"$root/modules/${module%%.*}.ko"
		echo "${module%%.*}.ko" >>"$root/modules/order"
	done <"$dir/boot-order"
	touch "$root/modules/order"
	(cd "$root" && find . | cpio --quiet -o -H newc) >"$dir/initramfs.cpio" || return 1
	rm -r "$root" "$dir/depmod" "$dir/modules" "$dir/boot-order"
}
