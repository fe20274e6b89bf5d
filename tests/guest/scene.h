/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A booted guest that several test cases look at, so that each need not boot
 * one of its own. It is started when first asked for, once for each QEMU, and
 * ended when another is asked for.
 */
#ifndef HAYWIRE_TESTS_SCENE_H
#define HAYWIRE_TESTS_SCENE_H

#include "compare.h"
#include "view.h"

#define SCENE_LIVE_VIEWS 3

typedef struct {
    Vm *vm;
    GPtrArray *animals;          /* of truth_menagerie() */
    guint32 keeper;              /* the menagerie's own pid */
    View live[SCENE_LIVE_VIEWS]; /* all kinds */
    View copy;                   /* of the RAM file; see scene_end_vm() */
} Scene;

/*
 * The scene with this machine; live. NULL when guests cannot be started: then
 * the test case is skipped already. @options must be the same for all cases
 * of a program but for the QEMU.
 */
Scene *scene_get(const VmOptions *options);

/* Free the current scene, if any; the last thing that a program does. */
void scene_drop(void);

/*
 * Stop the guest while no beacon page is half written: a copy of its memory is
 * then one that a reader must understand. For guests whose memory is a file.
 */
void scene_stop(Scene *scene);

/*
 * Copy the RAM file once QEMU is gone, and open the view on it. Whatever
 * needs a running machine comes before; done once.
 */
void scene_end_vm(Scene *scene);

/*
 * The guest has moved to another machine: @vm is the scene's from now on, and
 * the old one is freed.
 */
void scene_move(Scene *scene, Vm *vm);

/* Processes over QMP against the guest's own words. */
void scene_check_processes(Scene *scene);

/* Wait until @count more ROUNDROBIN cycles were finished. */
void scene_wait_cycles(Scene *scene, unsigned int count);

/* Wait until all that is shown of processes was read later than this call. */
void scene_wait_fresh(Scene *scene);

/* Wait until the sections of @pid are complete, over QMP. */
void scene_wait_sections(Scene *scene, guint32 pid);

/*
 * Focus a camera over QMP, and wait until it shows @pid: active, with a
 * complete pass of it.
 */
void scene_focus(Scene *scene, guint32 pid, unsigned int camera);

/* The pid of an animal; 0 when the guest could not have it. */
guint32 scene_pid(Scene *scene, const char *animal);

#endif
