/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What QEMU spends while its guest does something: see guest_work.h.
 */
#include "guest_work.h"

#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "haywire/clock.h"

/* Processes by the hundred, and computing. */
#define WORK                                                             \
    "i=0; while [ $i -lt %d ]; do /bin/busybox true; i=$((i+1)); done; " \
    "dd if=/dev/zero bs=1M count=%d 2>/dev/null | md5sum"

static void work(Vm *vm)
{
    int scale = bench_is_smoke() ? 1 : 20;
    g_autofree char *command = g_strdup_printf(WORK, 50 * scale, 2 * scale);

    g_free(vm_guest_run(vm, command, NULL));
}

double guest_work_ms(Vm *vm)
{
    clockid_t busy;
    guint64 before;

    g_assert_cmpint(clock_getcpuclockid(vm_pid(vm), &busy), ==, 0);
    before = haywire_clock_ns(busy);
    work(vm);
    return (haywire_clock_ns(busy) - before) / BENCH_NS_PER_MS;
}

/* A counter of one thread, and of those that it starts. -1: there is none. */
static int open_counter(pid_t thread)
{
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_HARDWARE,
        .size = sizeof(attributes),
        .config = PERF_COUNT_HW_INSTRUCTIONS,
        .exclude_kernel = 1,
        .exclude_hv = 1,
        .inherit = 1,
    };

    return (int)syscall(SYS_perf_event_open, &attributes, thread, -1, -1,
                        PERF_FLAG_FD_CLOEXEC);
}

static GArray *open_counters(Vm *vm)
{
    g_autofree char *tasks = g_strdup_printf("/proc/%d/task", vm_pid(vm));
    g_autoptr(GDir) dir = g_dir_open(tasks, 0, NULL);
    GArray *counters = g_array_new(FALSE, FALSE, sizeof(int));
    const char *task;

    g_assert_nonnull(dir);
    while ((task = g_dir_read_name(dir)) != NULL) {
        int counter = open_counter((pid_t)g_ascii_strtoll(task, NULL, 10));

        if (counter >= 0) {
            g_array_append_val(counters, counter);
        }
    }
    return counters;
}

static guint64 close_counters(GArray *counters)
{
    guint64 sum = 0;

    for (guint i = 0; i < counters->len; i++) {
        int counter = g_array_index(counters, int, i);
        guint64 value;

        g_assert_cmpint(read(counter, &value, sizeof(value)), ==,
                        sizeof(value));
        sum += value;
        close(counter);
    }
    g_array_unref(counters);
    return sum;
}

gboolean guest_work_counts(void)
{
    int counter = open_counter(0);

    if (counter >= 0) {
        close(counter);
    }
    return counter >= 0;
}

double guest_work_instructions(Vm *vm)
{
    GArray *counters = open_counters(vm);

    work(vm);
    return close_counters(counters) / 1e6;
}
