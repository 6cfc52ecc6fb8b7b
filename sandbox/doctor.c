/* SPDX-License-Identifier: MIT */
/*
 * sandbox/doctor.c - `netleash doctor`: what this machine can enforce
 *
 * In:         nothing but the machine, as it is for this caller now
 * Out:        a claim a line, each with what was seen; or one JSON object
 * Steps:      a run in each isolation, whose command says what it is from
 *             inside; then what a run has beside its isolation
 * Invariants: nothing is concluded from versions and settings where a run can
 *             show it: a run refuses to start CMD unless its own proof, from
 *             CMD's place, has found every way out shut
 */
#include "sandbox/doctor.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/json.h"
#include "common/log.h"
#include "sandbox/conf_find.h"
#include "sandbox/control.h"
#include "sandbox/control_client.h"
#include "sandbox/identity.h"
#include "sandbox/landlock.h"
#include "sandbox/tool.h"

static const char usage[] =
	"usage: netleash doctor [--json]\n"
	"\n"
	"Shows what this machine can enforce for you, each claim by trying "
	"it.\n"
	"Exit status: 0 if 'netleash run' holds, 1 if it does not.\n"
	"\n"
	"  --json      print one JSON object\n"
	"  -h, --help  print this\n";

#define SELF	   "/proc/self/exe"
#define CLAIMS_MAX 8
#define TEXT_MAX   440

/* In the run: one line of what doctor_parse() reads, from proc(5). $1 is the
 * folder that netleash was started in, $2 what it is: CMD may be shown another
 * one in its place. */
static const char probe[] =
	"while read -r key value rest; do case $key in "
	"Uid:) uid=$value ;; CapEff:) caps=$value ;; "
	"NoNewPrivs:) privs=$value ;; Seccomp:) filter=$value ;; "
	"esac; done </proc/self/status; "
	"[ \"$PWD\" = \"$1\" ] && [ -w . ] && "
	"[ \"$(stat -c %d:%i .)\" = \"$2\" ] && writable=1 || writable=0; "
	"echo probe $uid $caps $privs $filter $writable";

/**
 * struct claim
 * @holds: seen to be so
 * @text:  what was seen, or the sentence that says why not
 */
struct claim {
	const char *name;
	bool holds;
	char text[TEXT_MAX];
};

struct doctor {
	struct claim claims[CLAIMS_MAX];
	size_t n;
	const char *holds_by; /* an isolation in which a run held; NULL: none */
};

static struct claim *claim(struct doctor *d, const char *name)
{
	struct claim *c = &d->claims[d->n++];

	c->name = name;
	return c;
}

bool doctor_parse(const char *line, struct doctor_view *ret)
{
	unsigned privs, filter, writable;
	char end;

	if (sscanf(line, "probe %9u %16llx %1u %1u %1u%c", &ret->uid,
		   &ret->caps, &privs, &filter, &writable, &end) != 5)
		return false;
	ret->no_new_privs = privs == 1;
	ret->filter = filter == 2; /* SECCOMP_MODE_FILTER */
	ret->writable = writable == 1;
	return true;
}

/* What a run that failed said, without our name before it. */
static void say_why(struct claim *c, int status, const char *output)
{
	static const char name[] = "netleash: ";

	if (status < 0)
		output = strerror(-status);
	else if (strncmp(output, name, sizeof(name) - 1) == 0)
		output += sizeof(name) - 1;
	(void)snprintf(c->text, sizeof(c->text), "%s",
		       *output ? output : "it said nothing");
}

static void try_isolation(struct doctor *d, const char *isolation,
			  struct doctor_view *ret)
{
	char folder[PATH_MAX], what[64];
	const char *const argv[] = { SELF,
				     "run",
				     "--quiet",
				     "--isolation",
				     isolation,
				     "--",
				     "/bin/sh",
				     "-c",
				     probe,
				     "sh",
				     getcwd(folder, sizeof(folder)) ? folder
								    : "",
				     what,
				     NULL };
	struct claim *c = claim(d, isolation);
	struct stat st = { 0 };
	char output[TOOL_OUTPUT_MAX];
	struct doctor_view v;
	int status;

	(void)stat(".", &st);
	(void)snprintf(what, sizeof(what), "%ju:%ju", (uintmax_t)st.st_dev,
		       (uintmax_t)st.st_ino);
	status = tool_run_as_we_are(argv, output);
	if (status != 0 || !doctor_parse(output, &v)) {
		say_why(c, status, output);
		return;
	}
	c->holds = v.caps == 0 && v.no_new_privs && v.filter;
	(void)snprintf(c->text, sizeof(c->text),
		       "a run was started and found every way out shut; user "
		       "id %u, %s, %s, %s",
		       v.uid, v.caps == 0 ? "no capability" : "CAPABILITIES",
		       v.no_new_privs ? "no new privileges"
				      : "NEW PRIVILEGES POSSIBLE",
		       v.filter ? "system calls filtered"
				: "NO FILTER OF SYSTEM CALLS");
	if (c->holds && !d->holds_by) {
		d->holds_by = isolation;
		*ret = v;
	}
}

static void try_workspace(struct doctor *d, const struct doctor_view *v)
{
	struct claim *c = claim(d, "workspace");

	c->holds = v->writable;
	(void)snprintf(c->text, sizeof(c->text), "%s",
		       v->writable
			       ? "the command can write this directory"
			       : "what the command writes in this directory is "
				 "refused or lost: start in a folder of "
				 "your own, or --writable DIR");
}

/* A name that is nobody's: no request is made, the CA and its bundle are. */
static void try_inspection(struct doctor *d)
{
	const char *const argv[] = { SELF,
				     "run",
				     "--quiet",
				     "--isolation",
				     d->holds_by,
				     "--allow",
				     "doctor.invalid",
				     "--inspect",
				     "doctor.invalid",
				     "--",
				     "/bin/sh",
				     "-c",
				     "[ -r \"$SSL_CERT_FILE\" ]",
				     NULL };
	struct claim *c = claim(d, "inspection");
	char output[TOOL_OUTPUT_MAX];
	int status = tool_run_as_we_are(argv, output);

	c->holds = status == 0;
	if (c->holds)
		(void)snprintf(c->text, sizeof(c->text),
			       "a CA was made, and shown to the command");
	else
		say_why(c, status, output);
}

static void try_landlock(struct doctor *d)
{
	struct claim *c = claim(d, "landlock");
	int abi = landlock_abi();

	c->holds = abi >= LANDLOCK_ABI_SCOPE;
	if (abi <= 0)
		(void)snprintf(c->text, sizeof(c->text),
			       "the kernel has none: a second line less");
	else
		(void)snprintf(c->text, sizeof(c->text), "version %d%s", abi,
			       c->holds ? ""
					: ": below 6 it does not keep the "
					  "command's signals in");
}

/* Without privilege a run in the firewall is one of the daemon's. */
static bool is_served(const struct doctor *d)
{
	return geteuid() != 0 && d->holds_by &&
	       strcmp(d->holds_by, "firewall") == 0;
}

static void try_conf(struct doctor *d)
{
	struct claim *c = claim(d, "conf");
	char error[IDENTITY_ERROR_MAX];
	struct conf_report report = { 0 };
	struct caller caller = { 0 };
	struct conf *cf = NULL;
	int r = caller_find(&caller, error);

	if (r == 0)
		r = conf_find_load(NULL, &caller, CONF_AUTH_PASS, &cf, &report);
	c->holds = r == 0;
	if (r == 0)
		(void)snprintf(c->text, sizeof(c->text), "%s%s",
			       cf->files_n == 0 ? "there is none: every target "
						  "is refused"
						: "it can be used",
			       is_served(d) ? "; but runs by the daemon go by "
					      "the daemon's"
					    : "");
	else
		(void)snprintf(c->text, sizeof(c->text),
			       "it is not usable: 'netleash check' says why");
	conf_free(cf);
	conf_report_fini(&report);
	caller_fini(&caller);
}

/* control_body_fn */
static int ignore(void *arg, const char *bytes, size_t n)
{
	(void)arg;
	(void)bytes;
	(void)n;
	return 0;
}

static void try_daemon(struct doctor *d)
{
	struct claim *c = claim(d, "daemon");
	char error[CONTROL_CLIENT_ERROR_MAX];
	int status = control_ask(CONTROL_SOCKET, "GET", "/v1/status", NULL,
				 ignore, NULL, error);

	c->holds = status == 200 || (status == -EACCES && is_served(d));
	if (status < 0 && c->holds)
		(void)snprintf(c->text, sizeof(c->text),
			       "it runs commands for you; 'status' and the "
			       "like are for root and the group netleash");
	else if (status < 0)
		(void)snprintf(c->text, sizeof(c->text), "%s", error);
	else
		(void)snprintf(c->text, sizeof(c->text), "%s",
			       c->holds ? "it answers"
					: "it is there, and does not answer "
					  "you");
}

static void render_text(const struct doctor *d, struct strbuf *out)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct claim *c = &d->claims[i];

		strbuf_addf(out, "%-3s %-11s ", c->holds ? "yes" : "no",
			    c->name);
		strbuf_add_escaped(out, c->text, strlen(c->text));
		strbuf_addc(out, '\n');
	}
	strbuf_addf(out, "%s\n",
		    d->holds_by ? "'netleash run' holds here."
				: "'netleash run' runs nothing here.");
}

static void render_json(const struct doctor *d, struct strbuf *out)
{
	struct json j;

	json_init(&j, out);
	json_object_open(&j, NULL);
	json_bool(&j, "holds", d->holds_by != NULL);
	json_array_open(&j, "claims");
	for (size_t i = 0; i < d->n; i++) {
		json_object_open(&j, NULL);
		json_string(&j, "name", d->claims[i].name);
		json_bool(&j, "holds", d->claims[i].holds);
		json_string(&j, "message", d->claims[i].text);
		json_object_close(&j);
	}
	json_array_close(&j);
	json_object_close(&j);
	strbuf_addc(out, '\n');
}

int doctor_main(int argc, char **argv)
{
	bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
	struct doctor_view view = { 0 };
	struct strbuf out = STRBUF_INIT;
	struct doctor d = { .n = 0 };
	bool failed;

	if (argc == 2 &&
	    (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		(void)fputs(usage, stdout);
		return 0;
	}
	if (argc > 1 && !json) {
		(void)fprintf(stderr, "netleash: doctor: wrong usage\n%s",
			      usage);
		return 2;
	}
	try_isolation(&d, "firewall", &view);
	try_isolation(&d, "netns", &view);
	if (d.holds_by) {
		try_workspace(&d, &view);
		try_inspection(&d);
	}
	try_landlock(&d);
	try_conf(&d);
	try_daemon(&d);
	if (json)
		render_json(&d, &out);
	else
		render_text(&d, &out);
	failed = strbuf_failed(&out) ||
		 fwrite(out.s, 1, out.len, stdout) != out.len ||
		 fflush(stdout) != 0;
	strbuf_fini(&out);
	if (failed)
		log_error("doctor: the answer cannot be written");
	return failed || !d.holds_by;
}
