/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * view: one debugfs file each, all that they share. Views format; they never
 * follow a page table and hold no lock while they print.
 */
#ifndef _MMS_VIEW_H
#define _MMS_VIEW_H

#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/module.h>
#include "walk.h"

struct seq_file;
struct seq_operations;
struct mms_target;

extern const struct file_operations mms_features_fops;
extern const struct file_operations mms_stats_fops;
extern const struct file_operations mms_status_fops;
extern const struct file_operations mms_walk_fops;
extern const struct file_operations mms_ranges_fops;
extern const struct file_operations mms_maps_fops;
extern const struct file_operations mms_census_fops;
extern const struct file_operations mms_idle_fops;
extern const struct file_operations mms_wss_fops;
extern const struct file_operations mms_entries_fops;
extern const struct file_operations mms_tables_fops;
extern const struct file_operations mms_tlb_fops;
extern const struct file_operations mms_faults_fops;
extern const struct file_operations mms_cow_fops;
extern const struct file_operations mms_shared_fops;

/**
 * mms_view_may_open - may the caller open our files
 *
 * Return: 0 or -EPERM. Mode bits alone would let DAC overrides in.
 */
static inline int mms_view_may_open(void)
{
	return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

/**
 * struct mms_view_chunks - begins what a view over all VMAs keeps per open file
 * @target: a reference
 * @walk: the latest chunk, with its VMA's name
 */
struct mms_view_chunks {
	struct mms_target *target;
	struct mms_walk *walk;
};

int mms_view_go_on(const struct mms_target *t);
void *mms_view_chunks_open(struct inode *inode, struct file *file, const struct seq_operations *ops,
			   size_t size, enum mms_walk_pages pages);
int mms_view_chunks_release(struct inode *inode, struct file *file);
int mms_view_chunks_next(struct mms_view_chunks *v);
int mms_view_single_open(struct inode *inode, struct file *file,
			 int (*show)(struct seq_file *m, void *unused), size_t size);
int mms_view_single_release(struct inode *inode, struct file *file);

#endif /* _MMS_VIEW_H */
