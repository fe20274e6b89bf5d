/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which QEMUs to test with: the programs in the environment variable
 * HAYWIRE_TEST_QEMUS, parted by colons; or else qemu-system-x86_64 of the
 * system and those that tools/get-qemu has fetched.
 */
#ifndef HAYWIRE_TESTS_QEMUS_H
#define HAYWIRE_TESTS_QEMUS_H

/*
 * The version that the program says it has, such as "7.2.22"; NULL if it does
 * not run. To be freed.
 */
char *qemus_version(const char *path);

/* A test run once with each QEMU. */
typedef void QemuTest(const char *qemu);

/*
 * Add @test as /VERSION/@name for each QEMU.  Without any QEMU it is added
 * once, and skips; as it does for a QEMU that was named and does not run.
 */
void qemus_add_test(const char *name, QemuTest *test);

/*
 * Add @test as /patched-VERSION/@name for each QEMU with our patches whose build
 * folder the environment names: HAYWIRE_QEMU_BUILD_7_2, _10_0, _10_2.  Without
 * any the test is added once, and skips.
 */
void qemus_add_patched_test(const char *name, QemuTest *test);

#endif /* HAYWIRE_TESTS_QEMUS_H */
