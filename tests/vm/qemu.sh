# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Owns QEMU's command line and its life. Must not know what runs in the guest.
# Uses the variables that `run` sets from its options.

# have_kvm: the processor can and the device works
have_kvm()
{
	grep -qwE 'vmx|svm' /proc/cpuinfo && [ -w /dev/kvm ] && [ -z "$icount$accel" ] &&
		timeout 10 qemu-system-x86_64 -accel kvm -machine none -display none -nodefaults \
			-monitor stdio <<<quit >/dev/null 2>&1
}

accel_name()
{
	if have_kvm; then
		echo "KVM"
	elif [ -n "$icount" ]; then
		echo "TCG, counting instructions"
	else
		echo "TCG${accel:+, one thread}"
	fi
}

# cpu_args: accelerator, processor, memory, nodes
cpu_args()
{
	local model=max i per=$((cpus / nodes)) range

	if have_kvm; then
		qemu+=(-accel kvm)
		model=host
	elif [ -n "$icount" ]; then
		qemu+=(-accel "tcg,thread=single" -icount "shift=0,sleep=off")
	else
		qemu+=(-accel "tcg,thread=${accel:-multi}")
	fi
	qemu+=(-machine pc -cpu "$model${cpu_flags:+,$cpu_flags}" -m "${mem}M")
	# One socket per node: cores of one socket on two nodes make the kernel warn.
	qemu+=(-smp "$cpus,sockets=$nodes,cores=$per,threads=1")
	[ "$nodes" -gt 1 ] || return 0
	for ((i = 0; i < nodes; i++)); do
		range=$((i * per))-$((i * per + per - 1))
		qemu+=(-object "memory-backend-ram,id=mem$i,size=$((mem / nodes))M"
			-numa "node,nodeid=$i,memdev=mem$i,cpus=$range")
	done
}

# disk FILE SERIAL OPTIONS: a virtio disk; they become vda, vdb, ... in the order of calls
disk()
{
	qemu+=(-drive "file=$1,if=none,id=$2,$3" -device "virtio-blk-pci,drive=$2,serial=$2")
}

disk_args()
{
	local i

	# The image is shared by all runs; what this one writes goes to a temporary file.
	disk "$root/root.ext4" mms-root format=raw,snapshot=on
	for i in "${!disks[@]}"; do
		truncate -s "${disks[i]}M" "$work/disk$i"
		disk "$work/disk$i" "mms-disk$i" format=raw,cache=unsafe,discard=unmap
	done
	disk "$kdir/modules.ext4" mms-modules format=raw,readonly=on
	disk "$work/load.tar" mms-load format=raw,readonly=on
}

# port NAME FILE: what the guest writes to port mms.NAME goes to FILE. A file never makes it
# wait; ioeventfd is off (below) so that what was written is in it before the guest can go on.
port()
{
	: >"$2"
	qemu+=(-chardev "file,id=$1,path=$2" -device "virtserialport,chardev=$1,name=mms.$1")
}

console_args()
{
	qemu+=(-device "virtio-serial-pci,ioeventfd=off")
	port status "$work/status"
	port out "$work/out"
	port stdout "$work/stdout"
	port stderr "$work/stderr"
	if [ -n "$shell" ]; then
		qemu+=(-chardev "stdio,id=console,signal=off,logfile=$klog")
	else
		qemu+=(-chardev "file,id=console,path=$klog")
	fi
	qemu+=(-serial chardev:console)
}

# kernel_args: a warning is a failure; a panic ends QEMU at once (-no-reboot)
kernel_args()
{
	local line="console=ttyS0 panic_on_warn=1 panic=-1 oops=panic hung_task_panic=1"

	if [ -n "$shell" ]; then
		line="$line loglevel=4"
	else
		line="$line ignore_loglevel printk.devkmsg=on"
	fi
	line="$line tsc=nowatchdog i8042.noaux i8042.nokbd random.trust_cpu=on"
	# An emulated processor stands still while a busy host runs others: neither the boot's test
	# of the timer nor the limits meant for real ones may take that for a fault.
	have_kvm || line="$line no_timer_check rcupdate.rcu_cpu_stall_timeout=90 watchdog_thresh=45"
	echo "$line net.ifnames=0 $(kernel_flag "$kernel" args | xargs) $kargs"
}

# run_guest: start QEMU, pass its output on as it comes, wait. Sets qemu_status, timed_out.
run_guest()
{
	local start=$SECONDS tails=()

	qemu=(qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -monitor none)
	cpu_args
	disk_args
	console_args
	qemu+=(-kernel "$kdir/vmlinuz" -initrd "$kdir/initramfs.cpio" -append "$(kernel_args)")
	timed_out=''
	if [ -n "$shell" ]; then
		setpriv --pdeathsig KILL "${qemu[@]}" 2>"$work/qemu.err"
		qemu_status=$?
		return
	fi
	# Both die with us however we end: neither may outlive the run.
	setpriv --pdeathsig KILL timeout -k 5 "$limit" setpriv --pdeathsig KILL "${qemu[@]}" \
		</dev/null >"$work/qemu.err" 2>&1 &
	qemu_pid=$!
	tail -c +1 -f -s 0.05 --pid=$qemu_pid "$work/stdout" 2>/dev/null &
	tails+=($!)
	tail -c +1 -f -s 0.05 --pid=$qemu_pid "$work/stderr" >&2 2>/dev/null &
	tails+=($!)
	wait $qemu_pid
	qemu_status=$?
	qemu_pid=
	[ $((SECONDS - start)) -lt "$limit" ] || timed_out=1
	wait "${tails[@]}"
}
