/* SPDX-License-Identifier: MIT */
/*
 * proxy/mbedtls_session.h - one face for mbedTLS 2.28 and 3.x: sessions
 *
 * What mbedtls_compat.h is, for what sessions are made of and how their tickets
 * come: before the handshake ends in TLS 1.2, among the data in 1.3.
 */
#ifndef NETLEASH_PROXY_MBEDTLS_SESSION_H
#define NETLEASH_PROXY_MBEDTLS_SESSION_H

#include <stdint.h>

#include "proxy/mbedtls_compat.h"

/*
 * For both ends, the quickest key exchange first: 2.28 begins with the largest
 * curve, which costs three times as much. Those of browsers and no others:
 * Brainpool's would let each end make the other do some of the slowest
 * arithmetic that mbedTLS has.
 */
static inline void compat_tls_set_curves(mbedtls_ssl_config *conf)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
	/* One that is not built in would spoil the whole hello. */
	static const mbedtls_ecp_group_id curves[] = {
#if defined(MBEDTLS_ECP_DP_CURVE25519_ENABLED)
		MBEDTLS_ECP_DP_CURVE25519,
#endif
		MBEDTLS_ECP_DP_SECP256R1,
		MBEDTLS_ECP_DP_SECP384R1,
		MBEDTLS_ECP_DP_SECP521R1,
		MBEDTLS_ECP_DP_NONE,
	};

	mbedtls_ssl_conf_curves(conf, curves);
#else
	static const uint16_t groups[] = {
		MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
		MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
		MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
		MBEDTLS_SSL_IANA_TLS_GROUP_SECP521R1,
		MBEDTLS_SSL_IANA_TLS_GROUP_NONE,
	};

	mbedtls_ssl_conf_groups(conf, groups);
#endif
}

/* 3.6's clients pass tickets of TLS 1.3 over unless they are asked not to. */
static inline void compat_tls_want_tickets(mbedtls_ssl_config *conf)
{
#if defined(MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED) &&          \
	defined(MBEDTLS_SSL_PROTO_TLS1_3)
	mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
		conf, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#else
	(void)conf;
#endif
}

/* What is there after the handshake can be resumed: in 1.3 it takes a ticket,
 * which comes later. */
static inline bool compat_tls_is_resumable(const mbedtls_ssl_context *ssl)
{
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
	return mbedtls_ssl_get_version_number(ssl) ==
	       MBEDTLS_SSL_VERSION_TLS1_2;
#else
	(void)ssl;
	return true;
#endif
}

/*
 * mbedtls_ssl_read() returned: it has a ticket that it tells of when it is
 * called again (3.6), whatever comes from the socket.
 */
static inline bool compat_tls_has_ticket(mbedtls_ssl_context *ssl)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03020000
	return !mbedtls_ssl_is_handshake_over(ssl);
#else
	(void)ssl;
	return false;
#endif
}

#endif
