// SPDX-License-Identifier: GPL-2.0-only
/* model/cow: families, and what belongs to which fork; bpf/bill.h: what a fault counts as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/cow.h"

#define PAGE 4096ULL

/* What the kernel side does: numbers, and who is in which epoch. */
struct kernel {
	struct model_cow *c;
	struct {
		pid_t pid, parent;
		uint32_t life, epoch, parent_life;
	} lives[16];
	size_t nr_lives;
	uint32_t seq;
	struct model_cow_count counts[64];
	size_t nr_counts;
};

static size_t live(struct kernel *k, pid_t pid)
{
	size_t i;

	for (i = 0; i < k->nr_lives; i++)
		if (k->lives[i].pid == pid)
			return i;
	return SIZE_MAX;
}

static void moment(struct kernel *k, const struct mms_bill_moment *m)
{
	assert_int_equal(model_cow_moment(k->c, m), 0);
}

static void fork_as(struct kernel *k, enum mms_bill_why why, pid_t parent, pid_t child)
{
	struct mms_bill_moment m = {
		.ns = 1000 * ++k->seq,
		.seq = k->seq,
		.why = why,
		.pid = (uint32_t)parent,
		.other = (uint32_t)child,
		.other_life = 2 * k->seq + 1,
		.comm = "program",
	};
	size_t p = live(k, parent);

	if (p == SIZE_MAX) {
		p = k->nr_lives++;
		k->lives[p].pid = parent;
		k->lives[p].life = 2 * k->seq;
		k->lives[p].parent = 0;
	}
	k->lives[p].epoch = 2 * k->seq;
	m.life = k->lives[p].life;
	k->lives[k->nr_lives].pid = child;
	k->lives[k->nr_lives].parent = parent;
	k->lives[k->nr_lives].parent_life = m.life;
	k->lives[k->nr_lives].life = k->lives[k->nr_lives].epoch = 2 * k->seq + 1;
	k->nr_lives++;
	moment(k, &m);
}

static void fork_of(struct kernel *k, pid_t parent, pid_t child)
{
	fork_as(k, MMS_BILL_FORK, parent, child);
}

static void end_as(struct kernel *k, enum mms_bill_why why, pid_t pid)
{
	size_t i = live(k, pid), p;
	struct mms_bill_moment m = {.ns = 1000 * ++k->seq,
				    .seq = k->seq,
				    .why = why,
				    .pid = (uint32_t)pid,
				    .comm = "last"};

	assert_true(i != SIZE_MAX);
	m.life = k->lives[i].life;
	p = k->lives[i].parent ? live(k, k->lives[i].parent) : SIZE_MAX;
	if (p != SIZE_MAX && k->lives[p].life == k->lives[i].parent_life) {
		m.other = (uint32_t)k->lives[p].pid;
		m.other_life = k->lives[p].life;
		k->lives[p].epoch = 2 * k->seq;
	}
	k->lives[i] = k->lives[--k->nr_lives];
	moment(k, &m);
}

static void exit_of(struct kernel *k, pid_t pid)
{
	end_as(k, MMS_BILL_EXIT, pid);
}

static void fault_at(struct kernel *k, pid_t pid, enum mms_bill_what what, uint64_t nr,
		     uint64_t where)
{
	size_t i = live(k, pid), n;
	struct mms_bill_key key = {.where = where, .what = what, .ustack = -1};

	if (i == SIZE_MAX)
		return;
	key.epoch = k->lives[i].epoch;
	key.tgid = (uint32_t)pid;
	for (n = 0; n < k->nr_counts; n++)
		if (!memcmp(&k->counts[n].key, &key, sizeof(key)))
			break;
	if (n == k->nr_counts)
		k->counts[k->nr_counts++].key = key;
	assert_true(k->nr_counts < 64);
	k->counts[n].val.nr += nr;
	k->counts[n].val.bytes += nr * PAGE;
	k->counts[n].val.ns += nr * 100;
}

static void fault(struct kernel *k, pid_t pid, enum mms_bill_what what, uint64_t nr)
{
	fault_at(k, pid, what, nr, 0);
}

static void snapshot(struct kernel *k)
{
	assert_int_equal(model_cow_counts(k->c, k->counts, k->nr_counts), 0);
}

/* As the kernel side does when its map gets full: what cannot change is given a last time. */
static void retire(struct kernel *k)
{
	size_t i, j, n = 0;

	for (i = 0; i < k->nr_counts; i++) {
		k->counts[i].final = true;
		for (j = 0; j < k->nr_lives; j++)
			if (k->lives[j].epoch == k->counts[i].key.epoch)
				k->counts[i].final = false;
	}
	snapshot(k);
	for (i = 0; i < k->nr_counts; i++)
		if (!k->counts[i].final)
			k->counts[n++] = k->counts[i];
	memset(k->counts + n, 0, (k->nr_counts - n) * sizeof(k->counts[0]));
	k->nr_counts = n;
	snapshot(k);
}

static struct kernel begin(void)
{
	struct kernel k = {.c = model_cow_create(), .seq = 100};

	assert_non_null(k.c);
	return k;
}

/* Pages of a bill: copied by the parent, the child; reused by the parent before and after the end.
 */
static void assert_bill(struct kernel *k, size_t i, uint64_t parent, uint64_t child,
			uint64_t reused, uint64_t tail)
{
	struct model_cow_sum s[MODEL_NR_PARTS];

	model_cow_sums(k->c, model_cow_bill(k->c, i), s);
	assert_int_equal(s[MODEL_PART_PARENT].nr[MMS_BILL_COPIED], parent);
	assert_int_equal(s[MODEL_PART_CHILD].nr[MMS_BILL_COPIED], child);
	assert_int_equal(s[MODEL_PART_PARENT].nr[MMS_BILL_REUSED], reused);
	assert_int_equal(s[MODEL_PART_TAIL].nr[MMS_BILL_REUSED], tail);
	assert_int_equal(s[MODEL_PART_PARENT].bytes[MMS_BILL_COPIED], parent * PAGE);
	assert_int_equal(s[MODEL_PART_PARENT].ns[MMS_BILL_COPIED], parent * 100);
}

static void parent_and_child_have_their_own(void **state)
{
	struct kernel k = begin();
	struct model_cow_sum s[MODEL_NR_PARTS];
	struct model_bill *b;

	fork_of(&k, 10, 11);
	fault(&k, 10, MMS_BILL_COPIED, 23);
	fault(&k, 11, MMS_BILL_COPIED, 11);
	fault(&k, 11, MMS_BILL_FILLED, 5);
	snapshot(&k);
	assert_int_equal(model_cow_nr_bills(k.c), 1);
	assert_bill(&k, 0, 23, 11, 0, 0);
	exit_of(&k, 11);
	fault(&k, 10, MMS_BILL_REUSED, 7);
	snapshot(&k);
	assert_bill(&k, 0, 23, 11, 0, 7);
	b = model_cow_bill(k.c, 0);
	assert_int_equal(b->state, MODEL_BILL_EXITED);
	assert_int_equal(b->pid, 11);
	assert_int_equal(b->parent, 10);
	assert_int_equal(b->root, 10);
	assert_int_equal(b->generation, 1);
	assert_int_equal(b->fork_ns, 101000);
	assert_int_equal(b->end_ns, 102000);
	assert_false(b->crowded);
	assert_string_equal(b->comm, "last");
	model_cow_sums(k.c, b, s);
	assert_int_equal(model_cow_own(s), (23 + 11 + 5) * PAGE);
	assert_int_equal(model_cow_bytes(s), (23 + 11 + 5) * PAGE);
	assert_int_equal(model_cow_private(b, s), (23 + 11 + 5) * PAGE);
	model_cow_destroy(k.c);
}

static void what_the_parent_does_counts_from_each_fork(void **state)
{
	struct kernel k = begin();

	fork_of(&k, 10, 11);
	fault(&k, 10, MMS_BILL_COPIED, 3);
	fork_of(&k, 10, 12);
	fault(&k, 10, MMS_BILL_COPIED, 5);
	exit_of(&k, 11);
	/* 12 lives: this is its bill, not a tail of the other's. */
	fault(&k, 10, MMS_BILL_COPIED, 7);
	fault(&k, 10, MMS_BILL_REUSED, 2);
	exit_of(&k, 12);
	fault(&k, 10, MMS_BILL_REUSED, 4);
	fork_of(&k, 10, 13);
	fault(&k, 10, MMS_BILL_REUSED, 8);
	snapshot(&k);
	assert_bill(&k, 0, 8, 0, 0, 0);
	assert_bill(&k, 1, 12, 0, 2, 4);
	assert_bill(&k, 2, 0, 0, 8, 0);
	assert_true(model_cow_bill(k.c, 0)->crowded);
	assert_true(model_cow_bill(k.c, 1)->crowded);
	assert_false(model_cow_bill(k.c, 2)->crowded);
	model_cow_destroy(k.c);
}

static void generations_are_told(void **state)
{
	struct kernel k = begin();
	struct model_member *v;
	size_t nr;

	fork_of(&k, 10, 11);
	fork_of(&k, 11, 12);
	fault(&k, 10, MMS_BILL_COPIED, 1);
	fault(&k, 11, MMS_BILL_COPIED, 2);
	fault(&k, 12, MMS_BILL_COPIED, 4);
	snapshot(&k);
	assert_bill(&k, 0, 1, 2, 0, 0);
	assert_bill(&k, 1, 2, 4, 0, 0);
	assert_int_equal(model_cow_bill(k.c, 1)->generation, 2);
	assert_int_equal(model_cow_bill(k.c, 1)->root, 10);
	assert_int_equal(model_cow_members(k.c, &v, &nr), 0);
	assert_int_equal(nr, 3);
	assert_int_equal(v[0].pid, 10);
	assert_int_equal(v[0].generation, 0);
	assert_int_equal(v[0].parent, 0);
	assert_int_equal(v[2].pid, 12);
	assert_int_equal(v[2].parent, 11);
	assert_int_equal(v[2].generation, 2);
	assert_int_equal(v[2].sum.nr[MMS_BILL_COPIED], 4);
	free(v);
	/* The one in the middle goes first. */
	exit_of(&k, 11);
	fault(&k, 12, MMS_BILL_COPIED, 8);
	exit_of(&k, 12);
	snapshot(&k);
	assert_bill(&k, 1, 2, 12, 0, 0);
	assert_true(model_cow_bill(k.c, 1)->parent_gone);
	assert_int_equal(model_cow_bill(k.c, 1)->tail, 0);
	model_cow_destroy(k.c);
}

static void exec_ends_a_life(void **state)
{
	struct kernel k = begin();

	fork_of(&k, 10, 11);
	fault(&k, 11, MMS_BILL_COPIED, 4);
	end_as(&k, MMS_BILL_EXEC, 11);
	fault(&k, 11, MMS_BILL_FILLED, 100); /* of nobody's interest: not kept */
	fault(&k, 10, MMS_BILL_REUSED, 3);
	/* It forks as another program: a family of its own. */
	fork_of(&k, 11, 12);
	fault(&k, 11, MMS_BILL_COPIED, 9);
	snapshot(&k);
	assert_int_equal(model_cow_bill(k.c, 0)->state, MODEL_BILL_EXECED);
	assert_bill(&k, 0, 0, 4, 0, 3);
	assert_bill(&k, 1, 9, 0, 0, 0);
	assert_int_equal(model_cow_bill(k.c, 1)->generation, 1);
	assert_int_equal(model_cow_bill(k.c, 1)->root, 11);
	model_cow_destroy(k.c);
}

static void vfork_has_no_bill_and_works_in_the_parents_memory(void **state)
{
	struct kernel k = begin();

	fork_of(&k, 10, 11);
	fork_as(&k, MMS_BILL_VFORK, 10, 12);
	fault(&k, 12, MMS_BILL_COPIED, 2);
	end_as(&k, MMS_BILL_EXEC, 12);
	fault(&k, 10, MMS_BILL_COPIED, 1);
	snapshot(&k);
	assert_int_equal(model_cow_nr_bills(k.c), 1);
	assert_bill(&k, 0, 3, 0, 0, 0);
	assert_int_equal(model_cow_bill(k.c, 0)->state, MODEL_BILL_LIVE);
	assert_false(model_cow_bill(k.c, 0)->parent_gone);
	assert_false(model_cow_bill(k.c, 0)->crowded);
	model_cow_destroy(k.c);
}

static void pids_come_back(void **state)
{
	struct kernel k = begin();

	fork_of(&k, 10, 11);
	fault(&k, 11, MMS_BILL_COPIED, 4);
	exit_of(&k, 11);
	fork_of(&k, 10, 11);
	fault(&k, 11, MMS_BILL_COPIED, 2);
	exit_of(&k, 10);
	/* Somebody else has the number of the parent now. */
	fork_of(&k, 11, 10);
	fault(&k, 10, MMS_BILL_COPIED, 1);
	exit_of(&k, 11);
	snapshot(&k);
	assert_bill(&k, 0, 0, 4, 0, 0);
	assert_bill(&k, 1, 0, 2, 0, 0);
	assert_bill(&k, 2, 0, 1, 0, 0);
	assert_int_equal(model_cow_bill(k.c, 2)->generation, 2);
	assert_true(model_cow_bill(k.c, 1)->parent_gone);
	model_cow_destroy(k.c);
}

static void finals_stay_and_snapshots_go(void **state)
{
	struct kernel k = begin();
	int i;

	fork_of(&k, 10, 11);
	fault(&k, 10, MMS_BILL_COPIED, 1);
	for (i = 0; i < 3; i++)
		snapshot(&k);
	assert_bill(&k, 0, 1, 0, 0, 0);
	fork_of(&k, 10, 12);
	fault(&k, 10, MMS_BILL_COPIED, 2);
	retire(&k);
	assert_int_equal(k.nr_counts, 1);
	assert_bill(&k, 0, 3, 0, 0, 0);
	/* A fault that was under way ends in an epoch that is over. */
	k.counts[k.nr_counts++] = (struct model_cow_count){
		.key = {.epoch = 202, .what = MMS_BILL_COPIED, .ustack = -1, .tgid = 10},
		.val = {.nr = 1, .bytes = PAGE, .ns = 100},
	};
	retire(&k);
	snapshot(&k);
	assert_bill(&k, 0, 4, 0, 0, 0);
	assert_bill(&k, 1, 2, 0, 0, 0);
	assert_int_equal(model_cow_orphans(k.c), 0);
	model_cow_destroy(k.c);
}

static void what_was_told_is_forgotten(void **state)
{
	struct kernel k = begin();

	fork_of(&k, 10, 11);
	fork_of(&k, 10, 12);
	fault(&k, 10, MMS_BILL_COPIED, 6);
	fault(&k, 11, MMS_BILL_COPIED, 4);
	exit_of(&k, 11);
	retire(&k);
	model_cow_forget(k.c);
	assert_int_equal(model_cow_nr_bills(k.c), 2);
	model_cow_bill(k.c, 0)->told = true;
	model_cow_forget(k.c);
	assert_int_equal(model_cow_nr_bills(k.c), 1);
	assert_int_equal(model_cow_bill(k.c, 0)->pid, 12);
	snapshot(&k);
	assert_bill(&k, 0, 6, 0, 0, 0);
	/* With a tail it may still change: it stays until the next fork. */
	exit_of(&k, 12);
	model_cow_bill(k.c, 0)->told = true;
	model_cow_forget(k.c);
	assert_int_equal(model_cow_nr_bills(k.c), 1);
	fork_of(&k, 10, 13);
	model_cow_forget(k.c);
	assert_int_equal(model_cow_nr_bills(k.c), 1);
	assert_int_equal(model_cow_bill(k.c, 0)->pid, 13);
	snapshot(&k);
	assert_int_equal(model_cow_orphans(k.c), 0);
	/* Nobody has told of this one. */
	k.counts[0].key.epoch = 999;
	snapshot(&k);
	assert_int_equal(model_cow_orphans(k.c), k.counts[0].val.nr);
	/* Taken out of the kernel they are still in no bill. */
	k.counts[0].final = true;
	model_cow_counts(k.c, k.counts, 1);
	model_cow_counts(k.c, k.counts, 0);
	assert_int_equal(model_cow_orphans(k.c), k.counts[0].val.nr);
	model_cow_destroy(k.c);
}

static void count_places(void *ctx, enum model_bill_part part, const struct mms_bill_key *key,
			 const struct mms_bill_val *val)
{
	uint64_t(*pages)[MODEL_NR_PARTS] = ctx;

	pages[key->where][part] += val->nr;
}

static void count_all(void *ctx, enum model_bill_part part, const struct mms_bill_key *key,
		      const struct mms_bill_val *val)
{
	*(uint64_t *)ctx += val->nr;
}

static void mappings_are_kept_apart(void **state)
{
	uint64_t all = 0;
	uint64_t pages[3][MODEL_NR_PARTS] = {0};
	struct kernel k = begin();

	fork_of(&k, 10, 11);
	fault_at(&k, 10, MMS_BILL_COPIED, 3, 1);
	fault_at(&k, 10, MMS_BILL_COPIED, 4, 2);
	fault_at(&k, 11, MMS_BILL_COPIED, 5, 2);
	retire(&k);
	exit_of(&k, 11);
	fault_at(&k, 10, MMS_BILL_REUSED, 6, 1);
	snapshot(&k);
	model_cow_each(k.c, model_cow_bill(k.c, 0), count_places, pages);
	assert_int_equal(pages[1][MODEL_PART_PARENT], 3);
	assert_int_equal(pages[2][MODEL_PART_PARENT], 4);
	assert_int_equal(pages[2][MODEL_PART_CHILD], 5);
	assert_int_equal(pages[1][MODEL_PART_TAIL], 6);
	assert_int_equal(pages[0][MODEL_PART_PARENT], 0);
	/* Two bills have the same faults of the parent: here they are once. */
	fork_of(&k, 10, 12);
	fork_of(&k, 10, 13);
	fault_at(&k, 10, MMS_BILL_COPIED, 7, 1);
	snapshot(&k);
	model_cow_all(k.c, count_all, &all);
	assert_int_equal(all, 3 + 4 + 5 + 6 + 7);
	model_cow_destroy(k.c);
}

static void pages_that_were_looked_at_correct_the_faults(void **state)
{
	struct kernel k = begin();
	struct model_cow_sum s[MODEL_NR_PARTS];
	struct model_bill *b;

	fork_of(&k, 10, 11);
	fault(&k, 10, MMS_BILL_COPIED, 20);
	snapshot(&k);
	b = model_cow_bill(k.c, 0);
	/* The child has unmapped 5 of the pages. */
	model_cow_sums(k.c, b, s);
	b->scanned = true;
	b->scan_private = 15 * PAGE;
	b->scan_own = model_cow_own(s);
	assert_int_equal(model_cow_private(b, s), 15 * PAGE);
	fault(&k, 11, MMS_BILL_SWAP_WRITTEN, 2);
	fault(&k, 10, MMS_BILL_FILLED, 50);
	fault(&k, 10, MMS_BILL_FILE_COPIED, 50);
	snapshot(&k);
	model_cow_sums(k.c, b, s);
	assert_int_equal(model_cow_private(b, s), 17 * PAGE);
	assert_int_equal(model_cow_bytes(s), 20 * PAGE);
	model_cow_destroy(k.c);
}

static void lost_moments_do_no_harm(void **state)
{
	struct kernel k = begin();
	struct mms_bill_moment m = {.seq = 150, .why = MMS_BILL_EXIT, .pid = 99, .life = 77};

	moment(&k, &m);
	m = (struct mms_bill_moment){
		.seq = 151, .why = MMS_BILL_FORK, .pid = 5, .life = 42, .other = 6};
	moment(&k, &m);
	assert_int_equal(model_cow_nr_bills(k.c), 1);
	assert_int_equal(model_cow_bill(k.c, 0)->parent_mm, 42);
	assert_ptr_equal(model_cow_find(k.c, 303), model_cow_bill(k.c, 0));
	assert_null(model_cow_find(k.c, 42));
	m.why = MMS_BILL_NONE;
	m.seq = 152;
	moment(&k, &m);
	assert_int_equal(model_cow_nr_bills(k.c), 1);
	/* Nor are the faults after it forgotten, when there have been forks since; others are. */
	m = (struct mms_bill_moment){
		.seq = 153, .why = MMS_BILL_FORK, .pid = 5, .life = 42, .other = 7};
	moment(&k, &m);
	k.counts[0] = (struct model_cow_count){.key = {.epoch = 2 * 152}, .val = {.nr = 3}};
	k.counts[1] = (struct model_cow_count){.key = {.epoch = 2 * 152 + 1}, .val = {.nr = 4}};
	k.counts[2] = (struct model_cow_count){.key = {.epoch = 2 * 149}, .val = {.nr = 8}};
	model_cow_counts(k.c, k.counts, 3);
	assert_int_equal(model_cow_orphans(k.c), 7);
	model_cow_destroy(k.c);
}

static void faults_count_as_what_they_did(void **state)
{
	struct mms_fault_facts write = {.before = 0x1000 | MMS_PTE_P,
					.level_before = 1,
					.flags = MMS_FF_WRITE | MMS_FF_USER};
	struct mms_fault_facts absent = {.level_before = 1, .flags = MMS_FF_WRITE};
	struct mms_fault_facts read = {.before = 1ULL << 20, .level_before = 1};
	struct mms_fault_facts shared = {.vm_flags = MMS_VM_SHARED};

#define BILL(kind, f, page) mms_bill_of(MMS_FAULT_##kind, MMS_ORIGIN_USER, f, MMS_BILL_PAGE_##page)
	assert_int_equal(BILL(COW_COPY, &write, ANON), MMS_BILL_COPIED);
	assert_int_equal(BILL(COW_COPY, &write, UNKNOWN), MMS_BILL_COPIED);
	assert_int_equal(BILL(COW_COPY, &write, FILE), MMS_BILL_FILE_COPIED);
	assert_int_equal(BILL(COW_COPY, &write, KSM), MMS_BILL_KSM_COPIED);
	assert_int_equal(BILL(COW_COPY, &absent, UNKNOWN), MMS_BILL_FILE_COPIED);
	assert_int_equal(BILL(COW_REUSE, &write, ANON), MMS_BILL_REUSED);
	assert_int_equal(BILL(ANON_ZERO_FILL, &absent, UNKNOWN), MMS_BILL_FILLED);
	assert_int_equal(BILL(ANON_HUGE, &absent, UNKNOWN), MMS_BILL_FILLED);
	assert_int_equal(BILL(SWAP_IN_ZRAM, &read, UNKNOWN), MMS_BILL_SWAP_READ);
	read.flags = MMS_FF_WRITE;
	assert_int_equal(BILL(SWAP_IN_CACHE, &read, UNKNOWN), MMS_BILL_SWAP_WRITTEN);
	assert_int_equal(BILL(HUGETLB, &write, UNKNOWN), MMS_BILL_HUGETLB);
	assert_int_equal(BILL(HUGETLB, &shared, UNKNOWN), MMS_BILL_OTHER);
	assert_int_equal(BILL(ZERO_PAGE, &absent, UNKNOWN), MMS_BILL_OTHER);
	assert_int_equal(BILL(SHMEM, &absent, UNKNOWN), MMS_BILL_OTHER);
	assert_int_equal(mms_bill_of(MMS_FAULT_COW_COPY, MMS_ORIGIN_REMOTE, &write,
				     MMS_BILL_PAGE_ANON),
			 MMS_BILL_OTHER);
	assert_string_equal(model_bill_what_name(MMS_BILL_FILE_COPIED), "file_copied");
	assert_string_equal(model_bill_state_name(MODEL_BILL_EXECED), "exec");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parent_and_child_have_their_own),
		cmocka_unit_test(what_the_parent_does_counts_from_each_fork),
		cmocka_unit_test(generations_are_told),
		cmocka_unit_test(exec_ends_a_life),
		cmocka_unit_test(vfork_has_no_bill_and_works_in_the_parents_memory),
		cmocka_unit_test(pids_come_back),
		cmocka_unit_test(finals_stay_and_snapshots_go),
		cmocka_unit_test(what_was_told_is_forgotten),
		cmocka_unit_test(mappings_are_kept_apart),
		cmocka_unit_test(pages_that_were_looked_at_correct_the_faults),
		cmocka_unit_test(lost_moments_do_no_harm),
		cmocka_unit_test(faults_count_as_what_they_did),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
