/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RAM of a guest, made up or real, and the least that each way of looking for
 * something in it costs.
 */
#ifndef HAYWIRE_BENCH_RAM_H
#define HAYWIRE_BENCH_RAM_H

#include <glib.h>

/* What is written: no hole. */
typedef struct BenchRun {
    guint64 start; /* bytes into the file */
    guint64 length;
} BenchRun;

typedef struct BenchRam {
    int fd;
    guint64 size;
    guint8 *host; /* a shared mapping of it all */
    GArray *runs; /* of BenchRun, sorted */
} BenchRam;

/* A new file of @size bytes, with nothing written in it. */
void bench_ram_new(BenchRam *ram, guint64 size);

/* Write to it; no page's first word becomes zero. Behind all other runs. */
void bench_ram_write(BenchRam *ram, guint64 start, guint64 length);

/* A file that others use, to be read only: what is written in it now. */
void bench_ram_open(BenchRam *ram, const char *path);

void bench_ram_close(BenchRam *ram);

/* Pages that are written. */
guint64 bench_ram_pages(const BenchRam *ram);

/*
 * Each returns ms of this thread's processor time. Prefetch and touch the first
 * word of each page; the same and one walk over the page table (PAGEMAP_SCAN;
 * nothing before Linux 6.7), which is the least for one's own mapping; a fresh
 * mapping, populated, touched and unmapped, which is the least for a file.
 */
double bench_ram_touch(const BenchRam *ram);
double bench_ram_walk(const BenchRam *ram);
double bench_ram_map(const BenchRam *ram);

#endif
