/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest itself says of its processes: read from its /proc by busybox
 * and brought over the serial line, without the companion.
 *
 * Failing to read or parse it fails the test.
 */
#ifndef HAYWIRE_TESTS_TRUTH_H
#define HAYWIRE_TESTS_TRUTH_H

#include "vm.h"

typedef struct {
    guint32 pid;
    guint32 ppid;
    guint64 start_ns; /* since the guest's boot */
    guint32 uid;      /* effective, as is gid */
    guint32 gid;
    GBytes *name; /* any bytes */
    char state;
    gboolean kernel_thread;
    guint32 threads;
    gint32 nice;
    guint64 vsize;
    guint64 rss;
    guint page;       /* bytes of a page */
    guint64 cpu_ns;   /* user and system */
    char *exe;        /* NULL when there is none */
    gboolean deleted; /* the executable is; exe is without that mark */
    GBytes *cmdline;  /* arguments joined by spaces, no trailing space */
} TruthProcess;

/* Of all processes: pid -> TruthProcess. g_hash_table_unref() it. */
GHashTable *truth_processes(Vm *vm);

typedef struct {
    guint64 start;
    guint64 end;
    char permissions[5];
    guint64 offset;
    guint32 device_major;
    guint32 device_minor;
    guint64 inode;
    GBytes *path; /* any bytes, may be empty */
} TruthSection;

/* Of /proc/PID/maps, in order. g_ptr_array_unref() it. */
GPtrArray *truth_sections(Vm *vm, guint32 pid);

/* The entry of /proc/PID/pagemap for @address. */
guint64 truth_pagemap(Vm *vm, guint32 pid, guint64 address);

#define TRUTH_PAGEMAP_PRESENT (1ull << 63)
#define TRUTH_PAGEMAP_SWAPPED (1ull << 62)
#define TRUTH_PAGEMAP_GUARD   (1ull << 58)
#define TRUTH_PAGEMAP_UFFD_WP (1ull << 57)
#define TRUTH_PAGEMAP_DIRTY   (1ull << 55)
#define TRUTH_PAGEMAP_PFN     ((1ull << 55) - 1)

/*
 * A line of the menagerie: @values has each KEY=VALUE in order.
 */
typedef struct {
    char *name;
    guint32 pid; /* 0 when the guest could not have this one */
    char **values;
} TruthAnimal;

/* All animals in order; waits until they are ready. g_ptr_array_unref() it. */
GPtrArray *truth_menagerie(Vm *vm);

/* The first animal of this name; fails the test when it is not there. */
const TruthAnimal *truth_animal(GPtrArray *animals, const char *name);

/* The nth (from 0) hexadecimal value of this key; FALSE when there is none. */
gboolean truth_animal_address(const TruthAnimal *animal, const char *key,
                              unsigned int nth, guint64 *ret_address);

/* @address of process @pid holds truth_content() of it. */
typedef void TruthContent(guint32 pid, guint64 address, gpointer opaque);

/* Each place whose content the menagerie knows, in pages of every kind. */
void truth_each_content(GPtrArray *animals, TruthContent *content,
                        gpointer opaque);

/* Bytes of known content at @address (32 characters); g_free() them. */
#define TRUTH_CONTENT_SIZE 32
char *truth_content(guint64 address);

#endif
