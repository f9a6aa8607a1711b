/* SPDX-License-Identifier: GPL-2.0-only */
/* The effective access time, term by term. */
#ifndef _MMS_EAT_H
#define _MMS_EAT_H

/**
 * struct mms_eat_conf - ratios and times; ratios are per reference, 0..1
 * @tlb_ns: the look into the first TLB, paid by each reference; 0 where it runs beside the cache
 * @l1_miss: references that the first TLB does not hold
 * @l2_ns: the look into the second TLB
 * @walks: references that no TLB holds
 * @walk_ns: a walk of the page table
 * @memory_ns: the access itself, without a fault
 * @faults: references without a frame
 * @service_ns: what a fault takes, the access included
 * @writebacks: references that have to wait for a write-back
 * @write_ns: of one
 */
struct mms_eat_conf {
	double tlb_ns;
	double l1_miss, l2_ns;
	double walks, walk_ns;
	double memory_ns;
	double faults, service_ns;
	double writebacks, write_ns;
};

enum mms_eat_term {
	MMS_EAT_TLB,
	MMS_EAT_L2,
	MMS_EAT_WALK,
	MMS_EAT_MEMORY,
	MMS_EAT_FAULT,
	MMS_EAT_WRITE,
	MMS_EAT_TERMS,
};

/**
 * struct mms_eat_part - a term: @ratio times @cost_ns is @ns
 * @name: of it
 * @ratio: how many of it one reference has on the mean
 * @cost_ns: of one
 * @ns: its share of the effective access time
 */
struct mms_eat_part {
	const char *name;
	double ratio;
	double cost_ns;
	double ns;
};

/**
 * mms_eat() - EAT = tlb + l1_miss * l2 + walks * walk + (1 - faults) * memory + faults * service
 * + writebacks * write
 * As in Silberschatz, Galvin and Gagne, Operating System Concepts, on effective access time of
 * demand paging and of a TLB, both in one.
 * @part: MMS_EAT_TERMS of them, filled in
 * Return: the sum, in nanoseconds.
 */
double mms_eat(const struct mms_eat_conf *conf, struct mms_eat_part *part);

#endif
