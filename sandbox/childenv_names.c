/* SPDX-License-Identifier: MIT */
/*
 * sandbox/childenv_names.c - which of the caller's variables CMD may see
 *
 * In:  one variable of the caller, and the conf's own globs
 * Out: pass it, withhold it (the user is told), or drop it (netleash sets its
 *      own, or it would be false inside)
 *
 * The lists are data, a reason with each group. What is wrong here costs the
 * user either a secret or a tool that fails: --env NAME lets one through.
 */
#include "sandbox/childenv_names.h"

#include <fnmatch.h>
#include <string.h>

#include "common/macros.h"

/* clang-format off */
static const char *const withheld[] = {
	/*
	 * The loader: what they name was chosen for the caller's view of the
	 * file system, and lies in folders that CMD may be able to write.
	 */
	"LD_*", "DYLD_*", "GLIBC_TUNABLES", "MALLOC_TRACE",

	/* Agents, buses and sockets of the session: ways around the leash. */
	"SSH_AUTH_SOCK", "SSH_AGENT_PID", "GPG_AGENT_INFO", "DBUS_*",
	"XDG_RUNTIME_DIR", "DOCKER_HOST", "CONTAINER_HOST", "PODMAN_HOST",
	"BUILDKIT_HOST", "LIBVIRT_DEFAULT_URI", "WAYLAND_DISPLAY",
	"WAYLAND_SOCKET", "DISPLAY", "XAUTHORITY", "ICEAUTHORITY",
	"SESSION_MANAGER", "PULSE_SERVER", "PULSE_COOKIE", "PIPEWIRE_*",
	"GNOME_KEYRING_*", "NOTIFY_SOCKET", "LISTEN_PID", "LISTEN_FDS",
	"LISTEN_FDNAMES", "JOURNAL_STREAM", "TMUX", "STY", "VSCODE_*IPC*",
	"VSCODE_GIT_*", "NVIM", "NVIM_LISTEN_ADDRESS", "EMACS_SERVER_FILE",
	"*_SOCK", "*_SOCKET", "*_SOCKET_PATH",

	/* Secrets, by the words that people put into such names. */
	"*TOKEN*", "*SECRET*", "*PASSWORD*", "*PASSWD*", "*PASSPHRASE*",
	"*_PASS", "*_PWD", "PGPASS*", "*CREDENTIAL*", "*API_KEY*", "*APIKEY*",
	"*ACCESS_KEY*", "*PRIVATE_KEY*", "*_KEY", "*_KEY_BASE64", "*_PAT",
	"*BEARER*", "*_JWT", "*COOKIE*", "*_AUTH", "*_AUTHORIZATION", "*_DSN",
	"NPM_CONFIG_*AUTH*", "YARN_NPM_AUTH*", "BUNDLE_*__*", "COMPOSER_AUTH",
	"NETRC", "KRB5CCNAME", "KUBECONFIG", "AWS_*", "AZURE_*",
	"ARM_CLIENT_*", "VAULT_*", "OP_SESSION_*", "BW_SESSION",
};
static const char *const replaced[] = {
	/* Who and where CMD is: childenv.c sets them. */
	"HOME", "USER", "LOGNAME", "USERNAME", "SHELL", "PATH", "TMPDIR",
	"TMP", "TEMP", "TEMPDIR", "PWD", "OLDPWD", "MAIL", "_", "NETLEASH",
	"NETLEASH_RUN",

	/* True of the caller, false of CMD; npm and git act on them. */
	"SUDO_COMMAND", "SUDO_USER", "SUDO_UID", "SUDO_GID", "SUDO_HOME",
	"PKEXEC_UID", "DOAS_USER",
};

/* Replaced as well: another proxy, or a way past this one. */
static const char *const proxies[] = {
	"*_PROXY", "NPM_CONFIG_HTTP_PROXY", "NPM_CONFIG_HTTPS-PROXY",
	"NPM_CONFIG_NOPROXY", "CLOUDSDK_PROXY_*", "GLOBAL_AGENT_*_PROXY",
	"NODE_USE_ENV_PROXY", "ELECTRON_GET_USE_PROXY",
};
/* clang-format on */

static const char *const clean[] = { "PATH", "LANG", "LC_*", "TERM", "TZ" };

static bool matches(const char *name, const char *glob)
{
	return fnmatch(glob, name, FNM_CASEFOLD) == 0;
}

static bool matches_any(const char *name, const char *const *globs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (matches(name, globs[i]))
			return true;
	return false;
}

static bool matches_list(const char *name, const char *const *globs)
{
	for (; globs && *globs; globs++)
		if (matches(name, *globs))
			return true;
	return false;
}

/* scheme://user:password@host, anywhere in @value. */
static bool has_url_password(const char *value)
{
	const char *at, *colon;

	while ((value = strstr(value, "://")) != NULL) {
		value += 3;
		at = value + strcspn(value, "/?#@ \t");
		colon = memchr(value, ':', (size_t)(at - value));
		if (*at == '@' && colon && colon + 1 < at)
			return true;
	}
	return false;
}

bool childenv_is_withheld(const char *name, const char *value,
			  const char *const *deny, const char *const *allow)
{
	if (matches_list(name, deny))
		return true;
	if (matches_list(name, allow))
		return false;
	return matches_any(name, withheld, ARRAY_SIZE(withheld)) ||
	       has_url_password(value);
}

bool childenv_path_is_below(const char *path, const char *dir)
{
	size_t n = dir ? strlen(dir) : 0;

	if (n < 2 || strncmp(path, dir, n) != 0)
		return false;
	return path[n] == '\0' || path[n] == '/';
}

bool childenv_is_proxy(const char *name)
{
	return matches_any(name, proxies, ARRAY_SIZE(proxies));
}

bool childenv_is_replaced(const char *name)
{
	return matches_any(name, replaced, ARRAY_SIZE(replaced)) ||
	       childenv_is_proxy(name);
}

bool childenv_is_stale(const char *name, const char *value, const char *home)
{
	return matches(name, "XDG_*_HOME") &&
	       !childenv_path_is_below(value, home);
}

bool childenv_is_clean(const char *name)
{
	return matches_any(name, clean, ARRAY_SIZE(clean));
}
