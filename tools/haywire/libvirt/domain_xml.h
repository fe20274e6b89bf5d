/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plugin in the XML of a libvirt domain: a -plugin among the arguments, or
 * an LD_PRELOAD in the environment, that libvirt passes on to QEMU
 * (libvirt.org/drvqemu.html, "Pass-through of arbitrary QEMU commands").
 */
#ifndef HAYWIRE_TOOL_DOMAIN_XML_H
#define HAYWIRE_TOOL_DOMAIN_XML_H

#include "machine.h"

/*
 * @xml with the plugin as @wish has it, whatever of it was there before; taken
 * out when @wish is NULL.
 *
 * @ret_changes: one line for each thing that goes ("- ") and comes ("+ ");
 *               empty if all is as it should be.
 * Returns: XML, to be freed with g_free(), or NULL with @error when @xml is no
 * domain of QEMU's driver.
 */
char *haywire_domain_xml_change(const char *xml, const HaywireWish *wish,
                                GString *ret_changes, GError **error);

/* The file that @xml has QEMU load, to be freed; NULL if there is none. */
char *haywire_domain_xml_plugin(const char *xml);

#endif
