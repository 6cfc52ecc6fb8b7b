/* SPDX-License-Identifier: MIT */
/*
 * sandbox/firewall_socket.c - this process's connection to nf_tables
 */
#include "sandbox/firewall_socket.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

static int the_socket = -1;
static pid_t owner;

int firewall_socket_peek(void)
{
	return owner == getpid() ? the_socket : -1;
}

void firewall_socket_adopt(void)
{
	owner = getpid();
}

/* A parent's is left alone: its number may be something else's by now. */
void firewall_socket_close(void)
{
	if (firewall_socket_peek() >= 0)
		(void)close(the_socket);
	the_socket = -1;
}

int firewall_socket(void)
{
	if (firewall_socket_peek() >= 0)
		return the_socket;
	the_socket =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	owner = getpid();
	return the_socket < 0 ? -errno : the_socket;
}
