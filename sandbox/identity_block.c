/* SPDX-License-Identifier: MIT */
/*
 * sandbox/identity_block.c - is the block of run uids nobody else's?
 *
 * In:         the block, and /etc/passwd, group, subuid and subgid as text
 * Out:        yes, or a sentence that names the first thing in the way
 * Invariants: a line that is not understood is passed over: these files are
 *             the administrator's, and netleash is not their judge
 * References: passwd(5), group(5), subuid(5); systemd's "Users, Groups, UIDs
 *             and GIDs" for 61184-65534 (dynamic users, nobody)
 *
 * Only the local files are read: asking a directory service 512 times would
 * make every start slow, and such services do not hand out what lies below
 * their own base.
 */
#include "sandbox/identity.h"

#include <errno.h>

#include "common/fdio.h"
#include "common/macros.h"
#include "common/parse.h"
#include "common/scope.h"

#define FILE_MAX_BYTES	 (16u * 1024 * 1024)
#define RESERVED_FIRST	 61184u
#define RESERVED_LAST	 65535u /* 65535 is (uid_t)-1 in 16 bits */
#define FIRST_ABOVE_ROOT 1000u	/* below are the system's own accounts */

/* One range of ids that a line claims; count 0 for none. */
struct claim {
	uint32_t first, count;
};

static const struct {
	const char *path;
	unsigned field; /* of the id, from 0 */
	bool range;	/* the next field is a count */
} files[] = {
	{ "/etc/passwd", 2, false },
	{ "/etc/passwd", 3, false }, /* a primary group */
	{ "/etc/group", 2, false },
	{ "/etc/subuid", 1, true },
	{ "/etc/subgid", 1, true },
};

/* The @index-th field of a line of colons; its length in @ret_len. */
static const char *field(const char *line, size_t n, unsigned index,
			 size_t *ret_len)
{
	const char *end = line + n, *colon;

	while (index > 0) {
		colon = memchr(line, ':', (size_t)(end - line));
		if (!colon)
			return NULL;
		line = colon + 1;
		index--;
	}
	colon = memchr(line, ':', (size_t)(end - line));
	*ret_len = (size_t)((colon ? colon : end) - line);
	return line;
}

static struct claim read_claim(size_t file, const char *line, size_t n)
{
	struct claim c = { 0, 1 }, none = { 0, 0 };
	const char *s;
	size_t len;

	s = field(line, n, files[file].field, &len);
	if (!s || parse_u32(s, len, &c.first) < 0)
		return none;
	if (files[file].range) {
		s = field(line, n, files[file].field + 1, &len);
		if (!s || parse_u32(s, len, &c.count) < 0)
			return none;
	}
	return c;
}

static bool overlaps(const struct claim *c, uid_t first, uid_t last)
{
	return c->count > 0 && c->first <= last &&
	       (uint64_t)c->first + c->count > first;
}

/* Looks for the first line of file number @file that claims an id of ours. */
static int check_text(size_t file, const char *text, uid_t first, uid_t last,
		      char *error)
{
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");
		struct claim c = read_claim(file, line, n);

		if (overlaps(&c, first, last)) {
			(void)snprintf(error, IDENTITY_ERROR_MAX,
				       "the block of run uids %u-%u overlaps "
				       "'%.*s' of %s: choose another with "
				       "run-uids in the conf",
				       (unsigned)first, (unsigned)last,
				       (int)(n < 80 ? n : 80), line,
				       files[file].path);
			return -EINVAL;
		}
		line += n;
		line += *line == '\n';
	}
	return 0;
}

int identity_check_block(uid_t first, uid_t last,
			 char error[IDENTITY_ERROR_MAX])
{
	/* The last number of all is no id: it means "leave it as it is". */
	if (first < FIRST_ABOVE_ROOT || last < first || last == UINT32_MAX ||
	    last - first != IDENTITY_RUN_UIDS - 1) {
		(void)snprintf(error, IDENTITY_ERROR_MAX,
			       "the block of run uids %u-%u must be %d uids "
			       "from %u on",
			       (unsigned)first, (unsigned)last,
			       IDENTITY_RUN_UIDS, FIRST_ABOVE_ROOT);
		return -EINVAL;
	}
	if (first <= RESERVED_LAST && last >= RESERVED_FIRST) {
		(void)snprintf(
			error, IDENTITY_ERROR_MAX,
			"the block of run uids %u-%u reaches into "
			"%u-%u, which the system keeps for itself: choose "
			"another with run-uids in the conf",
			(unsigned)first, (unsigned)last, RESERVED_FIRST,
			RESERVED_LAST);
		return -EINVAL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		AUTOFREE char *text = NULL;
		size_t len;
		int r;

		r = fd_read_file(files[i].path, FILE_MAX_BYTES, &text, &len);
		if (r == -ENOENT)
			continue; /* no such file claims nothing */
		if (r < 0) {
			(void)snprintf(error, IDENTITY_ERROR_MAX,
				       "cannot read %s: %s", files[i].path,
				       strerror(-r));
			return r;
		}
		r = check_text(i, text, first, last, error);
		if (r < 0)
			return r;
	}
	return 0;
}
