/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A camera: one process in depth. docs/protocol.md, section 5.6. */

#ifndef HAYWIRE_CAMERA_H
#define HAYWIRE_CAMERA_H

#include "engine/task.h"
#include "haywire/decode.h"
#include "haywire/vector.h"

#define HAYWIRE_CAMERAS 2
#define HAYWIRE_RUNS_PER_PAGE                                \
    ((HAYWIRE_PAYLOAD_MAX - sizeof(HaywireWirePageRunSet)) / \
     sizeof(HaywireWirePageRun))

/* A piece of address space whose page table is to be read. */
typedef struct HaywireRange {
    uint64_t start;
    uint64_t end;
} HaywireRange;

/* A pass under way. */
typedef struct HaywirePass {
    HaywireOpenProcess *process; /* held open; NULL: there is no pass */
    uint64_t number;             /* the pages' generation */
    HaywireFigures figures;
    uint32_t flags; /* HAYWIRE_CAMERA_* */
    uint64_t started_ns;
    uint32_t sections_total;
    uint32_t sections_stored;
    uint64_t runs_total;
    uint64_t runs_stored;
    uint32_t used;           /* staged pages */
    uint32_t first_run_page; /* the first with runs */
    size_t range;            /* being read */
    uint64_t next_gva;
    uint64_t range_busy_ns;
    uint64_t busy_ns;
    HaywireGuestRun run; /* not stored yet; no pages: none */
} HaywirePass;

typedef struct HaywireCameraWriter {
    HaywirePublisher *publisher;
    HaywireCollector *collector;
    HaywireCategory category;
    uint32_t wanted; /* pid in the control word */
    uint32_t bank_pages;
    HaywireWriter *staged; /* the bank being filled; made when needed */
    HaywireVector ranges;  /* HaywireRange */
    HaywireWirePageRun run_page[HAYWIRE_RUNS_PER_PAGE];
    uint32_t run_page_count;
    HaywirePass pass;
    uint64_t passes;       /* number of the newest */
    uint64_t runs_dropped; /* by the newest */
    HaywireControl said;   /* what the control page says */
} HaywireCameraWriter;

/* Publishes the control page, idle. @category: HAYWIRE_CATEGORY_CAMERA1 or 2 */
void haywire_camera_init(HaywireCameraWriter *camera,
                         HaywirePublisher *publisher,
                         HaywireCollector *collector, HaywireCategory category);
void haywire_camera_destroy(HaywireCameraWriter *camera);

/*
 * Look at the control word. Returns true when it asks for another process;
 * the next step turns to it.
 */
bool haywire_camera_poll(HaywireCameraWriter *camera);

/* The beginning of a pass, a piece of the page table, or the publication. */
HaywireStep haywire_camera_step(void *opaque);

/* camera_pass.c: the steps of a pass, for camera.c. */
HaywireCollect haywire_pass_begin(HaywireCameraWriter *camera, uint32_t pid);
/* True when there is more to read. */
bool haywire_pass_read(HaywireCameraWriter *camera, HaywireCollect *ret_result);
void haywire_pass_publish(HaywireCameraWriter *camera);
void haywire_pass_drop(HaywireCameraWriter *camera);

#endif
