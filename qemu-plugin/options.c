/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <string.h>

#include "haywire/beacon_protocol.h"

GQuark haywire_options_error_quark(void)
{
    return g_quark_from_static_string("haywire-options-error-quark");
}

static gboolean option_ram_parse(const char *value, HaywireOptions *options,
                                 GError **error)
{
    if (!*value) {
        g_set_error(error, HAYWIRE_OPTIONS_ERROR,
                    HAYWIRE_OPTIONS_ERROR_MALFORMED,
                    "option 'ram' needs the name of a RAM block");
        return FALSE;
    }
    g_free(options->ram);
    options->ram = g_strdup(value);
    return TRUE;
}

/* A number of @unit from @min to @max. */
static gboolean number_parse(const char *name, const char *unit,
                             const char *value, guint min, guint max,
                             guint *ret_number, GError **error)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(value, 10, min, max, &number, NULL)) {
        g_set_error(error, HAYWIRE_OPTIONS_ERROR,
                    HAYWIRE_OPTIONS_ERROR_MALFORMED,
                    "option '%s' needs %s from %u to %u, not '%s'", name, unit,
                    min, max, value);
        return FALSE;
    }
    *ret_number = number;
    return TRUE;
}

static gboolean option_interval_parse(const char *value,
                                      HaywireOptions *options, GError **error)
{
    return number_parse("interval", "milliseconds", value,
                        HAYWIRE_INTERVAL_MIN_MS, HAYWIRE_INTERVAL_MAX_MS,
                        &options->interval_ms, error);
}

static gboolean option_memory_parse(const char *value, HaywireOptions *options,
                                    GError **error)
{
    return number_parse("memory", "MiB", value, HAYWIRE_MEMORY_MIN_MIB,
                        HAYWIRE_MEMORY_MAX_MIB, &options->memory_mib, error);
}

static gboolean switch_parse(const char *name, const char *value,
                             gboolean *ret_on, GError **error)
{
    if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0) {
        g_set_error(error, HAYWIRE_OPTIONS_ERROR,
                    HAYWIRE_OPTIONS_ERROR_MALFORMED,
                    "option '%s' is 'on' or 'off', not '%s'", name, value);
        return FALSE;
    }
    *ret_on = strcmp(value, "on") == 0;
    return TRUE;
}

static gboolean option_unknown_qemu_parse(const char *value,
                                          HaywireOptions *options,
                                          GError **error)
{
    return switch_parse("unknown-qemu", value, &options->unknown_qemu, error);
}

static gboolean option_kernel_parse(const char *value, HaywireOptions *options,
                                    GError **error)
{
    return switch_parse("kernel", value, &options->kernel, error);
}

/* A hexadecimal number, as all addresses. */
static gboolean port_parse(const char *value, guint *ret_port)
{
    gboolean prefixed = g_ascii_strncasecmp(value, "0x", 2) == 0;
    guint64 port;

    if (!g_ascii_string_to_unsigned(prefixed ? value + 2 : value, 16,
                                    HAYWIRE_DOORBELL_PORT_MIN,
                                    HAYWIRE_DOORBELL_PORT_MAX, &port, NULL) ||
        port % HAYWIRE_DOORBELL_SIZE != 0) {
        return FALSE;
    }
    *ret_port = port;
    return TRUE;
}

static gboolean option_doorbell_parse(const char *value,
                                      HaywireOptions *options, GError **error)
{
    guint port = 0;

    options->doorbell = strcmp(value, "off") != 0;
    if (options->doorbell && strcmp(value, "on") != 0 &&
        !port_parse(value, &port)) {
        g_set_error(error, HAYWIRE_OPTIONS_ERROR,
                    HAYWIRE_OPTIONS_ERROR_MALFORMED,
                    "option 'doorbell' is 'on', 'off' or a port, a multiple of "
                    "%d from 0x%x to 0x%x, not '%s'",
                    HAYWIRE_DOORBELL_SIZE, HAYWIRE_DOORBELL_PORT_MIN,
                    HAYWIRE_DOORBELL_PORT_MAX, value);
        return FALSE;
    }
    options->doorbell_port = port;
    return TRUE;
}

static const struct {
    const char *name;
    gboolean (*parse)(const char *value, HaywireOptions *options,
                      GError **error);
} known_options[] = {
    { "ram", option_ram_parse },
    { "interval", option_interval_parse },
    { "kernel", option_kernel_parse },
    { "doorbell", option_doorbell_parse },
    { "memory", option_memory_parse },
    { "unknown-qemu", option_unknown_qemu_parse },
};

static gboolean option_parse(const char *arg, HaywireOptions *options,
                             GError **error)
{
    const char *equals = strchr(arg, '=');
    size_t length = equals ? (size_t)(equals - arg) : strlen(arg);

    for (size_t i = 0; i < G_N_ELEMENTS(known_options); i++) {
        const char *name = known_options[i].name;

        if (strlen(name) == length && strncmp(arg, name, length) == 0) {
            return known_options[i].parse(equals ? equals + 1 : "", options,
                                          error);
        }
    }
    g_set_error(error, HAYWIRE_OPTIONS_ERROR, HAYWIRE_OPTIONS_ERROR_UNKNOWN,
                "unknown option '%.*s'; the options are ram=ID, interval=MS, "
                "memory=MIB, kernel=on|off, doorbell=on|off|PORT and "
                "unknown-qemu=on",
                (int)length, arg);
    return FALSE;
}

gboolean haywire_options_parse(int argc, char **argv,
                               HaywireOptions *ret_options, GError **error)
{
    g_auto(HaywireOptions) options = {
        .interval_ms = HAYWIRE_INTERVAL_DEFAULT_MS,
        .memory_mib = HAYWIRE_MEMORY_DEFAULT_MIB,
        .kernel = TRUE,
        .doorbell = TRUE,
    };

    for (int i = 0; i < argc; i++) {
        if (!option_parse(argv[i], &options, error)) {
            return FALSE;
        }
    }
    *ret_options = options;
    options.ram = NULL;
    return TRUE;
}

void haywire_options_clear(HaywireOptions *options)
{
    g_clear_pointer(&options->ram, g_free);
}
