/* SPDX-License-Identifier: MIT */
/*
 * proxy/ca_store.c - where a system keeps the CAs that it trusts
 */
#include "proxy/ca_store.h"

#include "common/macros.h"

/*
 * One file with all of them: a folder of hashed links would be read two or
 * three times over.
 */
static const char *const stores[] = {
	"/etc/ssl/certs/ca-certificates.crt",		     /* Debian */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora */
	"/etc/pki/tls/certs/ca-bundle.crt",		     /* RHEL */
	"/etc/ssl/ca-bundle.pem",			     /* SUSE */
	"/etc/ssl/cert.pem",				     /* Alpine */
};

const char *ca_store_path(size_t i)
{
	return i < ARRAY_SIZE(stores) ? stores[i] : NULL;
}
