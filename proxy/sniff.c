/* SPDX-License-Identifier: MIT */
/*
 * proxy/sniff.c - which protocol a client speaks, by its first byte
 */
#include "proxy/sniff.h"

#define SOCKS5_VERSION 0x05

enum sniff sniff_check(const char *bytes, size_t n)
{
	if (n == 0)
		return SNIFF_MORE;
	return bytes[0] == SOCKS5_VERSION ? SNIFF_SOCKS5 : SNIFF_HTTP;
}
