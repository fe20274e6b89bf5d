/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that arrive in another machine: what is to be seen of them there.
 * For the programs that test migration, whose scenes are all of one kind.
 */
#ifndef HAYWIRE_TESTS_ARRIVAL_H
#define HAYWIRE_TESTS_ARRIVAL_H

#include "scene.h"
#include "vm_migrate.h"

#define ARRIVAL_SLOW (24u << 20) /* a busy guest does not get there */
#define ARRIVAL_FAST (1u << 30)

/* So that a busy guest arrives; so that all but nothing is left to send. */
#define ARRIVAL_DOWNTIME_MS       3000
#define ARRIVAL_DOWNTIME_SHORT_MS 1

/* The scene, and a machine for its guest to go to. */
VmOptions arrival_options(const char *qemu, gboolean incoming);
Scene *arrival_scene(const char *qemu);
Vm *arrival_destination(const char *qemu);

/* A string of the reply to a QMP command; empty when it is not there. */
char *arrival_member(Vm *vm, const char *command, const char *member);
void arrival_check_member(Vm *vm, const char *command, const char *member,
                          const char *wanted);

/* Of a guest that is not there yet nothing is shown, nor can it be touched. */
void arrival_check_nothing(Vm *vm);

/* The guest is on its way, and nothing is shown of it. */
void arrival_check_on_its_way(Vm *to);

/*
 * Ask the destination all the time whether it shows anything of a guest that
 * is on its way, until it runs. That may be at once.
 */
void arrival_watch(Vm *to);

/* Wait until it is live, and not for long. */
void arrival_wait_live(Vm *vm);

/* Wait until the cameras show these processes. */
void arrival_wait_cameras(Vm *vm, guint32 first, guint32 second);

#endif
