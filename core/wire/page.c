/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verifying the copy of a beacon page, section 2 of docs/protocol.md, and
 * reading those pages that are no sequence of records: sections 5.1 to 5.4, and
 * the control page of 5.6.
 */

#include <stddef.h>
#include <string.h>

#include "diagnose.h"
#include "haywire/bytes.h"
#include "haywire/decode.h"
#include "haywire/publish.h"

/* Refuse what a member of the page or of its payload says. */
#define REFUSE_PAGE(diagnosis, status, member, name, value)                  \
    haywire_diagnose(diagnosis, status, offsetof(HaywirePage, member), name, \
                     value)
#define REFUSE(diagnosis, status, type, member, name, value)                  \
    haywire_diagnose(diagnosis, status,                                       \
                     offsetof(HaywirePage, payload) + offsetof(type, member), \
                     name, value)

/* Words to load atomically; what they mean is found in the copy. */
typedef uint64_t __attribute__((may_alias)) LiveWord64;

#define MASTER_ONLY (1u << HAYWIRE_CATEGORY_MASTER)
#define CAMERAS \
    (1u << HAYWIRE_CATEGORY_CAMERA1 | 1u << HAYWIRE_CATEGORY_CAMERA2)
#define ANY_CATEGORY ((1u << HAYWIRE_CATEGORY_COUNT) - 1)

/* Section 4. */
static const struct {
    uint32_t kind;
    uint32_t categories; /* bit set */
} kinds[] = {
    { HAYWIRE_KIND_DISCOVERY, MASTER_ONLY },
    { HAYWIRE_KIND_INDEX, MASTER_ONLY },
    { HAYWIRE_KIND_STATS, MASTER_ONLY },
    { HAYWIRE_KIND_REQUEST, MASTER_ONLY },
    { HAYWIRE_KIND_RESPONSE, MASTER_ONLY },
    { HAYWIRE_KIND_MANIFEST, MASTER_ONLY },
    { HAYWIRE_KIND_PID, 1u << HAYWIRE_CATEGORY_PID },
    { HAYWIRE_KIND_ROUNDROBIN, 1u << HAYWIRE_CATEGORY_ROUNDROBIN },
    { HAYWIRE_KIND_CONTROL, CAMERAS },
    { HAYWIRE_KIND_CAMERA, CAMERAS },
    { HAYWIRE_KIND_EMPTY, ANY_CATEGORY },
};

bool haywire_page_has_magic(const uint8_t *page)
{
    const uint64_t two =
        haywire_word64((uint64_t)HAYWIRE_MAGIC << 32 | HAYWIRE_MAGIC);
    const LiveWord64 *word = (const LiveWord64 *)page;
    size_t i;

    for (i = 0; i < HAYWIRE_MAGIC_COUNT / 2; i++) {
        if (__atomic_load_n(word + i, __ATOMIC_RELAXED) != two) {
            return false;
        }
    }
    return true;
}

static HaywireStatus verify_magic(const HaywirePage *copy,
                                  HaywireDiagnosis *diagnosis)
{
    size_t i;

    for (i = 0; i < HAYWIRE_MAGIC_COUNT; i++) {
        uint32_t word = haywire_le32_get(copy->header.magic[i]);

        if (word != HAYWIRE_MAGIC) {
            return haywire_diagnose(diagnosis, HAYWIRE_BAD_MAGIC,
                                    i * sizeof(word), "magic", word);
        }
    }
    return HAYWIRE_OK;
}

static uint32_t kind_categories(uint32_t kind)
{
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].kind == kind) {
            return kinds[i].categories;
        }
    }
    return 0;
}

static HaywireStatus verify_kind(const HaywirePage *copy, HaywirePageInfo *info,
                                 HaywireDiagnosis *diagnosis)
{
    const HaywirePageHeader *header = &copy->header;
    uint16_t version = haywire_le16_get(header->version);
    uint16_t category = haywire_le16_get(header->category);
    uint32_t categories;

    info->kind = haywire_le32_get(header->kind);
    categories = kind_categories(info->kind);
    if (version != HAYWIRE_PROTOCOL_VERSION) {
        return REFUSE_PAGE(diagnosis, HAYWIRE_BAD_VERSION, header.version,
                           "version", version);
    }
    if (!categories) {
        return REFUSE_PAGE(diagnosis, HAYWIRE_BAD_KIND, header.kind, "kind",
                           info->kind);
    }
    if (category >= HAYWIRE_CATEGORY_COUNT || !(categories & 1u << category)) {
        return REFUSE_PAGE(diagnosis, HAYWIRE_BAD_CATEGORY, header.category,
                           "category", category);
    }
    info->category = (HaywireCategory)category;
    return HAYWIRE_OK;
}

static HaywireStatus verify_place(const HaywirePage *copy,
                                  HaywirePageInfo *info,
                                  HaywireDiagnosis *diagnosis)
{
    const HaywirePageHeader *header = &copy->header;

    info->index = haywire_le32_get(header->index);
    if (info->index >= HAYWIRE_CATEGORY_PAGES_MAX) {
        return REFUSE_PAGE(diagnosis, HAYWIRE_BAD_INDEX, header.index, "index",
                           info->index);
    }
    info->payload_length = haywire_le32_get(header->payload_length);
    if (info->payload_length > HAYWIRE_PAYLOAD_MAX) {
        return REFUSE_PAGE(diagnosis, HAYWIRE_BAD_LENGTH, header.payload_length,
                           "payload length", info->payload_length);
    }
    info->session = haywire_le64_get(header->session);
    if (info->session == 0) {
        return REFUSE_PAGE(diagnosis, HAYWIRE_BAD_SESSION, header.session,
                           "session", 0);
    }
    return HAYWIRE_OK;
}

static HaywireStatus verify_content(const HaywirePage *copy,
                                    HaywirePageInfo *info,
                                    HaywireDiagnosis *diagnosis)
{
    uint32_t bottom = haywire_le32_get(copy->lock_bottom);
    uint64_t checksum = haywire_le64_get(copy->header.checksum);

    info->lock = haywire_le32_get(copy->header.lock_top);
    if (info->lock != bottom) {
        return REFUSE_PAGE(diagnosis, HAYWIRE_PAGE_BUSY, lock_bottom,
                           "lock bottom", bottom);
    }
    if (checksum != haywire_page_checksum(copy, info->payload_length)) {
        return REFUSE_PAGE(diagnosis, HAYWIRE_BAD_CHECKSUM, header.checksum,
                           "checksum", checksum);
    }
    return HAYWIRE_OK;
}

static void take_stamp(const HaywirePageHeader *header, HaywirePageInfo *info)
{
    info->generation = haywire_le64_get(header->generation);
    info->sequence = haywire_le64_get(header->sequence);
    info->monotonic_ns = haywire_le64_get(header->monotonic_ns);
    info->realtime_ns = haywire_le64_get(header->realtime_ns);
    info->pfn = haywire_le64_get(header->pfn);
}

HaywireStatus haywire_page_verify(const HaywirePage *copy,
                                  HaywirePageInfo *ret_info,
                                  HaywireDiagnosis *diagnosis)
{
    HaywirePageInfo info;
    HaywireStatus status = verify_magic(copy, diagnosis);

    if (status == HAYWIRE_OK) {
        status = verify_kind(copy, &info, diagnosis);
    }
    if (status == HAYWIRE_OK) {
        status = verify_place(copy, &info, diagnosis);
    }
    if (status == HAYWIRE_OK) {
        status = verify_content(copy, &info, diagnosis);
    }
    if (status != HAYWIRE_OK) {
        return status;
    }
    take_stamp(&copy->header, &info);
    *ret_info = info;
    return HAYWIRE_OK;
}

/* The payload is not as long as what it is said to hold. */
static HaywireStatus refuse_length(const HaywirePageInfo *info,
                                   HaywireDiagnosis *diagnosis)
{
    return REFUSE_PAGE(diagnosis, HAYWIRE_SHORT_PAYLOAD, header.payload_length,
                       "payload length", info->payload_length);
}

/*
 * Copy the fixed part of a payload, of a page of @kind in its own category.
 *
 * @least: bytes of it that must be there; the rest reads as zero
 */
static HaywireStatus take(const HaywirePage *copy, const HaywirePageInfo *info,
                          uint32_t kind, HaywireCategory category, void *wire,
                          size_t size, size_t least,
                          HaywireDiagnosis *diagnosis)
{
    size_t length = info->payload_length < size ? info->payload_length : size;

    if (info->kind != kind) {
        return REFUSE_PAGE(diagnosis, HAYWIRE_BAD_KIND, header.kind, "kind",
                           info->kind);
    }
    if (info->category != category) {
        return REFUSE_PAGE(diagnosis, HAYWIRE_BAD_KIND, header.category,
                           "category", info->category);
    }
    if (length < least) {
        return refuse_length(info, diagnosis);
    }
    memset(wire, 0, size);
    memcpy(wire, copy->payload, length);
    return HAYWIRE_OK;
}

#define TAKE(copy, info, kind, category, wire, diagnosis)                 \
    take(copy, info, kind, category, &(wire), sizeof(wire), sizeof(wire), \
         diagnosis)

/* The page is the first of its category. */
static HaywireStatus check_first(const HaywirePageInfo *info,
                                 HaywireDiagnosis *diagnosis)
{
    return info->index == 0 ? HAYWIRE_OK
                            : REFUSE_PAGE(diagnosis, HAYWIRE_BAD_INDEX,
                                          header.index, "index", info->index);
}

/* @count entries of @size bytes behind the fixed part of @head bytes. */
static HaywireStatus take_entries(const HaywirePage *copy,
                                  const HaywirePageInfo *info, size_t head,
                                  size_t count, size_t size,
                                  HaywireCursor *ret_entries,
                                  HaywireDiagnosis *diagnosis)
{
    if (count * size > info->payload_length - head) {
        return refuse_length(info, diagnosis);
    }
    haywire_cursor_init(ret_entries, copy->payload + head, count * size);
    return HAYWIRE_OK;
}

static void read_identity(const HaywireWireDiscovery *wire,
                          HaywireDiscovery *discovery)
{
    discovery->os = haywire_le32_get(wire->os);
    discovery->arch = haywire_le32_get(wire->arch);
    discovery->page_size = haywire_le32_get(wire->page_size);
    discovery->state = (HaywireSessionState)haywire_le32_get(wire->state);
    discovery->features = haywire_le64_get(wire->features);
    discovery->heartbeat = haywire_le64_get(wire->heartbeat);
    discovery->heartbeat_interval_ns =
        haywire_le64_get(wire->heartbeat_interval_ns);
    discovery->started_monotonic_ns =
        haywire_le64_get(wire->started_monotonic_ns);
    discovery->started_realtime_ns =
        haywire_le64_get(wire->started_realtime_ns);
    memcpy(discovery->boot_id, wire->boot_id, HAYWIRE_BOOT_ID_SIZE);
    discovery->companion_pid = haywire_le32_get(wire->companion_pid);
    for (size_t i = 0; i < 3; i++) {
        discovery->version[i] = haywire_le16_get(wire->version[i]);
    }
    discovery->pid_interval_ns = haywire_le64_get(wire->pid_interval_ns);
    discovery->roundrobin_interval_ns =
        haywire_le64_get(wire->roundrobin_interval_ns);
    discovery->camera_interval_ns = haywire_le64_get(wire->camera_interval_ns);
}

static HaywireStatus read_geometry(const HaywireWireDiscovery *wire,
                                   HaywireDiscovery *discovery,
                                   HaywireDiagnosis *diagnosis)
{
    for (size_t i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        uint32_t pages = haywire_le32_get(wire->geometry[i]);

        if (pages == 0 || pages > HAYWIRE_CATEGORY_PAGES_MAX) {
            return REFUSE(diagnosis, HAYWIRE_BAD_GEOMETRY, HaywireWireDiscovery,
                          geometry[i], "geometry", pages);
        }
        discovery->geometry[i] = pages;
    }
    return HAYWIRE_OK;
}

/* Page 0 is the discovery page itself; a part of no pages lies nowhere. */
static bool part_fits(const HaywirePart *part, uint32_t master_pages)
{
    return part->pages == 0 || (part->first > 0 && part->first < master_pages &&
                                part->pages <= master_pages - part->first);
}

static HaywireStatus read_parts(const HaywireWireDiscovery *wire,
                                HaywireDiscovery *discovery,
                                HaywireDiagnosis *diagnosis)
{
    uint32_t master_pages = discovery->geometry[HAYWIRE_CATEGORY_MASTER];

    for (size_t i = 0; i < HAYWIRE_PART_COUNT; i++) {
        HaywirePart *part = &discovery->part[i];

        part->first = haywire_le32_get(wire->part[i].first);
        part->pages = haywire_le32_get(wire->part[i].pages);
        if (!part_fits(part, master_pages)) {
            return REFUSE(diagnosis, HAYWIRE_BAD_GEOMETRY, HaywireWireDiscovery,
                          part[i], "master layout", part->first);
        }
    }
    return HAYWIRE_OK;
}

/* Frame numbers are looked up, not judged here. The first payloads have none. */
static HaywireStatus read_index_frames(const HaywireWireDiscovery *wire,
                                       HaywireDiscovery *discovery,
                                       HaywireDiagnosis *diagnosis)
{
    discovery->index_frames = haywire_le32_get(wire->index_frames);
    if (discovery->index_frames > HAYWIRE_INDEX_FRAMES_MAX) {
        return REFUSE(diagnosis, HAYWIRE_BAD_COUNT, HaywireWireDiscovery,
                      index_frames, "index frames", discovery->index_frames);
    }
    for (size_t i = 0; i < HAYWIRE_INDEX_FRAMES_MAX; i++) {
        discovery->index_pfn[i] = haywire_le64_get(wire->index_pfn[i]);
    }
    return HAYWIRE_OK;
}

HaywireStatus haywire_decode_discovery(const HaywirePage *copy,
                                       const HaywirePageInfo *info,
                                       HaywireDiscovery *ret_discovery,
                                       HaywireDiagnosis *diagnosis)
{
    const size_t first_size = offsetof(HaywireWireDiscovery, index_frames);
    HaywireDiscovery discovery = { 0 };
    HaywireWireDiscovery wire;
    HaywireStatus status =
        take(copy, info, HAYWIRE_KIND_DISCOVERY, HAYWIRE_CATEGORY_MASTER, &wire,
             sizeof(wire),
             info->payload_length == first_size ? first_size : sizeof(wire),
             diagnosis);

    if (status == HAYWIRE_OK) {
        status = check_first(info, diagnosis);
    }
    if (status != HAYWIRE_OK) {
        return status;
    }
    read_identity(&wire, &discovery);
    if (discovery.state != HAYWIRE_SESSION_RUNNING &&
        discovery.state != HAYWIRE_SESSION_CLOSED) {
        return REFUSE(diagnosis, HAYWIRE_BAD_VALUE, HaywireWireDiscovery, state,
                      "session state", discovery.state);
    }
    if (discovery.started_monotonic_ns > info->monotonic_ns) {
        return REFUSE(diagnosis, HAYWIRE_BAD_TIME, HaywireWireDiscovery,
                      started_monotonic_ns, "session start",
                      discovery.started_monotonic_ns);
    }
    status = read_geometry(&wire, &discovery, diagnosis);
    if (status == HAYWIRE_OK) {
        status = read_parts(&wire, &discovery, diagnosis);
    }
    if (status == HAYWIRE_OK) {
        status = read_index_frames(&wire, &discovery, diagnosis);
    }
    if (status == HAYWIRE_OK) {
        *ret_discovery = discovery;
    }
    return status;
}

HaywireStatus haywire_decode_index(const HaywirePage *copy,
                                   const HaywirePageInfo *info,
                                   HaywireIndexPage *ret_index,
                                   HaywireDiagnosis *diagnosis)
{
    HaywireWireIndex wire;
    HaywireIndexPage index;
    HaywireStatus status = TAKE(copy, info, HAYWIRE_KIND_INDEX,
                                HAYWIRE_CATEGORY_MASTER, wire, diagnosis);

    if (status != HAYWIRE_OK) {
        return status;
    }
    index.first_slot = haywire_le32_get(wire.first_slot);
    index.count = haywire_le32_get(wire.count);
    index.total = haywire_le32_get(wire.total);
    if (index.count > HAYWIRE_INDEX_PER_PAGE) {
        return REFUSE(diagnosis, HAYWIRE_BAD_COUNT, HaywireWireIndex, count,
                      "entries on this page", index.count);
    }
    if (index.first_slot > index.total ||
        index.count > index.total - index.first_slot) {
        return REFUSE(diagnosis, HAYWIRE_BAD_ORDINAL, HaywireWireIndex,
                      first_slot, "first slot", index.first_slot);
    }
    status = take_entries(copy, info, sizeof(wire), index.count,
                          sizeof(HaywireLe64), &index.entries, diagnosis);
    if (status == HAYWIRE_OK) {
        *ret_index = index;
    }
    return status;
}

/* Counters that fit a page. */
#define COUNTERS_MAX \
    ((HAYWIRE_PAYLOAD_MAX - sizeof(HaywireWireStats)) / sizeof(HaywireLe64))

HaywireStatus haywire_decode_stats(const HaywirePage *copy,
                                   const HaywirePageInfo *info,
                                   uint64_t ret_counter[HAYWIRE_COUNTER_COUNT],
                                   HaywireDiagnosis *diagnosis)
{
    HaywireWireStats wire;
    HaywireCursor entries;
    uint32_t count;
    HaywireStatus status = TAKE(copy, info, HAYWIRE_KIND_STATS,
                                HAYWIRE_CATEGORY_MASTER, wire, diagnosis);

    if (status != HAYWIRE_OK) {
        return status;
    }
    count = haywire_le32_get(wire.count);
    if (count > COUNTERS_MAX) {
        return REFUSE(diagnosis, HAYWIRE_BAD_COUNT, HaywireWireStats, count,
                      "count", count);
    }
    status = take_entries(copy, info, sizeof(wire), count, sizeof(HaywireLe64),
                          &entries, diagnosis);
    for (size_t i = 0; i < HAYWIRE_COUNTER_COUNT && status == HAYWIRE_OK; i++) {
        ret_counter[i] = 0;
        if (i < count) {
            status = haywire_cursor_u64(&entries, &ret_counter[i]);
        }
    }
    return status;
}

HaywireStatus haywire_decode_pid_page(const HaywirePage *copy,
                                      const HaywirePageInfo *info,
                                      HaywirePidPage *ret_page,
                                      HaywireDiagnosis *diagnosis)
{
    HaywireWirePidPage wire;
    HaywirePidPage page;
    HaywireStatus status = TAKE(copy, info, HAYWIRE_KIND_PID,
                                HAYWIRE_CATEGORY_PID, wire, diagnosis);

    if (status != HAYWIRE_OK) {
        return status;
    }
    page.ordinal = haywire_le32_get(wire.ordinal);
    page.pages = haywire_le32_get(wire.pages);
    page.count = haywire_le32_get(wire.count);
    page.total = haywire_le32_get(wire.total);
    page.dropped = haywire_le32_get(wire.dropped);
    page.first_index = haywire_le32_get(wire.first_index);
    page.taken_ns = haywire_le64_get(wire.taken_ns);
    if (page.pages > HAYWIRE_CATEGORY_PAGES_MAX || page.ordinal >= page.pages) {
        return REFUSE(diagnosis, HAYWIRE_BAD_ORDINAL, HaywireWirePidPage,
                      ordinal, "ordinal", page.ordinal);
    }
    if (page.count > HAYWIRE_PIDS_PER_PAGE) {
        return REFUSE(diagnosis, HAYWIRE_BAD_COUNT, HaywireWirePidPage, count,
                      "entries on this page", page.count);
    }
    if (page.first_index >= HAYWIRE_CATEGORY_PAGES_MAX) {
        return REFUSE(diagnosis, HAYWIRE_BAD_ORDINAL, HaywireWirePidPage,
                      first_index, "index of the first page", page.first_index);
    }
    status =
        take_entries(copy, info, sizeof(wire), page.count,
                     sizeof(HaywireWirePidEntry), &page.entries, diagnosis);
    if (status == HAYWIRE_OK) {
        *ret_page = page;
    }
    return status;
}

HaywireStatus haywire_decode_pid_entry(HaywirePidPage *page,
                                       HaywirePidEntry *ret_entry)
{
    HaywireWirePidEntry wire;
    const uint8_t *bytes;

    if (haywire_cursor_bytes(&page->entries, sizeof(wire), &bytes) !=
        HAYWIRE_OK) {
        return HAYWIRE_NOT_FOUND;
    }
    memcpy(&wire, bytes, sizeof(wire));
    *ret_entry = (HaywirePidEntry){
        .pid = haywire_le32_get(wire.pid),
        .ppid = haywire_le32_get(wire.ppid),
        .start_time_ns = haywire_le64_get(wire.start_time_ns),
        .uid = haywire_le32_get(wire.uid),
        .state = wire.state,
        .flags = wire.flags,
        .threads = haywire_le16_get(wire.threads),
        .name_length = strnlen((const char *)wire.name, sizeof(wire.name)),
    };
    memcpy(ret_entry->name, wire.name, sizeof(wire.name));
    return HAYWIRE_OK;
}

HaywireStatus haywire_decode_control(const HaywirePage *copy,
                                     const HaywirePageInfo *info,
                                     HaywireControl *ret_control,
                                     HaywireDiagnosis *diagnosis)
{
    HaywireCategory category = info->category == HAYWIRE_CATEGORY_CAMERA2
                                   ? HAYWIRE_CATEGORY_CAMERA2
                                   : HAYWIRE_CATEGORY_CAMERA1;
    HaywireWireControl wire;
    uint32_t nonce, camera_status;
    HaywireStatus status =
        TAKE(copy, info, HAYWIRE_KIND_CONTROL, category, wire, diagnosis);

    if (status == HAYWIRE_OK) {
        status = check_first(info, diagnosis);
    }
    if (status != HAYWIRE_OK) {
        return status;
    }
    nonce = haywire_le32_get(wire.nonce);
    if (nonce == 0) {
        return REFUSE(diagnosis, HAYWIRE_BAD_VALUE, HaywireWireControl, nonce,
                      "nonce", 0);
    }
    camera_status = haywire_le32_get(wire.status);
    if (camera_status > HAYWIRE_CAMERA_DENIED) {
        return REFUSE(diagnosis, HAYWIRE_BAD_VALUE, HaywireWireControl, status,
                      "status", camera_status);
    }
    *ret_control = (HaywireControl){
        .nonce = nonce,
        .status = (HaywireCameraStatus)camera_status,
        .target_pid = haywire_le32_get(wire.target_pid),
        .current_pid = haywire_le32_get(wire.current_pid),
        .current_start_time_ns = haywire_le64_get(wire.current_start_time_ns),
        .pass = haywire_le64_get(wire.pass),
        .first_page = haywire_le32_get(wire.first_page),
        .pages = haywire_le32_get(wire.pages),
        .sections_total = haywire_le32_get(wire.sections_total),
        .sections_stored = haywire_le32_get(wire.sections_stored),
        .runs_total = haywire_le32_get(wire.runs_total),
        .runs_stored = haywire_le32_get(wire.runs_stored),
        .pass_started_ns = haywire_le64_get(wire.pass_started_ns),
        .pass_finished_ns = haywire_le64_get(wire.pass_finished_ns),
        .target_taken_ns = haywire_le64_get(wire.target_taken_ns),
        .rss = haywire_le64_get(wire.rss),
        .pss = haywire_le64_get(wire.pss),
        .swap = haywire_le64_get(wire.swap),
        .flags = haywire_le32_get(wire.flags),
    };
    return HAYWIRE_OK;
}
