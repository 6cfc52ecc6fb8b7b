/* SPDX-License-Identifier: MIT */
/*
 * proxy/tcp.h - what we want of TCP on our sockets
 *
 * What is written goes out at once (TCP_NODELAY), since whoever wrote it has
 * decided when. On loopback, where nothing is ever lost, a congestion control
 * that paces (bbr, where the system has chosen it) halves what goes through:
 * there it is the plain one. Nothing here fails in a way that matters.
 *
 * References: tcp(7)
 */
#ifndef NETLEASH_PROXY_TCP_H
#define NETLEASH_PROXY_TCP_H

struct addr;

/* For a listening socket; the connections that it accepts inherit it. */
void tcp_prepare_listener(int fd);

/* For one that is about to connect to @to. */
void tcp_prepare_dial(int fd, const struct addr *to);

#endif
