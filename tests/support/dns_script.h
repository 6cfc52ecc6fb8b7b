/* SPDX-License-Identifier: MIT */
/*
 * tests/support/dns_script.h - a DNS server on the test's own event loop
 *
 * Speaks real UDP and TCP on one address. The first label of the name that is
 * asked for is the script, pieces joined by '-':
 *
 *   a<N> q<N>        N records of type A (10.0.x.y), AAAA (2001:db8::x:y)
 *   ttl<N>           their TTL; 60 if not given
 *   mapped           the AAAA records are ::ffff:10.0.0.x
 *   cname            all of it behind an alias with a TTL of 0
 *   wait<MS>         answer that much later
 *   drop drop4 drop6 no answer, to both, to A, to AAAA
 *   servfail servfail6 refused nx
 *   tc               UDP answers say only that TCP is to be asked
 *   garbage cut wrongid wrongname loop
 *                    bytes of no meaning; a good answer cut in half, under
 *                    another id, about another name, with a compression
 *                    pointer to itself
 *   flip<N>          a good answer with a few bytes behind the question
 *                    overwritten, which ones and with what depends on N
 *
 * so "a2-q1-ttl5.example" has two A and one AAAA record. The labels behind it
 * only make names distinct.
 */
#ifndef NETLEASH_TESTS_SUPPORT_DNS_SCRIPT_H
#define NETLEASH_TESTS_SUPPORT_DNS_SCRIPT_H

#include <stdint.h>
#include <sys/queue.h>

struct event;
struct event_base;

/**
 * struct dns_script - the server
 * @port:     where it listens, UDP and TCP
 * @asked_a, @asked_aaaa, @asked_tcp: queries so far
 * @last:     the name of the last one
 */
struct dns_script {
	uint16_t port;
	unsigned asked_a, asked_aaaa, asked_tcp;
	char last[256];
	struct event_base *base;
	struct event *udp_ev, *tcp_ev;
	int udp, tcp;
	LIST_HEAD(, script_reply) replies;
	LIST_HEAD(, script_stream) streams;
};

/*
 * Listens on the address @text and on @port, 0 for a free one.
 * Return: 0, or -errno of bind(2).
 */
int dns_script_start(struct dns_script *s, struct event_base *base,
		     const char *text, uint16_t port);
void dns_script_stop(struct dns_script *s);

#endif
