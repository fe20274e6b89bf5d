/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doorbell.h"

#include <string.h>

#include "haywire/beacon_protocol.h"

#include "qemu_internals.h"

static struct {
    GMutex lock; /* held for moments only */
    /* Under the lock: */
    HaywireWorker *worker; /* NULL: nobody listens */
    uint32_t rings;

    MemoryRegionRoom room; /* the big lock's */
} doorbell;

static const uint32_t usual_ports[] = HAYWIRE_DOORBELL_PORTS;

GQuark haywire_doorbell_error_quark(void)
{
    return g_quark_from_static_string("haywire-doorbell-error-quark");
}

/* The first word says who is here; the second is zero. */
static uint64_t port_read(void *opaque, hwaddr at, unsigned size)
{
    (void)opaque;
    (void)size;
    return (uint64_t)HAYWIRE_MAGIC >> (8 * at);
}

/*
 * Whatever is not a whole word at the start is no ring.  With the big lock held
 * by a thread that runs a processor of the guest: so nothing is done here.
 */
static void port_write(void *opaque, hwaddr at, uint64_t value, unsigned size)
{
    (void)opaque;
    if (at != 0 || size != sizeof(uint32_t)) {
        return;
    }
    g_mutex_lock(&doorbell.lock);
    doorbell.rings++;
    if (doorbell.worker) {
        haywire_worker_ring(doorbell.worker, (uint32_t)value);
    }
    g_mutex_unlock(&doorbell.lock);
}

static const MemoryRegionOps port_ops = {
    .read = port_read,
    .write = port_write,
    .endianness = HAYWIRE_QEMU_LITTLE_ENDIAN,
    .valid = { .unaligned = true },
};

/* Other machines have I/O space, too, that no instruction leads to. */
static gboolean processor_has_ports(void)
{
    return object_class_by_name("x86_64-cpu") ||
           object_class_by_name("i386-cpu");
}

static gboolean symbols_are_there(void)
{
#define SYMBOL(sym) &&sym
    return TRUE HAYWIRE_QEMU_DOORBELL(SYMBOL);
#undef SYMBOL
}

/* All of I/O space is a region of its own, which shows where no other is. */
static gboolean port_is_free(uint32_t port)
{
    MemoryRegionSectionRoom room =
        memory_region_find(get_system_io(), port, HAYWIRE_DOORBELL_SIZE);
    const MemoryRegionSection *section = &room.section;

    if (!section->mr) {
        return TRUE;
    }
    memory_region_unref(section->mr);
    return section->mr == get_system_io() &&
           section->size == HAYWIRE_DOORBELL_SIZE;
}

/* 0: something is at each. */
static uint32_t port_choose(uint32_t wanted)
{
    if (wanted) {
        return port_is_free(wanted) ? wanted : 0;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(usual_ports); i++) {
        if (port_is_free(usual_ports[i])) {
            return usual_ports[i];
        }
    }
    return 0;
}

/* Both ways through QEMU, as the guest's instructions take them. */
static gboolean port_works(uint32_t port)
{
    uint32_t rings = doorbell.rings;

    cpu_outl(port, 0);
    return cpu_inl(port) == HAYWIRE_MAGIC && doorbell.rings == rings + 1;
}

/* FALSE: QEMU's regions differ from what we know, and it is gone again. */
static gboolean port_put_up(uint32_t port)
{
    const uint8_t untouched = 0xa5;
    const size_t half = sizeof(doorbell.room) / 2;
    MemoryRegion *region = (MemoryRegion *)&doorbell.room;
    gboolean fits = TRUE;

    memset(doorbell.room.bytes + half, untouched, half);
    memory_region_init_io(region, NULL, &port_ops, NULL, "haywire-doorbell",
                          HAYWIRE_DOORBELL_SIZE);
    memory_region_add_subregion(get_system_io(), port, region);
    for (size_t i = half; i < sizeof(doorbell.room); i++) {
        fits = fits && doorbell.room.bytes[i] == untouched;
    }
    if (fits && port_works(port)) {
        return TRUE;
    }
    memory_region_del_subregion(get_system_io(), region);
    return FALSE;
}

static void set_taken(GError **error, uint32_t wanted)
{
    g_autoptr(GString) tried = g_string_new(NULL);

    for (size_t i = 0; !wanted && i < G_N_ELEMENTS(usual_ports); i++) {
        g_string_append_printf(tried, " 0x%x", usual_ports[i]);
    }
    if (wanted) {
        g_string_append_printf(tried, " 0x%x", wanted);
    }
    g_set_error(error, HAYWIRE_DOORBELL_ERROR, HAYWIRE_DOORBELL_ERROR_TAKEN,
                "no doorbell: other devices are at%s; the guest is looked at "
                "every interval (doorbell=PORT names another port)",
                tried->str);
}

static void set_absent(GError **error, const char *why)
{
    g_set_error(error, HAYWIRE_DOORBELL_ERROR, HAYWIRE_DOORBELL_ERROR_ABSENT,
                "no doorbell: %s; the guest is looked at every interval", why);
}

uint32_t haywire_doorbell_open(uint32_t wanted, HaywireWorker *worker,
                               GError **error)
{
    uint32_t port;

    if (!symbols_are_there()) {
        set_absent(error, "this QEMU does not export what it takes");
        return 0;
    }
    if (!processor_has_ports()) {
        if (wanted) {
            set_absent(error, "this machine's processor has no ports");
        }
        return 0;
    }
    port = port_choose(wanted);
    if (!port) {
        set_taken(error, wanted);
        return 0;
    }
    if (!port_put_up(port)) {
        set_absent(error, "this QEMU's regions of ports differ from what the "
                          "plugin knows");
        return 0;
    }
    g_mutex_lock(&doorbell.lock);
    doorbell.worker = worker;
    g_mutex_unlock(&doorbell.lock);
    return port;
}

void haywire_doorbell_close(void)
{
    g_mutex_lock(&doorbell.lock);
    doorbell.worker = NULL;
    g_mutex_unlock(&doorbell.lock);
}
