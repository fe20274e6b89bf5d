/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that publish very much, as texts for scene_start_with().
 */
#ifndef HAYWIRE_TESTS_LARGE_H
#define HAYWIRE_TESTS_LARGE_H

#include <glib.h>
#include <stdint.h>

/* Options for the plugin, with which all of it fits into its memory. */
#define LARGE_OPTIONS ",interval=20,memory=256"

#define LARGE_PROCESSES 2500u  /* pids from 1000 on */
#define LARGE_SECTIONS  60000u /* of process 7; one page each, 64 KiB apart */
#define LARGE_PATHS     1500u  /* sections of process 8 */
#define LARGE_RUNS      60000u /* of process 9, which camera 1 is on */
#define LARGE_PID       7u
#define LARGE_PATHS_PID 8u
#define LARGE_RUNS_PID  9u
#define LARGE_LETTERS   1024u /* bytes of a path, none of them printable */
#define LARGE_START     UINT64_C(0x10000000)
#define LARGE_STEP      UINT64_C(0x10000)

typedef enum LargeParts {
    LARGE_PLAIN, /* 20 ordinary processes from pid 100 on, with sections */
    LARGE_FAT,   /* and the sections of LARGE_PID */
    LARGE_ALL,
} LargeParts;

char *large_text(LargeParts parts);

/* 1,000 processes with all members that there are. */
char *large_yardstick(void);

#endif /* HAYWIRE_TESTS_LARGE_H */
