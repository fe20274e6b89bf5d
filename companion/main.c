/* SPDX-License-Identifier: GPL-2.0-or-later */
/* haywire-companion: parse the command line and dispatch. */

#include <stdio.h>

#include "modes.h"

int main(int argc, char **argv)
{
    static int (*const mode[])(const HaywireOptions *) = {
        [HAYWIRE_MODE_RUN] = haywire_mode_run,
        [HAYWIRE_MODE_ONCE] = haywire_mode_once,
        [HAYWIRE_MODE_SELFTEST] = haywire_mode_selftest,
        [HAYWIRE_MODE_BENCHMARK] = haywire_mode_benchmark,
        [HAYWIRE_MODE_HELP] = haywire_mode_help,
        [HAYWIRE_MODE_VERSION] = haywire_mode_version,
    };
    char error[HAYWIRE_OPTION_ERROR_SIZE];
    HaywireOptions options;

    if (!haywire_options_parse(argc, argv, &options, error)) {
        fprintf(stderr, "haywire-companion: %s\n", error);
        return HAYWIRE_EXIT_USAGE;
    }
    return mode[options.mode](&options);
}
