/* SPDX-License-Identifier: MIT */
/*
 * tests/escape/observe.c - somebody outside, who sees what gets out
 *
 *	escape observe inet|host WORLD READY
 *
 * In "inet", the internet's side of the wire: a collector on every protocol
 * and a tap that sees every frame. In "host", the machine of the run: the
 * collectors of its loopback and addresses, and its unix sockets (outside.c
 * has both). What says "ESC NAME" is written to the log, and answered.
 *
 * A probe may ask for something, by a file "ask.NAME" in the meeting folder:
 * "NAME WHO KIND ADDRESS PORT", where KIND is tcp, cookie or udp (come in),
 * decoy or udecoy (listen there), or exists (is this file seen outside?).
 */
#include "tests/escape/observe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/escape/escape.h"

#define SOURCES_MAX 256
#define POLL_MS	    20
#define COME_MS	    1500

static struct source sources[SOURCES_MAX];
static size_t sources_n;

void observe_add(int fd, on_ready_fn *on_ready, const char *what)
{
	if (fd < 0) {
		(void)fprintf(stderr, "observe: no %s: %s\n", what,
			      strerror(errno));
		return;
	}
	if (sources_n == SOURCES_MAX) {
		(void)close(fd);
		return;
	}
	sources[sources_n++] = (struct source){ fd, on_ready, what };
}

static void drop(size_t i)
{
	(void)close(sources[i].fd);
	sources[i] = sources[--sources_n];
}

/* --- requests ----------------------------------------------------------------
 */

static void set_cookies(const char *value)
{
	int fd =
		open("/proc/sys/net/ipv4/tcp_syncookies", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, value, 1);
	(void)close(fd);
}

/* Comes in, and waits for what the other side has to say. */
static void come_tcp(const char *name, const union address *a, socklen_t n)
{
	int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char bytes[256], found[NAME_MAX_N + 1];
	ssize_t got;

	if (connect_within(fd, a, n, COME_MS) < 0)
		return;
	arrived(name, "a connection from outside was made");
	(void)!write(fd, "hello\n", 6);
	if (!readable(fd, COME_MS))
		return;
	got = read(fd, bytes, sizeof(bytes));
	if (got > 0 && name_in(bytes, (size_t)got, found))
		arrived(found, "answer to a connection from outside");
}

static void come_udp(const union address *a, socklen_t n)
{
	int fd = socket(a->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (int i = 0; i < 8; i++) {
		(void)sendto(fd, "hello\n", 6, 0, &a->any, n);
		sleep_ms(100);
	}
}

static void grant(const char *name, const char *kind, const char *addr,
		  const char *port)
{
	union address a;
	socklen_t n;

	if (strcmp(kind, "exists") == 0) {
		if (access(addr, F_OK) == 0)
			arrived(name, "a file");
		return;
	}
	n = address_make(&a, addr, port);
	if (n == 0)
		return;
	if (strcmp(kind, "decoy") == 0) {
		observe_listen(&a, n, 0, "decoy");
		return;
	}
	if (strcmp(kind, "udecoy") == 0) {
		observe_datagrams(&a, n, 0, "udecoy");
		return;
	}
	if (fork() != 0)
		return;
	if (strcmp(kind, "udp") == 0)
		come_udp(&a, n);
	else
		come_tcp(name, &a, n);
	_exit(0);
}

/* A request for cookies is granted by the machine's kernel first: its
 * observer reads every request, and the other one waits a moment. */
static void look_at_request(const char *place, const char *path)
{
	char name[NAME_MAX_N + 1], who[8], kind[8], addr[256], port[8];
	FILE *file = fopen(path, "re");
	static int64_t cookies_since;
	int n;

	if (!file)
		return;
	n = fscanf(file, "%64s %7s %7s %255s %7s", name, who, kind, addr, port);
	(void)fclose(file);
	if (n != 5)
		return;
	if (strcmp(kind, "cookie") == 0) {
		if (strcmp(place, "host") == 0)
			set_cookies("2");
		if (cookies_since == 0)
			cookies_since = now_ms();
		if (now_ms() - cookies_since < 200)
			return;
	} else if (strcmp(place, "host") == 0) {
		set_cookies("1");
	}
	if (strcmp(who, place) != 0)
		return;
	cookies_since = 0;
	(void)unlink(path);
	grant(name, kind, addr, port);
}

static void look_for_requests(const char *place)
{
	char path[512];
	struct dirent *entry;
	DIR *dir;

	meet_path(path, sizeof(path), "");
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "ask.", 4) != 0)
			continue;
		meet_path(path, sizeof(path), entry->d_name);
		look_at_request(place, path);
	}
	if (dir)
		(void)closedir(dir);
}

/* --- the loop ----------------------------------------------------------------
 */

static void turn(void)
{
	struct pollfd fds[SOURCES_MAX];
	size_t n = sources_n;

	for (size_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){ .fd = sources[i].fd,
					  .events = POLLIN };
	if (poll(fds, n, POLL_MS) <= 0)
		return;
	/* From the end: drop() moves the last one, which has been seen. */
	for (size_t i = n; i-- > 0;)
		if (fds[i].revents && !sources[i].on_ready(&sources[i]))
			drop(i);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

int observe_main(int argc, char **argv)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	int fd;

	if (argc != 3 || world_load(argv[1]) < 0)
		return 2;
	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGHUP, &ignore, NULL);
	outside_collect(strcmp(argv[0], "inet") == 0);
	if (strcmp(argv[0], "inet") == 0)
		outside_tap();
	else
		outside_local();
	fd = open(argv[2], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return 2;
	(void)close(fd);
	for (;;) {
		turn();
		look_for_requests(argv[0]);
	}
}
