/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of a builder's text.
 */

#ifndef HAYWIRE_BEACON_COMMANDS_H
#define HAYWIRE_BEACON_COMMANDS_H

#include "beacon_session.h"

/* A text being read. */
typedef struct BeaconText {
    unsigned sessions;         /* begun so far */
    BeaconSession *session;    /* NULL before the first */
    BeaconPlacement placement; /* of the next session */
    GArray *layout;            /* of HaywireLayoutRange */
    BeaconSet *set;            /* that `section` lines belong to */
} BeaconText;

BeaconText *beacon_text_new(void);
void beacon_text_free(BeaconText *text);

gboolean beacon_line_begins_session(const BeaconLine *line);

/* True when the line was taken over; what is wrong is in its error. */
gboolean beacon_command_run(BeaconText *text, BeaconLine *line);

#endif
