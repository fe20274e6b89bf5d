/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * haywire-liar: a companion that lies, for tests. It never ends by itself.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lies.h"

static const Lie *const all_lies[] = {
    lies_of_memory,    lies_of_payload, lies_of_ports,
    lies_of_processes, lies_of_session,
};

#define LISTS (sizeof(all_lies) / sizeof(all_lies[0]))

static const Lie *find_lie(const char *name)
{
    for (size_t i = 0; i < LISTS; i++) {
        for (const Lie *lie = all_lies[i]; lie->name; lie++) {
            if (strcmp(lie->name, name) == 0) {
                return lie;
            }
        }
    }
    return NULL;
}

static int usage(FILE *out, int status)
{
    fprintf(out, "usage: haywire-liar LIE [NUMBER]\n");
    for (size_t i = 0; i < LISTS; i++) {
        for (const Lie *lie = all_lies[i]; lie->name; lie++) {
            fprintf(out, "  %-12s %s (%lu)\n", lie->name, lie->help,
                    lie->number);
        }
    }
    return status;
}

int main(int argc, char **argv)
{
    const Lie *lie;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        return usage(stdout, 0);
    }
    lie = argc >= 2 && argc <= 3 ? find_lie(argv[1]) : NULL;
    if (!lie) {
        return usage(stderr, 2);
    }
    lie->begin(argc == 3 ? strtoul(argv[2], NULL, 0) : lie->number);
    printf("lying\n");
    fflush(stdout);
    for (;;) {
        lie->go_on();
        usleep(LIES_BEAT_US);
    }
}
