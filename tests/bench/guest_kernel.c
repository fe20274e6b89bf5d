/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's processes by its own kernel, from its RAM file.
 */
#include <string.h>

#include "bench_guest.h"
#include "guest_pages.h"
#include "haywire/beacon_protocol.h"
#include "haywire/watch.h"
#include "ram.h"

#define ROUNDS  9
#define LOOKS   20
#define STEP_NS (10 * 1000 * 1000)

/* A guest that stands still, and who looks at it. */
typedef struct Looker {
    BenchRam ram;
    HaywireMemory *memory;
    HaywireWatch *watch;
    guint64 now_ns;
    GArray *reads; /* of BenchRun: what one look reads */
    bool cold;     /* caches are empty before each look */
} Looker;

/* Where reads of a memory are written down; one memory at a time. */
static const HaywireMemoryOps *recorded;
static GArray *record; /* of BenchRun; NULL: not now */

static void record_read(HaywireMemory *memory, HaywireSpot *spot, size_t count)
{
    recorded->read(memory, spot, count);
    for (size_t i = 0; record && i < count; i++) {
        BenchRun run = { spot[i].region->start.value + spot[i].offset,
                         spot[i].length };

        g_array_append_val(record, run);
    }
}

static void look(Looker *looker, guint *ret_processes)
{
    HaywireModel *model;

    looker->now_ns += STEP_NS;
    g_assert_cmpint(haywire_watch_look(
                        looker->watch,
                        (HaywireNow){ looker->now_ns, looker->now_ns }, &model),
                    ==, HAYWIRE_OK);
    if (ret_processes) {
        *ret_processes = (guint)model->process_count;
    }
    haywire_model_unref(model);
}

static void looker_open(Looker *looker, Vm *vm)
{
    static HaywireMemoryOps ops;
    guint processes;

    *looker = (Looker){ .now_ns = STEP_NS };
    bench_ram_open(&looker->ram, vm_ram_path(vm));
    g_assert_cmpint(
        haywire_memory_file_open(looker->ram.fd, NULL, &looker->memory), ==,
        HAYWIRE_OK);
    recorded = looker->memory->ops;
    ops = *recorded;
    ops.read = record_read;
    looker->memory->ops = &ops;
    g_assert_cmpint(haywire_watch_new(looker->memory, &looker->watch), ==,
                    HAYWIRE_OK);
    g_assert_cmpint(
        haywire_watch_set_memory(looker->watch, HAYWIRE_MEMORY_ROOMY), ==,
        HAYWIRE_OK);
    haywire_watch_set_from(looker->watch, HAYWIRE_FROM_KERNEL);
    look(looker, NULL);
    look(looker, &processes);
    g_assert_cmpuint(processes, >, 50);
    record = looker->reads = g_array_new(FALSE, FALSE, sizeof(BenchRun));
    look(looker, NULL);
    record = NULL;
}

static void looker_close(Looker *looker)
{
    g_array_unref(looker->reads);
    haywire_watch_destroy(looker->watch);
    haywire_memory_destroy(looker->memory);
    bench_ram_close(&looker->ram);
}

static void list(Looker *looker)
{
    look(looker, NULL);
}

/* What a look reads, copied out of a mapping. */
static void copy(Looker *looker)
{
    guint8 page[HAYWIRE_PAGE_SIZE];

    for (guint i = 0; i < looker->reads->len; i++) {
        const BenchRun *run = &g_array_index(looker->reads, BenchRun, i);

        memcpy(page, looker->ram.host + run->start, run->length);
        __asm__ volatile("" : : "r"(page) : "memory");
    }
}

/* us for one. */
static double mean_cost(Looker *looker, void (*work)(Looker *looker))
{
    guint64 busy = 0;

    for (int i = 0; i < LOOKS; i++) {
        guint64 start;

        if (looker->cold) {
            bench_evict_caches();
        }
        start = bench_cpu_ns();
        work(looker);
        busy += bench_cpu_ns() - start;
    }
    return busy / 1e3 / LOOKS;
}

static double list_cost(gpointer opaque)
{
    return mean_cost(opaque, list);
}

static double copy_cost(gpointer opaque)
{
    return mean_cost(opaque, copy);
}

/* The next list, with nothing in the caches before it, and with what it left. */
void bench_kernel_next(void)
{
    BenchResult warm = { "kernel-next", .unit = "us", .bound = 2 };
    BenchResult cold = { "kernel-next-cold", .unit = "us", .bound = 1.5 };
    Vm *vm = bench_machine();
    Looker looker;

    json_node_unref(vm_qmp(vm, "stop", NULL));
    looker_open(&looker, vm);
    bench_compare(bench_scaled(ROUNDS), list_cost, copy_cost, &looker,
                  &warm.value, &warm.limit);
    looker.cold = true;
    bench_compare(bench_scaled(ROUNDS), list_cost, copy_cost, &looker,
                  &cold.value, &cold.limit);
    looker_close(&looker);
    json_node_unref(vm_qmp(vm, "cont", NULL));
    bench_report(&warm);
    bench_report(&cold);
}
