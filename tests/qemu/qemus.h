/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which QEMUs to test with: the programs in the environment variable
 * HAYWIRE_TEST_QEMUS, parted by colons; or else qemu-system-x86_64 of the
 * system and those that tools/get-qemu has fetched.
 */
#ifndef HAYWIRE_TESTS_QEMUS_H
#define HAYWIRE_TESTS_QEMUS_H

/* A test run once with each QEMU. */
typedef void QemuTest(const char *qemu);

/*
 * Add @test as /VERSION/@name for each QEMU.  Without any QEMU it is added
 * once, and skips.
 */
void qemus_add_test(const char *name, QemuTest *test);

#endif /* HAYWIRE_TESTS_QEMUS_H */
