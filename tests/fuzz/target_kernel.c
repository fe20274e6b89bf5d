/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Target: a guest's memory with a small kernel in it, damaged in places and
 * while it is looked at: note, page tables, types, lists, structures.
 *
 * Input: edits of 12 bytes each: where (an area, and whether it comes between
 * two looks), an offset of 3 bytes, a value of 8.
 */

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "haywire/kernel_memory.h"
#include "haywire/watch_read.h"
#include "kernel_image.h"

#define EDIT_SIZE 12
#define LOOKS     3
#define LATER     0x80
#define SECOND_NS UINT64_C(1000000000)

static const struct {
    uint64_t start, length;
} areas[] = {
    { KERNEL_IMAGE_NOTE, 4096 },
    { KERNEL_IMAGE_ROOT, 4 * 4096 },
    { KERNEL_IMAGE_UTS, 4096 },
    { KERNEL_IMAGE_TYPES, 8192 },
    { KERNEL_IMAGE_INIT, 4096 },
    { KERNEL_IMAGE_PIDS, 4 * 4096 },
    { KERNEL_IMAGE_TASKS, 4096 * KERNEL_IMAGE_PROCESSES },
    { KERNEL_IMAGE_TASKS + 0x10000, 4096 * 5 * KERNEL_IMAGE_PROCESSES },
    { KERNEL_IMAGE_TASKS + 0x40000, 4096 * KERNEL_IMAGE_PROCESSES },
    { 0, KERNEL_IMAGE_SIZE - 8 },
};

static void apply(KernelImage *image, const uint8_t *data, size_t size,
                  bool later)
{
    for (; size >= EDIT_SIZE; data += EDIT_SIZE, size -= EDIT_SIZE) {
        size_t area = (data[0] & ~LATER) % G_N_ELEMENTS(areas);
        uint64_t offset = (uint64_t)data[1] | (uint64_t)data[2] << 8 |
                          (uint64_t)data[3] << 16;

        if (!(data[0] & LATER) != later) {
            memcpy(image->bytes + areas[area].start +
                       offset % areas[area].length,
                   data + 4, 8);
        }
    }
}

/* What is missing lies within what was asked for, in order. */
static void read_some(HaywireWatch *watch, HaywireNow now,
                      const HaywireModel *model, HaywireWhose whose,
                      uint64_t address)
{
    static HaywireReadResult result;
    static uint8_t bytes[16384];
    const HaywireReadWish wish = { whose,
                                   whose == HAYWIRE_WHOSE_PROCESS ? 2 : 0,
                                   address, sizeof(bytes) };
    uint64_t at = address, missing = 0;

    if (haywire_watch_read(watch, now, model, &wish, bytes, &result) !=
        HAYWIRE_OK) {
        return;
    }
    for (size_t i = 0; i < result.count; i++) {
        FUZZ_CHECK(result.missing[i].start.value >= at);
        FUZZ_CHECK(result.missing[i].length > 0);
        FUZZ_CHECK(result.missing[i].why != HAYWIRE_OK);
        at = result.missing[i].start.value + result.missing[i].length;
        missing += result.missing[i].length;
    }
    FUZZ_CHECK(at <= address + sizeof(bytes));
    FUZZ_CHECK(result.present == sizeof(bytes) - missing);
}

/* What dumps ask for beside the model. */
static void dump(HaywireKernel *kernel)
{
    uint8_t bytes[HAYWIRE_KERNEL_NOTE_MAX];
    HaywireKernelThread *thread;
    HaywireKernelImage image;
    HaywirePosition where;
    HaywireGva base;
    size_t length;

    if (haywire_kernel_threads(kernel, 2, &thread, &length) == HAYWIRE_OK) {
        FUZZ_CHECK(length <= HAYWIRE_KERNEL_THREADS_MAX);
        free(thread);
    }
    if (haywire_kernel_auxv(kernel, 2, bytes, &length) == HAYWIRE_OK) {
        FUZZ_CHECK(length > 0 && length <= HAYWIRE_KERNEL_AUXV_MAX);
    }
    if (haywire_kernel_note(kernel, bytes, &length, &where) == HAYWIRE_OK) {
        FUZZ_CHECK(length <= sizeof(bytes));
    }
    if (haywire_kernel_image(kernel, &image) == HAYWIRE_OK) {
        FUZZ_CHECK(image.length > 0);
    }
    (void)!haywire_kernel_direct_map(kernel, &base);
}

static void look(HaywireWatch *watch, uint64_t seconds)
{
    HaywireNow now = { .now_ns = seconds * SECOND_NS,
                       .host_ns = seconds * SECOND_NS };
    HaywireModel *model;
    char why[256];

    FUZZ_CHECK(haywire_watch_look(watch, now, &model) == HAYWIRE_OK);
    fuzz_check_model(model);
    haywire_watch_explain(watch, why, sizeof(why));
    FUZZ_CHECK(model->overview.has_guest == (*why == '\0'));
    read_some(watch, now, model, HAYWIRE_WHOSE_PROCESS,
              KERNEL_IMAGE_USER - 4096);
    read_some(watch, now, model, HAYWIRE_WHOSE_KERNEL,
              kernel_image_address(KERNEL_IMAGE_TASKS));
    read_some(watch, now, model, HAYWIRE_WHOSE_PHYSICAL,
              KERNEL_IMAGE_SIZE - 4096);
    if (haywire_watch_kernel(watch, now)) {
        dump(haywire_watch_kernel(watch, now));
    }
    haywire_model_unref(model);
}

/* Verdicts there may be; each is about somebody, and harmless to print. */
static void check_processes(const HaywireCheck *check)
{
    HaywireCheckSummary summary;
    const HaywireChecked *known;
    uint64_t suspicious = 0;
    size_t count;

    known = haywire_check_processes(check, &count);
    for (size_t i = 0; i < count; i++) {
        FUZZ_CHECK(i == 0 || known[i - 1].pid <= known[i].pid);
        FUZZ_CHECK(known[i].witnesses != 0);
        FUZZ_CHECK(*haywire_verdict_name(known[i].verdict));
        fuzz_check_text(known[i].name, false);
        suspicious += known[i].judged;
    }
    haywire_check_summary(check, &summary);
    FUZZ_CHECK(summary.suspicious == suspicious);
    FUZZ_CHECK(suspicious == 0 || summary.looks >= HAYWIRE_CHECK_LOOKS);
}

static void check_look(HaywireWatch *watch, HaywireCheck *check,
                       uint64_t seconds)
{
    HaywireNow now = { .now_ns = seconds * SECOND_NS,
                       .host_ns = seconds * SECOND_NS };
    HaywireModel *model;

    FUZZ_CHECK(haywire_watch_check(watch, now, check, &model) == HAYWIRE_OK);
    haywire_model_unref(model);
    check_processes(check);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static KernelImage *whole, *image;
    HaywireMemory *memory;
    HaywireCheck *check;
    HaywireWatch *watch;

    if (!whole) {
        whole = kernel_image_new();
        image = kernel_image_new();
    }
    memcpy(image->bytes, whole->bytes, KERNEL_IMAGE_SIZE);
    apply(image, data, size, false);
    memory = kernel_image_memory(image);
    FUZZ_CHECK(haywire_watch_new(memory, &watch) == HAYWIRE_OK);
    FUZZ_CHECK(haywire_watch_set_from(watch, HAYWIRE_FROM_KERNEL) ==
               HAYWIRE_OK);
    haywire_watch_want(watch, 2);
    check = haywire_check_new();
    for (uint64_t i = 1; i <= LOOKS; i++) {
        look(watch, 2 * i);
        check_look(watch, check, 2 * i + 1);
        apply(image, data, size, true);
        kernel_image_run(image);
    }
    check_look(watch, check, 2 * LOOKS + 2);
    haywire_check_free(check);
    haywire_watch_destroy(watch);
    haywire_memory_destroy(memory);
    return 0;
}
