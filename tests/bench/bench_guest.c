/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * With a real guest: what watching costs, and how soon things are seen.
 */
#include "bench_guest.h"

#define MORE_TASKS 200

static Vm *machine;

guint bench_scaled(guint full)
{
    return bench_is_smoke() ? MIN(full, 2) : full;
}

Vm *bench_machine(void)
{
    VmOptions options = { .qemu = g_getenv("HAYWIRE_BENCH_QEMU") };
    g_autofree char *tasks = g_strdup_printf(
        "i=0; while [ $i -lt %d ]; do sleep 100000 >/dev/null 2>&1 & "
        "i=$((i+1)); done",
        bench_is_smoke() ? 5 : MORE_TASKS);

    if (!machine) {
        machine = vm_start(&options);
        g_free(vm_guest_run(machine, tasks, NULL));
        vm_wait_state(machine, "live");
        g_usleep((bench_is_smoke() ? 1 : 5) * G_USEC_PER_SEC);
    }
    return machine;
}

int main(int argc, char **argv)
{
    static const Bench benches[] = {
        { "first-list", bench_first_list },
        { "kernel-first", bench_kernel_first },
        { "kernel-next", bench_kernel_next },
        { "rescan-idle", bench_rescan_idle },
        { "companion-cpu", bench_companion_cpu },
        { "freshness", bench_freshness },
        { "focus-latency", bench_focus_latency },
        { "attach", bench_attach },
        { "guest-slowdown", bench_guest_slowdown },
    };
    int status = bench_main(argc, argv, benches, G_N_ELEMENTS(benches));

    vm_free(machine);
    return status;
}
