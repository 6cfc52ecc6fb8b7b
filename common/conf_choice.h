/* SPDX-License-Identifier: MIT */
/*
 * common/conf_choice.h - what the conf's directives let one choose from
 */
#ifndef NETLEASH_COMMON_CONF_CHOICE_H
#define NETLEASH_COMMON_CONF_CHOICE_H

enum conf_mode {
	CONF_MODE_UNSET,
	CONF_MODE_FULL,
	CONF_MODE_LIMITED
};

/* What a reload does to the runs of a daemon that live. */
enum conf_running {
	CONF_RUNNING_UNSET,
	CONF_RUNNING_KEEP,  /* they keep the rules that they began with */
	CONF_RUNNING_FOLLOW /* new requests meet the new ones */
};

enum conf_log { /* where the access log goes */
	CONF_LOG_NONE,
	CONF_LOG_FILE,
	CONF_LOG_STDERR,
	CONF_LOG_SYSLOG
};

/* What a tunnel's first bytes may be, beside what policy says. */
enum conf_tunnel_check {
	CONF_TUNNEL_CHECK_SNI, /* TLS for a name that policy allows; not TLS */
	CONF_TUNNEL_CHECK_TLS, /* the same, and on port 443 nothing but TLS */
	CONF_TUNNEL_CHECK_OFF
};

#endif
