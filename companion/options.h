/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line. */

#ifndef HAYWIRE_OPTIONS_H
#define HAYWIRE_OPTIONS_H

#include "engine/publisher.h"

typedef enum HaywireMode {
    HAYWIRE_MODE_RUN,
    HAYWIRE_MODE_ONCE,
    HAYWIRE_MODE_SELFTEST,
    HAYWIRE_MODE_BENCHMARK,
    HAYWIRE_MODE_HELP,
    HAYWIRE_MODE_VERSION,
} HaywireMode;

#define HAYWIRE_ONLY_PID        (1u << 0)
#define HAYWIRE_ONLY_ROUNDROBIN (1u << 1)
#define HAYWIRE_ONLY_CAMERA     (1u << 2)
#define HAYWIRE_ONLY_ALL \
    (HAYWIRE_ONLY_PID | HAYWIRE_ONLY_ROUNDROBIN | HAYWIRE_ONLY_CAMERA)

#define HAYWIRE_HOLD_FOREVER UINT64_MAX

typedef struct HaywireOptions {
    HaywireMode mode;
    unsigned only;    /* HAYWIRE_ONLY_* */
    uint64_t hold_ns; /* once: how long the pages stay */
    unsigned rounds;  /* benchmark */
    /* run: processor time that may be used, ns a second */
    uint64_t cpu_budget;
    bool doorbell;          /* ring where the host has a doorbell */
    uint32_t doorbell_port; /* 0: one of the usual */
    HaywireSetup setup;
} HaywireOptions;

#define HAYWIRE_OPTION_ERROR_SIZE 256

/*
 * Parse a command line. On failure ret_error holds one line, without a
 * newline, and ret_options is untouched.
 */
bool haywire_options_parse(int argc, char *const *argv,
                           HaywireOptions *ret_options,
                           char ret_error[HAYWIRE_OPTION_ERROR_SIZE]);

extern const char haywire_help_text[];

#endif
