/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that is a thread: beacon pages in a RAM file, a heartbeat, and
 * cameras that answer.
 */
#ifndef HAYWIRE_TEST_CLI_GUEST_H
#define HAYWIRE_TEST_CLI_GUEST_H

#include <glib.h>

#include "haywire/beacon_protocol.h"

typedef struct Guest Guest;

typedef enum GuestHabit {
    GUEST_BEATS = 0,
    GUEST_ANSWERS = 1,  /* takes the control words over */
    GUEST_DENIES = 2,   /* answers that it may not */
    GUEST_NAMELESS = 4, /* its RAM is a memfd, not a file of a name */
} GuestHabit;

/*
 * A guest of @size bytes of RAM, made from @text, in the file @name; beats at
 * once.
 */
Guest *guest_start(const char *name, const char *text, guint64 size,
                   GuestHabit habit);
const char *guest_path(const Guest *guest);

/* A page of the first session, in the mapping that is shared with the file. */
HaywirePage *guest_page(Guest *guest, HaywireCategory category, guint32 index);

/* Stop the thread; the file stays. */
void guest_stop(Guest *guest);

#endif
