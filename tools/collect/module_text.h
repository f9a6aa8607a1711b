/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's text files to structs (Documentation/abi/debugfs-mmscope).
 * Pure: text in, structs out; unknown keys are skipped, malformed lines are
 * -EBADMSG, so that a newer module is read and a broken one is noticed.
 */
#ifndef _MMS_MODULE_TEXT_H
#define _MMS_MODULE_TEXT_H

#include "model/table.h"

/**
 * struct mms_module_feature - a line of the features file
 * @name: its name
 * @yes: available
 * @why: free text, "-" if none
 */
struct mms_module_feature {
	char name[32];
	bool yes;
	char why[128];
};

/* @text is cut up. Return: 0, -EBADMSG or -ENOMEM; on error the list is empty. */
int mms_text_features(char *text, struct mms_list *features);
int mms_text_walk(char *text, struct mms_list *walks);
int mms_text_maps(char *text, struct mms_list *maps); /* without the Total block */
int mms_text_ranges(char *text, struct mms_list *ranges);
int mms_text_census(char *text, struct mms_list *rows);

/*
 * A line of /proc/PID/maps ("7f00-7f01 rw-p 00000000 08:01 12 name"); hex may
 * have 0x. A mapping without a name is "anon"; the name is an owned copy.
 */
int mms_text_vma(char *line, struct mms_vma *vma);
/* "Key: value kB" into @m. Return: 0, also for keys not known; -EBADMSG. */
int mms_text_map_key(char *line, struct mms_map *m);

#endif
