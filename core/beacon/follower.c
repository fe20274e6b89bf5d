/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following one session.
 */

#include "follower.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(HaywireSlot) == HAYWIRE_SLOT_BYTES, "as documented");

/* What is known of a slot's page, in its member @copy. */
enum {
    SLOT_UNREAD,   /* nothing: not found, or not good yet */
    SLOT_UNNEEDED, /* it says nothing that is kept */
    SLOT_LEFT_OUT, /* there was no memory for a copy */
    SLOT_HELD,     /* this and above: copy 0 and so on */
};

#define RANGES      HAYWIRE_SLOT_RANGES
#define RANGE_DATA1 5
#define RANGE_DATA2 6
/* The first index pages lead to the others, and those to all pages. */
#define INDEX_ROUNDS 3

static void set_ranges(HaywireFollower *follower)
{
    const HaywireMap *map = follower->map;
    const uint32_t *pages = map->pages;
    const uint32_t records = pages[HAYWIRE_CATEGORY_ROUNDROBIN] / 2;
    const struct {
        HaywireCategory category;
        uint32_t from;
        uint32_t to;
    } range[RANGES] = {
        { HAYWIRE_CATEGORY_MASTER, 0, pages[HAYWIRE_CATEGORY_MASTER] },
        { HAYWIRE_CATEGORY_CAMERA1, 0, 1 },
        { HAYWIRE_CATEGORY_CAMERA2, 0, 1 },
        { HAYWIRE_CATEGORY_PID, 0, pages[HAYWIRE_CATEGORY_PID] },
        { HAYWIRE_CATEGORY_ROUNDROBIN, 0, records },
        { HAYWIRE_CATEGORY_CAMERA1, 1, pages[HAYWIRE_CATEGORY_CAMERA1] },
        { HAYWIRE_CATEGORY_CAMERA2, 1, pages[HAYWIRE_CATEGORY_CAMERA2] },
        { HAYWIRE_CATEGORY_ROUNDROBIN, records,
          pages[HAYWIRE_CATEGORY_ROUNDROBIN] },
    };

    for (int i = 0; i < RANGES; i++) {
        uint32_t first = map->first[range[i].category];

        follower->range[i].first = first + range[i].from;
        follower->range[i].end = first + range[i].to;
    }
}

HaywireStatus haywire_follower_new(HaywireMemory *memory, HaywireCopyPool *pool,
                                   HaywireHostCounters *host,
                                   const HaywireSession *session,
                                   HaywireFollower **ret_follower)
{
    HaywireFollower *follower = calloc(1, sizeof(*follower));
    HaywireStatus status = HAYWIRE_NO_MEMORY;

    if (follower) {
        status = haywire_map_new(session, &follower->map);
    }
    if (status != HAYWIRE_OK) {
        free(follower);
        return status;
    }
    follower->memory = memory;
    follower->pool = pool;
    follower->host = host;
    set_ranges(follower);
    haywire_pool_reset(pool, sizeof(HaywireSlot) * follower->map->total);
    host->pages_left_out = 0;
    haywire_follower_take_discovery(follower, session, true);
    *ret_follower = follower;
    return HAYWIRE_OK;
}

void haywire_follower_destroy(HaywireFollower *follower)
{
    if (follower) {
        if (follower->layout_told) {
            haywire_memory_set_layout(follower->memory, NULL);
        }
        haywire_pool_reset(follower->pool, 0);
        follower->host->pages_left_out = 0;
        free(follower->map);
        free(follower);
    }
}

static HaywireHeld *find_held(const HaywireFollower *follower, uint32_t slot)
{
    uint32_t copy = follower->map->slot[slot].copy;

    return copy >= SLOT_HELD ? &follower->pool->held[copy - SLOT_HELD] : NULL;
}

/* Change what is known of a slot's page to one of the states without a copy. */
static void set_state(HaywireFollower *follower, uint32_t number,
                      uint32_t state)
{
    HaywireSlot *slot = &follower->map->slot[number];
    HaywireHostCounters *host = follower->host;

    if (slot->copy >= SLOT_HELD) {
        haywire_pool_drop(follower->pool, slot->copy - SLOT_HELD);
        follower->changed = true;
    }
    if (slot->copy != state) {
        host->pages_left_out -= slot->copy == SLOT_LEFT_OUT;
        host->pages_left_out += state == SLOT_LEFT_OUT;
        host->limits_reached += state == SLOT_LEFT_OUT;
    }
    slot->copy = state;
}

static int find_range(const HaywireFollower *follower, uint32_t slot)
{
    int i = 0;

    while (slot < follower->range[i].first || slot >= follower->range[i].end) {
        i++;
    }
    return i;
}

/* Give up a copy that is worth less than one of @range. False: there is none. */
static bool give_up_copy(HaywireFollower *follower, int range)
{
    int i;

    for (i = RANGES - 1; i > range; i--) {
        HaywireSlotRange *of = &follower->range[i];

        while (of->hand > of->first) {
            if (find_held(follower, --of->hand)) {
                set_state(follower, of->hand, SLOT_LEFT_OUT);
                return true;
            }
        }
    }
    return false;
}

/* A copy for a slot that has none. NULL: there is no memory for it. */
static HaywireHeld *take_copy(HaywireFollower *follower, uint32_t slot)
{
    uint32_t number;

    if (!haywire_pool_has_room(follower->pool) &&
        !give_up_copy(follower, find_range(follower, slot))) {
        return NULL;
    }
    number = haywire_pool_take(follower->pool);
    if (number == HAYWIRE_COPY_NONE) {
        return NULL;
    }
    set_state(follower, slot, SLOT_UNREAD);
    follower->map->slot[slot].copy = SLOT_HELD + number;
    follower->pool->held[number].copy.position = HAYWIRE_POSITION_NONE;
    return &follower->pool->held[number];
}

/* Is anything kept of such a page? */
static bool is_needed(uint32_t kind)
{
    switch (kind) {
    case HAYWIRE_KIND_EMPTY:
    case HAYWIRE_KIND_DISCOVERY: /* kept with the session */
    case HAYWIRE_KIND_REQUEST:
    case HAYWIRE_KIND_RESPONSE:
        return false;
    default:
        return true;
    }
}

/* The slot's page was read, where the map has it now. */
static void keep(HaywireFollower *follower, uint32_t slot,
                 const HaywirePage *page, const HaywirePageInfo *info)
{
    HaywirePosition position = follower->map->slot[slot].position;
    HaywireHeld *held = find_held(follower, slot);

    if (!is_needed(info->kind)) {
        set_state(follower, slot, SLOT_UNNEEDED);
        return;
    }
    if (!held) {
        held = take_copy(follower, slot);
    } else if (info->kind != HAYWIRE_KIND_INDEX) {
        follower->host->remaps +=
            held->copy.position.value != HAYWIRE_POSITION_NONE.value &&
            held->copy.position.value != position.value;
    }
    if (!held) {
        set_state(follower, slot, SLOT_LEFT_OUT);
        return;
    }
    memcpy((HaywirePage *)held->copy.page, page, sizeof(*page));
    held->copy.info = *info;
    held->copy.position = position;
    held->shown = false;
    if (info->kind == HAYWIRE_KIND_INDEX) {
        follower->index_changed = true;
    } else {
        follower->changed = true;
    }
}

/*
 * The slot's page is not there any more. While the session beats that means
 * that it moved; what is held stays until it is found, so that a snapshot does
 * not fall apart meanwhile. Else the companion may just have been killed: what
 * is held is then the last that is to be known.
 */
static void lose(HaywireFollower *follower, uint32_t slot, HaywireStatus why)
{
    HaywireHeld *held = find_held(follower, slot);

    if (!follower->beat && follower->has_read) {
        return;
    }
    follower->host->rejected[why]++;
    follower->host->remaps++;
    haywire_map_forget(follower->map, slot);
    if (held) {
        held->copy.position = HAYWIRE_POSITION_NONE;
        follower->changed = true;
    } else {
        set_state(follower, slot, SLOT_UNREAD);
    }
    follower->needs_scan = true;
    follower->lost = true;
}

/* Whether or not their control pages change: something could not be read. */
static void look_at_cameras(HaywireFollower *follower)
{
    follower->control_lock[0] = follower->control_lock[1] = 0;
}

static void take(HaywireFollower *follower, const HaywireWant *want,
                 const HaywirePageRead *read, const HaywirePage *copy)
{
    HaywireMap *map = follower->map;
    HaywireStatus status = read->status;

    if (status == HAYWIRE_OK) {
        status = haywire_map_check(map, want->slot, &read->info);
    }
    if (status == HAYWIRE_OK) {
        follower->host->pages_read++;
        if (haywire_map_claim(map, want->slot, want->position, &read->info,
                              follower->following,
                              &follower->host->slot_clashes)) {
            keep(follower, want->slot, copy, &read->info);
        }
    } else if (status == HAYWIRE_IO_ERROR && !follower->following) {
        follower->status = status;
    } else if (status == HAYWIRE_PAGE_BUSY || status == HAYWIRE_BAD_TIME ||
               map->slot[want->slot].position.value != want->position.value) {
        follower->host->rejected[status]++;
        look_at_cameras(follower);
    } else {
        lose(follower, want->slot, status);
    }
}

static int compare_wants(const void *left, const void *right)
{
    uint64_t a = ((const HaywireWant *)left)->position.value;
    uint64_t b = ((const HaywireWant *)right)->position.value;

    return a < b ? -1 : a > b;
}

/* Mostly pages lie in the order of their slots. */
static void sort_wants(HaywireFollower *follower)
{
    size_t i = 1;

    while (i < follower->wants &&
           compare_wants(&follower->want[i - 1], &follower->want[i]) <= 0) {
        i++;
    }
    if (i < follower->wants) {
        qsort(follower->want, follower->wants, sizeof(follower->want[0]),
              compare_wants);
    }
}

static void read_wants(HaywireFollower *follower)
{
    HaywirePageRead read[HAYWIRE_PAGE_READS];
    size_t at, i, count;

    sort_wants(follower);
    for (at = 0; at < follower->wants; at += count) {
        const HaywireWant *want = &follower->want[at];

        count = follower->wants - at < HAYWIRE_PAGE_READS ? follower->wants - at
                                                          : HAYWIRE_PAGE_READS;
        for (i = 0; i < count; i++) {
            read[i].position = want[i].position;
        }
        haywire_pages_read(follower->memory, read, follower->batch, count);
        for (i = 0; i < count; i++) {
            take(follower, &want[i], &read[i], &follower->batch[i]);
        }
    }
    follower->wants = 0;
}

static void want(HaywireFollower *follower, uint32_t slot,
                 HaywirePosition position)
{
    if (follower->wants == HAYWIRE_WANTS_MAX) {
        read_wants(follower);
    }
    follower->want[follower->wants++] = (HaywireWant){ position, slot };
}

/* Whatever its lock says: has the slot's page to be read? */
static bool must_read(const HaywireFollower *follower, uint32_t slot)
{
    const HaywireSlot *of = &follower->map->slot[slot];
    const HaywireHeld *held = find_held(follower, slot);

    return of->copy == SLOT_UNREAD ||
           (of->copy == SLOT_LEFT_OUT &&
            haywire_pool_has_room(follower->pool)) ||
           (held && (held->copy.position.value != of->position.value ||
                     held->copy.info.lock != of->lock));
}

/* The lock's top: what a writer changes first. */
#define LOCK_AT offsetof(HaywirePage, header.lock_top)

static void want_changed(HaywireFollower *follower)
{
    size_t i;

    haywire_memory_peek(follower->memory, LOCK_AT, follower->peek,
                        follower->peeks);
    for (i = 0; i < follower->peeks; i++) {
        const HaywirePeek *peek = &follower->peek[i];
        uint32_t slot = follower->peek_slot[i];

        if (peek->status != HAYWIRE_OK ||
            peek->word != follower->map->slot[slot].lock) {
            want(follower, slot, peek->page);
        }
    }
    follower->peeks = 0;
}

/* @look: also at pages that have been read, whether they have changed. */
static void want_range(HaywireFollower *follower, const HaywireSlotRange *range,
                       bool look)
{
    uint32_t i;

    for (i = range->first; i < range->end; i++) {
        HaywirePosition position = follower->map->slot[i].position;

        if (!haywire_slot_is_mapped(&follower->map->slot[i])) {
            continue;
        }
        if (must_read(follower, i)) {
            want(follower, i, position);
        } else if (look) {
            follower->peek[follower->peeks].page = position;
            follower->peek_slot[follower->peeks++] = i;
        }
        if (follower->peeks == HAYWIRE_PEEKS_MAX) {
            want_changed(follower);
        }
    }
}

static void read_changed(HaywireFollower *follower)
{
    want_changed(follower);
    read_wants(follower);
}

/*
 * A camera's control page is written behind the pages of a pass. So as long as
 * it is what it was when they were last looked at, they need no other look.
 */
static bool has_new_pass(HaywireFollower *follower, int camera)
{
    const HaywireMap *map = follower->map;
    uint32_t slot = map->first[HAYWIRE_CATEGORY_CAMERA1 + camera];
    HaywirePeek peek = { .page = map->slot[slot].position };
    uint32_t *last = &follower->control_lock[camera];

    haywire_memory_peek(follower->memory, LOCK_AT, &peek, 1);
    if (peek.status == HAYWIRE_OK && peek.word == *last) {
        return false;
    }
    *last = peek.status == HAYWIRE_OK ? peek.word : 0;
    return true;
}

static void begin(HaywireFollower *follower)
{
    int i;

    follower->status = HAYWIRE_OK;
    for (i = 0; i < RANGES; i++) {
        follower->range[i].hand = follower->range[i].end;
    }
}

static HaywireStatus find_frame(const HaywireFollower *follower, uint64_t pfn,
                                HaywirePosition *ret_position)
{
    if (pfn > UINT64_MAX >> HAYWIRE_PAGE_SHIFT) {
        return HAYWIRE_BAD_RANGE;
    }
    return haywire_layout_position(haywire_memory_layout(follower->memory),
                                   (HaywireGpa){ pfn << HAYWIRE_PAGE_SHIFT },
                                   ret_position);
}

/*
 * The index says that the page of @slot is in frame @pfn. True: it says
 * something.
 */
static bool take_entry(HaywireFollower *follower, uint32_t slot, uint64_t pfn)
{
    HaywirePosition position;
    HaywireStatus status;

    if (pfn == 0) {
        return false; /* not known to the guest */
    }
    status = find_frame(follower, pfn, &position);
    if (status != HAYWIRE_OK) {
        follower->host->rejected[status]++;
    } else if (position.value != follower->map->slot[slot].position.value) {
        want(follower, slot, position);
    }
    return true;
}

/* Does the discovery page, which is newer than the index, say where it is? */
static bool is_named(const HaywireFollower *follower, uint32_t slot)
{
    uint32_t number = slot - follower->map->index.first;

    return number < follower->index_frames &&
           number < follower->map->index.pages &&
           follower->index_pfn[number] != 0;
}

/* @left: entries that can still come; true: some say something. */
static bool walk_index_page(HaywireFollower *follower, const HaywireCopy *copy,
                            uint32_t *left)
{
    const uint32_t total = follower->map->total;
    HaywireIndexPage page;
    bool any = false;
    uint64_t pfn;
    HaywireStatus status =
        haywire_decode_index(copy->page, &copy->info, &page, NULL);

    if (status != HAYWIRE_OK) {
        follower->host->rejected[status]++;
        return false;
    }
    for (uint32_t i = 0; i<page.count && * left> 0; i++, --*left) {
        if (page.first_slot >= total || i >= total - page.first_slot ||
            haywire_cursor_u64(&page.entries, &pfn) != HAYWIRE_OK) {
            break;
        }
        if (!is_named(follower, page.first_slot + i)) {
            any |= take_entry(follower, page.first_slot + i, pfn);
        }
    }
    return any;
}

/*
 * All that the index says now, which is as long as there are slots, whatever
 * its pages say: docs/protocol.md, section 5.2. True: it says something.
 */
static bool walk_index(HaywireFollower *follower)
{
    const HaywirePart *index = &follower->map->index;
    uint32_t i, left = follower->map->total;
    bool any = false;

    follower->following = true;
    for (i = 0; i < follower->index_frames && i < index->pages; i++) {
        any |= take_entry(follower, index->first + i, follower->index_pfn[i]);
    }
    for (i = index->first; i - index->first < index->pages; i++) {
        const HaywireHeld *held = find_held(follower, i);

        if (held && held->copy.info.kind == HAYWIRE_KIND_INDEX) {
            any |= walk_index_page(follower, &held->copy, &left);
        }
    }
    read_wants(follower);
    follower->following = false;
    return any;
}

static bool follow_index(HaywireFollower *follower)
{
    bool any_pfn = false;
    int round = 0;

    do {
        follower->index_changed = false;
        any_pfn |= walk_index(follower);
    } while (follower->index_changed && ++round < INDEX_ROUNDS);
    follower->index_moved = false;
    follower->index_changed = false;
    follower->lost = false;
    return any_pfn;
}

bool haywire_follower_by_index(HaywireFollower *follower)
{
    const HaywirePart *index = &follower->map->index;
    HaywireSlotRange range = { index->first, index->first + index->pages, 0 };

    if (!haywire_memory_layout(follower->memory)) {
        return false;
    }
    begin(follower);
    want_range(follower, &range, true);
    read_changed(follower);
    return follow_index(follower) && follower->map->missing == 0;
}

static HaywireStatus tell_layout(HaywireFollower *follower)
{
    const HaywireMap *map = follower->map;
    const HaywireCopy **manifest = follower->pool->order;
    uint32_t i, first = map->first[HAYWIRE_CATEGORY_MASTER];
    HaywireStatus status;
    size_t count = 0;

    for (i = first; i - first < map->pages[HAYWIRE_CATEGORY_MASTER]; i++) {
        const HaywireHeld *held = find_held(follower, i);

        if (held && held->copy.info.kind == HAYWIRE_KIND_MANIFEST) {
            manifest[count++] = &held->copy;
        }
    }
    status = haywire_map_tell_layout(map, follower->memory, manifest, count);
    follower->layout_told = haywire_memory_layout(follower->memory) != NULL;
    return status;
}

HaywireStatus haywire_follower_update(HaywireFollower *follower, bool beat)
{
    const HaywireLayout *layout = haywire_memory_layout(follower->memory);
    int i;

    begin(follower);
    follower->beat = beat;
    for (i = 0; i < RANGES; i++) {
        want_range(follower, &follower->range[i],
                   (i != RANGE_DATA1 && i != RANGE_DATA2) ||
                       has_new_pass(follower, i - RANGE_DATA1));
    }
    read_changed(follower);
    if (follower->status != HAYWIRE_OK) {
        return follower->status;
    }
    if (layout &&
        (follower->index_changed || follower->lost || follower->index_moved)) {
        follow_index(follower);
        follower->needs_scan =
            follower->needs_scan && follower->map->missing > 0;
    }
    follower->has_read = true;
    return layout ? HAYWIRE_OK : tell_layout(follower);
}

void haywire_follower_found(HaywireFollower *follower, HaywirePosition position,
                            const HaywirePageInfo *info)
{
    HaywireMap *map = follower->map;
    HaywireStatus status;
    uint32_t slot;

    if (info->session != map->session) {
        return;
    }
    status = haywire_map_find(map, info, &slot);
    if (status != HAYWIRE_OK) {
        follower->host->rejected[status]++;
        return;
    }
    if (!haywire_map_claim(map, slot, position, info, false,
                           &follower->host->slot_clashes)) {
        return;
    }
    if (!is_needed(info->kind)) {
        set_state(follower, slot, SLOT_UNNEEDED);
    } else if (map->slot[slot].copy == SLOT_UNNEEDED) {
        set_state(follower, slot, SLOT_UNREAD);
    }
}

void haywire_follower_take_discovery(HaywireFollower *follower,
                                     const HaywireSession *session, bool found)
{
    const HaywireDiscovery *discovery = &session->discovery;

    haywire_map_set_clock(follower->map, session->info.monotonic_ns);
    if (found ||
        haywire_follower_position(follower, HAYWIRE_CATEGORY_MASTER, 0).value ==
            session->position.value) {
        haywire_follower_found(follower, session->position, &session->info);
    }
    if (follower->index_frames == discovery->index_frames &&
        memcmp(follower->index_pfn, discovery->index_pfn,
               sizeof(follower->index_pfn)) == 0) {
        return;
    }
    follower->index_frames = discovery->index_frames;
    memcpy(follower->index_pfn, discovery->index_pfn,
           sizeof(follower->index_pfn));
    follower->index_moved = true;
}

const HaywireCopy *const *haywire_follower_list(HaywireFollower *follower,
                                                size_t *ret_count)
{
    const HaywireCopy **order = follower->pool->order;
    size_t count = 0;
    uint32_t i;

    for (i = 0; i < follower->map->total; i++) {
        HaywireHeld *held = find_held(follower, i);

        if (held && held->copy.info.kind != HAYWIRE_KIND_INDEX) {
            held->copy.counted = held->shown;
            held->shown = true;
            order[count++] = &held->copy;
        }
    }
    follower->changed = false;
    *ret_count = count;
    return order;
}

HaywirePosition haywire_follower_position(const HaywireFollower *follower,
                                          HaywireCategory category,
                                          uint32_t index)
{
    const HaywireMap *map = follower->map;

    return index < map->pages[category]
               ? map->slot[map->first[category] + index].position
               : HAYWIRE_POSITION_NONE;
}
