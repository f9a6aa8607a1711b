// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs: the only file with names and modes of debugfs files. Must not know
 * what is in them.
 *
 * The files' operations run behind debugfs's full proxy: it pins the module
 * while a file is open (rmmod: EBUSY or EAGAIN), and debugfs_remove() waits for
 * operations in flight; later ones on files still open give EIO.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/seq_file.h>
#include "control.h"
#include "debugfs.h"
#include "target.h"
#include "track.h"
#include "view.h"

struct entry {
	const char *name;
	umode_t mode;
	const struct file_operations *fops;
};

static const struct entry root_files[] = {
	{"features", 0400, &mms_features_fops},
	{"stats", 0400, &mms_stats_fops},
	/* last: once somebody may write it, loading cannot fail any more */
	{"control", 0600, &mms_control_fops},
};

static const struct entry target_files[] = {
	{"status", 0400, &mms_status_fops}, {"walk", 0600, &mms_walk_fops},
	{"ranges", 0400, &mms_ranges_fops}, {"maps", 0400, &mms_maps_fops},
	{"census", 0400, &mms_census_fops}, {"idle", 0400, &mms_idle_fops},
	{"wss", 0400, &mms_wss_fops},	    {"entries", 0400, &mms_entries_fops},
	{"tables", 0400, &mms_tables_fops}, {"tlb", 0400, &mms_tlb_fops},
	{"faults", 0400, &mms_faults_fops}, {"cow", 0400, &mms_cow_fops},
	{"shared", 0600, &mms_shared_fops},
};

static struct dentry *root;

static int create(struct dentry *dir, const struct entry *e, int nr, void *data)
{
	struct dentry *d;
	int i;

	for (i = 0; i < nr; i++) {
		d = debugfs_create_file(e[i].name, e[i].mode, dir, data, e[i].fops);
		if (IS_ERR(d))
			return PTR_ERR(d);
	}
	return 0;
}

static int show_target(struct mms_target *t)
{
	char name[16];
	int err;

	snprintf(name, sizeof(name), "%d", t->nr);
	t->dir = debugfs_create_dir(name, root);
	if (IS_ERR(t->dir)) {
		err = PTR_ERR(t->dir);
		t->dir = NULL;
		return err;
	}
	err = create(t->dir, target_files, ARRAY_SIZE(target_files), t);
	if (err) {
		debugfs_remove(t->dir);
		t->dir = NULL;
	}
	return err;
}

static void hide_target(struct mms_target *t)
{
	debugfs_remove(t->dir);
	t->dir = NULL;
}

static const struct mms_track_hooks track_hooks = {
	.show = show_target,
	.hide = hide_target,
};

/**
 * mms_debugfs_init - make the directory and its files
 *
 * Context: module load.
 * Return: 0 or -errno (-ENODEV or -EPERM where debugfs is off).
 */
int __init mms_debugfs_init(void)
{
	int err;

	mms_track_init(&track_hooks);
	root = debugfs_create_dir("mmscope", NULL);
	if (IS_ERR(root))
		return PTR_ERR(root);
	/* debugfs directories are born 0755 */
	d_inode(root)->i_mode = S_IFDIR | 0700;
	err = create(root, root_files, ARRAY_SIZE(root_files), NULL);
	if (err)
		debugfs_remove(root);
	return err;
}

/**
 * mms_debugfs_exit - remove everything, forget all targets
 *
 * Context: module unload; no file is open.
 */
void mms_debugfs_exit(void)
{
	mms_control_clear();
	debugfs_remove(root);
}
