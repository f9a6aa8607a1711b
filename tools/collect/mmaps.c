// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of mmap, fork, exec and exit from perf_event_open(2), one buffer per
 * CPU, put in the order of time; /proc/PID/maps for what was before them. Must
 * not know what the addresses mean.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "collect/lives_proc.h"
#include "collect/mmaps.h"
#include "collect/perf_rings.h"

#define REREAD_NS 2000000000ULL /* not more often: after losses all of /proc is read again */

/* One record, until its turn comes. */
struct news {
	uint64_t ns;
	size_t seq;
	uint32_t type;
	pid_t pid;
	pid_t parent;
	bool exec;
	char comm[16];
	struct mms_mapping map;
	struct mms_mapped_file file; /* path: malloc'ed */
};

struct mms_mmaps {
	struct mms_lives *lives;
	pid_t only;
	struct mms_perf_rings *rings; /* NULL: the kernel refuses */
	struct news *news;
	size_t nr_news, room_news;
	uint64_t polled_ns;
	uint64_t reread_ns, reread_lost;
	const char *lack;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

/* --- records -------------------------------------------------------------------- */

struct record_mmap2 {
	struct perf_event_header h;
	uint32_t pid, tid;
	uint64_t addr, len, pgoff;
	union {
		struct {
			uint32_t maj, min;
			uint64_t ino, generation;
		};
		struct {
			uint8_t build_id_len;
			uint8_t reserved[3];
			uint8_t build_id[MMS_BUILD_ID];
		};
	};
	uint32_t prot, flags;
	char path[];
};

struct record_task {
	struct perf_event_header h;
	uint32_t pid, ppid, tid, ptid;
};

struct record_comm {
	struct perf_event_header h;
	uint32_t pid, tid;
	char comm[16];
};

static struct news *new_news(struct mms_mmaps *m)
{
	size_t room = m->room_news ? m->room_news * 2 : 64;
	struct news *news;

	if (m->nr_news == m->room_news) {
		news = reallocarray(m->news, room, sizeof(*news));
		if (!news)
			return NULL;
		m->news = news;
		m->room_news = room;
	}
	news = &m->news[m->nr_news];
	memset(news, 0, sizeof(*news));
	return news;
}

/* Return: true if the record is worth keeping. */
static bool take_mmap(const struct record_mmap2 *r, struct news *n)
{
	/* The path is ended by a NUL, and one u64 comes behind it. */
	size_t room = r->h.size > sizeof(*r) + sizeof(uint64_t)
			      ? r->h.size - sizeof(*r) - sizeof(uint64_t)
			      : 0;

	if (!room || !(r->prot & PROT_EXEC) || r->addr + r->len <= r->addr)
		return false;
	n->pid = (pid_t)r->pid;
	n->map.start = r->addr;
	n->map.end = r->addr + r->len;
	n->map.pgoff = r->pgoff;
	if (r->h.misc & PERF_RECORD_MISC_MMAP_BUILD_ID) {
		n->file.build_id_len = r->build_id_len;
		if (n->file.build_id_len > MMS_BUILD_ID)
			n->file.build_id_len = MMS_BUILD_ID;
		memcpy(n->file.build_id, r->build_id, n->file.build_id_len);
	} else {
		n->file.maj = r->maj;
		n->file.min = r->min;
		n->file.ino = r->ino;
		n->file.generation = r->generation;
	}
	n->file.path = strndup(r->path, room);
	return n->file.path != NULL;
}

/* The name is padded to whole words, and a time follows. */
static bool take_comm(const struct record_comm *r, struct news *n)
{
	size_t fixed = offsetof(struct record_comm, comm) + sizeof(uint64_t);

	if (r->h.size < fixed)
		return false;
	n->pid = (pid_t)r->pid;
	n->exec = r->h.misc & PERF_RECORD_MISC_COMM_EXEC;
	snprintf(n->comm, sizeof(n->comm), "%.*s", (int)(r->h.size - fixed), r->comm);
	return n->exec || r->pid == r->tid; /* else the name of a thread */
}

/* Of a fork or an exit. */
static bool take_task(const struct record_task *r, struct news *n)
{
	if (r->h.size < sizeof(*r) + sizeof(uint64_t))
		return false;
	n->pid = (pid_t)r->pid;
	n->parent = (pid_t)r->ppid;
	/* else of a thread */
	return r->h.type == PERF_RECORD_FORK ? n->pid != n->parent : r->pid == r->tid;
}

static int take_record(const struct perf_event_header *h, void *ctx)
{
	struct mms_mmaps *m = ctx;
	struct news *n = new_news(m);
	bool keep = false;

	if (!n)
		return -ENOMEM;
	memcpy(&n->ns, (const char *)h + h->size - sizeof(n->ns), sizeof(n->ns));
	n->type = h->type;
	n->seq = m->nr_news;
	switch (h->type) {
	case PERF_RECORD_MMAP2:
		keep = take_mmap((const void *)h, n);
		break;
	case PERF_RECORD_COMM:
		keep = take_comm((const void *)h, n);
		break;
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		keep = take_task((const void *)h, n);
		break;
	}
	m->nr_news += keep;
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct news *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	return x->seq < y->seq ? -1 : 1;
}

static void apply(struct mms_mmaps *m, struct news *n)
{
	bool wanted = !m->only || mms_lives_known(m->lives, n->pid);

	switch (n->type) {
	case PERF_RECORD_MMAP2:
		n->map.ns = n->ns;
		n->map.file = &n->file;
		n->file.seen_ns = n->ns + clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
		if (wanted)
			mms_lives_map(m->lives, n->pid, &n->map);
		free(n->file.path);
		break;
	case PERF_RECORD_COMM:
		if (wanted && n->exec)
			mms_lives_exec(m->lives, n->pid, n->comm, n->ns);
		else if (wanted)
			mms_lives_set_comm(m->lives, n->pid, n->comm);
		break;
	case PERF_RECORD_FORK:
		mms_lives_fork(m->lives, n->parent, n->pid, n->ns);
		break;
	case PERF_RECORD_EXIT:
		mms_lives_exit(m->lives, n->pid);
		break;
	}
}

static void read_wanted(const struct mms_mmaps *m)
{
	if (m->only)
		mms_lives_read_tree(m->lives, m->only);
	else
		mms_lives_read_all(m->lives);
}

static void reread_after_losses(struct mms_mmaps *m, uint64_t now)
{
	uint64_t lost = m->rings ? mms_perf_rings_told_lost(m->rings) : 0;

	if (lost == m->reread_lost || now < m->reread_ns)
		return;
	m->reread_lost = lost;
	m->reread_ns = now + REREAD_NS;
	read_wanted(m);
}

int mms_mmaps_poll(struct mms_mmaps *m)
{
	/* What is younger may still have a predecessor in a buffer that was emptied before. */
	uint64_t until = clock_ns(CLOCK_MONOTONIC);
	size_t i, done;
	int err = 0;

	if (m->rings)
		err = mms_perf_rings_drain(m->rings, take_record, m);
	if (m->nr_news)
		qsort(m->news, m->nr_news, sizeof(*m->news), by_time);
	for (done = 0; done < m->nr_news && m->news[done].ns <= until; done++)
		apply(m, &m->news[done]);
	m->nr_news -= done;
	if (m->nr_news)
		memmove(m->news, m->news + done, m->nr_news * sizeof(*m->news));
	for (i = 0; i < m->nr_news; i++)
		m->news[i].seq = i;
	m->polled_ns = until;
	reread_after_losses(m, until);
	return err;
}

/* --- open and close ---------------------------------------------------------------- */

int mms_mmaps_open(struct mms_mmaps **result, pid_t pid)
{
	struct mms_mmaps *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return -ENOMEM;
	m->lives = mms_lives_new();
	m->only = pid;
	err = m->lives ? mms_perf_rings_open(&m->rings) : -ENOMEM;
	if (err == -ENOMEM) {
		mms_mmaps_close(m);
		return err;
	}
	if (err == -EACCES || err == -EPERM)
		m->lack = "programs that ended before the report are not named: recording mappings "
			  "takes CAP_PERFMON, or kernel.perf_event_paranoid below 1";
	else if (err)
		m->lack = "programs that ended before the report are not named: this kernel does "
			  "not record mappings (perf_event_open failed)";
	/* Records first, so that nothing falls between them and /proc. */
	read_wanted(m);
	*result = m;
	return 0;
}

void mms_mmaps_close(struct mms_mmaps *m)
{
	size_t i;

	if (!m)
		return;
	mms_perf_rings_close(m->rings);
	for (i = 0; i < m->nr_news; i++)
		if (m->news[i].type == PERF_RECORD_MMAP2)
			free(m->news[i].file.path);
	free(m->news);
	mms_lives_free(m->lives);
	free(m);
}

uint64_t mms_mmaps_lost(const struct mms_mmaps *m)
{
	return (m->rings ? mms_perf_rings_lost(m->rings) : 0) + mms_lives_forgotten(m->lives);
}

bool mms_mmaps_whole(const struct mms_mmaps *m)
{
	return m->rings && !mms_perf_rings_told_lost(m->rings) && !mms_lives_forgotten(m->lives);
}

const char *mms_mmaps_lack(const struct mms_mmaps *m)
{
	return m->lack;
}

int mms_mmaps_find(const struct mms_mmaps *m, pid_t tgid, uint64_t ns, uint64_t addr,
		   struct mms_mapping *found)
{
	uint64_t begun = mms_lives_begun(m->lives, tgid);

	/* Without records what is known grows old: it holds from one poll to the next. */
	if (!begun || (!m->rings && begun < m->polled_ns))
		mms_lives_read(m->lives, tgid, true);
	return mms_lives_find(m->lives, tgid, ns, addr, found);
}

bool mms_mmaps_owner(const struct mms_mmaps *m, pid_t tgid, uid_t *uid, uint64_t *since_ns)
{
	bool seen;

	if (!mms_lives_uid(m->lives, tgid, uid))
		return false;
	*since_ns = mms_lives_begun(m->lives, tgid);
	seen = mms_lives_seen_begin(m->lives, tgid);
	*since_ns = seen ? *since_ns + clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC) : 0;
	return true;
}

const char *mms_mmaps_comm(const struct mms_mmaps *m, pid_t tgid, uint64_t ns)
{
	return mms_lives_comm(m->lives, tgid, ns);
}
