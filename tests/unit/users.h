/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/users.h - passwords of the users of tests, and their hashes
 *
 * SHA-256 of "abc" (FIPS 180-2, B.1), and of "hello".
 */
#ifndef NETLEASH_TESTS_UNIT_USERS_H
#define NETLEASH_TESTS_UNIT_USERS_H

#define ABC   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

#endif
