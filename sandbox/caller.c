/* SPDX-License-Identifier: MIT */
/*
 * sandbox/caller.c - on whose behalf netleash was started
 *
 * The real uid; under root the numbers that sudo leaves, because the files,
 * the home and the conf are of the person who typed it. Both numbers or
 * neither: half an answer would mix one person's uid with another's group.
 */
#include "sandbox/identity.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/parse.h"
#include "common/scope.h"

#define PASSWD_BUFFER_MAX (1024 * 1024)

/* A uid or gid of sudo's. (uid_t)-1 means "leave it" to the kernel. */
static int parse_id(const char *name, const char *text, uint32_t *ret,
		    char *error)
{
	uint32_t id;

	if (text && parse_u32(text, strlen(text), &id) == 0 &&
	    id != UINT32_MAX) {
		*ret = id;
		return 0;
	}
	(void)snprintf(error, IDENTITY_ERROR_MAX,
		       "the environment says %s=%.40s, which is not an id; "
		       "unset SUDO_UID and SUDO_GID or correct both",
		       name, text ? text : "(unset)");
	return -EINVAL;
}

static int find_ids(struct caller *c, char *error)
{
	const char *sudo_uid = getenv("SUDO_UID");
	const char *sudo_gid = getenv("SUDO_GID");
	uint32_t uid, gid;

	c->uid = getuid();
	c->gid = getgid();
	if (c->uid != 0 || (!sudo_uid && !sudo_gid))
		return 0;
	if (parse_id("SUDO_UID", sudo_uid, &uid, error) < 0 ||
	    parse_id("SUDO_GID", sudo_gid, &gid, error) < 0)
		return -EINVAL;
	c->uid = uid;
	c->gid = gid;
	return 0;
}

/* A uid without a passwd entry is nothing bad: containers have them. */
static int find_entry(uid_t uid, struct passwd *entry, char **buffer,
		      struct passwd **ret)
{
	size_t size = 1024;
	int r;

	do {
		char *bigger;

		size *= 4;
		bigger = realloc(*buffer, size);
		if (!bigger)
			return -ENOMEM;
		*buffer = bigger;
		r = getpwuid_r(uid, entry, *buffer, size, ret);
	} while (r == ERANGE && size < PASSWD_BUFFER_MAX);
	if (r != 0)
		*ret = NULL;
	return 0;
}

/* The rest of @c, whose ids are there. */
static int fill(struct caller *c, char *error)
{
	struct passwd entry, *found = NULL;
	AUTOFREE char *buffer = NULL;
	char number[16];
	int r;

	r = find_entry(c->uid, &entry, &buffer, &found);
	(void)snprintf(number, sizeof(number), "%u", (unsigned)c->uid);
	if (r == 0) {
		c->name = strdup(found ? found->pw_name : number);
		c->home = strdup(
			found && found->pw_dir[0] == '/' ? found->pw_dir : "");
		c->shell = strdup(found && found->pw_shell[0] == '/'
					  ? found->pw_shell
					  : "/bin/sh");
	}
	if (!c->name || !c->home || !c->shell) {
		(void)snprintf(error, IDENTITY_ERROR_MAX, "out of memory");
		return -ENOMEM;
	}
	return 0;
}

int caller_find(struct caller *ret, char error[IDENTITY_ERROR_MAX])
{
	struct caller c = { 0 };
	int r;

	r = find_ids(&c, error);
	if (r == 0)
		r = fill(&c, error);
	if (r < 0)
		caller_fini(&c);
	else
		*ret = c;
	return r;
}

/* Return: 0 or -errno. */
static int peer_groups(int sock, struct caller *c)
{
	socklen_t size = 0;

	/* What it takes is written to @size. */
	if (getsockopt(sock, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0)
		return 0; /* he has none */
	if (errno != ERANGE)
		return -errno;
	c->groups = malloc(size);
	if (!c->groups)
		return -ENOMEM;
	if (getsockopt(sock, SOL_SOCKET, SO_PEERGROUPS, c->groups, &size) < 0)
		return -errno;
	c->groups_n = size / sizeof(*c->groups);
	return 0;
}

int caller_of_peer(int sock, struct caller *ret, char error[IDENTITY_ERROR_MAX])
{
	struct caller c = { 0 };
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int r = 0;

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		r = -errno;
	if (r == 0) {
		c.uid = peer.uid;
		c.gid = peer.gid;
		r = peer_groups(sock, &c);
	}
	if (r < 0)
		(void)snprintf(error, IDENTITY_ERROR_MAX,
			       "who is calling cannot be found: %s",
			       strerror(-r));
	else
		r = fill(&c, error);
	if (r < 0)
		caller_fini(&c);
	else
		*ret = c;
	return r;
}

void caller_fini(struct caller *c)
{
	free(c->groups);
	free(c->name);
	free(c->home);
	free(c->shell);
	*c = (struct caller){ 0 };
}

/* The uid last: with it the right to change the others goes. What is saved
 * brings us back. */
int caller_enter(const struct caller *c)
{
	if (setgroups(c->groups_n, c->groups) < 0 ||
	    setresgid(c->gid, c->gid, (gid_t)-1) < 0 ||
	    setresuid(c->uid, c->uid, (uid_t)-1) < 0)
		return -errno;
	return 0;
}

int caller_leave(void)
{
	if (setresuid(0, 0, (uid_t)-1) < 0 || setresgid(0, 0, (gid_t)-1) < 0 ||
	    setgroups(0, NULL) < 0)
		return -errno;
	return 0;
}
