/* SPDX-License-Identifier: MIT */
/*
 * proxy/cares_record.h - whole answers of c-ares 1.22 and later
 *
 * A part of cares_compat.h. What is taken of an answer is what belongs to the
 * name that was asked for, or to what that is an alias of. Before 1.28 it comes
 * as bytes, and c-ares parses them when it is asked to.
 *
 * References: ares_query(3), ares_query_dnsrec(3), RFC 1034 section 3.6.2,
 *             RFC 6761 section 6.3, RFC 7686
 */
#ifndef NETLEASH_PROXY_CARES_RECORD_H
#define NETLEASH_PROXY_CARES_RECORD_H

#if ARES_VERSION >= 0x011c00
#define CARES_RECORD const ares_dns_record_t
#define cares_rr     ares_dns_record_rr_get_const
#else
#define CARES_RECORD ares_dns_record_t
#define cares_rr     ares_dns_record_rr_get
#endif

static inline ares_dns_rec_type_t cares_type(const struct cares_question *q)
{
	return q->family == AF_INET ? ARES_REC_TYPE_A : ARES_REC_TYPE_AAAA;
}

static inline void cares_take_address(const struct cares_question *q,
				      const ares_dns_rr_t *rr, int ttl_s)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	const struct sockaddr *sa = (const struct sockaddr *)&sin;
	const void *bytes;

	if (q->family == AF_INET) {
		bytes = ares_dns_rr_get_addr(rr, ARES_RR_A_ADDR);
		if (bytes)
			memcpy(&sin.sin_addr, bytes, sizeof(sin.sin_addr));
	} else {
		bytes = ares_dns_rr_get_addr6(rr, ARES_RR_AAAA_ADDR);
		if (bytes)
			memcpy(&sin6.sin6_addr, bytes, sizeof(sin6.sin6_addr));
		sa = (const struct sockaddr *)&sin6;
	}
	if (bytes)
		q->found(sa, ttl_s, q->arg);
}

/* Aliases stand before what they lead to, as 1.18 wants it. */
static inline void cares_take_answer(const struct cares_question *q,
				     CARES_RECORD *record)
{
	const ares_dns_rec_type_t type = cares_type(q);
	const char *owner = q->name;

	for (size_t i = 0;
	     i < ares_dns_record_rr_cnt(record, ARES_SECTION_ANSWER); i++) {
		const ares_dns_rr_t *rr =
			cares_rr(record, ARES_SECTION_ANSWER, i);
		const int ttl_s = (int)ares_dns_rr_get_ttl(rr);

		if (ares_dns_rr_get_class(rr) != ARES_CLASS_IN ||
		    strcasecmp(ares_dns_rr_get_name(rr), owner) != 0)
			continue;
		if (ares_dns_rr_get_type(rr) == type) {
			cares_take_address(q, rr, ttl_s);
		} else if (ares_dns_rr_get_type(rr) == ARES_REC_TYPE_CNAME) {
			owner = ares_dns_rr_get_str(rr, ARES_RR_CNAME_CNAME);
			q->found(NULL, ttl_s, q->arg);
		}
	}
}

#if ARES_VERSION >= 0x011c00
static inline void cares_on_record(void *arg, ares_status_t status,
				   size_t timeouts,
				   const ares_dns_record_t *record)
{
	const struct cares_question *q = arg;

	(void)timeouts;
	if (status == ARES_SUCCESS && record)
		cares_take_answer(q, record);
	q->done((int)status, q->arg);
}

static inline void cares_ask_whole(ares_channel ares, struct cares_question *q)
{
	(void)ares_query_dnsrec(ares, q->name, ARES_CLASS_IN, cares_type(q),
				cares_on_record, q, NULL);
}
#else
static inline void cares_on_bytes(void *arg, int status, int timeouts,
				  unsigned char *bytes, int n)
{
	const struct cares_question *q = arg;
	ares_dns_record_t *record = NULL;

	if (status == ARES_SUCCESS)
		status = (int)ares_dns_parse(bytes, (size_t)n, 0, &record);
	if (status == ARES_SUCCESS)
		cares_take_answer(q, record);
	ares_dns_record_destroy(record);
	/* Nobody at the port: the last word is that of a server's silence. */
	if (status == ARES_ETIMEOUT && timeouts == 0)
		status = ARES_ECONNREFUSED;
	q->done(status, q->arg);
}

static inline void cares_ask_whole(ares_channel ares, struct cares_question *q)
{
	ares_query(ares, q->name, ARES_CLASS_IN, (int)cares_type(q),
		   cares_on_bytes, q);
}
#endif

static inline bool cares_ends_in(const char *name, const char *label)
{
	const size_t n = strlen(name), len = strlen(label);

	return n >= len && strcasecmp(name + n - len, label) == 0 &&
	       (n == len || name[n - len - 1] == '.');
}

static inline void cares_ask(ares_channel ares, struct cares_question *q)
{
	/* Names that must not be asked for: it answers by itself, but here. */
	if (cares_ends_in(q->name, "localhost") ||
	    cares_ends_in(q->name, "onion")) {
		cares_ask_addrinfo(ares, q);
		return;
	}
	cares_ask_whole(ares, q);
}

#endif
