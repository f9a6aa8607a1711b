/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens at the entry and at the return of handle_mm_fault(), however the
 * programs hang there: remembers, walks, classifies, counts. The attach points
 * themselves are in fault.bpf.c and fault_session*.bpf.c. Must not know of user space.
 */
#ifndef _MMS_FAULT_BODY_BPF_H
#define _MMS_FAULT_BODY_BPF_H

#include "pagewalk.bpf.h"
#include <bpf/bpf_tracing.h>

const volatile struct mms_fault_config cfg SEC(".rodata.cfg");
volatile struct mms_fault_marks marks SEC(".data.marks");
struct mms_fault_execd execd SEC(".data.execd");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, struct mms_fault_start);
} starts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct mms_fault_key);
	__type(value, struct mms_fault_val);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, char[MMS_FAULT_COMM]);
} comms SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, u8);
} tgids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MMS_TALLY_NR);
	__type(key, u32);
	__type(value, u64);
} tallies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

extern const void shmem_vm_ops __ksym __weak;
extern const void shmem_anon_vm_ops __ksym __weak;

static const struct mms_fault_val zero_val;

static __always_inline void tally(u32 which)
{
	u64 *v = bpf_map_lookup_elem(&tallies, &which);

	/* Atomic: on kernels that preempt programs another task may be inside on this CPU. */
	if (v)
		__sync_fetch_and_add(v, 1);
}

static __always_inline u32 current_tid(void)
{
	return bpf_get_current_pid_tgid();
}

static __always_inline u32 current_tgid(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

/* Is the current task one of those to be counted? */
static __always_inline bool wanted(void)
{
	u32 tgid;

	if (cfg.by_tgid) {
		tgid = current_tgid();
		return bpf_map_lookup_elem(&tgids, &tgid) != NULL;
	}
	if (cfg.by_cgroup)
		return bpf_current_task_under_cgroup(&cgroups, 0) == 1;
	return true;
}

/*
 * After VM_FAULT_RETRY the same thread comes back to the same address, marked as tried
 * again, or with the mmap lock in place of the VMA's. Anything else is a new fault.
 */
static __always_inline bool continues(const struct mms_fault_start *s, u64 addr, u32 flags)
{
	return s->state == MMS_START_RETRY && s->addr == addr &&
	       ((flags & MMS_FF_TRIED) ||
		((s->flags & MMS_FF_VMA_LOCK) && !(flags & MMS_FF_VMA_LOCK)));
}

static __always_inline u8 fault_origin(struct mm_struct *mm, u32 flags, struct pt_regs *regs)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	if (flags & MMS_FF_USER)
		return MMS_ORIGIN_USER;
	if (regs)
		return MMS_ORIGIN_KERNEL;
	return BPF_CORE_READ(task, mm) == mm ? MMS_ORIGIN_GUP : MMS_ORIGIN_REMOTE;
}

static __always_inline int fault_entry(struct vm_area_struct *vma, u64 addr, u32 flags,
				       struct pt_regs *regs)
{
	struct mms_fault_start n = {}, *s;
	struct mm_struct *mm;
	bool failed = false;
	u32 tid;

	if (!wanted())
		return 0;
	tid = current_tid();
	s = bpf_map_lookup_elem(&starts, &tid);
	if (s && continues(s, addr, flags)) {
		s->state = MMS_START_RUNNING;
		s->flags = flags;
		s->vma = (u64)vma;
		s->links++;
		return 0;
	}
	if (s && s->state == MMS_START_RUNNING && marks.armed_ns && s->ts >= marks.armed_ns)
		tally(MMS_TALLY_NO_RETURN);

	n.ts = bpf_ktime_get_ns();
	n.addr = addr;
	n.flags = flags;
	n.vma = (u64)vma;
	n.regs = (u64)regs;
	/* From the VMA, not from current: remote access faults in another mm. */
	mm = BPF_CORE_READ(vma, vm_mm);
	n.pgd = (u64)BPF_CORE_READ(mm, pgd);
	n.origin = fault_origin(mm, flags, regs);
	n.level = pagewalk(n.pgd, addr, &n.before, &failed);
	n.state = MMS_START_RUNNING;
	if (failed)
		tally(MMS_TALLY_WALK_FAILED);
	if (bpf_map_update_elem(&starts, &tid, &n, BPF_ANY))
		tally(MMS_TALLY_STARTS_FULL);
	return 0;
}

static __always_inline u32 log2_bucket(u64 v)
{
	u32 r = 0;

	if (v >> 31)
		return MMS_FAULT_BUCKETS - 1;
	if (v >> 16) {
		v >>= 16;
		r += 16;
	}
	if (v >> 8) {
		v >>= 8;
		r += 8;
	}
	if (v >> 4) {
		v >>= 4;
		r += 4;
	}
	if (v >> 2) {
		v >>= 2;
		r += 2;
	}
	return r + (v >> 1);
}

static __always_inline void remember_comm(u32 tgid)
{
	char comm[MMS_FAULT_COMM] = {};
	struct task_struct *t = (struct task_struct *)bpf_get_current_task();

	BPF_CORE_READ_INTO(&comm, t, group_leader, comm);
	bpf_map_update_elem(&comms, &tgid, comm, BPF_ANY);
}

/*
 * The counters of (cgroup, process, kind, origin), created at its first fault; NULL if there is no
 * room.
 */
static __always_inline struct mms_fault_val *count_slot(u32 kind, u32 origin)
{
	struct mms_fault_key key = {
		.cgroup_id = bpf_get_current_cgroup_id(),
		.tgid = current_tgid(),
		.kind = kind,
		.origin = origin,
	};
	struct mms_fault_val *v = bpf_map_lookup_elem(&counts, &key);

	if (v)
		return v;
	remember_comm(key.tgid);
	/* Another CPU may be first: then ours is there, too. */
	bpf_map_update_elem(&counts, &key, &zero_val, BPF_NOEXIST);
	return bpf_map_lookup_elem(&counts, &key);
}

static __always_inline void count_fault(u32 kind, u32 origin, u64 ns, u32 ret, u32 flags)
{
	struct mms_fault_val *v = count_slot(kind, origin);

	if (!v) {
		tally(MMS_TALLY_COUNTS_FULL);
		return;
	}
	__sync_fetch_and_add(&v->nr, 1);
	__sync_fetch_and_add(&v->ns, ns);
	if (mms_fault_counted(ret)) {
		if (mms_fault_major(ret, flags))
			__sync_fetch_and_add(&v->nr_major, 1);
		else
			__sync_fetch_and_add(&v->nr_minor, 1);
	}
	if (ns > v->max_ns)
		v->max_ns = ns;
	__sync_fetch_and_add(&v->hist[log2_bucket(ns) & (MMS_FAULT_BUCKETS - 1)], 1);
	tally(MMS_TALLY_STORED);
}

static __always_inline void event_file(struct mms_fault_event *e, struct vm_area_struct *vma)
{
	struct file *file = BPF_CORE_READ(vma, vm_file);
	const unsigned char *name;

	if (!file)
		return;
	e->ino = BPF_CORE_READ(file, f_inode, i_ino);
	e->dev = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	name = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	bpf_probe_read_kernel_str(e->name, sizeof(e->name), name);
}

static __always_inline struct mms_fault_event *event_reserve(u32 kind, u64 addr)
{
	struct mms_fault_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		tally(MMS_TALLY_RING_FULL);
		return NULL;
	}
	__builtin_memset(e, 0, sizeof(*e));
	e->kind = kind;
	e->segment = MMS_SEG_ANON;
	e->ustack = -1;
	e->kstack = -1;
	e->addr = addr;
	e->tgid = current_tgid();
	e->tid = current_tid();
	e->cgroup_id = bpf_get_current_cgroup_id();
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	return e;
}

/* A wakeup per event costs more than the fault itself: wake the reader for a batch. */
static __always_inline void event_submit(struct mms_fault_event *e)
{
	u64 waiting = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);

	bpf_ringbuf_submit(e, waiting >= cfg.wake_bytes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
	tally(MMS_TALLY_EVENTS);
}

static __always_inline void fault_event(const struct mms_fault_start *s,
					const struct mms_fault_facts *f, u32 kind, u64 ns)
{
	struct mms_fault_event *e = event_reserve(kind, s->addr);
	struct vm_area_struct *vma = (struct vm_area_struct *)s->vma;
	struct pt_regs *regs = (struct pt_regs *)s->regs;

	if (!e)
		return;
	e->ts_ns = s->ts;
	e->ns = ns;
	e->before = f->before;
	e->after = f->after;
	e->level_before = f->level_before;
	e->level_after = f->level_after;
	e->flags = f->flags;
	e->ret = f->ret;
	e->links = s->links;
	e->origin = s->origin;
	e->vm_flags = f->vm_flags;
	e->ip = regs ? BPF_CORE_READ(regs, ip) : 0;
	e->vm_start = BPF_CORE_READ(vma, vm_start);
	e->vm_end = BPF_CORE_READ(vma, vm_end);
	e->pgoff = BPF_CORE_READ(vma, vm_pgoff);
	event_file(e, vma);
	event_submit(e);
}

/*
 * Gathers the facts after the return. The VMA may be gone by now (the lock is dropped when
 * the fault was completed for us): probe reads only.
 */
static __always_inline u32 fault_facts(const struct mms_fault_start *s, u32 ret,
				       struct mms_fault_facts *f, struct mms_entry_rules *r)
{
	struct vm_area_struct *vma = (struct vm_area_struct *)s->vma;
	const struct vm_operations_struct *ops = BPF_CORE_READ(vma, vm_ops);
	bool failed = false;

	f->addr = s->addr;
	f->before = s->before;
	f->level_before = s->level;
	f->vm_flags = BPF_CORE_READ(vma, vm_flags);
	f->flags = s->flags;
	f->ret = ret | s->ret;
	f->facts = s->facts;
	f->level_after = pagewalk(s->pgd, s->addr, &f->after, &failed);
	if (failed)
		tally(MMS_TALLY_WALK_FAILED);
	if (!ops)
		f->facts |= MMS_FACT_ANON;
	else if (ops == &shmem_vm_ops || ops == &shmem_anon_vm_ops)
		f->facts |= MMS_FACT_SHMEM;
	if ((f->ret & MMS_FR_MAJOR) && mms_entry_swap(s->before, s->level) &&
	    pagewalk_swap_is_zram(mms_entry_swap_type(s->before)))
		f->facts |= MMS_FACT_ZRAM;
	if (cfg.no_userfault_hook && s->links && (f->vm_flags & MMS_VM_UFFD_MISSING))
		f->facts |= MMS_FACT_USERFAULT;
	if (cfg.no_migration_hook && s->before && !mms_entry_present(s->before) &&
	    !mms_entry_swap(s->before, s->level) && !mms_entry_absent(s->before, s->level))
		f->facts |= MMS_FACT_MIGRATION;
	*r = boot.rules;
	if (s->level > 1 || f->level_after > 1)
		r->huge_zero_pfn = pagewalk_huge_zero_pfn();
	return mms_fault_classify(f, r);
}

static __always_inline void fault_done(const struct mms_fault_start *s, u32 ret)
{
	struct mms_fault_facts f = {};
	struct mms_entry_rules r;
	u64 ns = bpf_ktime_get_ns() - s->ts;
	u32 kind = fault_facts(s, ret, &f, &r);

	count_fault(kind, s->origin, ns, f.ret, f.flags);
	if (cfg.events)
		fault_event(s, &f, kind, ns);
}

/* A return whose entry is unknown: not wanted, or missed. */
static __always_inline int fault_stray(u32 ret)
{
	if (!marks.armed_ns || (ret & MMS_FR_RETRY))
		return 0;
	tally(MMS_TALLY_SEEN);
	tally(wanted() ? MMS_TALLY_NO_START : MMS_TALLY_FILTERED);
	return 0;
}

static __always_inline int fault_return(u32 ret)
{
	u32 tid = current_tid();
	struct mms_fault_start *s = bpf_map_lookup_elem(&starts, &tid);

	if (!s || s->state != MMS_START_RUNNING)
		return fault_stray(ret);
	if (ret & MMS_FR_RETRY) {
		s->state = MMS_START_RETRY;
		s->ret |= ret & MMS_FR_MAJOR;
		tally(MMS_TALLY_RETRIES);
		return 0;
	}
	if (marks.armed_ns && s->ts >= marks.armed_ns) {
		tally(MMS_TALLY_SEEN);
		fault_done(s, ret);
	}
	if ((ret & MMS_FR_SIGSEGV) && (s->flags & MMS_FF_USER))
		s->state = MMS_START_SEGV;
	else
		bpf_map_delete_elem(&starts, &tid);
	return 0;
}

/* Something inside the fault of this thread says what it is. */
static __always_inline int fault_mark(u32 fact)
{
	u32 tid = current_tid();
	struct mms_fault_start *s = bpf_map_lookup_elem(&starts, &tid);

	if (s && s->state == MMS_START_RUNNING)
		s->facts |= fact;
	return 0;
}

SEC("kprobe/handle_userfault")
int on_userfault(void *ctx)
{
	return fault_mark(MMS_FACT_USERFAULT);
}

SEC("kprobe/migration_entry_wait")
int on_migration_wait(void *ctx)
{
	return fault_mark(MMS_FACT_MIGRATION);
}

SEC("kprobe/pmd_migration_entry_wait")
int on_pmd_migration_wait(void *ctx)
{
	return fault_mark(MMS_FACT_MIGRATION);
}

/*
 * An address without a VMA, or without the right asked for, never gets to handle_mm_fault():
 * only the signal tells. Codes of asm-generic/siginfo.h: MAPERR, ACCERR, PKUERR.
 */
SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal, int sig, struct kernel_siginfo *info, struct task_struct *task)
{
	struct mms_fault_val *v;
	struct mms_fault_event *e;
	struct mms_fault_start *s;
	u32 tid = current_tid();
	u64 addr;
	int code;

	if (sig != 11 || (u64)info < 4096 || !marks.armed_ns || !wanted())
		return 0;
	code = BPF_CORE_READ(info, si_code);
	if ((code != 1 && code != 2 && code != 4) || BPF_CORE_READ(task, pid) != tid)
		return 0;
	s = bpf_map_lookup_elem(&starts, &tid);
	if (s && s->state == MMS_START_SEGV) {
		bpf_map_delete_elem(&starts, &tid);
		return 0;
	}
	tally(MMS_TALLY_SEEN);
	v = count_slot(MMS_FAULT_SEGV, MMS_ORIGIN_USER);
	if (!v) {
		tally(MMS_TALLY_COUNTS_FULL);
		return 0;
	}
	__sync_fetch_and_add(&v->nr, 1);
	__sync_fetch_and_add(&v->nr_untimed, 1);
	tally(MMS_TALLY_STORED);
	if (!cfg.events)
		return 0;
	addr = (u64)BPF_CORE_READ(info, _sifields._sigfault._addr);
	e = event_reserve(MMS_FAULT_SEGV, addr);
	if (!e)
		return 0;
	e->ts_ns = bpf_ktime_get_ns();
	event_submit(e);
	return 0;
}

/* The command starts here: what its process did before was our own code. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	u32 tgid = current_tgid();
	u8 member = 1;

	if (bpf_map_lookup_elem(&comms, &tgid))
		remember_comm(tgid);
	if (!cfg.command_tgid || tgid != cfg.command_tgid || execd.ns)
		return 0;
	execd.min_flt = BPF_CORE_READ(task, min_flt) + BPF_CORE_READ(task, signal, min_flt);
	execd.maj_flt = BPF_CORE_READ(task, maj_flt) + BPF_CORE_READ(task, signal, maj_flt);
	execd.ns = bpf_ktime_get_ns();
	bpf_map_update_elem(&tgids, &tgid, &member, BPF_ANY);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	u32 from = BPF_CORE_READ(parent, tgid), to = BPF_CORE_READ(child, tgid);
	u8 member = 1;

	if (!cfg.follow || from == to || !bpf_map_lookup_elem(&tgids, &from))
		return 0;
	if (bpf_map_update_elem(&tgids, &to, &member, BPF_ANY))
		tally(MMS_TALLY_TGIDS_FULL);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	u32 tid = BPF_CORE_READ(task, pid), tgid = BPF_CORE_READ(task, tgid);
	struct mms_fault_start *s = bpf_map_lookup_elem(&starts, &tid);

	if (s) {
		if (s->state == MMS_START_RUNNING && marks.armed_ns && s->ts >= marks.armed_ns)
			tally(MMS_TALLY_NO_RETURN);
		bpf_map_delete_elem(&starts, &tid);
	}
	/* The last thread: the number may be given to another process. */
	if (cfg.by_tgid && !BPF_CORE_READ(task, signal, live.counter))
		bpf_map_delete_elem(&tgids, &tgid);
	return 0;
}

/* Run once by the loader before anything is attached. */
SEC("syscall")
int learn_boot(void *ctx)
{
	return pagewalk_learn();
}

char LICENSE[] SEC("license") = "GPL";

#endif
