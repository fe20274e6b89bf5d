/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's headers that declare what the plugin uses.
 */
#ifndef HAYWIRE_QEMU_HEADERS_H
#define HAYWIRE_QEMU_HEADERS_H

#include "qemu/osdep.h"

#include "monitor/monitor-internal.h"
#include "exec/cpu-common.h"
#include "qapi/compat-policy.h"
#include "qapi/error.h"
#include "qapi/qapi-builtin-visit.h"
#include "qapi/qapi-commands-control.h"
#include "qapi/qapi-emit-events.h"
#include "qapi/qmp-event.h"
#include "qapi/qobject-input-visitor.h"
#include "qapi/visitor.h"
#include "qemu/notify.h"
#include "qemu/readline.h"
#include "qemu/timer.h"
#include "qom/object.h"

/* Headers that have moved: 10.0 and later first, then 7.2. */
#if __has_include("qobject/qdict.h")
#include "qobject/qbool.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "qobject/qnum.h"
#include "qobject/qstring.h"
#include "qapi/qmp-registry.h"
#include "system/reset.h"
#include "system/runstate.h"
#include "system/system.h"
#else
#include "qapi/qmp/dispatch.h"
#include "qapi/qmp/qbool.h"
#include "qapi/qmp/qdict.h"
#include "qapi/qmp/qlist.h"
#include "qapi/qmp/qnum.h"
#include "qapi/qmp/qstring.h"
#include "sysemu/reset.h"
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"
#endif
#if __has_include("system/memory.h")
#include "system/memory.h"
#else
#include "exec/memory.h"
#endif
#if __has_include("system/ramblock.h")
#include "system/ramblock.h"
#endif
#if __has_include("system/ioport.h")
#include "system/ioport.h"
#else
#include "exec/ioport.h"
#endif
#if __has_include("system/address-spaces.h")
#include "system/address-spaces.h"
#else
#include "exec/address-spaces.h"
#endif
#if __has_include("plugins/qemu-plugin.h")
#include "plugins/qemu-plugin.h"
#else
#include "qemu/qemu-plugin.h"
#endif

#undef error_setg
#undef QEMU_PLUGIN_EXPORT

#endif
