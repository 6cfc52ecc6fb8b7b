/* SPDX-License-Identifier: MIT */
/*
 * sandbox/lease.c - one place in the block of run uids for each run
 *
 * In:         the first uid of the block, a callback that sweeps a dead run
 * Out:        a locked file leases/NNN that names the run and its port
 * States:     free     there is none, or an empty one
 *             live     locked, "NAME PORT", and "UID SERVERS PORT..." on a
 *                      second line where the run has more of loopback than
 *                      its door
 *             dead     unlocked, the same: its run ended without clean-up
 * Invariants: the record is written before anything that it names exists, and
 *             emptied after the last of it is gone, so that SIGKILL between any
 *             two steps leaves a place dead, never lost; both happen under the
 *             lock only, and so does the removal of the file: a lock on one
 *             that has no name any more is none
 * References: flock(2), getrandom(2)
 */
#include "sandbox/identity.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "common/parse.h"
#include "common/scope.h"
#include "common/strbuf.h"
#include "sandbox/state.h"

#define LEASES_DIR IDENTITY_STATE_DIR "/leases"

/* "r012-89abcdef 03128\n": fixed, so that a port replaces a port in place. */
#define NAME_LEN   13
#define RECORD_LEN (NAME_LEN + 7)

/* "012" and its end. */
#define PLACE_NAME 4

/* The second line: a uid, 0 or 1, and ports. */
#define LOCAL_MAX (10 + 2 + LOCAL_PORTS_MAX * 6 + 1)

bool run_name_check(const char *run)
{
	size_t n = strnlen(run, RUN_NAME_MAX);

	if (n == 0 || n == RUN_NAME_MAX || run[0] == '-')
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = run[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return true;
}

/* Both lines in one call, so that no SIGKILL comes between. */
static int write_record(const struct lease *l)
{
	struct strbuf record = STRBUF_INIT;
	ssize_t n;
	int r = 0;

	strbuf_addf(&record, "%s %05u\n", l->run, (unsigned)l->port);
	if (l->ports.n > 0 || l->servers) {
		strbuf_addf(&record, "%u %d", (unsigned)l->uid, l->servers);
		for (size_t i = 0; i < l->ports.n; i++)
			strbuf_addf(&record, " %u", (unsigned)l->ports.v[i]);
		strbuf_addc(&record, '\n');
	}
	if (strbuf_failed(&record))
		return -ENOMEM;
	n = pwrite(l->fd, record.s, record.len, 0);
	if (n < 0)
		r = -errno;
	else if ((size_t)n != record.len)
		r = -EIO;
	strbuf_fini(&record);
	return r;
}

/* The next word of @*line, which ends with a newline; NULL for no more. */
static const char *next_word(const char **line, size_t *ret_n)
{
	const char *word = *line;

	*ret_n = strcspn(word, " \n");
	if (*ret_n == 0)
		return NULL;
	*line = word + *ret_n + (word[*ret_n] == ' ');
	return word;
}

/* The second line, whole. Return: 0 or -EBADMSG. */
static int read_local(struct lease *l, const char *line)
{
	const char *word;
	uint32_t uid, servers;
	uint16_t port;
	size_t n;

	word = next_word(&line, &n);
	if (!word || parse_u32(word, n, &uid) < 0)
		return -EBADMSG;
	word = next_word(&line, &n);
	if (!word || parse_u32(word, n, &servers) < 0 || servers > 1)
		return -EBADMSG;
	/* Its own, whatever block of uids the conf names now. */
	l->uid = uid;
	l->servers = servers == 1;
	while ((word = next_word(&line, &n)))
		if (parse_port(word, n, &port) < 0 ||
		    local_ports_add(&l->ports, port) < 0)
			return -EBADMSG;
	return strcmp(line, "\n") == 0 ? 0 : -EBADMSG;
}

static int read_port(struct lease *l, const char *digits)
{
	unsigned port = 0;

	for (const char *s = digits; *s != '\n'; s++) {
		if (*s < '0' || *s > '9')
			return -EBADMSG;
		port = port * 10 + (unsigned)(*s - '0');
	}
	if (port > UINT16_MAX)
		return -EBADMSG;
	l->port = (uint16_t)port;
	return 0;
}

/* Return: 1 with the run that the place names, 0 if it is empty, -EBADMSG. */
static int read_record(struct lease *l)
{
	char record[RECORD_LEN + LOCAL_MAX + 1] = { 0 };
	ssize_t n;
	int r;

	n = pread(l->fd, record, sizeof(record), 0);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	if (n < RECORD_LEN || n == sizeof(record) || record[NAME_LEN] != ' ' ||
	    record[RECORD_LEN - 1] != '\n' || strlen(record) != (size_t)n)
		return -EBADMSG;
	r = read_port(l, record + NAME_LEN + 1);
	if (r == 0 && n > RECORD_LEN)
		r = read_local(l, record + RECORD_LEN);
	memcpy(l->run, record, NAME_LEN);
	l->run[NAME_LEN] = '\0';
	if (r == 0 && !run_name_check(l->run))
		r = -EBADMSG;
	return r < 0 ? r : 1;
}

static void name_place(unsigned index, char ret[PLACE_NAME])
{
	(void)snprintf(ret, PLACE_NAME, "%03u", index % 1000);
}

/*
 * Opens place @l->index. Return: 0; -EBUSY: locked, l->fd is open; -ENOENT:
 * there is none, or its run has just ended; -errno.
 */
static int open_place(int dir_fd, int flags, struct lease *l)
{
	struct stat st;
	char name[PLACE_NAME];

	name_place(l->index, name);
	l->fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags,
		       0600);
	if (l->fd < 0)
		return -errno;
	if (flock(l->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (fstat(l->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EBADMSG;
	return st.st_nlink > 0 ? 0 : -ENOENT;
}

/* Return: false when no place has that name. */
static bool read_place_name(const char *name, uint8_t *ret)
{
	unsigned index = 0;

	if (strlen(name) != PLACE_NAME - 1)
		return false;
	for (; *name; name++) {
		if (*name < '0' || *name > '9')
			return false;
		index = index * 10 + (unsigned)(*name - '0');
	}
	*ret = (uint8_t)index;
	return index < IDENTITY_RUN_UIDS;
}

/* The numbers of all places that there are. Return: how many, or -errno. */
static int list_places(int dir_fd, uint8_t ret[IDENTITY_RUN_UIDS])
{
	const int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int n = 0;

	if (!dir) {
		n = -errno;
		if (fd >= 0)
			(void)close(fd);
		return n;
	}
	while (n < IDENTITY_RUN_UIDS && (entry = readdir(dir)))
		n += read_place_name(entry->d_name, &ret[n]);
	(void)closedir(dir);
	return n;
}

static void close_place(struct lease *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

/* A locked place: sweeps the dead run that it names, if it names one. */
static int sweep_place(struct lease *l, lease_sweep_fn *sweep, void *arg)
{
	int r = read_record(l);

	return r == 1 ? sweep(l, arg) : r;
}

/* A locked place that names nobody who has left anything. */
static int remove_place(int dir_fd, const struct lease *l)
{
	char name[PLACE_NAME];

	name_place(l->index, name);
	return unlinkat(dir_fd, name, 0) < 0 ? -errno : 0;
}

/* Return: 0 with the place taken and named; else it is closed again. */
static int take_place(int dir_fd, lease_sweep_fn *sweep, void *arg,
		      struct lease *l)
{
	const uid_t uid = l->uid; /* the sweep may find another */
	uint32_t tag;
	int r;

	r = open_place(dir_fd, O_CREAT, l);
	if (r == 0)
		r = sweep_place(l, sweep, arg);
	if (r == 0 && ftruncate(l->fd, 0) < 0)
		r = -errno;
	if (r == 0 && getrandom(&tag, sizeof(tag), 0) != sizeof(tag))
		r = -EIO;
	if (r == 0) {
		*l = (struct lease){ .fd = l->fd,
				     .index = l->index,
				     .uid = uid };
		(void)snprintf(l->run, sizeof(l->run), "r%03u-%08" PRIx32,
			       l->index, tag);
		r = write_record(l);
	}
	if (r < 0)
		close_place(l);
	return r;
}

static int open_leases(char *error)
{
	int fd = open(LEASES_DIR,
		      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0) {
		fd = -errno;
		(void)snprintf(error, IDENTITY_ERROR_MAX,
			       "cannot open %s: %s; run 'netleash setup'",
			       LEASES_DIR, strerror(-fd));
	}
	return fd;
}

int lease_take(uid_t first, lease_sweep_fn *sweep, void *arg, struct lease *ret,
	       char error[IDENTITY_ERROR_MAX])
{
	AUTOCLOSE int lock_fd = -1;
	AUTOCLOSE int dir_fd = -1;
	int r, worst = -EBUSY;
	uint8_t start;

	r = state_lock(STATE_SHARED, &lock_fd, error);
	if (r < 0)
		return r;
	dir_fd = open_leases(error);
	if (dir_fd < 0)
		return dir_fd;

	/* At random, so that a uid that was just given back rests a while. */
	if (getrandom(&start, sizeof(start), 0) != sizeof(start))
		start = 0;
	for (unsigned i = 0; i < IDENTITY_RUN_UIDS; i++) {
		struct lease l = { .fd = -1 };

		l.index = (start + i) % IDENTITY_RUN_UIDS;
		l.uid = first + l.index;
		r = take_place(dir_fd, sweep, arg, &l);
		if (r == 0) {
			*ret = l;
			return 0;
		}
		/* A place that cannot be swept stays shut; another may do. */
		if (r != -EBUSY && r != -ENOENT)
			worst = r;
	}

	if (worst == -EBUSY)
		(void)snprintf(
			error, IDENTITY_ERROR_MAX,
			"all %d run uids from %u on are in use: wait for "
			"a run to end",
			IDENTITY_RUN_UIDS, (unsigned)first);
	else
		(void)snprintf(error, IDENTITY_ERROR_MAX,
			       "no run uid is free, and what a dead run left "
			       "cannot be cleaned up: %s",
			       strerror(-worst));
	return worst;
}

int lease_record_port(struct lease *l, uint16_t port)
{
	l->port = port;
	return write_record(l);
}

int lease_record_local(struct lease *l, const struct local_ports *ports,
		       bool servers)
{
	l->ports = *ports;
	l->servers = servers;
	return write_record(l);
}

void lease_release(struct lease *l)
{
	char ignored[IDENTITY_ERROR_MAX];
	AUTOCLOSE int dir_fd = -1;

	if (l->fd < 0)
		return;
	/* If it fails the place stays dead: the next to lock it sweeps it. */
	if (ftruncate(l->fd, 0) == 0) {
		dir_fd = open_leases(ignored);
		if (dir_fd >= 0)
			(void)remove_place(dir_fd, l);
		(void)flock(l->fd, LOCK_UN); /* for every copy of it */
	}
	close_place(l);
}

/* Return: 1 if its run lives, 0 if there is none any more, or -errno. */
static int sweep_index(int dir_fd, struct lease *l, lease_sweep_fn *sweep,
		       void *arg)
{
	int r = open_place(dir_fd, 0, l);

	if (r == 0)
		r = sweep_place(l, sweep, arg);
	if (r == 0)
		r = remove_place(dir_fd, l);
	close_place(l);
	return r == -EBUSY ? 1 : r == -ENOENT ? 0 : r;
}

int lease_sweep(uid_t first, size_t most, lease_sweep_fn *sweep, void *arg)
{
	char ignored[IDENTITY_ERROR_MAX];
	AUTOCLOSE int dir_fd = open_leases(ignored);
	uint8_t places[IDENTITY_RUN_UIDS], start;
	int n, live = 0, failed = 0;

	if (dir_fd < 0)
		return dir_fd == -ENOENT ? 0 : dir_fd;
	n = list_places(dir_fd, places);
	if (n < 0)
		return n;
	/* At random, so that those who do not look at all of them will. */
	if (getrandom(&start, sizeof(start), 0) != sizeof(start))
		start = 0;
	for (int i = 0; i < n && (size_t)i < most; i++) {
		struct lease l = { .fd = -1, .index = places[(start + i) % n] };
		int r;

		l.uid = first + l.index;
		r = sweep_index(dir_fd, &l, sweep, arg);
		if (r < 0)
			failed = r;
		else
			live += r;
	}
	return failed < 0 ? failed : live;
}

int lease_each_live(uid_t first, lease_live_fn *fn, void *arg)
{
	char ignored[IDENTITY_ERROR_MAX];
	AUTOCLOSE int dir_fd = open_leases(ignored);
	uint8_t places[IDENTITY_RUN_UIDS];
	int n;

	if (dir_fd < 0)
		return dir_fd == -ENOENT ? 0 : dir_fd;
	n = list_places(dir_fd, places);
	for (int i = 0; i < n; i++) {
		struct lease l = { .fd = -1, .index = places[i] };

		l.uid = first + l.index;
		if (open_place(dir_fd, 0, &l) == -EBUSY && read_record(&l) == 1)
			fn(&l, arg);
		close_place(&l);
	}
	return n < 0 ? n : 0;
}
