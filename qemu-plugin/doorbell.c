/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doorbell.h"

#include <string.h>

#include "doorbell_code.h"

#define PAGE_MASK (~(uint64_t)(HAYWIRE_PAGE_SIZE - 1))

static struct {
    const HaywireDoorbellCode *code; /* set once, before any code is run */
    GMutex lock;                     /* held for moments only */
    HaywireWorker *worker;           /* under the lock */
} bell;

void haywire_doorbell_connect(HaywireWorker *worker)
{
    g_mutex_lock(&bell.lock);
    bell.worker = worker;
    g_mutex_unlock(&bell.lock);
}

/*
 * The load behind the call has been done; @vaddr is where it read.
 *
 * What qemu_plugin_get_hwaddr() has for us is a guest physical address in 10.0
 * but not in 7.2, so the guest's page table is asked, as
 * qemu_plugin_translate_vaddr() of 10.2 does.  That may wait for the big lock
 * (a page table in a device), so ours is taken behind it.
 *
 * Thread: the virtual processor's.
 */
static void on_load(unsigned int vcpu, qemu_plugin_meminfo_t info,
                    uint64_t vaddr, void *opaque)
{
    CPUState *cpu = qemu_get_cpu((int)vcpu);
    HaywireGpa gpa;

    (void)info;
    (void)opaque;
    gpa.value = cpu ? cpu_get_phys_page_debug(cpu, vaddr & PAGE_MASK)
                    : HAYWIRE_QEMU_NO_PAGE;
    if (gpa.value == HAYWIRE_QEMU_NO_PAGE) {
        return;
    }
    g_mutex_lock(&bell.lock);
    if (bell.worker) {
        haywire_worker_ring(bell.worker, gpa);
    }
    g_mutex_unlock(&bell.lock);
}

/* Up to version 2 of the interface, and since version 3. */
typedef const void *InsnDataPoint(const struct qemu_plugin_insn *insn);
typedef size_t InsnDataCopy(const struct qemu_plugin_insn *insn, void *dest,
                            size_t size);

static void insn_bytes(const struct qemu_plugin_insn *insn, uint8_t *ret_bytes,
                       size_t size)
{
    InsnDataPoint *point = (InsnDataPoint *)qemu_plugin_insn_data;
    InsnDataCopy *copy = (InsnDataCopy *)qemu_plugin_insn_data;

    if (qemu_plugin_read_memory_vaddr) {
        copy(insn, ret_bytes, size);
    } else {
        memcpy(ret_bytes, point(insn), size);
    }
}

static gboolean insn_is_call(const struct qemu_plugin_tb *block, size_t ordinal)
{
    const struct qemu_plugin_insn *insn =
        qemu_plugin_tb_get_insn(block, ordinal);
    uint8_t bytes[HAYWIRE_DOORBELL_CALL_MAX] = { 0 };

    /* The size alone tells most of them. */
    if (!insn || qemu_plugin_insn_size(insn) != bell.code->size) {
        return FALSE;
    }
    insn_bytes(insn, bytes, bell.code->size);
    return haywire_doorbell_code_is(bell.code, ordinal, bytes, bell.code->size);
}

/*
 * A block of guest code was translated.  The call is where a jump leads to, and
 * so begins a block: no more than that is looked at.
 *
 * Thread: a virtual processor's.
 */
static void on_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    struct qemu_plugin_insn *load;

    (void)id;
    for (size_t i = 0; i < bell.code->count; i++) {
        if (!insn_is_call(block, i)) {
            return;
        }
    }
    load = qemu_plugin_tb_get_insn(block, bell.code->count);
    if (load) {
        qemu_plugin_register_vcpu_mem_cb(load, on_load,
                                         HAYWIRE_QEMU_PLUGIN_CB_NO_REGS,
                                         HAYWIRE_QEMU_PLUGIN_MEM_RW, NULL);
    }
}

void haywire_doorbell_hang(qemu_plugin_id_t id, const char *target)
{
    bell.code = haywire_doorbell_code(target);
    if (bell.code) {
        qemu_plugin_register_vcpu_tb_trans_cb(id, on_translated);
    }
}
