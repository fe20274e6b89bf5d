/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that is a thread: see guest.h.
 */
#include "guest.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "beacon_ram.h"
#include "cli.h"
#include "haywire/bytes.h"

#define BEAT_US 20000

struct Guest {
    char *path;
    int fd; /* of memory without a name; else -1 */
    guint64 size;
    HaywireBeacons *beacons;
    guint8 *ram;
    GuestHabit habit;
    GThread *thread;
    gint stop; /* atomic */
};

HaywirePage *guest_page(Guest *guest, HaywireCategory category, guint32 index)
{
    const HaywireBeacon *beacon =
        haywire_beacons_find(guest->beacons, 0, category, index);

    g_assert_nonnull(beacon);
    return (HaywirePage *)(guest->ram + beacon->position.value);
}

static void publish_control(HaywirePage *page, const HaywireWireControl *wire)
{
    HaywirePageStamp stamp = haywire_beacon_stamp(page);

    stamp.kind = HAYWIRE_KIND_CONTROL;
    haywire_page_publish(page, &stamp, wire, sizeof(*wire));
}

static void answer(Guest *guest, HaywireCategory category)
{
    HaywirePage *page = guest_page(guest, category, 0);
    const guint32 pid = (guint32)haywire_page_get_control_word(page);
    HaywireWireControl wire;
    guint32 status = HAYWIRE_CAMERA_IDLE;

    memcpy(&wire, page->payload, sizeof(wire));
    if (haywire_le32_get(wire.target_pid) == pid) {
        return;
    }
    if (pid != 0) {
        status = guest->habit & GUEST_DENIES ? HAYWIRE_CAMERA_DENIED
                                             : HAYWIRE_CAMERA_ACTIVE;
    }
    wire.target_pid = haywire_le32(pid);
    wire.status = haywire_le32(status);
    wire.current_pid = haywire_le32(status == HAYWIRE_CAMERA_ACTIVE ? pid : 0);
    publish_control(page, &wire);
}

static gpointer live(gpointer data)
{
    Guest *guest = data;

    while (!g_atomic_int_get(&guest->stop)) {
        haywire_beacon_beat(guest_page(guest, HAYWIRE_CATEGORY_MASTER, 0),
                            (guint64)BEAT_US * 1000);
        if (guest->habit & (GUEST_ANSWERS | GUEST_DENIES)) {
            answer(guest, HAYWIRE_CATEGORY_CAMERA1);
            answer(guest, HAYWIRE_CATEGORY_CAMERA2);
        }
        g_usleep(BEAT_US);
    }
    return NULL;
}

static void take_memory(Guest *guest, int fd)
{
    g_assert_cmpint(fd, >=, 0);
    guest->ram =
        mmap(NULL, guest->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    g_assert_true(guest->ram != MAP_FAILED);
}

/* Closed at once, as the mapping is enough to write. */
static void take_file(Guest *guest, const char *name, const char *text)
{
    int fd;

    guest->path = cli_ram_new(name, text, guest->size);
    guest->fd = -1;
    fd = open(guest->path, O_RDWR | O_CLOEXEC);
    take_memory(guest, fd);
    close(fd);
}

static void take_nameless(Guest *guest, const char *name)
{
    guest->fd = memfd_create(name, MFD_CLOEXEC);
    g_assert_cmpint(ftruncate(guest->fd, (off_t)guest->size), ==, 0);
    guest->path = g_strdup_printf("/proc/%d/fd/%d", getpid(), guest->fd);
    take_memory(guest, guest->fd);
    g_assert_true(
        haywire_beacons_place(guest->beacons, guest->ram, guest->size, NULL));
}

Guest *guest_start(const char *name, const char *text, guint64 size,
                   GuestHabit habit)
{
    Guest *guest = g_new0(Guest, 1);

    guest->size = size;
    guest->beacons = haywire_beacons_make(text);
    guest->habit = habit;
    if (habit & GUEST_NAMELESS) {
        take_nameless(guest, name);
    } else {
        take_file(guest, name, text);
    }
    guest->thread = g_thread_new("guest", live, guest);
    return guest;
}

const char *guest_path(const Guest *guest)
{
    return guest->path;
}

void guest_stop(Guest *guest)
{
    g_atomic_int_set(&guest->stop, 1);
    g_thread_join(guest->thread);
    munmap(guest->ram, guest->size);
    if (guest->fd >= 0) {
        close(guest->fd);
    }
    haywire_beacons_free(guest->beacons);
    g_free(guest->path);
    g_free(guest);
}
