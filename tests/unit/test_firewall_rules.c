/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_firewall_rules.c - the text of the rule set, byte for byte
 *
 * golden/base.nft is read by people: a change of the rules shows there as a
 * change of the rules. NETLEASH_GOLDEN_WRITE=1 writes it anew.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/fdio.h"
#include "common/macros.h"
#include "common/strbuf.h"
#include "sandbox/firewall_rules.h"

/* Tests run with the project folder as working directory. */
#define GOLDEN "tests/unit/golden/base.nft"

static const struct firewall_ids ids = {
	.offline_uid = 997,
	.offline_gid = 996,
	.run_first = 60100,
	.run_last = 60355,
};

static struct firewall_place place(const char *mount, uint64_t id)
{
	struct firewall_place p;

	assert_int_equal(firewall_place_make(mount, id, &p), 0);
	return p;
}

static void the_base_is_the_golden_text(void **state)
{
	struct firewall_place p = place("/sys/fs/cgroup", 42);
	struct strbuf text = STRBUF_INIT;
	char *golden = NULL;
	size_t len;

	(void)state;
	firewall_render_base(&ids, &p, &text);
	assert_false(strbuf_failed(&text));
	if (getenv("NETLEASH_GOLDEN_WRITE")) {
		FILE *f = fopen(GOLDEN, "we");

		assert_non_null(f);
		assert_int_equal(fwrite(text.s, 1, text.len, f), text.len);
		assert_int_equal(fclose(f), 0);
	}
	assert_int_equal(fd_read_file(GOLDEN, 65536, &golden, &len), 0);
	assert_string_equal(text.s, golden);
	free(golden);
	strbuf_fini(&text);
}

/*
 * Words that nft 1.0.2 takes for its own wherever they stand, such as one might
 * call a chain, a set or a map: it refuses the whole text then.
 */
static void nothing_is_called_by_a_word_of_nft(void **state)
{
	static const char *const words[] = {
		"accept", "code",    "counter", "drop",	  "flags",    "flow",
		"group",  "id",	     "index",	"length", "limit",    "map",
		"mark",	  "name",    "options", "policy", "protocol", "reject",
		"rule",	  "rules",   "set",	"size",	  "socket",   "table",
		"type",	  "version", "window",
	};
	struct firewall_place p = place("/sys/fs/cgroup", 42);
	struct strbuf text = STRBUF_INIT;
	char kind[16], name[32];

	(void)state;
	firewall_render_base(&ids, &p, &text);
	for (const char *line = text.s; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "add %15s inet netleash %31s", kind, name) !=
		    2)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			assert_string_not_equal(name, words[i]);
	}
	strbuf_fini(&text);
}

static void a_run_on_loopback_is_its_ports_and_its_marks(void **state)
{
	struct firewall_place p = place("/sys/fs/cgroup", 42);
	struct firewall_local local = {
		.run = "r007-0000abcd",
		.uid = 60107,
		.index = 7,
		.ports = { { 5432, 8000 }, 2 },
	};
	struct strbuf text = STRBUF_INIT;

	(void)state;
	firewall_render_local(FIREWALL_CREATE, &p, &local, &text);
	assert_string_equal(
		text.s, "add element inet netleash local "
			"{ \"netleash/r007-0000abcd\" . 5432 : 0x6e6c0107 }\n"
			"add element inet netleash local "
			"{ \"netleash/r007-0000abcd\" . 8000 : 0x6e6c0107 }\n");
	strbuf_reset(&text);
	local.ports.n = 0;
	local.servers = true;
	firewall_render_local(FIREWALL_GET, &p, &local, &text);
	assert_string_equal(text.s, "get element inet netleash servers "
				    "{ \"netleash/r007-0000abcd\" }\n"
				    "get element inet netleash server_uids "
				    "{ 60107 }\n"
				    "get element inet netleash own "
				    "{ \"netleash/r007-0000abcd\" . "
				    "0x6e6c0007 }\n"
				    "get element inet netleash own "
				    "{ \"netleash/r007-0000abcd\" . "
				    "0x6e6c0107 }\n");
	strbuf_reset(&text);
	local.servers = false;
	local.ports.n = 1;
	firewall_render_local(FIREWALL_DELETE, &p, &local, &text);
	assert_string_equal(
		text.s, "add element inet netleash local "
			"{ \"netleash/r007-0000abcd\" . 5432 : 0x6e6c0107 }\n"
			"delete element inet netleash local "
			"{ \"netleash/r007-0000abcd\" . 5432 : 0x6e6c0107 }\n");
	strbuf_fini(&text);
}

static void paths_are_as_nft_wants_them(void **state)
{
	struct firewall_place p;
	char path[400];

	(void)state;
	p = place("/sys/fs/cgroup", 1);
	assert_string_equal(p.path, "netleash");
	p = place("/sys/fs/cgroup/unified", 1);
	assert_string_equal(p.path, "unified/netleash");
	p = place("/mnt/cg", 1);
	assert_string_equal(p.path, "../../../mnt/cg/netleash");
	assert_int_equal(firewall_place_make("/mnt/a\"b", 1, &p), -EINVAL);
	assert_int_equal(firewall_place_make("/mnt/a b", 1, &p), -EINVAL);
	assert_int_equal(firewall_place_make("/mnt/a*", 1, &p), -EINVAL);
	assert_int_equal(firewall_place_make("/sys/fs/cgroup2", 1, &p),
			 -EINVAL);
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(firewall_place_make(path, 1, &p), -EINVAL);
}

static void an_offline_id_in_the_block_is_not_said_twice(void **state)
{
	struct firewall_place p = place("/sys/fs/cgroup", 42);
	struct firewall_ids inside = ids;
	struct strbuf text = STRBUF_INIT;

	(void)state;
	inside.offline_uid = 60100;
	inside.offline_gid = 60355;
	firewall_render_base(&inside, &p, &text);
	assert_non_null(strstr(text.s, "uids { 60100-60355 }\n"));
	assert_non_null(strstr(text.s, "gids { 60100-60355 }\n"));
	strbuf_fini(&text);
}

/* Whatever the rules depend on changes the version; nothing else does. */
static void the_version_tells_every_input_apart(void **state)
{
	struct firewall_place p = place("/sys/fs/cgroup", 42);
	char seen[6][FIREWALL_VERSION_MAX];
	struct strbuf text = STRBUF_INIT;
	struct firewall_ids other = ids;

	(void)state;
	firewall_render_version(&ids, &p, seen[0]);
	other.offline_uid++;
	firewall_render_version(&other, &p, seen[1]);
	other = ids;
	other.offline_gid++;
	firewall_render_version(&other, &p, seen[2]);
	other = ids;
	other.run_last++;
	firewall_render_version(&other, &p, seen[3]);
	p.id = 43;
	firewall_render_version(&ids, &p, seen[4]);
	p = place("/sys/fs/cgroup/unified", 42);
	firewall_render_version(&ids, &p, seen[5]);
	for (int i = 0; i < 6; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(seen[i], seen[j]);

	p = place("/sys/fs/cgroup", 42);
	firewall_render_base(&ids, &p, &text);
	assert_non_null(strstr(text.s, seen[0]));
	strbuf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_base_is_the_golden_text),
		cmocka_unit_test(nothing_is_called_by_a_word_of_nft),
		cmocka_unit_test(a_run_on_loopback_is_its_ports_and_its_marks),
		cmocka_unit_test(paths_are_as_nft_wants_them),
		cmocka_unit_test(an_offline_id_in_the_block_is_not_said_twice),
		cmocka_unit_test(the_version_tells_every_input_apart),
	};

	return cmocka_run_group_tests_name("firewall_rules", tests, NULL, NULL);
}
