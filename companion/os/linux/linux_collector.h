/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Linux collector: /proc, relative to one open folder, with one buffer. */

#ifndef HAYWIRE_LINUX_COLLECTOR_H
#define HAYWIRE_LINUX_COLLECTOR_H

#include "haywire/pagemap_scan.h"
#include "os/linux/helper.h"
#include "os/linux/kept.h"
#include "os/linux/proc_events.h"
#include "os/linux/proc_file.h"
#include "os/linux/proc_parse.h"

/* Pagemap entries read at a time: 32 MiB of address space. */
#define HAYWIRE_PAGEMAP_CHUNK 8192
/* Every other of the smallest large pages, of 16 entries, in a chunk. */
#define HAYWIRE_HUGE_REGIONS (HAYWIRE_PAGEMAP_CHUNK / 32 + 1)

#define HAYWIRE_SWAP_AREAS_UNREAD UINT32_MAX

/* A process that is held open. */
typedef struct HaywireLinuxProcess {
    HaywireOpenProcess base;
    int folder;
    int thread;           /* -1: the first thread will do: thread.c */
    int pagemap;          /* -1: not opened yet */
    bool no_huge;         /* nothing is mapped by large entries: figures() */
    HaywireProcStat stat; /* without the name */
} HaywireLinuxProcess;

static inline HaywireLinuxProcess *
haywire_linux_process(HaywireOpenProcess *process)
{
    return (HaywireLinuxProcess *)process;
}

/* Where its memory, executable and files are told of. */
static inline int haywire_linux_folder(const HaywireLinuxProcess *process)
{
    return process->thread >= 0 ? process->thread : process->folder;
}

static inline bool haywire_linux_has_ended(const HaywireProcStat *thread)
{
    return thread->state == 'Z' || thread->state == 'X';
}

static inline bool haywire_linux_is_kernel(HaywireOpenProcess *process)
{
    return haywire_linux_process(process)->stat.flags & HAYWIRE_PF_KTHREAD;
}

/* What a helper is told for some of its jobs. */
typedef struct HaywireLinuxTask {
    const char *file; /* to be read from where it is: */
    int fd;           /* -1: not opened yet */
    uint64_t start;   /* of a piece of the page table */
    uint64_t end;
} HaywireLinuxTask;

/* The memory that goes between the helper and us. */
typedef struct HaywireLinuxJob {
    HaywireLinuxProcess process;
    HaywireLinuxTask task;
    HaywireCollect result;
    HaywireDetails details; /* executable and command line */
    HaywireFields fields;
    HaywireFigures figures;
    uint64_t next; /* where the piece ended */
    size_t count;  /* of one of these: */
    union {
        char text[65536];
        HaywireGuestRun run[HAYWIRE_PAGEMAP_CHUNK];
    };
} HaywireLinuxJob;

typedef struct HaywireLinuxCollector {
    HaywireCollector base;
    HaywireHelper helper;
    HaywireLinuxJob *job;                /* the newest; NULL: none */
    const HaywireLinuxProcess *asked_of; /* whose fields are in it */
    int proc;                            /* the folder /proc */
    int kpageflags;                      /* -1: not readable */
    bool scan_off;                       /* the kernel has no PAGEMAP_SCAN */
    bool counts_files; /* the kernel tells how many files are open */
    long ticks_per_second;
    uint64_t page_size;
    HaywireKept kept;
    HaywireProcEvents events;
    HaywireProcText maps; /* of the process read last */
    size_t maps_position;
    uint64_t maps_told; /* end of the section told last */
    uint8_t path[HAYWIRE_PATH_MAX];
    char name[HAYWIRE_NAME_MAX + 2];
    _Alignas(8) char buffer[32768]; /* of directory entries, too */
    uint32_t swap_areas;            /* or HAYWIRE_SWAP_AREAS_UNREAD */
    HaywirePagemapRegion huge[HAYWIRE_HUGE_REGIONS];
    uint64_t entries[HAYWIRE_PAGEMAP_CHUNK];
} HaywireLinuxCollector;

/* The base is the first member, here and above. */
static inline HaywireLinuxCollector *
haywire_linux_collector(HaywireCollector *collector)
{
    return (HaywireLinuxCollector *)collector;
}

/*
 * Have a helper do @work. BLOCKED, FAILED, or what it says; what it found is in
 * self->job, until the next call.
 *
 * @task: NULL where @work needs none
 */
HaywireCollect haywire_linux_ask(HaywireLinuxCollector *self,
                                 HaywireLinuxProcess *process,
                                 HaywireAsked asked, HaywireHelperWork *work,
                                 const HaywireLinuxTask *task);
/*
 * Read a file of a process of any length up to @limit. FAILED when it is
 * longer or memory is short.
 */
HaywireCollect haywire_linux_read_all(HaywireLinuxCollector *self,
                                      HaywireLinuxProcess *process,
                                      const char *name, size_t limit,
                                      HaywireProcText *text);

/*
 * Read /proc/PID/stat into self->job->text.
 *
 * @stat: the file, -1: it is to be opened in @folder
 */
HaywireCollect haywire_linux_ask_stat(HaywireLinuxCollector *self, uint32_t pid,
                                      int folder, int stat);

/*
 * For a process whose first thread has ended: set @process->thread, and its
 * virtual size, to those of one that runs, if one does.
 */
HaywireCollect haywire_linux_find_thread(HaywireLinuxCollector *self,
                                         HaywireLinuxProcess *process);
HaywireCollect haywire_linux_ask_thread(HaywireLinuxCollector *self,
                                        HaywireLinuxProcess *process);

/* The operations that may block: what a helper does, and who asks it to. */
HaywireCollect haywire_linux_ask_details(HaywireCollector *collector,
                                         HaywireOpenProcess *process,
                                         HaywireDetails *ret_details);
void haywire_linux_ask_fields(HaywireCollector *collector,
                              HaywireOpenProcess *process,
                              HaywireFields *ret_fields);
HaywireCollect haywire_linux_ask_figures(HaywireCollector *collector,
                                         HaywireOpenProcess *process,
                                         HaywireFigures *ret_figures);
HaywireCollect haywire_linux_ask_pages(HaywireCollector *collector,
                                       HaywireOpenProcess *process,
                                       uint64_t start, uint64_t end,
                                       HaywireRunSink *sink, void *opaque,
                                       uint64_t *ret_next);

/* pid_list.c, process.c, fields.c, sections.c, pages.c, facts.c: see os.h. */
HaywireCollect haywire_linux_list(HaywireCollector *collector,
                                  HaywireVector *pids);
HaywireCollect haywire_linux_brief(HaywireCollector *collector, uint32_t pid,
                                   HaywireBrief *ret_brief);
void haywire_linux_mark(HaywireCollector *collector, uint32_t pid,
                        HaywireMark *ret_mark);
HaywireCollect haywire_linux_open(HaywireCollector *collector, uint32_t pid,
                                  HaywireOpenProcess **ret_process,
                                  HaywireBrief *ret_brief);
void haywire_linux_close(HaywireCollector *collector,
                         HaywireOpenProcess *process);
/* What stat has told; then resident size and executable; then the rest. */
void haywire_linux_details(HaywireLinuxCollector *self,
                           const HaywireLinuxProcess *process,
                           HaywireDetails *ret_details);
void haywire_linux_simple(HaywireLinuxCollector *self,
                          const HaywireLinuxProcess *process,
                          HaywireDetails *details);
HaywireCollect haywire_linux_cmdline(HaywireLinuxCollector *self,
                                     const HaywireLinuxProcess *process,
                                     HaywireDetails *ret_details);
/* All fields, and those that are told of without any lock. */
void haywire_linux_read_fields(HaywireLinuxCollector *self,
                               const HaywireLinuxProcess *process,
                               HaywireFields *ret_fields);
void haywire_linux_stat_fields(const HaywireLinuxProcess *process,
                               HaywireFields *ret_fields);
/* Since Linux 6.2 the size of /proc/PID/fd is how many files are open. */
bool haywire_linux_counts_files(const HaywireLinuxCollector *self);
HaywireCollect haywire_linux_sections(HaywireCollector *collector,
                                      HaywireOpenProcess *process,
                                      size_t *ret_count);
bool haywire_linux_sections_next(HaywireCollector *collector,
                                 HaywireGuestSection *ret_section);
HaywireCollect haywire_linux_figures(HaywireCollector *collector,
                                     HaywireOpenProcess *process,
                                     HaywireFigures *ret_figures);
HaywireCollect haywire_linux_pages(HaywireCollector *collector,
                                   HaywireOpenProcess *process, uint64_t start,
                                   uint64_t end, HaywireRunSink *sink,
                                   void *opaque, uint64_t *ret_next);
void haywire_linux_facts(HaywireCollector *collector, HaywireFacts *ret_facts);
bool haywire_linux_reads_all(HaywireCollector *collector);

#endif
