/* SPDX-License-Identifier: MIT */
/*
 * sandbox/firewall_rules.c - the rule set as nft text, each rule's reason
 *
 * In:         the offline identity, the block of run uids, the cgroup of runs
 * Out:        one transaction that makes the base rule set; for each run two
 *             elements: (its cgroup . its port) in @allow, its port in @doors;
 *             for a port of the host's loopback (cgroup . port) in @local;
 *             for servers of its own its cgroup and uid, with its mark. @tried
 *             has a counter for each run uid, whether there is such a run or
 *             not
 * Invariants: with no elements the base denies the leashed everything, so it
 *             stays when runs end and when we are killed; loading it again
 *             never opens a gap, because it is one transaction; no rule makes
 *             the system track connections
 *
 *   output: of a leashed cgroup, uid or gid   -> leash
 *           to a door                          -> door: reject what begins or
 *                                                 carries anything
 *   leash:  own door, local port, own servers  -> accept, else reject
 *   input:  to a leashed socket                -> inleash
 *           to a door, not over lo             -> reject
 *           marked as meant for own servers    -> reject
 *   inleash: from its door, from a local port, to its servers
 *                                              -> accept, else drop
 *
 * Nobody can tell at output whose socket a packet will arrive at, nor at input
 * who sent it. So what a run sends over loopback has a mark that says which
 * run it was, and the receiver's side decides. Marks may be taken off by other
 * rules of the host (those of VPNs do so), therefore both the segment that asks
 * for a connection and the one that grants it need theirs: where marks get lost
 * there is no connection. That is also why datagrams stay refused.
 *
 * No flag on the table: `owner` would take it away, and so open the leash,
 * when its maker dies. References: nft(8), the kernel's net/netfilter/
 * nft_socket.c and nft_meta.c for who matches which packet.
 */
#include "sandbox/firewall_rules.h"

#include <errno.h>
#include <inttypes.h>

#include "common/macros.h"
#include "common/strbuf.h"
#include "sandbox/identity.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define TABLE	    "inet netleash"

/*
 * Sets and chains. Adding what is there is no error. Priority 300 is after
 * dstnat, so that no DNAT rule of the host turns an accepted packet into one
 * to somewhere else.
 */
static const char frame[] =
	"add table " TABLE "\n"
	"add set " TABLE " uids { typeof meta skuid; flags interval; }\n"
	"add set " TABLE " gids { typeof meta skgid; flags interval; }\n"
	"add set " TABLE
	" allow { typeof socket cgroupv2 level 2 . tcp dport; }\n"
	"add set " TABLE " doors { typeof tcp dport; }\n"
	"add map " TABLE
	" local { typeof socket cgroupv2 level 2 . tcp dport : meta mark; }\n"
	"add map " TABLE
	" servers { typeof socket cgroupv2 level 2 : meta mark; }\n"
	"add map " TABLE " server_uids { typeof meta skuid : meta mark; }\n"
	"add set " TABLE " tried { typeof meta skuid; counter; }\n"
	"add set " TABLE
	" own { typeof socket cgroupv2 level 2 . meta mark; }\n"
	"add chain " TABLE
	" out { type filter hook output priority 300; policy accept; }\n"
	"add chain " TABLE
	" in { type filter hook input priority 300; policy accept; }\n";

/* Emptied and filled in the same transaction. */
static const char *const chains[] = { "out",	 "in",	 "leash",
				      "inleash", "door", "edition" };
/*
 * The base is loaded only while no run lives, so what is in these was left by
 * one that nobody could sweep: its cgroup went before its elements.
 */
static const struct run_set {
	const char *kind, *name;
} run_sets[] = {
	{ "set", "allow" },   { "set", "doors" },	{ "map", "local" },
	{ "map", "servers" }, { "map", "server_uids" }, { "set", "own" },
};

static const char *const refilled_sets[] = { "uids", "gids", "tried" };

/* The addresses of doors and services, exactly; all of loopback. */
#define LO_V4	    "ip saddr 127.0.0.1 ip daddr 127.0.0.1 "
#define LO_V6	    "ip6 saddr ::1 ip6 daddr ::1 "
#define LOOP_V4	    "ip saddr 127.0.0.0/8 ip daddr 127.0.0.0/8 "
#define LO_V4_OUT   "oifname \"lo\" " LO_V4
#define LO_V6_OUT   "oifname \"lo\" " LO_V6
#define LO_V4_IN    "iifname \"lo\" " LO_V4
#define LO_V6_IN    "iifname \"lo\" " LO_V6
#define LOOP_V4_OUT "oifname \"lo\" " LOOP_V4
#define LOOP_V4_IN  "iifname \"lo\" " LOOP_V4

/* Rules in order; %s stands for the path of the cgroup of all runs. */
static const struct {
	const char *chain, *rule;
} rules[] = {
	/*
	 * Cgroup and uid and gid: each sees packets that the others do not.
	 * The cgroup is the socket's for as long as the socket lives: it
	 * catches retransmits after close() or SIGKILL, children not yet
	 * accepted, MPTCP joins. The ids need an open file, but see the
	 * SYN-ACK of a request socket, which has no cgroup.
	 */
	{ "out", "socket cgroupv2 level 1 \"%s\" goto leash" },
	{ "out", "meta skuid @uids goto leash" },
	{ "out", "meta skgid @gids goto leash" },
	/*
	 * A door is its own run's: root, local users and online runs are
	 * turned away. By destination only: no source address makes a
	 * stranger welcome.
	 */
	{ "out", "ip daddr 127.0.0.1 tcp dport @doors goto door" },
	{ "out", "ip6 daddr ::1 tcp dport @doors goto door" },
	/*
	 * Exactly these addresses, by source, destination and interface:
	 * another service may hold the port on 127.0.0.2 or on an address
	 * of the host that is reached over lo as well, and the interface
	 * alone is not looked up again after a reroute. The set ties the
	 * port to this one run: runs cannot use each other's door.
	 */
	{ "leash",
	  LO_V4_OUT "socket cgroupv2 level 2 . tcp dport @allow accept" },
	{ "leash",
	  LO_V6_OUT "socket cgroupv2 level 2 . tcp dport @allow accept" },
	/*
	 * A port of the host's, for this run. The door of another run that
	 * happens to have the number is none.
	 */
	{ "leash",
	  LO_V4_OUT "tcp dport != @doors meta mark set "
		    "socket cgroupv2 level 2 . tcp dport map @local accept" },
	{ "leash",
	  LO_V6_OUT "tcp dport != @doors meta mark set "
		    "socket cgroupv2 level 2 . tcp dport map @local accept" },
	/*
	 * A run with servers: all its segments, in whatever direction the
	 * connection was made. The SYN-ACK of a request socket has no cgroup,
	 * but the uid of the listener, and each run has its own.
	 */
	{ "leash", LOOP_V4_OUT "tcp dport != @doors meta mark set "
			       "socket cgroupv2 level 2 map @servers accept" },
	{ "leash", LO_V6_OUT "tcp dport != @doors meta mark set "
			     "socket cgroupv2 level 2 map @servers accept" },
	{ "leash",
	  LOOP_V4_OUT "tcp flags & (syn | ack) == syn | ack "
		      "meta mark set meta skuid map @server_uids accept" },
	{ "leash",
	  LO_V6_OUT "tcp flags & (syn | ack) == syn | ack "
		    "meta mark set meta skuid map @server_uids accept" },
	/* Counts for the run what the next two reject; it says nothing else. */
	{ "leash", "meta skuid @tried" },
	/* A reset makes connect() fail at once; an ICMP error lets it hang. */
	{ "leash", "meta l4proto tcp counter reject with tcp reset" },
	{ "leash", "counter reject with icmpx admin-prohibited" },
	/*
	 * Whatever begins a connection, with or without an owner: the TCP
	 * socket inside an AF_SMC one and the subflows of MPTCP are made by
	 * the kernel and have none. And whatever a socket that somebody has
	 * open sends on a connection from before the door: that is any uid
	 * at all. What is left are the kernel's last ACKs and resets for
	 * sockets of the run that are in TIME_WAIT. They say nothing, and
	 * without them the proxy's end would wait for minutes.
	 */
	{ "door", "tcp flags syn counter reject with tcp reset" },
	{ "door", "meta l4proto tcp meta skuid != 4294967295 "
		  "counter reject with tcp reset" },
	/*
	 * Inbound: a listener of CMD's with a full queue answers with SYN
	 * cookies, which no output rule can match, so the segment that asks
	 * for one must not arrive. UDP would be received without any answer.
	 */
	{ "in", "socket cgroupv2 level 1 \"%s\" goto inleash" },
	/*
	 * DNAT with route_localnet can bring a neighbour's packet to loopback;
	 * to ::1 nothing can, the kernel has no route for it.
	 */
	{ "in", "iifname != \"lo\" ip daddr 127.0.0.1 tcp dport @doors "
		"counter reject with tcp reset" },
	/* A run's segment that asks for a connection with a server of its
	 * own, at a socket that is not the run's. */
	{ "in",
	  "iifname \"lo\" meta mark & 0xffffff00 == 0x6e6c0000 "
	  "tcp flags & (syn | ack) == syn counter reject with tcp reset" },
	/* What the run's own proxy answers. */
	{ "inleash",
	  LO_V4_IN "socket cgroupv2 level 2 . tcp sport @allow accept" },
	{ "inleash",
	  LO_V6_IN "socket cgroupv2 level 2 . tcp sport @allow accept" },
	/*
	 * The resets of our own reject, which reach the socket over lo. They
	 * carry nothing, and no peer that CMD can reach could send another.
	 */
	{ "inleash", "iifname \"lo\" tcp flags rst accept" },
	/*
	 * From a service on a local port: answers, never a question. (The
	 * map is asked whether the run is in it; the mark does nothing here.)
	 */
	{ "inleash",
	  LO_V4_IN "tcp flags & (syn | ack) != syn meta mark set "
		   "socket cgroupv2 level 2 . tcp sport map @local accept" },
	{ "inleash",
	  LO_V6_IN "tcp flags & (syn | ack) != syn meta mark set "
		   "socket cgroupv2 level 2 . tcp sport map @local accept" },
	/* The run's own question or grant; another run's question. */
	{ "inleash", "iifname \"lo\" tcp flags syn "
		     "socket cgroupv2 level 2 . meta mark @own accept" },
	{ "inleash", "iifname \"lo\" meta mark & 0xfffffe00 == 0x6e6c0000 "
		     "tcp flags & (syn | ack) == syn "
		     "counter reject with tcp reset" },
	/*
	 * The host's question, and all that comes when a connection stands.
	 * But no grant: the host's could only be for a question of the run's
	 * whose mark got lost.
	 */
	{ "inleash",
	  LOOP_V4_IN "tcp flags & (syn | ack) != syn | ack "
		     "meta mark set socket cgroupv2 level 2 map @servers "
		     "accept" },
	{ "inleash",
	  LO_V6_IN "tcp flags & (syn | ack) != syn | ack "
		   "meta mark set socket cgroupv2 level 2 map @servers "
		   "accept" },
	{ "inleash", "counter drop" },
};

static bool is_path_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || strchr("._-/", c);
}

int firewall_place_make(const char *mount, uint64_t id,
			struct firewall_place *ret)
{
	size_t root_len = strlen(CGROUP_ROOT);
	int n;

	for (const char *s = mount; *s; s++)
		if (!is_path_byte(*s))
			return -EINVAL;
	/*
	 * nft puts /sys/fs/cgroup/ before the path and asks for the inode of
	 * what is there, so a path that climbs out again works as well.
	 */
	if (strncmp(mount, CGROUP_ROOT, root_len) != 0)
		n = snprintf(ret->path, sizeof(ret->path),
			     "../../..%s/netleash", mount);
	else if (mount[root_len] == '/')
		n = snprintf(ret->path, sizeof(ret->path), "%s/netleash",
			     mount + root_len + 1);
	else if (mount[root_len] == '\0')
		n = snprintf(ret->path, sizeof(ret->path), "netleash");
	else
		return -EINVAL;
	if (n < 0 || (size_t)n + 1 + RUN_NAME_MAX > sizeof(ret->path))
		return -EINVAL;
	ret->id = id;
	return 0;
}

/* The block as one interval; an offline id within it is not said twice, for
 * intervals must not overlap. */
static void render_ids(const char *set, uint32_t offline,
		       const struct firewall_ids *ids, struct strbuf *out)
{
	strbuf_addf(out, "add element " TABLE " %s { %" PRIu32 "-%" PRIu32, set,
		    (uint32_t)ids->run_first, (uint32_t)ids->run_last);
	if (offline < ids->run_first || offline > ids->run_last)
		strbuf_addf(out, ", %" PRIu32, offline);
	strbuf_adds(out, " }\n");
}

/* One by one: of an interval there would be one counter. */
static void render_tried(const struct firewall_ids *ids, struct strbuf *out)
{
	strbuf_adds(out, "add element " TABLE " tried {");
	for (uint32_t uid = ids->run_first; uid <= ids->run_last; uid++)
		strbuf_addf(out, "%s %" PRIu32, uid > ids->run_first ? "," : "",
			    uid);
	strbuf_adds(out, " }\n");
}

static void render_rule(const char *chain, const char *rule, const char *path,
			struct strbuf *out)
{
	const char *hole = strstr(rule, "%s");

	strbuf_addf(out, "add rule " TABLE " %s ", chain);
	if (hole) {
		strbuf_add(out, rule, (size_t)(hole - rule));
		strbuf_adds(out, path);
		rule = hole + 2;
	}
	strbuf_adds(out, rule);
	strbuf_addc(out, '\n');
}

static void render_unversioned(const struct firewall_ids *ids,
			       const struct firewall_place *place,
			       struct strbuf *out)
{
	strbuf_adds(out, frame);
	for (size_t i = 0; i < ARRAY_SIZE(chains); i++)
		strbuf_addf(out,
			    "add chain " TABLE " %s\n"
			    "flush chain " TABLE " %s\n",
			    chains[i], chains[i]);
	for (size_t i = 0; i < ARRAY_SIZE(refilled_sets); i++)
		strbuf_addf(out, "flush set " TABLE " %s\n", refilled_sets[i]);
	for (size_t i = 0; i < ARRAY_SIZE(run_sets); i++)
		strbuf_addf(out, "flush %s " TABLE " %s\n", run_sets[i].kind,
			    run_sets[i].name);
	render_ids("uids", ids->offline_uid, ids, out);
	render_ids("gids", ids->offline_gid, ids, out);
	render_tried(ids, out);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		render_rule(rules[i].chain, rules[i].rule, place->path, out);
}

/* FNV-1a: tells versions apart; it need not withstand anybody. */
static uint64_t hash(uint64_t h, const void *bytes, size_t n)
{
	const unsigned char *s = bytes;

	for (size_t i = 0; i < n; i++)
		h = (h ^ s[i]) * 0x100000001b3u;
	return h;
}

static void version_of(const struct strbuf *text,
		       const struct firewall_place *place, char *ret)
{
	uint64_t h = 0xcbf29ce484222325u;

	h = hash(h, text->s, text->len);
	h = hash(h, &place->id, sizeof(place->id));
	(void)snprintf(ret, FIREWALL_VERSION_MAX,
		       FIREWALL_VERSION_PREFIX "%016" PRIx64, h);
}

void firewall_render_version(const struct firewall_ids *ids,
			     const struct firewall_place *place,
			     char ret[FIREWALL_VERSION_MAX])
{
	struct strbuf text = STRBUF_INIT;

	render_unversioned(ids, place, &text);
	version_of(&text, place, ret);
	strbuf_fini(&text);
}

void firewall_render_base(const struct firewall_ids *ids,
			  const struct firewall_place *place,
			  struct strbuf *out)
{
	struct strbuf text = STRBUF_INIT;
	char version[FIREWALL_VERSION_MAX];

	render_unversioned(ids, place, &text);
	version_of(&text, place, version);
	if (strbuf_failed(&text))
		out->failed = true;
	else
		strbuf_add(out, text.s, text.len);
	/* In a chain of its own that nothing jumps to: cheap to ask for. */
	strbuf_addf(out, "add rule " TABLE " edition return comment \"%s\"\n",
		    version);
	strbuf_fini(&text);
}

static const char *verb_word(enum firewall_verb verb)
{
	switch (verb) {
	case FIREWALL_CREATE:
		return "create";
	case FIREWALL_DELETE:
		return "delete";
	case FIREWALL_GET:
		break;
	}
	return "get";
}

/* Marks of one run: for its servers, and for ports of the host's. Leases, and
 * so these, are unique among the runs that live. */
#define MARK_SERVERS 0x6e6c0000u
#define MARK_LOCAL   0x6e6c0100u

static void render_one(const char *verb, const char *set, const char *key,
		       const char *value, struct strbuf *out)
{
	/* Deleting what is absent would undo the rest of the transaction. */
	if (strcmp(verb, "delete") == 0)
		render_one("add", set, key, value, out);
	strbuf_addf(out, "%s element " TABLE " %s { %s%s }\n", verb, set, key,
		    strcmp(verb, "get") == 0 ? "" : value);
}

void firewall_render_local(enum firewall_verb verb,
			   const struct firewall_place *place,
			   const struct firewall_local *local,
			   struct strbuf *out)
{
	/* A cgroup is never made twice: there is nothing to run into. */
	const char *word = verb == FIREWALL_CREATE ? "add" : verb_word(verb);
	const uint32_t servers = MARK_SERVERS | local->index;
	const uint32_t ports = MARK_LOCAL | local->index;
	char cgroup[FIREWALL_PATH_MAX + RUN_NAME_MAX], key[sizeof(cgroup) + 32];
	char mark[16];

	(void)snprintf(cgroup, sizeof(cgroup), "\"%s/%s\"", place->path,
		       local->run);
	(void)snprintf(mark, sizeof(mark), " : 0x%08" PRIx32, ports);
	for (size_t i = 0; i < local->ports.n; i++) {
		(void)snprintf(key, sizeof(key), "%s . %u", cgroup,
			       (unsigned)local->ports.v[i]);
		render_one(word, "local", key, mark, out);
	}
	if (!local->servers)
		return;
	(void)snprintf(mark, sizeof(mark), " : 0x%08" PRIx32, servers);
	render_one(word, "servers", cgroup, mark, out);
	(void)snprintf(key, sizeof(key), "%" PRIu32, (uint32_t)local->uid);
	render_one(word, "server_uids", key, mark, out);
	(void)snprintf(key, sizeof(key), "%s . 0x%08" PRIx32, cgroup, servers);
	render_one(word, "own", key, "", out);
	(void)snprintf(key, sizeof(key), "%s . 0x%08" PRIx32, cgroup, ports);
	render_one(word, "own", key, "", out);
}
