/* SPDX-License-Identifier: MIT */
/*
 * sandbox/connect.c - `netleash connect HOST PORT`: a tunnel on stdin and
 * stdout
 *
 * In:         a target; the environment, which names the proxy
 * Out:        the far side's bytes on standard output, or why there are none
 * Steps:      words -> proxy -> CONNECT -> its answer -> both ways until both
 *             have ended
 * Invariants: nothing but the far side's bytes is written to standard output;
 *             the end of standard input is told to the far side and no more:
 *             what it still has to say is read to its end, and the reverse
 *
 * For ssh's ProxyCommand and so for git: whoever calls us waits on pipes, so
 * each way has a thread that blocks in peace; neither can hold up the other,
 * and the descriptors, which others share, keep their flags.
 *
 * References: RFC 9110 section 9.3.6, ssh_config(5) ProxyCommand
 */
#include "sandbox/connect.h"

#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/log.h"
#include "common/strbuf.h"
#include "common/target.h"
#include "sandbox/connect_words.h"
#include "sandbox/stdio.h"

/* A proxy looks a name up and connects before it answers: under a minute. */
#define ANSWER_SECONDS 75

/* Of the head, and then of what it says about a refusal. */
#define HEAD_MAX  16384
#define WORDS_MAX 8192

#define EXIT_USAGE 2

static const char usage[] =
	"usage: netleash connect [--proxy URL] HOST PORT\n"
	"\n"
	"Joins standard input and output to HOST:PORT through the proxy that\n"
	"HTTPS_PROXY, ALL_PROXY or HTTP_PROXY names. In ssh's conf:\n"
	"\n"
	"  ProxyCommand netleash connect %h %p\n"
	"\n"
	"  --proxy URL  take this proxy, http://HOST:PORT\n"
	"  -h, --help   print this\n";

/**
 * struct link - the way to the far side
 * @answer: the head of the proxy's answer, and what came with it
 */
struct link {
	char target[TARGET_TEXT_MAX];
	int fd;
	char answer[HEAD_MAX];
	size_t answer_n, head_n;
	int upload_error;
};

static int usage_error(const char *what, const char *word)
{
	(void)fprintf(stderr, "netleash: connect: %s '%s'\n%s", what, word,
		      usage);
	return EXIT_USAGE;
}

/* HOST and PORT as the proxy will understand them. Return: 0 or -EINVAL. */
static int parse_target(const char *host, const char *port, struct link *l)
{
	bool brackets = strchr(host, ':') && host[0] != '[';
	char detail[TARGET_DETAIL_MAX];
	struct strbuf text = STRBUF_INIT;
	struct target t;
	int r = 0;

	strbuf_addf(&text, "%s%s%s:%s", brackets ? "[" : "", host,
		    brackets ? "]" : "", port);
	if (strbuf_failed(&text)) {
		r = -ENOMEM;
	} else if (target_parse_authority(text.s, text.len, &t, detail) !=
		   TARGET_OK) {
		log_error("connect: %s: %s", text.s, detail);
		r = -EINVAL;
	} else {
		(void)target_format(&t, l->target);
	}
	strbuf_fini(&text);
	return r;
}

static int set_timeouts(int fd, time_t seconds)
{
	const struct timeval tv = { .tv_sec = seconds };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0)
		return -errno;
	return 0;
}

static int dial_one(const struct addrinfo *a, int *ret_fd)
{
	const int on = 1;
	int fd, r;

	/* Protocol by number: 0 may be turned into MPTCP by the system. */
	fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	if (fd < 0)
		return -errno;
	/* A key that is pressed is a packet; without it ssh stutters. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	r = set_timeouts(fd, ANSWER_SECONDS);
	if (r == 0 && connect(fd, a->ai_addr, a->ai_addrlen) < 0)
		r = -errno;
	if (r < 0)
		(void)close(fd);
	else
		*ret_fd = fd;
	return r;
}

static int dial(const struct connect_proxy *proxy, int *ret_fd)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int r;

	r = getaddrinfo(proxy->host, proxy->port, &hints, &found);
	if (r != 0) {
		log_error("connect: the proxy %s cannot be found: %s",
			  proxy->host,
			  r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
		return -EHOSTUNREACH;
	}
	r = -EHOSTUNREACH;
	for (const struct addrinfo *a = found; a && r < 0; a = a->ai_next)
		r = dial_one(a, ret_fd);
	freeaddrinfo(found);
	if (r < 0)
		log_error("connect: the proxy %s, port %s, cannot be reached: "
			  "%s",
			  proxy->host, proxy->port, strerror(-r));
	return r;
}

static int send_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		bytes += sent;
		n -= (size_t)sent;
	}
	return 0;
}

/* Return: how many, 0 at the end, or -errno. */
static ssize_t receive(int fd, char *bytes, size_t n)
{
	ssize_t got;

	do {
		got = recv(fd, bytes, n, 0);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

/* Text of the proxy's on our standard error, with nothing in it that moves a
 * cursor. */
static void print_words(const char *s, size_t n)
{
	struct strbuf line = STRBUF_INIT;

	while (n > 0) {
		const char *lf = memchr(s, '\n', n);
		size_t len = lf ? (size_t)(lf - s) : n;

		strbuf_reset(&line);
		strbuf_add_escaped(&line, s, len);
		strbuf_addc(&line, '\n');
		if (!strbuf_failed(&line))
			(void)fd_write_all(STDERR_FILENO, line.s, line.len);
		s += len + (lf != NULL);
		n -= len + (lf != NULL);
	}
	strbuf_fini(&line);
}

static void tell_refusal(struct link *l, const struct connect_answer *a)
{
	char words[WORDS_MAX];
	size_t n = l->answer_n - l->head_n;
	ssize_t got = 1;

	log_error("connect: %s: the proxy refuses: %u %.*s", l->target,
		  a->status, (int)(a->phrase_n < 200 ? a->phrase_n : 200),
		  a->phrase);
	if (!a->own)
		return;
	if (n > sizeof(words))
		n = sizeof(words);
	memcpy(words, l->answer + l->head_n, n);
	for (; n < sizeof(words) && got > 0; n += (size_t)(got > 0 ? got : 0))
		got = receive(l->fd, words + n, sizeof(words) - n);
	print_words(words, n);
}

/* Return: 0 once the tunnel is open, or -errno after a message. */
static int await_answer(struct link *l)
{
	struct connect_answer a;
	enum connect_verdict v = CONNECT_MORE;
	ssize_t n;

	while (v == CONNECT_MORE) {
		if (l->answer_n == sizeof(l->answer)) {
			log_error("connect: the proxy's answer does not end");
			return -EPROTO;
		}
		n = receive(l->fd, l->answer + l->answer_n,
			    sizeof(l->answer) - l->answer_n);
		if (n <= 0) {
			log_error("connect: %s: no answer from the proxy: %s",
				  l->target,
				  n == 0	 ? "it closed the connection"
				  : n == -EAGAIN ? "it takes too long"
						 : strerror((int)-n));
			return n == 0 ? -EPIPE : (int)n;
		}
		l->answer_n += (size_t)n;
		v = connect_answer_parse(l->answer, l->answer_n, &a);
	}
	if (v == CONNECT_WRONG) {
		log_error("connect: what answers there is no HTTP proxy");
		return -EPROTO;
	}
	l->head_n = a.head_n;
	if (v == CONNECT_OPEN)
		return set_timeouts(l->fd, 0);
	tell_refusal(l, &a);
	return -EACCES;
}

static int open_tunnel(struct link *l, const struct connect_proxy *proxy)
{
	struct strbuf head = STRBUF_INIT;
	int r;

	r = dial(proxy, &l->fd);
	if (r < 0)
		return r;
	strbuf_addf(&head,
		    "CONNECT %s HTTP/1.1\r\n"
		    "Host: %s\r\n"
		    "\r\n",
		    l->target, l->target);
	r = strbuf_failed(&head) ? -ENOMEM : send_all(l->fd, head.s, head.len);
	strbuf_fini(&head);
	/* A refusal may be there although not all of ours was taken. */
	return r == -ENOMEM ? r : await_answer(l);
}

/* Standard input to the far side. */
static void *upload(void *arg)
{
	struct link *l = arg;
	char bytes[65536];
	ssize_t n;

	for (;;) {
		n = read(STDIN_FILENO, bytes, sizeof(bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		l->upload_error = send_all(l->fd, bytes, (size_t)n);
		if (l->upload_error < 0)
			return NULL;
	}
	if (n < 0)
		l->upload_error = -errno;
	(void)shutdown(l->fd, SHUT_WR);
	return NULL;
}

/* The far side to standard output, and its end too. Return: 0 or -errno. */
static int download(struct link *l)
{
	char bytes[65536];
	ssize_t n;
	int r;

	r = fd_write_all(STDOUT_FILENO, l->answer + l->head_n,
			 l->answer_n - l->head_n);
	while (r == 0) {
		n = receive(l->fd, bytes, sizeof(bytes));
		if (n == 0)
			break;
		r = n < 0 ? (int)n
			  : fd_write_all(STDOUT_FILENO, bytes, (size_t)n);
	}
	if (r < 0) {
		log_error("connect: %s: %s", l->target, strerror(-r));
		return r;
	}
	return close(STDOUT_FILENO) < 0 ? -errno : 0;
}

static int join(struct link *l)
{
	pthread_t thread;
	int r;

	r = -pthread_create(&thread, NULL, upload, l);
	if (r < 0) {
		log_error("connect: no thread: %s", strerror(-r));
		return r;
	}
	r = download(l);
	if (r < 0)
		return r; /* the other way ends with the process */
	(void)pthread_join(thread, NULL);
	if (l->upload_error < 0)
		log_error("connect: %s: not all was sent: %s", l->target,
			  strerror(-l->upload_error));
	return l->upload_error;
}

/* Return: 0, or an exit status after a message. */
static int find_proxy(const char *option, struct connect_proxy *ret)
{
	const char *url =
		option ? option
		       : connect_proxy_find((const char *const *)environ);
	char error[CONNECT_ERROR_MAX];

	if (!url) {
		log_error("connect: no proxy is named: HTTPS_PROXY, ALL_PROXY "
			  "and HTTP_PROXY are not set");
		return 1;
	}
	if (connect_proxy_parse(url, ret, error) == 0)
		return 0;
	/* The URL itself may hold a password. */
	log_error("connect: the proxy's URL %s", error);
	return 1;
}

/* Return: 0; an exit status after a message; -1 after the usage. */
static int parse_words(int argc, char **argv, const char **ret_proxy)
{
	static const struct option options[] = {
		{ "proxy", required_argument, NULL, 'x' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (c) {
		case 'x':
			*ret_proxy = optarg;
			break;
		case 'h':
			(void)fputs(usage, stdout);
			return -1;
		case ':':
			return usage_error("a value is missing after",
					   argv[optind - 1]);
		default:
			return usage_error("bad option", argv[optind - 1]);
		}
	}
	if (argc - optind != 2) {
		(void)fprintf(stderr,
			      "netleash: connect: HOST and PORT are needed\n%s",
			      usage);
		return EXIT_USAGE;
	}
	return 0;
}

int connect_main(int argc, char **argv)
{
	static struct link l = { .fd = -1 };
	struct connect_proxy proxy;
	const char *option = NULL;
	int r;

	r = parse_words(argc, argv, &option);
	if (r != 0)
		return r < 0 ? 0 : r;
	r = find_proxy(option, &proxy);
	if (r != 0)
		return r;
	/* Or the tunnel itself would take the place of one that is closed. */
	r = stdio_close_inherited();
	if (r < 0) {
		log_error("connect: cannot open /dev/null: %s", strerror(-r));
		return 1;
	}
	r = parse_target(argv[optind], argv[optind + 1], &l);
	if (r == 0)
		r = open_tunnel(&l, &proxy);
	if (r == 0)
		r = join(&l);
	if (l.fd >= 0)
		(void)close(l.fd);
	return r < 0;
}
