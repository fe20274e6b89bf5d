/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lies: each begins once, and goes on with every beat.
 */

#ifndef HAYWIRE_LIAR_LIES_H
#define HAYWIRE_LIAR_LIES_H

#include "forge.h"

#define LIES_BEAT_US 50000

/* @number: from the command line, or the lie's own default. */
typedef struct Lie {
    const char *name;
    const char *help;
    unsigned long number;
    void (*begin)(unsigned long number);
    void (*go_on)(void); /* each LIES_BEAT_US */
} Lie;

/* Ends with a NULL name. */
extern const Lie lies_of_memory[];
extern const Lie lies_of_payload[];
extern const Lie lies_of_ports[];
extern const Lie lies_of_processes[];
extern const Lie lies_of_session[];

#endif
