/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Subcommands. To add one: tools/cmd/NAME.c with cmd_NAME(), a prototype
 * here, a row in main.c, Documentation/man/mmscope-NAME.8, tests/cli.
 */
#ifndef _MMS_CMD_H
#define _MMS_CMD_H

#include "util/err.h"

/* argv[0] is the subcommand's name. Return: an exit code. */
int cmd_doctor(int argc, char **argv);
int cmd_walk(int argc, char **argv);
int cmd_maps(int argc, char **argv);
int cmd_ranges(int argc, char **argv);
int cmd_census(int argc, char **argv);
int cmd_wss(int argc, char **argv);
int cmd_faults(int argc, char **argv);
int cmd_tlb(int argc, char **argv);
int cmd_thp(int argc, char **argv);
int cmd_cow(int argc, char **argv);
int cmd_thrash(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_size(int argc, char **argv);
int cmd_allot(int argc, char **argv);

#endif
