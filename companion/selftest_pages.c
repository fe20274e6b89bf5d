/*
 * Reading back: each page for itself, by the rules of the protocol.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "haywire/decode.h"
#include "selftest.h"

/* A page was read and decoded; where it failed, why. */
typedef struct PageCheck {
    HaywirePage copy;
    HaywirePageInfo info;
    HaywireDiagnosis diagnosis;
    HaywireStatus status;
} PageCheck;

static HaywireStatus check_records(PageCheck *check)
{
    HaywireRecordReader reader;
    HaywireRecord record;
    HaywireStatus status =
        haywire_record_reader_init(&reader, &check->copy, &check->info);

    while (status == HAYWIRE_OK) {
        status = haywire_record_next(&reader, &record, &check->diagnosis);
    }
    return status == HAYWIRE_NOT_FOUND ? HAYWIRE_OK : status;
}

static HaywireStatus check_payload(PageCheck *check)
{
    union {
        HaywireDiscovery discovery;
        HaywireIndexPage index;
        HaywirePidPage pid;
        HaywireControl control;
        uint64_t counter[HAYWIRE_COUNTER_COUNT];
    } decoded;

    switch (check->info.kind) {
    case HAYWIRE_KIND_DISCOVERY:
        return haywire_decode_discovery(&check->copy, &check->info,
                                        &decoded.discovery, &check->diagnosis);
    case HAYWIRE_KIND_INDEX:
        return haywire_decode_index(&check->copy, &check->info, &decoded.index,
                                    &check->diagnosis);
    case HAYWIRE_KIND_STATS:
        return haywire_decode_stats(&check->copy, &check->info, decoded.counter,
                                    &check->diagnosis);
    case HAYWIRE_KIND_PID:
        return haywire_decode_pid_page(&check->copy, &check->info, &decoded.pid,
                                       &check->diagnosis);
    case HAYWIRE_KIND_CONTROL:
        return haywire_decode_control(&check->copy, &check->info,
                                      &decoded.control, &check->diagnosis);
    case HAYWIRE_KIND_ROUNDROBIN:
    case HAYWIRE_KIND_CAMERA:
    case HAYWIRE_KIND_MANIFEST:
        return check_records(check);
    default:
        return HAYWIRE_OK;
    }
}

static bool check_page(PageCheck *check, HaywirePublisher *publisher,
                       HaywireCategory category, uint32_t index)
{
    const HaywirePage *page =
        haywire_publisher_page(publisher, category, index);
    HaywireDiagnosis none = { 0 };

    check->diagnosis = none;
    check->status = haywire_page_snapshot((const uint8_t *)page, &check->copy,
                                          &check->info, &check->diagnosis);
    if (check->status != HAYWIRE_OK) {
        return false;
    }
    check->status = check->info.category != category ? HAYWIRE_BAD_CATEGORY
                    : check->info.index != index     ? HAYWIRE_BAD_INDEX
                    : check->info.session != publisher->session
                        ? HAYWIRE_BAD_SESSION
                        : check_payload(check);
    return check->status == HAYWIRE_OK;
}

static void check_category(HaywireSelftest *test, HaywireCategory category)
{
    static const char *const name[HAYWIRE_CATEGORY_COUNT] = {
        "MASTER", "ROUNDROBIN", "PID", "CAMERA1", "CAMERA2",
    };
    HaywirePublisher *publisher = test->companion->publisher;
    uint32_t pages = haywire_publisher_pages(publisher, category);
    uint32_t used = 0;
    PageCheck check;

    for (uint32_t i = 0; i < pages; i++) {
        if (!check_page(&check, publisher, category, i)) {
            haywire_selftest_say(
                test, false, "%s page %u: %s (%s)", name[category], i,
                haywire_status_text(check.status),
                check.diagnosis.field ? check.diagnosis.field : "page");
            return;
        }
        used += check.info.kind != HAYWIRE_KIND_EMPTY;
    }
    haywire_selftest_say(test, used > 0, "%s: %u pages verified, %u in use",
                         name[category], pages, used);
}

void haywire_selftest_pages(HaywireSelftest *test)
{
    for (int i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        check_category(test, i);
    }
}
