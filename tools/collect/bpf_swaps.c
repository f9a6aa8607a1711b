// SPDX-License-Identifier: GPL-2.0-only
/* Loads bpf/swaps.bpf.c and reads what it found. Must not know of faults. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "collect/bpf_features.h"
#include "collect/bpf_ksyms.h"
#include "collect/bpf_swaps.h"
#include "fault_kind.h"
#include "swaps.skel.h"

_Static_assert(MMS_SWAP_AREAS == MMS_SWAP_SPECIAL, "one bound of swap types");

struct mms_swaps {
	struct swaps_bpf *skel;
};

static int load(struct mms_swaps *s)
{
	struct mms_ksyms ksyms;
	const char *why;
	int err = mms_ksyms(&ksyms, &why);

	if (err)
		return err;
	s->skel = swaps_bpf__open();
	if (!s->skel)
		return -errno;
	s->skel->rodata_ksyms->ksyms = ksyms;
	return swaps_bpf__load(s->skel);
}

int mms_swaps_open(struct mms_swaps **s)
{
	struct mms_swaps *n;
	int err = mms_bpf_usable(NULL);

	if (err)
		return err;
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	err = load(n);
	if (err) {
		mms_swaps_close(n);
		return err;
	}
	*s = n;
	return 0;
}

void mms_swaps_close(struct mms_swaps *s)
{
	if (!s)
		return;
	swaps_bpf__destroy(s->skel);
	free(s);
}

int mms_swaps_read(struct mms_swaps *s, struct mms_swap_area areas[MMS_SWAP_AREAS])
{
	int err, map = bpf_map__fd(s->skel->maps.areas);
	LIBBPF_OPTS(bpf_test_run_opts, run);
	__u32 type;

	err = bpf_prog_test_run_opts(bpf_program__fd(s->skel->progs.list_swaps), &run);
	if (err)
		return err;
	if (run.retval)
		return -ENOENT;
	for (type = 0; !err && type < MMS_SWAP_AREAS; type++)
		err = bpf_map_lookup_elem(map, &type, &areas[type]);
	return err;
}

static dev_t user_dev(__u32 dev)
{
	return makedev(dev >> 20, dev & 0xfffff);
}

static bool is_area(const char *path, const struct mms_swap_area *a)
{
	struct stat st;

	if (stat(path, &st))
		return false;
	if (S_ISBLK(st.st_mode))
		return a->rdev && st.st_rdev == user_dev(a->rdev);
	return !a->rdev && st.st_ino == a->ino && st.st_dev == user_dev(a->dev);
}

/* Blanks in names are written \040: such a name is left as it is and found nowhere. */
static bool find_path(const struct mms_swap_area *a, char *path, size_t sz)
{
	char *line = NULL;
	bool found = false;
	size_t room = 0;
	FILE *f = fopen("/proc/swaps", "re");

	while (f && !found && getline(&line, &room, f) > 0) {
		line[strcspn(line, " \t\n")] = '\0';
		found = line[0] == '/' && is_area(line, a);
		if (found)
			snprintf(path, sz, "%s", line);
	}
	free(line);
	if (f)
		fclose(f);
	return found;
}

void mms_swap_path(const struct mms_swap_area *area, char *path, size_t sz)
{
	if (find_path(area, path, sz))
		return;
	if (area->name[0])
		snprintf(path, sz, "%s", area->name);
	else
		snprintf(path, sz, "block %u:%u", area->rdev >> 20, area->rdev & 0xfffff);
}
