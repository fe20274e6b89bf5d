/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verifying the copy of a beacon page: docs/protocol.md, section 2.
 */

#include "diagnose.h"
#include "haywire/bytes.h"
#include "haywire/page.h"
#include "haywire/publish.h"

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

#define REFUSE(diagnosis, status, member, name, value)                       \
    haywire_diagnose(diagnosis, status, offsetof(HaywirePage, member), name, \
                     value)

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
        return REFUSE(diagnosis, HAYWIRE_BAD_VERSION, header.version, "version",
                      version);
    }
    if (!categories) {
        return REFUSE(diagnosis, HAYWIRE_BAD_KIND, header.kind, "kind",
                      info->kind);
    }
    if (category >= HAYWIRE_CATEGORY_COUNT || !(categories & 1u << category)) {
        return REFUSE(diagnosis, HAYWIRE_BAD_CATEGORY, header.category,
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
        return REFUSE(diagnosis, HAYWIRE_BAD_INDEX, header.index, "index",
                      info->index);
    }
    info->payload_length = haywire_le32_get(header->payload_length);
    if (info->payload_length > HAYWIRE_PAYLOAD_MAX) {
        return REFUSE(diagnosis, HAYWIRE_BAD_LENGTH, header.payload_length,
                      "payload length", info->payload_length);
    }
    info->session = haywire_le64_get(header->session);
    if (info->session == 0) {
        return REFUSE(diagnosis, HAYWIRE_BAD_SESSION, header.session, "session",
                      0);
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
        return REFUSE(diagnosis, HAYWIRE_PAGE_BUSY, lock_bottom, "lock bottom",
                      bottom);
    }
    if (checksum != haywire_page_checksum(copy, info->payload_length)) {
        return REFUSE(diagnosis, HAYWIRE_BAD_CHECKSUM, header.checksum,
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
