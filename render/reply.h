/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies: what each command answers, said once. A function walks a model's
 * structure and calls an emitter; the plugin's emitter makes QDicts, the host
 * tool's makes JSON text. So both answer the same, member for member.
 *
 * Reads only its arguments: any thread. Emitters see strings that are borrowed
 * for the duration of the call.
 */

#ifndef HAYWIRE_RENDER_REPLY_H
#define HAYWIRE_RENDER_REPLY_H

#include "fields.h"

/*
 * First member of every implementation. @name is the member of the object
 * being built; NULL for elements of a list and for the outermost value.
 */
typedef struct HaywireEmitter HaywireEmitter;

/* What replies say of themselves, where it fits. */
typedef struct HaywireAbout {
    bool has_session;
    uint64_t session; /* of the model that is told */
    bool more;        /* of a list: what was asked for goes on behind it */
} HaywireAbout;

struct HaywireEmitter {
    void (*begin_object)(HaywireEmitter *emitter, const char *name);
    void (*end_object)(HaywireEmitter *emitter);
    void (*begin_list)(HaywireEmitter *emitter, const char *name);
    void (*end_list)(HaywireEmitter *emitter);
    void (*boolean)(HaywireEmitter *emitter, const char *name, bool value);
    void (*number)(HaywireEmitter *emitter, const char *name, uint64_t value);
    void (*integer)(HaywireEmitter *emitter, const char *name, int64_t value);
    void (*string)(HaywireEmitter *emitter, const char *name,
                   const char *value);
    const HaywireAbout *about; /* NULL: nothing is said */
};

/* The member "session" of the object being built, if there is one. */
void haywire_reply_session(HaywireEmitter *emitter);

/* Part of a virtual address space; @length 0 means up to its end. */
typedef struct HaywireGvaRange {
    HaywireGva start;
    uint64_t length;
} HaywireGvaRange;

/*
 * About how many bytes QEMU needs for one object of a list, until it is sent:
 * the object itself, its members, and their text. docs/security.md says how
 * that bounds memory and time.
 */
uint64_t haywire_reply_cost(const HaywireTable *table, const void *object,
                            HaywireMembers members);

/* The members of one @object, without begin_object() and end_object(). */
void haywire_reply_members(HaywireEmitter *emitter, const HaywireTable *table,
                           const void *object);

/* query-haywire: an object */
void haywire_reply_overview(HaywireEmitter *emitter, const char *name,
                            const HaywireOverview *overview);

/*
 * query-haywire-processes: a list; when it is cut, its last element has the
 * member "more".
 */
void haywire_reply_processes(HaywireEmitter *emitter, const char *name,
                             const HaywireProcess *process, size_t count);

/* The same, of each process only the members that are in @members. */
void haywire_reply_chosen(HaywireEmitter *emitter, const char *name,
                          const HaywireProcess *process, size_t count,
                          HaywireMembers members);

/* query-haywire-sections: an object */
void haywire_reply_sections(HaywireEmitter *emitter, const char *name,
                            const HaywireSectionList *list);

/* query-haywire-ptes: an object; only what of the runs is in @range */
void haywire_reply_page_runs(HaywireEmitter *emitter, const char *name,
                             const HaywirePageRunList *list,
                             HaywireGvaRange range);

/* query-haywire-cameras: a list */
void haywire_reply_cameras(HaywireEmitter *emitter, const char *name,
                           const HaywireCamera *camera, size_t count);

/* haywire-focus, haywire-unfocus: an object */
void haywire_reply_camera(HaywireEmitter *emitter, const char *name,
                          const HaywireCamera *camera);

/* query-haywire-stats: an object */
void haywire_reply_stats(HaywireEmitter *emitter, const char *name,
                         const HaywireHostCounters *host,
                         const HaywireGuestStats *guest);

/* haywire-translate: an object */
void haywire_reply_place(HaywireEmitter *emitter, const char *name,
                         const HaywirePlace *place);

#endif
