/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wanted.h"

/* What is known of a process is read anew so long after a question, */
#define WANTED_US (10 * G_TIME_SPAN_SECOND)
/* and kept for somebody who does not come back for it so long. */
#define PATIENCE_US (2 * G_TIME_SPAN_SECOND)

/* That of @pid; else one that may be taken for it; -1: all are in use. */
static int find(const HaywireWanted *wanted, uint32_t pid, gint64 now_us)
{
    int oldest = -1;

    for (int i = 0; i < HAYWIRE_KERNEL_WANTED; i++) {
        if (wanted->process[i].pid == pid) {
            return i;
        }
        if (wanted->process[i].pid != 0 && !wanted->process[i].told &&
            now_us - wanted->process[i].asked_us < PATIENCE_US) {
            continue;
        }
        if (oldest < 0 ||
            wanted->process[i].asked_us < wanted->process[oldest].asked_us) {
            oldest = i;
        }
    }
    return oldest;
}

bool haywire_wanted_ask(HaywireWanted *wanted, uint32_t pid, bool told,
                        gint64 now_us)
{
    int place = find(wanted, pid, now_us);
    bool is_new;

    if (place < 0 || (told && wanted->process[place].pid != pid)) {
        return false;
    }
    is_new = wanted->process[place].pid != pid ||
             now_us - wanted->process[place].asked_us >= WANTED_US;
    wanted->process[place].pid = pid;
    wanted->process[place].asked_us = now_us;
    wanted->process[place].told = told;
    return is_new;
}

void haywire_wanted_list(const HaywireWanted *wanted, gint64 now_us,
                         uint32_t ret_pid[HAYWIRE_KERNEL_WANTED])
{
    for (int i = 0; i < HAYWIRE_KERNEL_WANTED; i++) {
        ret_pid[i] = now_us - wanted->process[i].asked_us < WANTED_US
                         ? wanted->process[i].pid
                         : 0;
    }
}
