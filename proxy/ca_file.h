/* SPDX-License-Identifier: MIT */
/*
 * proxy/ca_file.h - an authority that is kept in two files
 *
 * ca-key.pem (0600) and ca.pem (0644), with ca.pem.old, the certificate before
 * the last renewal, in a folder that is ours and that nobody else can write.
 * Those who change them wait for each other, and who loads waits for them, by
 * the lock ca.lock; each of these takes 10 seconds at most.
 *
 * Every sentence says what to do, and names files without their folder.
 */
#ifndef NETLEASH_PROXY_CA_FILE_H
#define NETLEASH_PROXY_CA_FILE_H

#include <time.h>

#include "proxy/ca.h"

#define CA_FILE_KEY	      "ca-key.pem"
#define CA_FILE_CERTIFICATE   "ca.pem"
#define CA_FINGERPRINT_TEXT   96 /* 32 pairs of digits, colons, NUL */
#define CA_SUBJECT_TEXT	      256
#define CA_FILE_LASTS_SECONDS (24 * 3600) /* what is left at least */

/*
 * Makes the two, where there is neither, good for @days from @now on; a good
 * pair that is there is left as it is. Return: 0; as ca_file_load() for one
 * that is not good; -errno; with a sentence.
 */
int ca_file_make(int dir_fd, time_t now, unsigned days,
		 char ret_error[CA_ERROR_MAX]);

/*
 * Reads the pair, with a leaf key of its own. Return: 0; -ENOENT: there is
 * neither; -EPERM: others have or had a hand in it; -EINVAL: one is missing, no
 * regular file, damaged, not the other's, or not good at @now and for a day;
 * -errno; with a sentence.
 */
int ca_file_load(int dir_fd, time_t now, struct ca **ret,
		 char ret_error[CA_ERROR_MAX]);

/*
 * Another pair in the place of whatever is there. Wherever it is interrupted,
 * ca_file_load() gets the old pair or the new one, or says to do it again.
 * Return: 0 or -errno with a sentence.
 */
int ca_file_renew(int dir_fd, time_t now, unsigned days,
		  char ret_error[CA_ERROR_MAX]);

/* Removes all files of the above. Return: 0, or -errno with a sentence. */
int ca_file_remove(int dir_fd, char ret_error[CA_ERROR_MAX]);

/**
 * struct ca_facts - what a certificate says
 * @sha256: its fingerprint, as openssl(1) writes it
 * @from, @until: when it is good
 */
struct ca_facts {
	char pem[CA_PEM_MAX];
	char subject[CA_SUBJECT_TEXT];
	char sha256[CA_FINGERPRINT_TEXT];
	time_t from, until;
};

/* Of the certificate alone, which everybody may read; whether it is good is
 * not asked. Return: 0, or as ca_file_load() with a sentence. */
int ca_file_facts(int dir_fd, struct ca_facts *ret,
		  char ret_error[CA_ERROR_MAX]);

#endif
