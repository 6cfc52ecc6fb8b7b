/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/test_firewall_packets.c - the rules hold real packets
 *
 * Children with a chosen uid, gid and cgroup connect, send and listen in a
 * network namespace of the test's own. Each says how its call ended.
 */
#include "two_runs.h"

#include "common/fdio.h"

static void a_run_reaches_its_own_door_and_nobody_else_does(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "::1" };
	struct who uid_only = { -1, UID_A, UID_A };

	(void)state;
	for (int i = 0; i < 2; i++) {
		uint16_t port;
		int fd = listener(hosts[i], 0, &port);

		assert_int_equal(as(&run_a, try_tcp, hosts[i], port),
				 ECONNREFUSED);
		assert_int_equal(as(&root, try_tcp, hosts[i], port), 0);
		open_door(RUN_A, port);
		assert_int_equal(as(&run_a, try_tcp, hosts[i], port), 0);
		assert_int_equal(as(&run_b, try_tcp, hosts[i], port),
				 ECONNREFUSED);
		assert_int_equal(as(&root, try_tcp, hosts[i], port),
				 ECONNREFUSED);
		assert_int_equal(as(&outsider, try_tcp, hosts[i], port),
				 ECONNREFUSED);
		assert_int_equal(as(&uid_only, try_tcp, hosts[i], port),
				 ECONNREFUSED);
		close_door(RUN_A, port);
		assert_int_equal(as(&run_a, try_tcp, hosts[i], port),
				 ECONNREFUSED);
		assert_int_equal(as(&root, try_tcp, hosts[i], port), 0);
		close(fd);
	}
}

static void two_runs_have_a_door_each(void **state)
{
	uint16_t a, b;
	int fd_a = listener("127.0.0.1", 0, &a);
	int fd_b = listener("127.0.0.1", 0, &b);

	(void)state;
	open_door(RUN_A, a);
	open_door(RUN_B, b);
	assert_int_equal(as(&run_a, try_tcp, "127.0.0.1", a), 0);
	assert_int_equal(as(&run_b, try_tcp, "127.0.0.1", b), 0);
	assert_int_equal(as(&run_a, try_tcp, "127.0.0.1", b), ECONNREFUSED);
	assert_int_equal(as(&run_b, try_tcp, "127.0.0.1", a), ECONNREFUSED);
	close_door(RUN_A, a);
	assert_int_equal(as(&run_b, try_tcp, "127.0.0.1", b), 0);
	close_door(RUN_B, b);
	close(fd_a);
	close(fd_b);
}

/* The port is the door's on 127.0.0.1 only; elsewhere it is another's. */
static void every_other_destination_is_refused_at_once(void **state)
{
	uint16_t port, other;
	int door = listener("127.0.0.1", 0, &port);
	int decoy = listener("127.0.0.2", port, NULL);
	int host = listener("10.99.0.1", port, NULL);
	int else_fd = listener("127.0.0.1", 0, &other);

	(void)state;
	open_door(RUN_A, port);
	assert_int_equal(as(&run_a, try_tcp, "127.0.0.1", port), 0);
	assert_int_equal(as(&run_a, try_tcp, "127.0.0.1", other), ECONNREFUSED);
	assert_int_equal(as(&run_a, try_tcp, "127.0.0.2", port), ECONNREFUSED);
	assert_int_equal(as(&run_a, try_tcp, "10.99.0.1", port), ECONNREFUSED);
	assert_int_equal(as(&run_a, try_tcp, "::1", port), ECONNREFUSED);
	assert_int_equal(as(&run_a, try_udp, "127.0.0.1", port), EPERM);
	assert_int_equal(as(&run_a, try_udp, "127.0.0.1", 53), EPERM);
	assert_int_equal(as(&run_a, try_udp, "::1", 53), EPERM);
	assert_int_equal(as(&run_a, try_udp, "10.99.0.1", 53), EPERM);
	/* The host's own traffic is as it was. */
	assert_int_equal(as(&outsider, try_tcp, "127.0.0.2", port), 0);
	assert_int_equal(as(&root, try_tcp, "127.0.0.1", other), 0);
	assert_int_equal(as(&root, try_udp, "127.0.0.1", port), 0);
	close_door(RUN_A, port);
	close(door);
	close(decoy);
	close(host);
	close(else_fd);
}

/* Each of the three is enough to be on the leash. */
static void cgroup_uid_and_gid_each_deny(void **state)
{
	struct who cgroup_only = { cgroup_a, OUTSIDER, OUTSIDER };
	struct who cgroup_root = { cgroup_a, 0, 0 };
	struct who uid_only = { -1, UID_B, OUTSIDER };
	struct who gid_only = { -1, OUTSIDER, UID_B };
	struct who offline = { -1, OFFLINE, OUTSIDER };
	struct who offline_gid = { -1, OUTSIDER, OFFLINE };
	const struct who *all[] = { &cgroup_only, &cgroup_root, &uid_only,
				    &gid_only,	  &offline,	&offline_gid };
	uint16_t port;
	int fd = listener("127.0.0.1", 0, &port);

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		assert_int_equal(as(all[i], try_tcp, "127.0.0.1", port),
				 ECONNREFUSED);
		assert_int_equal(as(all[i], try_udp, "127.0.0.1", 53), EPERM);
	}
	assert_int_equal(as(&outsider, try_tcp, "127.0.0.1", port), 0);
	close(fd);
}

/* A child of run A that has bound what @make bound; its port in @ret_port. */
static pid_t serve(int (*make)(uint16_t *), uint16_t *ret_port, int *ret_fd)
{
	int pipe_fd[2];
	pid_t pid;

	assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		uint16_t port = 0;
		char byte;
		int fd;

		become(&run_a);
		fd = make(&port);
		(void)!write(pipe_fd[1], &port, sizeof(port));
		/* The first byte from anywhere comes back through the pipe. */
		if (recv(fd, &byte, 1, 0) == 1)
			(void)!write(pipe_fd[1], &byte, 1);
		pause();
	}
	close(pipe_fd[1]);
	assert_int_equal(read(pipe_fd[0], ret_port, sizeof(*ret_port)),
			 sizeof(*ret_port));
	*ret_fd = pipe_fd[0];
	return pid;
}

static int make_tcp(uint16_t *ret_port)
{
	return listener("127.0.0.1", 0, ret_port);
}

static int make_udp(uint16_t *ret_port)
{
	struct sockaddr_storage a;
	socklen_t n = address("127.0.0.1", 0, &a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	WORLD_MUST(bind(fd, (struct sockaddr *)&a, n));
	WORLD_MUST(getsockname(fd, (struct sockaddr *)&a, &n));
	*ret_port = ntohs(((struct sockaddr_in *)&a)->sin_port);
	return fd;
}

static void nothing_arrives_at_sockets_made_inside(void **state)
{
	uint16_t port;
	pid_t pid;
	int fd;

	(void)state;
	pid = serve(make_tcp, &port, &fd);
	assert_int_equal(as(&root, try_tcp, "127.0.0.1", port), SILENT);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(fd);

	pid = serve(make_udp, &port, &fd);
	assert_int_equal(as(&root, try_udp, "127.0.0.1", port), 0);
	assert_int_equal(outcome(fd, POLLIN), SILENT);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(fd);
}

/* Whoever got in before the door was there is thrown out when he speaks. */
static void a_connection_from_before_the_door_is_reset(void **state)
{
	struct sockaddr_storage a;
	uint16_t port;
	int fd = listener("127.0.0.1", 0, &port);
	socklen_t n = address("127.0.0.1", port, &a);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int server;
	char byte;

	(void)state;
	assert_int_equal(connect(client, (struct sockaddr *)&a, n), 0);
	server = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	assert_true(server >= 0);
	open_door(RUN_A, port);
	(void)send(client, "x", 1, MSG_NOSIGNAL);
	assert_int_equal(outcome(client, POLLIN), ECONNRESET);
	assert_true(recv(server, &byte, 1, 0) < 0);
	close_door(RUN_A, port);
	close(client);
	close(server);
	close(fd);
}

/* Number of TCP sockets on @port in LAST_ACK or CLOSING. */
static int count_lingering(uint16_t port)
{
	char *text = NULL, wanted[16];
	int count = 0;
	size_t len;

	(void)snprintf(wanted, sizeof(wanted), "0100007F:%04X ", port);
	assert_int_equal(fd_read_file("/proc/net/tcp", 1 << 20, &text, &len),
			 0);
	for (char *s = text; (s = strstr(s, wanted)); s++) {
		unsigned remote, remote_port, st;

		if (sscanf(s + strlen(wanted), "%8X:%4X %2X", &remote,
			   &remote_port, &st) == 3 &&
		    (st == 0x09 || st == 0x0b))
			count++;
	}
	free(text);
	return count;
}

/*
 * The last ACK of a closed client has no owner, and must get through. The
 * pauses let each FIN travel by itself, so that the client's socket has
 * become one of the kernel's before the last ACK is due.
 */
static void the_proxys_end_closes_when_the_client_closed_first(void **state)
{
	const struct timespec pause = { .tv_nsec = 100000000 };
	uint16_t port;
	int fd = listener("127.0.0.1", 0, &port), server[5];

	(void)state;
	open_door(RUN_A, port);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(as(&run_a, try_tcp, "127.0.0.1", port), 0);
		server[i] = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		assert_true(server[i] >= 0);
	}
	(void)nanosleep(&pause, NULL);
	for (int i = 0; i < 5; i++)
		close(server[i]);
	(void)nanosleep(&pause, NULL);
	assert_int_equal(count_lingering(port), 0);
	close_door(RUN_A, port);
	close(fd);
}

/* The socket need not have an owner for its SYN to be refused. */
static void a_connection_is_refused_by_its_first_segment(void **state)
{
	uint16_t port;
	int fd = listener("127.0.0.1", 0, &port);

	(void)state;
	assert_int_equal(
		world_sh("nft -a list chain inet netleash door |"
			 "sed -n 's/.*skuid.*handle //p' |"
			 "xargs nft delete rule inet netleash door handle",
			 ""),
		0);
	open_door(RUN_A, port);
	assert_int_equal(as(&root, try_tcp, "127.0.0.1", port), ECONNREFUSED);
	close_door(RUN_A, port);
	assert_int_equal(world_sh("nft flush chain inet netleash edition", ""),
			 0);
	assert_int_equal(firewall_apply_base(fw, &ids, error), 0);
	close(fd);
}

/* The rules see where a packet really goes, after the host's own DNAT. */
static void dnat_neither_opens_nor_moves_a_door(void **state)
{
	char line[256];
	uint16_t port, other;
	int fd = listener("127.0.0.1", 0, &port);
	int else_fd = listener("127.0.0.2", 0, &other);

	(void)state;
	(void)snprintf(line, sizeof(line),
		       "nft add table ip t && nft 'add chain ip t o "
		       "{ type nat hook output priority -100; }' &&"
		       "nft add rule ip t o ip daddr 10.99.0.1 tcp dport 80 "
		       "dnat to 127.0.0.1:%u",
		       port);
	assert_int_equal(world_sh(line, ""), 0);
	assert_int_equal(as(&outsider, try_tcp, "10.99.0.1", 80), 0);
	open_door(RUN_A, port);
	assert_int_equal(as(&outsider, try_tcp, "10.99.0.1", 80), ECONNREFUSED);
	assert_int_equal(as(&run_a, try_tcp, "127.0.0.1", port), 0);
	(void)snprintf(line, sizeof(line),
		       "nft add rule ip t o ip daddr 127.0.0.1 tcp dport %u "
		       "dnat to 127.0.0.2:%u",
		       port, other);
	assert_int_equal(world_sh(line, ""), 0);
	assert_int_equal(as(&run_a, try_tcp, "127.0.0.1", port), ECONNREFUSED);
	assert_int_equal(world_sh("nft delete table ip t", ""), 0);
	close_door(RUN_A, port);
	close(fd);
	close(else_fd);
}

/* What connect() to us says in a network of its own, a cable away. */
static int from_a_neighbour(uint16_t port)
{
	int ready[2], go[2], status, r = SILENT;
	char byte = 'x', number[16];
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC) | pipe2(go, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		WORLD_MUST(unshare(CLONE_NEWNET));
		WORLD_MUST(write(ready[1], &byte, 1));
		WORLD_MUST(read(go[0], &byte, 1));
		WORLD_MUST(world_sh("ip addr add 10.98.0.2/24 dev nl-far &&"
				    "ip link set nl-far up",
				    ""));
		/* The link comes up in its own time. */
		for (int i = 0; i < 10 && r == SILENT; i++)
			r = try_tcp("10.98.0.1", port);
		_exit(r);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)snprintf(number, sizeof(number), "%d", (int)pid);
	assert_int_equal(
		world_sh("ip link add nl-near type veth peer name nl-far &&"
			 "ip link set nl-far netns $1 &&"
			 "ip addr add 10.98.0.1/24 dev nl-near &&"
			 "ip link set nl-near up &&"
			 "echo 1 >/proc/sys/net/ipv4/conf/nl-near/"
			 "route_localnet",
			 number),
		0);
	assert_int_equal(write(go[1], &byte, 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void)world_sh("ip link del nl-near", ""); /* went with the peer */
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void a_neighbour_is_not_let_in_by_dnat(void **state)
{
	char line[256];
	uint16_t port;
	int fd = listener("127.0.0.1", 0, &port);

	(void)state;
	(void)snprintf(line, sizeof(line),
		       "nft add table ip t && nft 'add chain ip t p "
		       "{ type nat hook prerouting priority -100; }' &&"
		       "nft add rule ip t p tcp dport 80 "
		       "dnat to 127.0.0.1:%u",
		       port);
	assert_int_equal(world_sh(line, ""), 0);
	assert_int_equal(from_a_neighbour(80), 0);
	open_door(RUN_A, port);
	assert_int_equal(from_a_neighbour(80), ECONNREFUSED);
	assert_int_equal(world_sh("nft delete table ip t", ""), 0);
	close_door(RUN_A, port);
	close(fd);
}

static uint64_t rejected(uid_t uid)
{
	uint64_t n = 0;

	assert_int_equal(firewall_rejected(fw, uid, &n), 0);
	return n;
}

static void what_is_rejected_is_counted_for_each_run(void **state)
{
	const uint64_t a = rejected(UID_A), b = rejected(UID_B);
	uint16_t port, other;
	int door = listener("127.0.0.1", 0, &port);
	int decoy = listener("127.0.0.1", 0, &other);

	(void)state;
	open_door(RUN_A, port);
	assert_int_equal(as(&run_a, try_tcp, "127.0.0.1", port), 0);
	assert_int_equal(rejected(UID_A), a);
	assert_int_equal(as(&run_a, try_tcp, "127.0.0.1", other), ECONNREFUSED);
	assert_int_equal(as(&run_a, try_udp, "127.0.0.1", 53), EPERM);
	assert_int_equal(rejected(UID_A), a + 2);
	assert_int_equal(rejected(UID_B), b);
	assert_int_equal(as(&run_b, try_tcp, "::1", other), ECONNREFUSED);
	assert_int_equal(rejected(UID_B), b + 1);
	assert_int_equal(rejected(UID_A), a + 2);
	close_door(RUN_A, port);
	close(door);
	close(decoy);
}

static int tests_in_world(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_run_reaches_its_own_door_and_nobody_else_does),
		cmocka_unit_test(two_runs_have_a_door_each),
		cmocka_unit_test(what_is_rejected_is_counted_for_each_run),
		cmocka_unit_test(every_other_destination_is_refused_at_once),
		cmocka_unit_test(cgroup_uid_and_gid_each_deny),
		cmocka_unit_test(nothing_arrives_at_sockets_made_inside),
		cmocka_unit_test(a_connection_from_before_the_door_is_reset),
		cmocka_unit_test(a_connection_is_refused_by_its_first_segment),
		cmocka_unit_test(dnat_neither_opens_nor_moves_a_door),
		cmocka_unit_test(a_neighbour_is_not_let_in_by_dnat),
		cmocka_unit_test(
			the_proxys_end_closes_when_the_client_closed_first),
	};
	int r;

	if (two_runs_setup() < 0)
		return 1;
	r = cmocka_run_group_tests_name("firewall_packets", tests, NULL, NULL);
	firewall_close(fw);
	return r;
}

int main(void)
{
	int r = world_run(WORLD_STANDARD, tests_in_world);

	return r == 0 ? world_run(WORLD_HYBRID, tests_in_world) : r;
}
