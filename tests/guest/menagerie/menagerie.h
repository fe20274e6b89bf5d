/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The menagerie: odd processes, made on purpose in the test guest. An animal
 * is one process; it sets itself up, reports itself ready and then sits there
 * until it is killed.
 */
#ifndef HAYWIRE_MENAGERIE_H
#define HAYWIRE_MENAGERIE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

/* Bytes of a page: arm64 has kernels of three sizes. As much as one table maps. */
#define MENAGERIE_PAGE      ((size_t)sysconf(_SC_PAGESIZE))
#define MENAGERIE_HUGE_PAGE (MENAGERIE_PAGE * MENAGERIE_PAGE / 8)

/* Length of the content that tests look for, in bytes. */
#define MENAGERIE_CONTENT_SIZE 32

/*
 * One kind of process. @name becomes the process's comm unless @live sets
 * another. @live runs in the new process: it calls animal_ready() once, then
 * stays. @settle, if any, runs in the keeper once the animal is ready and
 * returns when its state is as wanted.
 */
typedef struct {
    const char *name;
    void (*live)(void);
    void (*settle)(pid_t pid);
} Animal;

/* Tables of all animals, ended by a NULL name. */
extern const Animal menagerie_tasks[];
extern const Animal menagerie_memory[];

/*
 * Tell the keeper that this process is set up. @format (printf) gives more
 * words for its line, or is "". Called once by each animal.
 */
void animal_ready(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Sit until killed. */
void animal_sit(void) __attribute__((noreturn));

/* End this process: the words of @what failed and errno said why. */
void animal_die(const char *what) __attribute__((noreturn));

/*
 * The descriptor that animal_ready() writes to: an animal that executes
 * another program hands it on.
 */
extern int animal_ready_fd;

/*
 * Take @mib_text MiB in small pages, give every 64th page back, say "ready"
 * and sit: what is allocated now lies scattered over all of memory. Returns
 * an exit status, and that only when it fails.
 */
int menagerie_scatter(const char *mib_text);

/*
 * Take @mib_text MiB in small pages and have the kernel collapse them into
 * huge ones, which makes it move what is in the way. Prints how many huge
 * pages came of it. Returns an exit status: a failure, too, when a page lost
 * its content.
 */
int menagerie_collapse(const char *mib_text);

/*
 * Become the server of a process that blocks, of the kind @kind[0]; or leave
 * one behind that freezes the file system of @folder. Both print "stuck PID"
 * when it does. See stuck.c.
 */
int menagerie_silent(char **kind);
int menagerie_frozen(const char *folder);

/* Path of this program, that an animal can execute or copy. */
extern const char *menagerie_program;

#endif
