/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HAYWIRE_OPTIONS_H
#define HAYWIRE_OPTIONS_H

#include <glib.h>

#include "haywire/limits.h"

/* What -plugin haywire.so,... may say. */
typedef struct HaywireOptions {
    char *ram;             /* RAM block or memory backend; NULL: main RAM */
    guint interval_ms;     /* from one refresh of the view to the next */
    guint memory_mib;      /* that the view takes at most */
    gboolean unknown_qemu; /* take one newer than all that are known */
    gboolean kernel;       /* read the guest's, where no companion is live */
    gboolean doorbell;     /* let the guest ring, where it can */
    guint doorbell_port;   /* 0: one of the usual ports */
} HaywireOptions;

#define HAYWIRE_INTERVAL_DEFAULT_MS 250
#define HAYWIRE_INTERVAL_MIN_MS     10
#define HAYWIRE_INTERVAL_MAX_MS     60000

#define HAYWIRE_MEMORY_DEFAULT_MIB (HAYWIRE_MEMORY_DEFAULT / HAYWIRE_MIB)
#define HAYWIRE_MEMORY_MIN_MIB     (HAYWIRE_MEMORY_MIN / HAYWIRE_MIB)
#define HAYWIRE_MEMORY_MAX_MIB     4096

#define HAYWIRE_OPTIONS_ERROR haywire_options_error_quark()

typedef enum HaywireOptionsError {
    HAYWIRE_OPTIONS_ERROR_UNKNOWN,   /* no such option */
    HAYWIRE_OPTIONS_ERROR_MALFORMED, /* a value that makes no sense */
} HaywireOptionsError;

GQuark haywire_options_error_quark(void);

/*
 * Parse the plugin's options, each NAME=VALUE as QEMU passes them.
 *
 * @ret_options: filled on success, untouched on failure.  The caller frees it
 *               with haywire_options_clear().
 * Returns: TRUE, or FALSE with @error naming the option.
 */
gboolean haywire_options_parse(int argc, char **argv,
                               HaywireOptions *ret_options, GError **error);

/* Free what @options holds, not the structure. */
void haywire_options_clear(HaywireOptions *options);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HaywireOptions, haywire_options_clear)

#endif /* HAYWIRE_OPTIONS_H */
