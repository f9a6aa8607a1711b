// SPDX-License-Identifier: GPL-2.0-only
/* Belady's anomaly in a curve: Belady, Nelson and Shedler, CACM 12(6), 1969. */
#include "model/replay/curve.h"

size_t mms_anomaly_find(const uint64_t *faults, size_t nr, struct mms_anomaly *a)
{
	size_t least = 0, rises = 0;
	uint64_t largest = 0;

	for (size_t i = 1; i < nr; i++) {
		rises += faults[i] > faults[i - 1];
		if (faults[i] > faults[least] && faults[i] - faults[least] > largest) {
			largest = faults[i] - faults[least];
			*a = (struct mms_anomaly){
				.frames = (uint32_t)(least + 1),
				.more_frames = (uint32_t)(i + 1),
				.faults = faults[least],
				.more_faults = faults[i],
			};
		}
		if (faults[i] < faults[least])
			least = i;
	}
	return rises;
}
