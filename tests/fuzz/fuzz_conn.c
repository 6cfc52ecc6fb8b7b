/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz_conn.c - whole connections, cut at random, all at once
 *
 * The input is a script. Its first byte chooses the conf (conn_policy.c); the
 * rest is what is said, with orders in between, each a backtick and a letter:
 *
 *   0-5  a client speaks from here on; it connects if it has not
 *   a-f  the origin's n-th connection speaks
 *   .    cut: what was said so far is written, and the loop turns once
 *   ~    the same, and it turns until all is quiet
 *   >    the speaker ends its direction
 *   !    the speaker resets
 *   x    the speaker closes
 *   -    the speaker reads no more
 *   t T  300 ms, 7 s go by
 *   h    two hours go by
 *   z    many z are said
 *   X    the proxy is freed as it is, and that is the end
 *   `    a backtick is said
 *
 * When all of it has come to its end, conn_check.c compares what everybody
 * said, got and the access log.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tests/fuzz/conn_check.h"
#include "tests/fuzz/conn_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX 8192
#define MANY	  60000
#define MANY_MAX  4

/* Each may cost a dozen turns: what comes after them is not obeyed. */
#define ORDERS_MAX 200

struct script {
	struct world *world;
	struct end *speaker;
	char said[INPUT_MAX];
	size_t said_n;
	int many, orders;
	bool over;
};

static void flush(struct script *s)
{
	if (s->speaker)
		world_send(s->speaker, s->said, s->said_n);
	s->said_n = 0;
}

static void say_many(struct script *s)
{
	static char z[MANY];

	flush(s);
	memset(z, 'z', sizeof(z));
	if (s->speaker && s->many++ < MANY_MAX)
		world_send(s->speaker, z, sizeof(z));
}

static void let_speak(struct script *s, char who)
{
	flush(s);
	if (who >= 'a') {
		world_settle();
		s->speaker = &s->world->origins[who - 'a'];
		return;
	}
	s->speaker = &s->world->clients[who - '0'];
	if (!s->speaker->used)
		world_connect(s->speaker);
}

static void close_speaker(struct script *s, char how)
{
	flush(s);
	if (!s->speaker)
		return;
	switch (how) {
	case '>':
		world_shut(s->speaker);
		break;
	case '!':
		world_reset(s->speaker);
		break;
	case 'x':
		world_close(s->speaker);
		break;
	default:
		s->speaker->deaf = s->speaker->spoilt = true;
		break;
	}
	world_turn();
}

static void pass_time(struct script *s, char how)
{
	flush(s);
	world_settle();
	world_skip_ms(how == 't' ? 300 : how == 'T' ? 7000 : 7200000);
}

static void obey(struct script *s, char order)
{
	if (order != '`' && s->orders++ >= ORDERS_MAX)
		return;
	if ((order >= '0' && order < '0' + WORLD_CLIENTS) ||
	    (order >= 'a' && order <= 'f')) {
		let_speak(s, order);
		return;
	}
	switch (order) {
	case '.':
		flush(s);
		world_turn();
		break;
	case '~':
		flush(s);
		world_settle();
		break;
	case '>':
	case '!':
	case 'x':
	case '-':
		close_speaker(s, order);
		break;
	case 't':
	case 'T':
	case 'h':
		pass_time(s, order);
		break;
	case 'z':
		say_many(s);
		break;
	case 'X':
		flush(s);
		s->over = true;
		break;
	default:
		s->said[s->said_n++] = order;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct script s;

	if (size < 2 || size > INPUT_MAX)
		return 0;
	s = (struct script){ .world = world_begin(data[0] % WORLD_CONFS) };
	for (size_t i = 1; i < size && !s.over; i++) {
		if (data[i] != '`')
			s.said[s.said_n++] = (char)data[i];
		else if (++i < size)
			obey(&s, (char)data[i]);
	}
	if (s.over) {
		world_end_at_once();
		return 0;
	}
	flush(&s);
	world_end();
	conn_check(s.world);
	world_fini();
	return 0;
}
