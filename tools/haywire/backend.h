/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Backend: where the tool's answers come from, a RAM file or a running plugin.
 * Commands know only this interface. One thread.
 *
 * All functions that return gboolean set their GError (exit_status.h) when
 * they return FALSE. What is handed out belongs to the backend, until the next
 * haywire_backend_refresh() or its end.
 */
#ifndef HAYWIRE_TOOL_BACKEND_H
#define HAYWIRE_TOOL_BACKEND_H

#include <glib.h>

#include "haywire/watch_read.h"
#include "qmp_client.h"
#include "reply.h"

/* A session that a scan met. */
typedef struct HaywireScanRow {
    HaywireState state;
    uint64_t session;
    uint32_t os;
    uint32_t arch;
    uint32_t companion_pid;
    uint64_t started; /* guest wall clock, ns since 1970 */
    uint64_t heartbeat;
    uint64_t heartbeat_time; /* guest wall clock, ns since 1970 */
    uint64_t pages;          /* good pages of it */
    bool chosen;             /* what the other commands show */
} HaywireScanRow;

/* @pages to @rejected need @counted: a plugin tells only @pages. */
typedef struct HaywireScanReport {
    uint64_t duration; /* ns */
    uint64_t pages;    /* resident pages looked at */
    bool counted;
    uint64_t candidates; /* pages that look like beacons */
    uint64_t rejected;   /* of these, how many are bad */
    uint64_t sessions;   /* seen in memory; the rows may be fewer */
    GArray *row;         /* of HaywireScanRow; the caller's */
} HaywireScanReport;

typedef struct HaywireProcessList {
    size_t count;
    const HaywireProcess *process;
} HaywireProcessList;

typedef struct HaywireBackend HaywireBackend;

typedef struct HaywireBackendOps {
    gboolean (*refresh)(HaywireBackend *backend, GError **error);
    gint64 (*beat_wait)(HaywireBackend *backend);
    const HaywireOverview *(*overview)(HaywireBackend *backend);
    /*
     * What is to be taken of this process as well, from the next look on. TRUE:
     * what was seen so far has not all of it.
     */
    gboolean (*want)(HaywireBackend *backend, uint32_t pid);
    /* Why no kernel was found, for people; "" when none was looked for. */
    const char *(*why_no_kernel)(HaywireBackend *backend);
    gboolean (*processes)(HaywireBackend *backend, HaywireProcessList *ret_list,
                          GError **error);
    gboolean (*sections)(HaywireBackend *backend, uint32_t pid,
                         HaywireSectionList *ret_list, GError **error);
    gboolean (*page_runs)(HaywireBackend *backend, uint32_t pid,
                          HaywireGvaRange range, HaywirePageRunList *ret_list,
                          GError **error);
    gboolean (*cameras)(HaywireBackend *backend, HaywireCamera ret_camera[2],
                        GError **error);
    gboolean (*stats)(HaywireBackend *backend, HaywireHostCounters *ret_host,
                      HaywireGuestStats *ret_guest, GError **error);
    gboolean (*translate)(HaywireBackend *backend, uint32_t pid,
                          HaywireGva address, HaywirePlace *ret_place,
                          GError **error);
    gboolean (*focus)(HaywireBackend *backend, uint32_t camera, uint32_t pid,
                      GError **error);
    /* One look of the cross-view; NULL: this one does not read memory itself. */
    gboolean (*check)(HaywireBackend *backend, HaywireCheck *check,
                      GError **error);
    gboolean (*scan)(HaywireBackend *backend, HaywireScanReport *ret_report,
                     GError **error);
    /* NULL: not to be had this way; commands that need it are for --ram. */
    gboolean (*read)(HaywireBackend *backend, const HaywireReadWish *wish,
                     void *to, HaywireReadResult *ret_result, GError **error);
    void (*destroy)(HaywireBackend *backend);
} HaywireBackendOps;

/* First member of every implementation. */
struct HaywireBackend {
    const HaywireBackendOps *ops;
};

/*
 * The RAM files at @path[], @count of them, at least one, which lie in the
 * guest's memory in this order; @from says who in it is asked. NULL with @error
 * when one cannot be used.
 */
HaywireBackend *haywire_backend_ram_new(const char *const *path, gsize count,
                                        HaywireFrom from, GError **error);

/*
 * Begin where the last run of this user found a live session in this very file,
 * and note it for the next: see hint_cache.h.
 */
void haywire_backend_ram_use_hint(HaywireBackend *backend);

/* What dumps are made of; all of it the backend's. */
typedef struct HaywireRamGuest {
    HaywireMemory *memory;
    HaywireKernel *kernel;
    const HaywireModel *model; /* the newest */
    const HaywireLayout *layout;
    struct HaywireProgress *progress;
} HaywireRamGuest;

/*
 * That of a backend of RAM files, after a refresh: until the next. FALSE with
 * @error: no kernel was found.
 */
gboolean haywire_backend_ram_guest(HaywireBackend *backend,
                                   HaywireRamGuest *ret_guest, GError **error);

/*
 * The QEMU behind the QMP socket at @path; NULL with @error. In a module of its
 * own: see qmp_module.h.
 */
HAYWIRE_PUBLIC HaywireBackend *haywire_backend_qmp_new(const char *path,
                                                       GError **error);

/* The QEMU behind @pass; @name stands before what is said of it. As above. */
HAYWIRE_PUBLIC HaywireBackend *
haywire_backend_pass_new(const char *name, const HaywireQmpPass *pass);

/*
 * The QEMU of libvirt's machine @name, at the connection @uri (NULL: libvirt's
 * default); NULL with @error.
 */
HaywireBackend *haywire_backend_vm_new(const char *uri, const char *name,
                                       GError **error);

void haywire_backend_free(HaywireBackend *backend);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HaywireBackend, haywire_backend_free)

/*
 * Take a new picture. Wait, a few seconds at most, until it is known whether
 * the session is live.
 */
gboolean haywire_backend_refresh(HaywireBackend *backend, GError **error);

/*
 * As above; and where there are beacons, but no session yet, look again for a
 * second. @ret_rejected: without a session, how many pages that look like
 * beacons were refused at first; else 0.
 */
gboolean haywire_backend_seek_session(HaywireBackend *backend,
                                      uint64_t *ret_rejected, GError **error);

/* As above, and it is an error (nothing found) when there is no session. */
gboolean haywire_backend_refresh_session(HaywireBackend *backend,
                                         GError **error);

/* Take a new picture without waiting. */
gboolean haywire_backend_look(HaywireBackend *backend, GError **error);

#endif
