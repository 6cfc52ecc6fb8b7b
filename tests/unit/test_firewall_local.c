/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_firewall_local.c - local ports and servers of a run's own
 *
 * Real packets over the loopback of a network namespace of the test's own.
 */
#include "two_runs.h"

#define INDEX_A 0u
#define INDEX_B 1u

static struct firewall_local local_of(const char *run, const char *ports,
				      bool servers)
{
	const bool a = strcmp(run, RUN_A) == 0;
	struct firewall_local l = {
		.run = run,
		.uid = a ? UID_A : UID_B,
		.index = a ? INDEX_A : INDEX_B,
		.servers = servers,
	};

	if (ports)
		assert_int_equal(local_ports_parse(&l.ports, ports), 0);
	return l;
}

static void apply(const struct firewall_local *l)
{
	if (firewall_apply_local(fw, l, error) < 0)
		fail_msg("%s", error);
}

static void revert(const struct firewall_local *l)
{
	if (firewall_revert_local(fw, l, error) < 0)
		fail_msg("%s", error);
}

static struct firewall_local local_port(const char *run, uint16_t port,
					bool servers)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", port);
	return local_of(run, text, servers);
}

/* Connects, sends a byte and gets it back. Return: 0, an errno, or SILENT. */
static int try_echo(const char *host, uint16_t port)
{
	struct sockaddr_storage a;
	socklen_t n = address(host, port, &a);
	int fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			0);
	char byte = 'x';
	int r;

	if (connect(fd, (struct sockaddr *)&a, n) < 0 && errno != EINPROGRESS)
		return errno;
	r = outcome(fd, POLLOUT);
	if (r != 0)
		return r;
	if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1)
		return errno;
	r = outcome(fd, POLLIN);
	if (r != 0)
		return r;
	return recv(fd, &byte, 1, 0) == 1 && byte == 'x' ? 0 : EPROTO;
}

/* A child that is @w and echoes a byte of every connection, on @host. */
static pid_t serve(const struct who *w, const char *host, uint16_t port,
		   uint16_t *ret_port)
{
	int ready[2];
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int fd, client;
		char byte;

		become(w);
		fd = listener(host, port, &port);
		WORLD_MUST(write(ready[1], &port, sizeof(port)));
		while ((client = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
			if (recv(client, &byte, 1, 0) == 1)
				(void)send(client, &byte, 1, MSG_NOSIGNAL);
			close(client);
		}
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], ret_port, sizeof(*ret_port)),
			 sizeof(*ret_port));
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_local_port_is_the_hosts_and_this_runs(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "::1" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct firewall_local l;
		uint16_t port, other;
		pid_t pid = serve(&root, hosts[i], 0, &port);
		int fd = listener(hosts[i], 0, &other);

		assert_int_equal(as(&run_a, try_echo, hosts[i], port),
				 ECONNREFUSED);
		l = local_port(RUN_A, port, false);
		apply(&l);
		assert_int_equal(as(&run_a, try_echo, hosts[i], port), 0);
		assert_int_equal(as(&run_b, try_echo, hosts[i], port),
				 ECONNREFUSED);
		assert_int_equal(as(&root, try_echo, hosts[i], port), 0);
		assert_int_equal(as(&outsider, try_echo, hosts[i], port), 0);
		assert_int_equal(as(&run_a, try_tcp, hosts[i], other),
				 ECONNREFUSED);
		assert_int_equal(as(&run_a, try_udp, hosts[i], port), EPERM);
		revert(&l);
		assert_int_equal(as(&run_a, try_echo, hosts[i], port),
				 ECONNREFUSED);
		assert_int_equal(as(&root, try_echo, hosts[i], port), 0);
		end(pid);
		close(fd);
	}
}

static void a_local_port_is_on_no_other_address(void **state)
{
	struct firewall_local l;
	uint16_t port;
	int fd = listener("127.0.0.2", 0, &port);
	int host = listener("10.99.0.1", port, NULL);

	(void)state;
	l = local_port(RUN_A, port, false);
	apply(&l);
	assert_int_equal(as(&run_a, try_tcp, "127.0.0.1", port), ECONNREFUSED);
	assert_int_equal(as(&run_a, try_tcp, "127.0.0.2", port), ECONNREFUSED);
	assert_int_equal(as(&run_a, try_tcp, "10.99.0.1", port), ECONNREFUSED);
	revert(&l);
	close(fd);
	close(host);
}

static void the_door_of_another_run_is_no_local_port(void **state)
{
	struct firewall_local l;
	uint16_t port;
	int fd = listener("127.0.0.1", 0, &port);

	(void)state;
	l = local_port(RUN_A, port, true);
	apply(&l);
	assert_int_equal(as(&run_a, try_tcp, "127.0.0.1", port), 0);
	open_door(RUN_B, port);
	assert_int_equal(as(&run_a, try_tcp, "127.0.0.1", port), ECONNREFUSED);
	assert_int_equal(as(&run_b, try_tcp, "127.0.0.1", port), 0);
	close_door(RUN_B, port);
	revert(&l);
	close(fd);
}

/* What asks from the port of a local service is not that service's answer. */
static uint16_t source_port;

static int try_from_source_port(const char *host, uint16_t port)
{
	struct sockaddr_storage to, from;
	socklen_t n = address(host, port, &to);
	int fd = socket(to.ss_family,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)address(host, source_port, &from);
	WORLD_MUST(bind(fd, (struct sockaddr *)&from, n));
	if (connect(fd, (struct sockaddr *)&to, n) == 0)
		return 0;
	return errno == EINPROGRESS ? outcome(fd, POLLOUT) : errno;
}

static void nobody_gets_in_from_a_local_port(void **state)
{
	struct firewall_local l = local_of(RUN_A, "4321", false);
	uint16_t port;
	pid_t pid = serve(&run_a, "127.0.0.1", 0, &port);

	(void)state;
	/* A cookie has no owner: only the question can be stopped. */
	assert_int_equal(
		world_sh("echo 2 >/proc/sys/net/ipv4/tcp_syncookies", ""), 0);
	source_port = 4321;
	apply(&l);
	assert_int_equal(as(&root, try_from_source_port, "127.0.0.1", port),
			 SILENT);
	assert_int_equal(
		world_sh("echo 1 >/proc/sys/net/ipv4/tcp_syncookies", ""), 0);
	revert(&l);
	end(pid);
}

static void a_server_inside_is_the_runs_and_the_hosts(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "127.0.0.2", "::1" };
	struct firewall_local a = local_of(RUN_A, NULL, true);
	struct firewall_local b = local_of(RUN_B, NULL, true);

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct firewall_local reach;
		uint16_t port;
		pid_t pid = serve(&run_a, hosts[i], 0, &port);

		assert_int_equal(as(&run_a, try_echo, hosts[i], port),
				 ECONNREFUSED);
		apply(&a);
		apply(&b);
		assert_int_equal(as(&run_a, try_echo, hosts[i], port), 0);
		assert_int_equal(as(&root, try_echo, hosts[i], port), 0);
		assert_int_equal(as(&outsider, try_echo, hosts[i], port), 0);
		assert_int_equal(as(&run_b, try_echo, hosts[i], port),
				 ECONNREFUSED);
		/* Nor as if it were a service of the host's. */
		reach = local_port(RUN_B, port, true);
		apply(&reach);
		assert_int_equal(as(&run_b, try_echo, hosts[i], port),
				 ECONNREFUSED);
		revert(&reach);
		revert(&b);
		assert_int_equal(as(&run_b, try_echo, hosts[i], port),
				 ECONNREFUSED);
		revert(&a);
		assert_int_equal(as(&run_a, try_echo, hosts[i], port),
				 ECONNREFUSED);
		end(pid);
	}
}

static void servers_open_nothing_of_the_hosts(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "127.0.0.2",
					     "10.99.0.1", "::1" };
	struct firewall_local a = local_of(RUN_A, NULL, true);
	struct who uid_only = { -1, UID_A, UID_A };

	(void)state;
	apply(&a);
	for (int i = 0; i < 4; i++) {
		uint16_t port;
		int fd = listener(hosts[i], 0, &port);

		assert_int_equal(as(&run_a, try_tcp, hosts[i], port),
				 ECONNREFUSED);
		assert_int_equal(as(&uid_only, try_tcp, hosts[i], port),
				 ECONNREFUSED);
		assert_int_equal(as(&run_a, try_udp, hosts[i], port), EPERM);
		/* Nobody listens there: refused, and not by silence. */
		assert_int_equal(as(&run_a, try_tcp, hosts[i], 1),
				 ECONNREFUSED);
		assert_int_equal(outcome(fd, POLLIN), SILENT);
		close(fd);
	}
	revert(&a);
}

/* A server on all addresses is reached on loopback only. */
static void a_server_is_not_reached_from_other_addresses(void **state)
{
	struct firewall_local a = local_of(RUN_A, NULL, true);
	uint16_t port;
	pid_t pid = serve(&run_a, "0.0.0.0", 0, &port);

	(void)state;
	apply(&a);
	assert_int_equal(as(&root, try_echo, "127.0.0.1", port), 0);
	assert_int_equal(as(&root, try_echo, "10.99.0.1", port), SILENT);
	assert_int_equal(as(&run_a, try_echo, "10.99.0.1", port), ECONNREFUSED);
	revert(&a);
	end(pid);
}

static void servers_and_local_ports_go_together(void **state)
{
	struct firewall_local a;
	uint16_t theirs, mine;
	pid_t host = serve(&root, "127.0.0.1", 0, &theirs);
	pid_t inside = serve(&run_a, "127.0.0.1", 0, &mine);

	(void)state;
	a = local_port(RUN_A, theirs, true);
	assert_int_equal(local_ports_add(&a.ports, mine), 0);
	apply(&a);
	assert_int_equal(as(&run_a, try_echo, "127.0.0.1", theirs), 0);
	assert_int_equal(as(&run_a, try_echo, "127.0.0.1", mine), 0);
	assert_int_equal(as(&root, try_echo, "127.0.0.1", mine), 0);
	revert(&a);
	end(host);
	end(inside);
}

/* Other rules of the host may take marks away: then nothing may open. */
static void without_marks_there_is_no_connection(void **state)
{
	static const char *const hooks[] = { "prerouting", "postrouting" };
	struct firewall_local a = local_of(RUN_A, NULL, true);
	struct firewall_local b = local_of(RUN_B, NULL, true);
	char line[256];

	(void)state;
	apply(&a);
	apply(&b);
	for (int i = 0; i < 2; i++) {
		uint16_t theirs, mine;
		pid_t host = serve(&root, "127.0.0.1", 0, &theirs);
		pid_t inside = serve(&run_b, "127.0.0.1", 0, &mine);

		(void)snprintf(line, sizeof(line),
			       "nft 'add table ip t; add chain ip t c "
			       "{ type filter hook %s priority -150; }; "
			       "add rule ip t c meta mark set 0'",
			       hooks[i]);
		assert_int_equal(world_sh(line, ""), 0);
		assert_int_equal(as(&run_a, try_echo, "127.0.0.1", theirs),
				 SILENT);
		assert_int_equal(as(&run_a, try_echo, "127.0.0.1", mine),
				 SILENT);
		assert_int_equal(as(&root, try_echo, "127.0.0.1", mine), 0);
		assert_int_equal(world_sh("nft delete table ip t", ""), 0);
		end(host);
		end(inside);
	}
	revert(&a);
	revert(&b);
}

static void what_is_absent_is_reverted_without_a_word(void **state)
{
	struct firewall_local a = local_of(RUN_A, "1000-1063", true);
	struct firewall_local b = local_of(RUN_B, "1000", true);
	struct firewall_local none = local_of(RUN_A, NULL, false);
	struct firewall_local gone = local_of("r009-00000000", "1000", false);

	(void)state;
	revert(&a);
	apply(&none);
	revert(&none);
	apply(&a);
	apply(&a);
	apply(&b);
	/* Half of it was flushed by somebody. */
	assert_int_equal(world_sh("nft flush map inet netleash servers", ""),
			 0);
	revert(&a);
	revert(&b);
	assert_int_equal(
		world_sh("nft list map inet netleash local | grep -q 1000", ""),
		1);
	assert_int_equal(world_sh("nft list map inet netleash server_uids |"
				  "grep -q elements",
				  ""),
			 1);
	assert_int_equal(
		world_sh("nft list set inet netleash own | grep -q elements",
			 ""),
		1);
	assert_int_equal(firewall_apply_local(fw, &gone, error), -ENOENT);
	assert_int_equal(firewall_revert_local(fw, &gone, error), -ENOENT);
	assert_int_equal(firewall_revert_base(fw, error), 0);
	revert(&a);
	assert_int_equal(firewall_apply_local(fw, &a, error), -ENOENT);
	assert_int_equal(firewall_apply_base(fw, &ids, error), 0);
}

static int tests_in_world(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_local_port_is_the_hosts_and_this_runs),
		cmocka_unit_test(a_local_port_is_on_no_other_address),
		cmocka_unit_test(the_door_of_another_run_is_no_local_port),
		cmocka_unit_test(nobody_gets_in_from_a_local_port),
		cmocka_unit_test(a_server_inside_is_the_runs_and_the_hosts),
		cmocka_unit_test(servers_open_nothing_of_the_hosts),
		cmocka_unit_test(a_server_is_not_reached_from_other_addresses),
		cmocka_unit_test(servers_and_local_ports_go_together),
		cmocka_unit_test(without_marks_there_is_no_connection),
		cmocka_unit_test(what_is_absent_is_reverted_without_a_word),
	};
	int r;

	if (two_runs_setup() < 0)
		return 1;
	r = cmocka_run_group_tests_name("firewall_local", tests, NULL, NULL);
	firewall_close(fw);
	return r;
}

int main(void)
{
	int r = world_run(WORLD_STANDARD, tests_in_world);

	return r == 0 ? world_run(WORLD_HYBRID, tests_in_world) : r;
}
