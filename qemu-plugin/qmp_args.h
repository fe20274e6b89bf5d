/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The arguments of our QMP commands.
 */
#ifndef HAYWIRE_QMP_ARGS_H
#define HAYWIRE_QMP_ARGS_H

#include "haywire/model.h"

#include "qemu_internals.h"

/* Which arguments a command takes; also which ones were given. */
#define HAYWIRE_ARG_PID     (1u << 0)
#define HAYWIRE_ARG_ADDRESS (1u << 1)
#define HAYWIRE_ARG_LENGTH  (1u << 2)
#define HAYWIRE_ARG_CAMERA  (1u << 3)
#define HAYWIRE_ARG_PIDS    (1u << 4)
#define HAYWIRE_ARG_MEMBERS (1u << 5)
#define HAYWIRE_ARG_AFTER   (1u << 6)
#define HAYWIRE_ARG_LIMIT   (1u << 7)
#define HAYWIRE_ARG_FROM    (1u << 8)

/*
 * Arguments that were not given are 0 or NULL; a camera that was not is
 * camera 1, and whom to ask is HAYWIRE_FROM_AUTO.
 */
typedef struct HaywireArgs {
    unsigned given; /* HAYWIRE_ARG_* */
    uint32_t pid;
    uint64_t address; /* gva */
    uint64_t length;  /* bytes */
    uint32_t camera;  /* not checked */
    uint32List *pids;
    strList *members; /* not checked */
    uint32_t after;   /* a pid */
    uint32_t limit;   /* above 0 when given */
    char *from_name;
    HaywireFrom from; /* what that means */
} HaywireArgs;

/*
 * Read the arguments of one command as QEMU reads those of its own, so that
 * what is wrong with them is said in the same words.
 *
 * @dict: the arguments; NULL stands for none
 * @required, @optional: HAYWIRE_ARG_*
 * @ret_args: written on success only
 *
 * Thread: main.  Returns true, or false with @errp set.
 */
bool haywire_args_parse(QDict *dict, unsigned required, unsigned optional,
                        HaywireArgs *ret_args, Error **errp);

/* The lists in it. */
void haywire_args_clear(HaywireArgs *args);

#endif /* HAYWIRE_QMP_ARGS_H */
