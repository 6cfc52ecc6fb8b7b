/* SPDX-License-Identifier: MIT */
/*
 * sandbox/control_cli.c - `netleash status|blocked|reload|mode|log`
 *
 * Clients of the control socket. With --json what the daemon says is printed
 * as it is; else its object is told line by line: "NAME: VALUE", nested ones
 * indented. The daemon is root's, and escaped what is not its own.
 */
#include "sandbox/control_cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/log.h"
#include "common/macros.h"
#include "common/strbuf.h"
#include "sandbox/control.h"
#include "sandbox/control_client.h"
#include "sandbox/control_text.h"

#define ANSWER_MAX (64u * 1024 * 1024)

static const struct verb {
	const char *name, *method, *target, *help;
	bool streams, takes_word;
} verbs[] = {
	{ "status", "GET", "/v1/status",
	  "Tells what the daemon is and does, and which runs there are.", false,
	  false },
	{ "blocked", "GET", "/v1/blocked",
	  "Tells what policy refused, with the line that would allow it.",
	  false, false },
	{ "reload", "POST", "/v1/reload",
	  "Has the daemon read its conf again, and tells what came of it.",
	  false, false },
	{ "mode", "GET", "/v1/mode",
	  "Tells the mode that was set here, or sets it: full, limited, or "
	  "conf\n"
	  "for what the conf says.",
	  false, true },
	{ "log", "GET", "/v1/log",
	  "Prints the lines of the access log as they come.", true, false },
};

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "socket", required_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct cli {
	const struct verb *verb;
	const char *socket, *word;
	const char *wrong; /* the word that is bad usage; NULL: none */
	bool json, help;
};

static void usage(FILE *to, const struct verb *v)
{
	(void)fprintf(to,
		      "usage: netleash %s [options]%s\n\n%s\n\n"
		      "      --json         print what the daemon says\n"
		      "      --socket PATH  its control socket, instead of\n"
		      "                     " CONTROL_SOCKET "\n"
		      "  -h, --help         print this\n",
		      v->name, v->takes_word ? " [full|limited|conf]" : "",
		      v->help);
}

/* Options may stand behind the word. Return: false with @cli->wrong. */
static bool parse(int argc, char **argv, struct cli *cli)
{
	int c;

	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (c == 'j')
			cli->json = true;
		else if (c == 's')
			cli->socket = optarg;
		else if (c == 'h')
			cli->help = true;
		else
			cli->wrong = argv[optind - 1];
	}
	if (cli->verb->takes_word && optind < argc)
		cli->word = argv[optind++];
	if (optind < argc)
		cli->wrong = argv[optind];
	else if (cli->word && strcmp(cli->word, "full") != 0 &&
		 strcmp(cli->word, "limited") != 0 &&
		 strcmp(cli->word, "conf") != 0)
		cli->wrong = cli->word;
	return !cli->wrong;
}

/* control_body_fn */
static int keep(void *arg, const char *bytes, size_t n)
{
	struct strbuf *out = arg;

	if (out->len + n > ANSWER_MAX)
		return -EFBIG;
	strbuf_add(out, bytes, n);
	return strbuf_failed(out) ? -ENOMEM : 0;
}

/* control_body_fn */
static int print(void *arg, const char *bytes, size_t n)
{
	(void)arg;
	return fd_write_all(STDOUT_FILENO, bytes, n);
}

static int print_answer(const struct cli *cli, int status,
			const struct strbuf *body)
{
	struct strbuf text = STRBUF_INIT;
	int r = 0;

	if (body->len == 0)
		r = -EPROTO;
	else if (cli->json)
		strbuf_add(&text, body->s, body->len);
	else
		r = control_text(body->s, body->len, &text);
	if (r == 0 && strbuf_failed(&text))
		r = -ENOMEM;
	if (r == 0)
		r = fd_write_all(status == 200 || cli->json ? STDOUT_FILENO
							    : STDERR_FILENO,
				 text.s, text.len);
	strbuf_fini(&text);
	if (r < 0)
		log_error("%s: %s", cli->verb->name, strerror(-r));
	return r < 0 || status != 200;
}

static int ask(const struct cli *cli)
{
	const char *path = cli->socket ? cli->socket : CONTROL_SOCKET;
	char error[CONTROL_CLIENT_ERROR_MAX], body[40];
	struct strbuf answer = STRBUF_INIT;
	int status;

	if (cli->word)
		(void)snprintf(body, sizeof(body), "{\"mode\":\"%s\"}",
			       cli->word);
	status = control_ask(path, cli->word ? "PUT" : cli->verb->method,
			     cli->verb->target, cli->word ? body : NULL,
			     cli->verb->streams ? print : keep, &answer, error);
	if (status < 0) {
		log_error("%s", error);
		return 1;
	}
	if (cli->verb->streams)
		return status != 200;
	status = print_answer(cli, status, &answer);
	strbuf_fini(&answer);
	return status;
}

int control_cli_main(int argc, char **argv)
{
	struct cli cli = { .verb = NULL };

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(argv[0], verbs[i].name) == 0)
			cli.verb = &verbs[i];
	if (!cli.verb)
		return 2;
	if (!parse(argc, argv, &cli)) {
		(void)fprintf(stderr, "netleash: %s: wrong usage at '%s'\n",
			      argv[0], cli.wrong);
		usage(stderr, cli.verb);
		return 2;
	}
	if (cli.help) {
		usage(stdout, cli.verb);
		return 0;
	}
	return ask(&cli);
}
