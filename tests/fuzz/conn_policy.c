/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/conn_policy.c - the confs of the little internet
 */
#include "tests/fuzz/conn_policy.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/addr.h"
#include "common/macros.h"
#include "tests/fuzz/conn_world.h"

#define SMALL "limit head-time 5s\nlimit dial-time 3s\nlimit dns-time 2s\n"

/* Just as many as there are clients: one that is not given back is missed. */
#define ROOM                                                                   \
	"limit connections 6\nlimit tunnels-per-target 6\n"                    \
	"limit pending-dials 6\n"

static const char *const texts[WORLD_CONFS] = {
	/* open: names of the script's, some of them with non-public answers */
	"allow 93.184.216.34:80-83,443 *.ok.test:80-83,443\n"
	"allow GET HEAD http://93.184.216.35/get/**\n"
	"allow 93.184.216.66\ndeny 93.184.216.66 *.no.ok.test\n"
	"deny 10.0.0.2\n"
	"private 10.0.0.0/8 2001:db8::/32\n" SMALL ROOM,

	/* narrow: no non-public answer, no tunnel but TLS, few methods */
	"allow 93.184.216.34:80,443 *.ok.test\n"
	"mode limited\ntunnel-check tls\n" SMALL ROOM,

	/* a parent for most */
	"allow 93.184.216.34:80-83,443 *.ok.test:80,443 93.184.216.99:3128\n"
	"upstream http://user:pass@" WORLD_PARENT ":3128\n"
	"upstream direct 93.184.216.34 *.direct.ok.test\n"
	"private 10.0.0.0/8\ntunnel-check tls\n" SMALL ROOM,

	/* tight */
	"allow 93.184.216.34:80-83,443 *.ok.test:80,443\n"
	"private 10.0.0.0/8 2001:db8::/32\ntunnel-check off\n"
	"limit head-size 1k\nlimit header-count 8\nlimit idle-time 20s\n"
	"limit connections 2\nlimit tunnels-per-target 1\n"
	"limit pending-dials 1\nlimit pending-lookups 1\n" SMALL,

	/* open to whoever has a password */
	"allow 93.184.216.34:80-83,443 *.ok.test:80-83,443\n"
	"private 10.0.0.0/8 2001:db8::/32\ntunnel-check off\n" SMALL ROOM,

	/* the same, behind a parent that needs one as well */
	"allow 93.184.216.34:80-83,443 *.ok.test:80,443 93.184.216.99:3128\n"
	"upstream http://user:pass@" WORLD_PARENT ":3128\n"
	"upstream direct 93.184.216.34 *.direct.ok.test\n"
	"private 10.0.0.0/8\ntunnel-check off\n" SMALL ROOM,
};

struct place {
	const char *cidr;
	uint16_t first, last;
};

static const struct place places[WORLD_CONFS][8] = {
	{ { "93.184.216.34/32", 80, 83 },
	  { "93.184.216.34/32", 443, 443 },
	  { "93.184.216.35/32", 80, 80 },
	  { "10.0.0.0/8", 80, 83 },
	  { "10.0.0.0/8", 443, 443 },
	  { "2001:db8::/32", 80, 83 },
	  { "2001:db8::/32", 443, 443 } },
	{ { "93.184.216.34/32", 80, 80 }, { "93.184.216.34/32", 443, 443 } },
	{ { "93.184.216.34/32", 80, 83 },
	  { "93.184.216.34/32", 443, 443 },
	  { WORLD_PARENT "/32", 3128, 3128 },
	  { "10.0.0.0/8", 80, 80 },
	  { "10.0.0.0/8", 443, 443 } },
	{ { "93.184.216.34/32", 80, 83 },
	  { "93.184.216.34/32", 443, 443 },
	  { "10.0.0.0/8", 80, 80 },
	  { "10.0.0.0/8", 443, 443 },
	  { "2001:db8::/32", 80, 80 },
	  { "2001:db8::/32", 443, 443 } },
	{ { "93.184.216.34/32", 80, 83 },
	  { "93.184.216.34/32", 443, 443 },
	  { "10.0.0.0/8", 80, 83 },
	  { "10.0.0.0/8", 443, 443 },
	  { "2001:db8::/32", 80, 83 },
	  { "2001:db8::/32", 443, 443 } },
	{ { "93.184.216.34/32", 80, 83 },
	  { "93.184.216.34/32", 443, 443 },
	  { WORLD_PARENT "/32", 3128, 3128 },
	  { "10.0.0.0/8", 80, 80 },
	  { "10.0.0.0/8", 443, 443 } },
};

const char *conn_policy_text(unsigned conf)
{
	return texts[conf];
}

bool conn_policy_may_dial(unsigned conf, const struct addr *a, uint16_t port)
{
	struct cidr c;

	/* "deny 10.0.0.2": a name may have it beside good ones. */
	if (conf == 0 && a->family == AF_INET &&
	    memcmp(a->bytes, (const uint8_t[]){ 10, 0, 0, 2 }, 4) == 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(places[conf]); i++) {
		const struct place *p = &places[conf][i];

		if (p->cidr && port >= p->first && port <= p->last &&
		    cidr_parse(p->cidr, strlen(p->cidr), &c) == ADDR_OK &&
		    cidr_contains(&c, a))
			return true;
	}
	return false;
}

bool conn_policy_asks(unsigned conf)
{
	return conf == 4 || conf == 5;
}

bool conn_policy_is_roomy(unsigned conf)
{
	return conf != 3;
}
