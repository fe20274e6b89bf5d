/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forged sessions: see forge.h.
 */

#include "forge.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define PAGEMAP_PFN ((UINT64_C(1) << 55) - 1)
#define BEAT_NS     UINT64_C(100000000)

const uint32_t forge_small[HAYWIRE_CATEGORY_COUNT] = { 10, 40, 10, 20, 20 };

static void die(const char *what)
{
    perror(what);
    exit(1);
}

HaywirePage *forge_pages(size_t count)
{
    HaywirePage *page =
        mmap(NULL, count * sizeof(*page), PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    if (page == MAP_FAILED) {
        die("memory");
    }
    mlock(page, count * sizeof(*page));
    return page;
}

uint64_t forge_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t forge_random(void)
{
    uint64_t value;

    if (getrandom(&value, sizeof(value), 0) != sizeof(value)) {
        die("getrandom");
    }
    return value | 1;
}

uint64_t forge_pfn(const void *page)
{
    static int fd = -1;
    uint64_t entry;
    off_t at = (off_t)((uintptr_t)page / HAYWIRE_PAGE_SIZE * sizeof(entry));

    if (fd < 0) {
        fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    }
    if (pread(fd, &entry, sizeof(entry), at) != sizeof(entry)) {
        return 0;
    }
    return entry & PAGEMAP_PFN;
}

static HaywirePageStamp stamp_of(const Forge *forge, const HaywirePage *page,
                                 uint32_t kind)
{
    return (HaywirePageStamp){
        .kind = kind,
        .generation = forge->generation,
        .monotonic_ns = forge_now() + forge->ahead_ns,
        .realtime_ns = (uint64_t)time(NULL) * 1000000000,
        .pfn = forge_pfn(page),
    };
}

static void init_category(Forge *forge, HaywireCategory category)
{
    for (uint32_t i = 0; i < forge->geometry[category]; i++) {
        HaywirePage *page = &forge->slot[category][i];
        HaywirePageStamp stamp = stamp_of(forge, page, HAYWIRE_KIND_EMPTY);

        if (i == 0 && category >= HAYWIRE_CATEGORY_CAMERA1) {
            haywire_page_set_control_word(
                page, HAYWIRE_CONTROL_WORD(forge->nonce, 0));
        }
        haywire_page_init(page, category, i, forge->session, &stamp);
    }
}

Forge *forge_new(const uint32_t *geometry)
{
    Forge *forge = calloc(1, sizeof(*forge));

    if (!forge) {
        die("memory");
    }
    memcpy(forge->geometry, geometry ? geometry : forge_small,
           sizeof(forge->geometry));
    for (int i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        forge->pages += forge->geometry[i];
    }
    forge->session = forge_random();
    forge->nonce = (uint32_t)forge_random();
    forge->heartbeat = 1;
    forge->generation = 1;
    forge->started_ns = forge_now();
    forge->page = forge_pages(forge->pages);
    forge_reset(forge);
    return forge;
}

void forge_reset(Forge *forge)
{
    forge->pages = 0;
    for (int i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        forge->slot[i] = forge->page + forge->pages;
        forge->pages += forge->geometry[i];
        init_category(forge, i);
    }
}

void forge_publish(Forge *forge, HaywireCategory category, uint32_t index,
                   uint32_t kind, const void *payload, size_t length)
{
    HaywirePage *page = &forge->slot[category][index];
    HaywirePageStamp stamp = stamp_of(forge, page, kind);

    haywire_page_publish(page, &stamp, payload, length);
}

void forge_discover(Forge *forge)
{
    static const uint32_t part[HAYWIRE_PART_COUNT][2] = {
        { 1, 3 }, { 4, 1 }, { 5, 1 }, { 6, 1 }, { 7, 3 }
    };
    HaywireWireDiscovery discovery = {
        .os = haywire_le32(HAYWIRE_OS_LINUX),
        .arch = haywire_le32(HAYWIRE_ARCH_X86_64),
        .page_size = haywire_le32(HAYWIRE_PAGE_SIZE),
        .state = haywire_le32(HAYWIRE_SESSION_RUNNING),
        .features = haywire_le64(7),
        .heartbeat = haywire_le64(forge->heartbeat),
        .heartbeat_interval_ns = haywire_le64(BEAT_NS),
        .started_monotonic_ns = haywire_le64(forge->started_ns),
        .started_realtime_ns = haywire_le64((uint64_t)time(NULL) * 1000000000),
        .companion_pid = haywire_le32((uint32_t)getpid()),
    };

    for (int i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        discovery.geometry[i] = haywire_le32(forge->geometry[i]);
    }
    for (int i = 0; i < HAYWIRE_PART_COUNT; i++) {
        discovery.part[i].first = haywire_le32(part[i][0]);
        discovery.part[i].pages = haywire_le32(part[i][1]);
    }
    forge_publish(forge, HAYWIRE_CATEGORY_MASTER, 0, HAYWIRE_KIND_DISCOVERY,
                  &discovery, sizeof(discovery));
}

uint64_t forge_true_pfn(const Forge *forge, size_t slot)
{
    return forge_pfn(&forge->page[slot]);
}

void forge_index(Forge *forge, uint64_t (*pfn)(const Forge *forge, size_t slot))
{
    for (uint32_t page = 0; page < 3; page++) {
        struct {
            HaywireWireIndex head;
            HaywireLe64 entry[HAYWIRE_INDEX_PER_PAGE];
        } payload = { { haywire_le32(0) } };
        size_t first = page * HAYWIRE_INDEX_PER_PAGE;
        size_t count = first < forge->pages ? forge->pages - first : 0;

        count = count < HAYWIRE_INDEX_PER_PAGE ? count : HAYWIRE_INDEX_PER_PAGE;
        payload.head.first_slot = haywire_le32((uint32_t)first);
        payload.head.count = haywire_le32((uint32_t)count);
        payload.head.total = haywire_le32((uint32_t)forge->pages);
        for (size_t i = 0; i < count; i++) {
            payload.entry[i] = haywire_le64(pfn(forge, first + i));
        }
        forge_publish(forge, HAYWIRE_CATEGORY_MASTER, 1 + page,
                      HAYWIRE_KIND_INDEX, &payload,
                      sizeof(payload.head) + count * sizeof(HaywireLe64));
    }
}

void forge_snapshot(Forge *forge)
{
    struct {
        HaywireWirePidPage head;
        HaywireWirePidEntry entry;
    } payload = {
        .head = {
            .pages = haywire_le32(1),
            .count = haywire_le32(1),
            .total = haywire_le32(1),
            .taken_ns = haywire_le64(forge_now()),
        },
        .entry = {
            .pid = haywire_le32(FORGE_PID),
            .state = 'S',
            .threads = haywire_le16(1),
            .name = FORGE_NAME,
        },
    };

    forge_publish(forge, HAYWIRE_CATEGORY_PID, 0, HAYWIRE_KIND_PID, &payload,
                  sizeof(payload));
}

static void publish_camera(Forge *forge, HaywireCategory category)
{
    HaywireWireControl control = { .nonce = haywire_le32(forge->nonce) };

    forge_publish(forge, category, 0, HAYWIRE_KIND_CONTROL, &control,
                  sizeof(control));
}

void forge_all(Forge *forge)
{
    forge_snapshot(forge);
    publish_camera(forge, HAYWIRE_CATEGORY_CAMERA1);
    publish_camera(forge, HAYWIRE_CATEGORY_CAMERA2);
    forge_index(forge, forge_true_pfn);
    forge_discover(forge);
}

HaywireWireRecord forge_record(HaywireRecordType type, size_t length)
{
    return (HaywireWireRecord){
        .type = haywire_le16((uint16_t)type),
        .length = haywire_le16((uint16_t)length),
    };
}

void forge_threads(unsigned long number, void *(*run)(void *))
{
    for (unsigned long i = 0; i < number; i++) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, run, NULL) != 0) {
            exit(1);
        }
    }
}
