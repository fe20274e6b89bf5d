/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The errors of QMP: see qmp_error.h.
 */
#include "qmp_error.h"

#include "qmp_client.h"

typedef struct {
    char *class_name; /* QMP's, or NULL */
} HaywireQmpErrorPrivate;

static void haywire_qmp_error_private_init(HaywireQmpErrorPrivate *priv)
{
    priv->class_name = NULL;
}

static void haywire_qmp_error_private_copy(const HaywireQmpErrorPrivate *src,
                                           HaywireQmpErrorPrivate *dest)
{
    dest->class_name = g_strdup(src->class_name);
}

static void haywire_qmp_error_private_clear(HaywireQmpErrorPrivate *priv)
{
    g_free(priv->class_name);
}

G_DEFINE_EXTENDED_ERROR(HaywireQmpError, haywire_qmp_error)

const char *haywire_qmp_error_get_class(const GError *error)
{
    if (!error || error->domain != HAYWIRE_QMP_ERROR) {
        return NULL;
    }
    return haywire_qmp_error_get_private(error)->class_name;
}

void haywire_qmp_error_set_command(GError **error, const char *class_name,
                                   const char *description)
{
    GError *made = g_error_new_literal(
        HAYWIRE_QMP_ERROR, HAYWIRE_QMP_ERROR_COMMAND,
        description ? description : "an error without a description");

    haywire_qmp_error_get_private(made)->class_name = g_strdup(class_name);
    g_propagate_error(error, made);
}
