/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Target: a small guest's memory, through scan, map, snapshot, decoding and
 * model, at several times, with hints where to look and with pauses; and both
 * cameras' focus, whose one word is the only thing ever written.
 */

#include <string.h>

#include "fuzz.h"
#include "haywire/focus.h"
#include "image.h"
#include "haywire/watch.h"

#define STEP_NS    UINT64_C(400000000)
#define HOLE_BYTES UINT64_C(0x40000000)
#define FOCUS_PID  1

static uint8_t *ram;
static uint8_t *before; /* what a focus found */

static HaywireMemory *new_source(uint8_t options)
{
    uint64_t half = FUZZ_BYTES / 2;
    uint64_t upper = options & FUZZ_TWO_REGIONS ? half + HOLE_BYTES : half;
    HaywireRegion region[2] = {
        { { 0 }, half, ram },
        { { upper }, half, ram + half },
    };
    HaywireLayout layout = {
        .count = 2,
        .range = { { { 0 }, { 0 }, half }, { { upper }, { upper }, half } },
    };
    HaywireMemory *source;

    if (upper == half) {
        region[0].length = FUZZ_BYTES;
        layout.count = 1;
        layout.range[0].length = FUZZ_BYTES;
    }
    FUZZ_CHECK(haywire_memory_array_new(
                   region, layout.count, options & FUZZ_ZERO_IS_HOLE,
                   options & FUZZ_KNOWS_LAYOUT ? &layout : NULL,
                   &source) == HAYWIRE_OK);
    return source;
}

static uint64_t gpa_of(unsigned frame, uint8_t options)
{
    uint64_t offset = (uint64_t)frame * HAYWIRE_PAGE_SIZE;

    return options & FUZZ_TWO_REGIONS && offset >= FUZZ_BYTES / 2
               ? offset + HOLE_BYTES
               : offset;
}

static void give_hints(HaywireWatch *watch, const FuzzChunk *chunk,
                       uint8_t options)
{
    if (chunk->hint & FUZZ_HINT_PAGE) {
        haywire_watch_hint(watch,
                           (HaywireGpa){ gpa_of(chunk->frame, options) });
    }
    if (chunk->hint & FUZZ_HINT_WORD) {
        haywire_watch_hint(watch, (HaywireGpa){ chunk->control_word });
    }
}

static void write_step(HaywireWatch *watch, const uint8_t *data, size_t size,
                       unsigned step)
{
    FuzzChunk chunk;
    size_t at = 1;

    while (fuzz_chunk_next(data, size, &at, &chunk)) {
        if (chunk.step == step) {
            fuzz_chunk_write(
                &chunk, (HaywirePage *)(ram + chunk.frame * HAYWIRE_PAGE_SIZE));
            give_hints(watch, &chunk, data[0]);
        }
    }
}

static uint64_t offset_of(HaywirePosition position, uint8_t options)
{
    bool upper = options & FUZZ_TWO_REGIONS && position.value >= HOLE_BYTES;

    return upper ? position.value - HOLE_BYTES : position.value;
}

/* Nothing but the control word may differ, and that only on success. */
static void check_written(const HaywireFocusTarget *target, uint8_t options,
                          HaywireStatus status)
{
    uint64_t word = offset_of(target->position, options) +
                    offsetof(HaywirePage, control_word);

    FUZZ_CHECK(word <= FUZZ_BYTES - sizeof(HaywireLe64));
    if (status == HAYWIRE_OK || status == HAYWIRE_FOCUS_UNCONFIRMED) {
        memcpy(before + word, ram + word, sizeof(HaywireLe32));
    }
    FUZZ_CHECK(memcmp(before, ram, FUZZ_BYTES) == 0);
}

static void focus(HaywireMemory *source, const HaywireModel *model,
                  uint8_t options)
{
    for (uint32_t camera = 0; camera <= 3; camera++) {
        HaywireDiagnosis diagnosis = { 0 };
        HaywireFocusTarget target;
        HaywireControl control;
        HaywireStatus status;

        if (haywire_focus_target(model, camera, &target) != HAYWIRE_OK) {
            continue;
        }
        FUZZ_CHECK(camera == 1 || camera == 2);
        memcpy(before, ram, FUZZ_BYTES);
        status =
            haywire_focus(source, &target, FOCUS_PID, &control, &diagnosis);
        check_written(&target, options, status);
    }
}

static void clear_ram(const uint8_t *data, size_t size)
{
    FuzzChunk chunk;
    size_t at = 1;

    while (fuzz_chunk_next(data, size, &at, &chunk)) {
        memset(ram + chunk.frame * HAYWIRE_PAGE_SIZE, 0, HAYWIRE_PAGE_SIZE);
    }
}

/*
 * A limit in use is far above what a guest so small can need. These are not:
 * whatever does not fit must be left out, and nothing else may happen.
 */
static void tighten(HaywireWatch *watch)
{
    const HaywireShares shares = {
        .copies = 12 * HAYWIRE_PAGE_SIZE,
        .notes = 2048,
        .model = 98304,
        .work = 4096,
    };

    FUZZ_CHECK(haywire_watch_share(watch, shares) == HAYWIRE_OK);
}

/* A guest is said to be paused when it would be live, and then only. */
static void check_state(const HaywireModel *model, bool paused)
{
    FUZZ_CHECK(model->overview.state !=
               (paused ? HAYWIRE_STATE_LIVE : HAYWIRE_STATE_PAUSED));
}

static void look(HaywireMemory *source, const uint8_t *data, size_t size)
{
    HaywireNow now = { 1000000000, 1000000000, false };
    HaywireModel *model = NULL;
    HaywireWatch *watch;

    FUZZ_CHECK(haywire_watch_new(source, &watch) == HAYWIRE_OK);
    if (data[0] & FUZZ_TIGHT) {
        tighten(watch);
    }
    for (unsigned step = 0; step < FUZZ_STEPS; step++) {
        now.paused = data[0] & FUZZ_PAUSES && step % 2;
        write_step(watch, data, size, step);
        haywire_model_unref(model);
        FUZZ_CHECK(haywire_watch_look(watch, now, &model) == HAYWIRE_OK);
        fuzz_check_model(model);
        check_state(model, now.paused);
        FUZZ_CHECK(haywire_watch_beat_wait(watch, now) <= HAYWIRE_STALE_MAX_NS);
        now.now_ns += now.paused ? 0 : STEP_NS;
        now.host_ns += STEP_NS;
    }
    focus(source, model, data[0]);
    haywire_model_unref(model);
    haywire_watch_destroy(watch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HaywireMemory *source;

    if (size < 1) {
        return 0;
    }
    if (!ram) {
        ram = g_aligned_alloc0(1, FUZZ_BYTES, HAYWIRE_PAGE_SIZE);
        before = g_malloc(FUZZ_BYTES);
    }
    source = new_source(data[0]);
    look(source, data, size);
    haywire_memory_destroy(source);
    clear_ram(data, size);
    return 0;
}
