/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of a builder's text about processes and cameras.
 */

#ifndef HAYWIRE_BEACON_PROCESS_H
#define HAYWIRE_BEACON_PROCESS_H

#include "beacon_commands.h"

void beacon_run_snapshot(BeaconText *text, BeaconLine *line);
void beacon_run_cycle(BeaconText *text, BeaconLine *line);
void beacon_run_process(BeaconText *text, BeaconLine *line);
void beacon_run_processes(BeaconText *text, BeaconLine *line);
void beacon_run_sections(BeaconText *text, BeaconLine *line);
void beacon_run_section(BeaconText *text, BeaconLine *line);
void beacon_run_camera(BeaconText *text, BeaconLine *line);
void beacon_run_run(BeaconText *text, BeaconLine *line);

/* The start time of a process named before; else a made-up one. */
uint64_t beacon_start_time(const BeaconSession *session, uint32_t pid);

/* Begin a set in ROUNDROBIN (@camera 0) or in a camera (1 or 2). */
BeaconSet *beacon_set_add(BeaconText *text, unsigned camera, uint32_t pid,
                          uint64_t start_time, uint64_t generation);
void beacon_section_add(BeaconSet *set, const HaywireSectionRecord *section);

#endif
