/* SPDX-License-Identifier: MIT */
/*
 * sandbox/ca_cli.c - `netleash ca show|export|renew`
 *
 * In:         the folder of authority.h, no daemon
 * Out:        the certificate, or what it says; or another pair
 * Invariants: nothing of the key is ever printed
 */
#include "sandbox/ca_cli.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/json.h"
#include "common/log.h"
#include "common/strbuf.h"
#include "proxy/proxy.h"
#include "sandbox/authority.h"

#define EXIT_USAGE 2

static const char usage[] =
	"usage: netleash ca show|export|renew [--json]\n"
	"\n"
	"The CA with which the daemon signs for hosts that it looks into.\n"
	"\n"
	"  show    what its certificate says; to root, also what is wrong\n"
	"          with the pair\n"
	"  export  the certificate, for programs that shall trust it\n"
	"  renew   another key and certificate in the place of what is there;\n"
	"          the old certificate is kept as ca.pem.old\n"
	"\n"
	"      --json  print one JSON object\n"
	"  -h, --help  print this\n";

struct cli {
	const char *what;
	bool json, help;
};

static bool parse(int argc, char **argv, struct cli *ret)
{
	*ret = (struct cli){ .what = NULL };
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (strcmp(word, "--json") == 0)
			ret->json = true;
		else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
			ret->help = true;
		else if (word[0] == '-' || ret->what)
			return false;
		else
			ret->what = word;
	}
	return ret->help || (ret->what && (strcmp(ret->what, "show") == 0 ||
					   strcmp(ret->what, "export") == 0 ||
					   strcmp(ret->what, "renew") == 0));
}

static void format_time(time_t t, char ret[32])
{
	struct tm tm;

	if (!gmtime_r(&t, &tm) ||
	    strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		ret[0] = '\0';
}

static int print(struct strbuf *text)
{
	int r = strbuf_failed(text)
			? -ENOMEM
			: fd_write_all(STDOUT_FILENO, text->s, text->len);

	strbuf_fini(text);
	if (r < 0)
		log_error("ca: %s", strerror(-r));
	return r;
}

static int print_facts(const struct ca_facts *facts, bool as_json)
{
	static const char path[] = AUTHORITY_DIR "/" CA_FILE_CERTIFICATE;
	struct strbuf out = STRBUF_INIT;
	char from[32], until[32];
	struct json j;

	format_time(facts->from, from);
	format_time(facts->until, until);
	if (as_json) {
		json_init(&j, &out);
		json_object_open(&j, NULL);
		json_string(&j, "path", path);
		json_string(&j, "subject", facts->subject);
		json_string(&j, "sha256", facts->sha256);
		json_string(&j, "not_before", from);
		json_string(&j, "not_after", until);
		json_object_close(&j);
		strbuf_addc(&out, '\n');
	} else {
		strbuf_adds(&out, "subject: ");
		strbuf_add_escaped(&out, facts->subject,
				   strlen(facts->subject));
		strbuf_addf(&out,
			    "\nsha256: %s\nnot before: %s\nnot after: %s\n"
			    "path: %s\n",
			    facts->sha256, from, until, path);
	}
	return print(&out);
}

static int print_pem(const struct ca_facts *facts, bool as_json)
{
	struct strbuf out = STRBUF_INIT;
	struct json j;

	if (as_json) {
		json_init(&j, &out);
		json_object_open(&j, NULL);
		json_string(&j, "pem", facts->pem);
		json_object_close(&j);
		strbuf_addc(&out, '\n');
	} else {
		strbuf_adds(&out, facts->pem);
	}
	return print(&out);
}

/* Return: 0 or -errno with a sentence. */
static int show(bool as_json, char *error)
{
	struct ca_facts facts = { .from = 0 };
	struct ca *ca = NULL;
	int r = authority_facts(&facts, error);

	if (r == 0)
		r = print_facts(&facts, as_json);
	/* Others cannot look at the key. */
	if (r == 0 && geteuid() == 0)
		r = authority_load(&ca, error);
	ca_free(ca);
	return r;
}

static int renew(bool as_json, char *error)
{
	struct ca_facts facts = { .from = 0 };
	int r;

	if (geteuid() != 0) {
		(void)snprintf(error, AUTHORITY_ERROR_MAX,
			       "renewing it needs root: use sudo");
		return -EPERM;
	}
	r = authority_renew(error);
	if (r == 0)
		r = authority_facts(&facts, error);
	if (r == 0)
		r = print_facts(&facts, as_json);
	if (r == 0)
		log_notice("a daemon that is running signs with the old one "
			   "until 'netleash reload'; who was told to trust the "
			   "old certificate needs this one: 'netleash ca "
			   "export'");
	return r;
}

int ca_cli_main(int argc, char **argv)
{
	char error[AUTHORITY_ERROR_MAX] = "";
	struct ca_facts facts = { .from = 0 };
	struct cli cli;
	int r;

	if (!parse(argc, argv, &cli)) {
		(void)fprintf(stderr, "netleash: ca: wrong usage\n%s", usage);
		return EXIT_USAGE;
	}
	if (cli.help) {
		(void)fputs(usage, stdout);
		return 0;
	}
	if (strcmp(cli.what, "show") == 0) {
		r = show(cli.json, error);
	} else if (strcmp(cli.what, "renew") == 0) {
		r = renew(cli.json, error);
	} else {
		r = authority_facts(&facts, error);
		if (r == 0)
			r = print_pem(&facts, cli.json);
	}
	if (r < 0 && error[0])
		log_error("ca: %s", error);
	return r < 0;
}
