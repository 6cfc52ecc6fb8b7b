/* SPDX-License-Identifier: MIT */
/*
 * proxy/mbedtls_alert.h - what was said in an alert, which mbedTLS does not
 * tell
 *
 * As mbedtls_compat.h, for the records that an error leaves behind.
 */
#ifndef NETLEASH_PROXY_MBEDTLS_ALERT_H
#define NETLEASH_PROXY_MBEDTLS_ALERT_H

#include "proxy/mbedtls_compat.h"

/*
 * The description in the alert that @ssl has just received: its record is
 * still there when mbedTLS has returned MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE.
 */
static inline int compat_tls_alert(const mbedtls_ssl_context *ssl)
{
	return ssl->COMPAT_TLS_PRIVATE(in_msg)[1];
}

/*
 * The description in the alert that @ssl has sent last, when a call has failed
 * because of the other side: 2.28 has one error for many of a hello's faults,
 * and tells them apart to the peer alone. Return: -1: it has sent none.
 */
static inline int compat_tls_sent_alert(const mbedtls_ssl_context *ssl)
{
	if (ssl->COMPAT_TLS_PRIVATE(out_msgtype) != MBEDTLS_SSL_MSG_ALERT)
		return -1;
	return ssl->COMPAT_TLS_PRIVATE(out_msg)[1];
}

#endif
